"""Named refusals: one class per reason, with a stable code, the facts and the rule ids.

Domain, database and use-case code raises these; only `app.problem_words` knows which HTTP status
each one becomes. Facts are for the text and the log line: they hold places and limits, never what
the caller sent.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class DeskError(Exception):
    """A refusal with a name.

    `code` is stable and part of the API. `rules` are the ids of the rules that refuse. `facts` fill
    the placeholders of the texts (limits, field names, counts). `pointer` is the JSON pointer or
    parameter name of the place that is wrong, where there is one; `places` are several such places,
    each with a code of its own.
    """

    code: ClassVar[str] = "desk_error"

    def __init__(
        self,
        *,
        pointer: str | None = None,
        rules: tuple[str, ...] = (),
        facts: Mapping[str, str | int] | None = None,
        places: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(self.code)
        self.pointer = pointer
        self.rules = rules
        self.places = tuple(places)
        self.facts: Mapping[str, str | int] = facts or {}


class NotFound(DeskError):
    """Nothing that this caller may see stands at the address: absent and hidden look the same."""

    code = "not_found"


class CredentialsMissing(DeskError):
    """The operation needs a bearer token and none came."""

    code = "credentials_missing"


class CredentialsInvalid(DeskError):
    """The bearer token is malformed, wrongly signed, for another audience or of another issuer."""

    code = "credentials_invalid"


class CredentialsExpired(DeskError):
    """The bearer token was good once; its time is over."""

    code = "credentials_expired"


class CredentialsRevoked(DeskError):
    """The bearer token, its client or its desk role was withdrawn."""

    code = "credentials_revoked"


class NotAllowed(DeskError):
    """The caller is known, but this operation is not for callers of this kind."""

    code = "not_allowed"


class MalformedJson(DeskError):
    """The body is not the JSON that RFC 8259 and this service accept (syntax, encoding, NaN)."""

    code = "malformed_json"


class DuplicateKey(DeskError):
    """A JSON object names the same member twice."""

    code = "duplicate_key"


class UnsupportedMedia(DeskError):
    """The body's Content-Type is not one that the operation reads."""

    code = "unsupported_media_type"


class BodyTooLarge(DeskError):
    """The request body is over the limit of the operation."""

    code = "body_too_large"


class InvalidInput(DeskError):
    """The input is well-formed and breaks the operation's schema; `problems` lists the places."""

    code = "invalid_input"


class UnknownParameter(DeskError):
    """A query parameter that the operation does not have."""

    code = "unknown_parameter"


class DuplicateParameter(DeskError):
    """A query parameter or a single-valued header that came more than once."""

    code = "duplicate_parameter"


class InvalidCursor(DeskError):
    """The cursor was not made by this service for this list, these filters and this caller."""

    code = "invalid_cursor"


class InvalidFilter(DeskError):
    """A filter's value is not one that the list understands, or two filters exclude each other."""

    code = "invalid_filter"


class IdempotencyKeyMissing(DeskError):
    """An operation that creates something lasting came without an Idempotency-Key."""

    code = "idempotency_key_missing"


class IdempotencyKeyReused(DeskError):
    """The same Idempotency-Key came with another body."""

    code = "idempotency_key_reused"


class IdempotencyKeyBusy(DeskError):
    """The first request with this Idempotency-Key is still running."""

    code = "idempotency_key_busy"


class ImportRefused(DeskError):
    """A whole import file cannot be read: unknown name, missing header, encoding, size.

    `places` names each file that is wrong, and why: (pointer, code).
    """

    code = "import_refused"


class AlreadyExists(DeskError):
    """Something with the same key is there already."""

    code = "already_exists"


class TestClockRefused(DeskError):
    """A test clock where the service has none, or for a tenant that is no sandbox."""

    code = "test_clock_refused"


class PolicyOverlaps(DeskError):
    """Another fee policy is in force for the same cases on a common day (FEE-1)."""

    code = "policy_overlaps"


