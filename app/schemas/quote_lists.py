"""Lists of quotes and of their versions on the wire."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.db.quote_lists import ListedQuote
from app.db.quotes import VersionRow
from app.domain.quote_states import VersionState, effective_state
from app.schemas.quotes import QuoteKind, State, Yen, shown_state
from app.schemas.wire import Cursor, Day, IdentifierOut, PageSize, Plain, StrictQuery

Number = Annotated[str, Plain, Field(max_length=60)]


class QuotesQuery(StrictQuery):
    """Filters of the list of quotes; all given ones must hold. They look at the version that
    stands: the newest one that was issued.
    """

    state: Annotated[
        Literal["draft", "issued", "ordered", "declined", "lapsed", "withdrawn"] | None,
        Field(description="`lapsed` from the day after the effective limit; `draft`: desk only."),
    ] = None
    contract_number: Annotated[
        str | None, Plain, Field(max_length=60, description="A contract that the quote renews.")
    ] = None
    service_id: Annotated[
        str | None, Plain, Field(max_length=40, description="Service id (SAID), 12 digits.")
    ] = None
    customer_id: Annotated[
        str | None, Plain, Field(max_length=40, description="The business's customer code.")
    ] = None
    request_id: Annotated[
        str | None,
        Plain,
        Field(max_length=36, description="The quote request that it answers."),
    ] = None
    deadline_from: Annotated[
        Day | None, Field(description="Effective limit on this day or later.")
    ] = None
    deadline_to: Annotated[
        Day | None, Field(description="Effective limit on this day or earlier.")
    ] = None
    cursor: Cursor = None
    page_size: PageSize = 50


class PagedQuery(StrictQuery):
    """Where a list goes on."""

    cursor: Cursor = None
    page_size: PageSize = 50


class DiffQuery(StrictQuery):
    """Which version another one is compared with."""

    against: Annotated[
        int | None,
        Field(ge=1, le=10_000, description="The earlier version; default the one before."),
    ] = None


class QuoteSummary(TypedDict):
    """A quote without its lines, by the version that stands."""

    quote_number: Annotated[str, Field(examples=["Q2026-0000001"])]
    version: int
    state: State
    kind: QuoteKind
    customer_id: str
    customer_name: str
    contract_number: str | None
    service_id: str | None
    service_level: str
    start_date: Day
    end_date: Day
    issued_on: Day | None
    valid_until: Day | None
    order_deadline: Day | None
    effective_limit: Annotated[Day | None, Field(description="The earlier of both (DL-5).")]
    deadline_rule: Literal["DL-1", "DL-2", "DL-5"] | None
    subtotal: Yen
    total: Annotated[int, Field(description="Yen with tax.")]
    request_id: IdentifierOut | None


class QuotePage(TypedDict):
    """A page of quotes, in the order of their numbers."""

    items: list[QuoteSummary]
    next_cursor: str | None


class VersionSummary(TypedDict):
    """One version of a quote without its lines."""

    version: int
    state: State
    issued_on: Day | None
    service_level: str
    start_date: Day
    end_date: Day
    valid_until: Day | None
    order_deadline: Day | None
    effective_limit: Day | None
    subtotal: Yen
    total: Annotated[int, Field(description="Yen with tax.")]
    change_request_id: Annotated[
        IdentifierOut | None, Field(description="The change request that it answers.")
    ]
    reason: Annotated[str | None, Field(description="Why it was declined or withdrawn.")]


class VersionPage(TypedDict):
    """A page of the versions of a quote, in their order."""

    items: list[VersionSummary]
    next_cursor: str | None


def summary_out(row: ListedQuote, today: date) -> QuoteSummary:
    """The answer for one quote of a list."""
    state = effective_state(VersionState(row.state), row.effective_limit, today)
    return {
        "quote_number": row.quote_number,
        "version": row.version,
        "state": state.value,
        "kind": row.kind,  # type: ignore[typeddict-item]  # one of the four by its constraint.
        "customer_id": row.customer_id,
        "customer_name": row.customer_name,
        "contract_number": row.contract_number,
        "service_id": row.service_id,
        "service_level": row.service_level,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "issued_on": row.issued_on,
        "valid_until": row.valid_until,
        "order_deadline": row.order_deadline,
        "effective_limit": row.effective_limit,
        "deadline_rule": row.deadline_rule,  # type: ignore[typeddict-item]  # one of the three.
        "subtotal": row.subtotal,
        "total": row.total,
        "request_id": None if row.request_id is None else str(row.request_id),
    }


def version_out(row: VersionRow, today: date) -> VersionSummary:
    """The answer for one version of a list."""
    return {
        "version": row.version,
        "state": shown_state(row, today).value,
        "issued_on": row.issued_on,
        "service_level": row.service_level,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "valid_until": row.valid_until,
        "order_deadline": row.order_deadline,
        "effective_limit": row.effective_limit,
        "subtotal": row.subtotal,
        "total": row.total,
        "change_request_id": None if row.change_request_id is None else str(row.change_request_id),
        "reason": row.reason,
    }