class DatabaseUnavailable(DeskError):
    """The database does not answer; nothing was stored."""

    code = "database_unavailable"


class Overloaded(DeskError):
    """More work has come than the service can take on now."""

    code = "overloaded"


class TooManyRequests(DeskError):
    """The caller has spent its allowance; `seconds` is how long it takes until this is allowed."""

    code = "too_many_requests"

    def __init__(self, quota: int, window: int, seconds: int) -> None:
        super().__init__(facts={"quota": quota, "window_seconds": window})
        self.seconds = seconds


class StatedDeadlineNeedsApproval(DeskError):
    """A stated order deadline on or after the start date lacks an approver or a reason (DL-2)."""

    code = "stated_deadline_needs_approval"


class WrongState(DeskError):
    """An action that the object's state does not allow; the fact `state` names it."""

    code = "wrong_state"


class PreconditionMissing(DeskError):
    """A change of something that others may change too came without If-Match."""

    code = "precondition_missing"


class PreconditionFailed(DeskError):
    """The object was changed since the caller read it: If-Match names an earlier state."""

    code = "precondition_failed"


class ChangeMissing(DeskError):
    """A change request that asks for nothing, or for what is so already (REQ-2)."""

    code = "change_missing"


class NewOrderNeeded(DeskError):
    """A start date that would move by more days than a change may move it (REQ-6)."""

    code = "new_order_needed"


class EndOfSupportReached(DeskError):
    """A machine whose support has ended by the day on which it would come in (EOS-1, EOS-4)."""

    code = "end_of_support_reached"


class VersionNotLatest(DeskError):
    """A version of a quote that a later one has taken the place of; the fact `latest_version` names
    that one (QUO-2).
    """

    code = "version_not_latest"


class WorkbookRefused(DeskError):
    """A file that is no harmless Excel workbook; nothing in it was read.

    `places` says why: ("/file", code).
    """

    code = "workbook_refused"


class SheetOfAnotherVersion(DeskError):
    """A workbook that is not the quote-request sheet of this version; download it again."""

    code = "sheet_of_another_version"


class SheetTooLong(DeskError):
    """A quote-request sheet with more machines than one request takes; the fact is the limit."""

    code = "sheet_too_long"


class SheetRefused(DeskError):
    """Cells of a quote-request sheet are wrong; no request was stored.

    `places` are the cells: ("/sheet/cell", code).
    """

    code = "sheet_refused"


class DraftExists(DeskError):
    """A next version of a quote that has a draft in work already (QUO-2)."""

    code = "draft_exists"


class QuoteNotReady(DeskError):
    """A draft that cannot be issued: something is open. `places` names it (QUO-1, EOS-3, FEE-9)."""

    code = "quote_not_ready"


class ChangeEnded(DeskError):
    """A version in answer to a change request that has ended meanwhile; the fact `state` says how
    (REQ-2).
    """

    code = "change_request_ended"


class LinesQuotedElsewhere(DeskError):
    """A draft with lines that a quote of the same origin offers or that were ordered there, so that
    they could be ordered twice. `places` are the lines; the fact `quote_number` is the first such
    quote (QUO-6).
    """

    code = "lines_quoted_elsewhere"


class PastEndOfSupport(DeskError):
    """A line that would begin or end after its product's end of support (EOS-1, EOS-2, EOS-4)."""

    code = "past_end_of_support"


class LimitPassed(DeskError):
    """A quote whose effective limit has passed before it is issued; the fact `effective_limit`
    names the day (DL-5).
    """

    code = "limit_passed"


class AmountsDisagree(DeskError):
    """An amount that does not follow from its parts: line, subtotal or total (QUO-4)."""

    code = "amounts_disagree"


class CustomersDiffer(DeskError):
    """One quote for contracts or quotes of several customers (QUO-6)."""

    code = "customers_differ"
