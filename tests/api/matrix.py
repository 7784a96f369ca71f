"""The matrix: route × party × object → status, in full. A new route needs a row here.

Rows are written from what TRUST and API.md promise; nothing here is read out of the policy table.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.api.parties import Files

Statuses = tuple[int, ...]
"""One status for the objects own, others, deleted, absent; or one for them all."""


@dataclass(frozen=True)
class Row:
    """One route. `options` make the request (`{contract_number}`, `{serial_number}` and the rest in
    path and `form` stand for the object); `before` is done by the desk ahead of each request.
    """

    expected: Mapping[str, Statuses]
    path: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str, str, Mapping[str, Any]] | None = None
    same_for_all: bool = False


def everybody(status: int) -> Mapping[str, Statuses]:
    """Public: no credential is asked for or looked at, so a bad one changes nothing either."""
    return dict.fromkeys(PARTY_NAMES, (status,))


PARTY_NAMES = (
    "public", "customer", "other", "partner", "partner_ended", "partner_future",
    "partner_other_scope", "narrowed", "no_member", "desk", "no_role", "revoked", "revoked_client",
    "revoked_desk",
)  # fmt: skip

#                       own  others deleted absent
ONE_CONTRACT = {
    "public": (401, 401, 401, 401),
    "customer": (200, 404, 404, 404),
    "other": (200, 404, 404, 404),
    "partner": (200, 404, 404, 404),
    "partner_ended": (404, 404, 404, 404),
    "partner_future": (404, 404, 404, 404),
    "partner_other_scope": (404, 404, 404, 404),
    "narrowed": (403, 403, 403, 403),
    "no_member": (404, 404, 404, 404),
    "desk": (200, 200, 404, 404),
    "no_role": (403, 403, 403, 403),
    "revoked": (401, 401, 401, 401),
    "revoked_client": (401, 401, 401, 401),
    "revoked_desk": (401, 401, 401, 401),
}
"""A single object: who may not see it gets what an absent one gives."""

ONE_QUOTE = {
    **ONE_CONTRACT,
    "partner_other_scope": (200, 404, 404, 404),
    "narrowed": (200, 404, 404, 404),
}
"""A single object in the matter of quotes."""

SEARCH = {
    "public": (401,),
    "customer": (200,),
    "other": (200,),
    "partner": (200,),
    "partner_ended": (200,),
    "partner_future": (200,),
    "partner_other_scope": (200,),
    "narrowed": (403,),
    "no_member": (200,),
    "desk": (200,),
    "no_role": (403,),
    "revoked": (401,),
    "revoked_client": (401,),
    "revoked_desk": (401,),
}
"""A list or a batch that names objects: never a 403 or 404 for one of them (test_swaps.py,
test_quote_swaps.py)."""

ELIGIBILITY = {
    **ONE_CONTRACT,
    # A check belongs to one customer. Where the machine does not tell whose it is, a caller with
    # one customer needs not say it, and one with more or none is asked (422).
    "customer": (200, 200, 200, 200),
    "other": (200, 200, 200, 200),
    "partner": (200, 422, 422, 422),
    "partner_ended": (422, 422, 422, 422),
    "partner_future": (422, 422, 422, 422),
    "partner_other_scope": (422, 422, 422, 422),
    "no_member": (422, 422, 422, 422),
    "desk": (200, 200, 422, 422),
}
KEPT_CHECK = {
    name: tuple(201 if status == 200 else status for status in statuses)
    for name, statuses in ELIGIBILITY.items()
}

QUOTE_LIST = {**SEARCH, "narrowed": (200,)}
"""A list in the matter of quotes."""

QUOTE_REQUEST = {
    **ELIGIBILITY,
    "partner_other_scope": (200, 422, 422, 422),
    "narrowed": (200, 422, 422, 422),
}
"""As a check: who has several customers and names nothing that is theirs has to say for whom."""

# Requests and change requests of the matrix bear the same ids.
ONE_CHANGE = "/v1/change-requests/{request_id}"
ASK_FOR_CHANGE = {
    name: tuple(422 if status == 404 else status for status in statuses)
    for name, statuses in ONE_QUOTE.items()
}
"""A contract in a body that is not to be seen is as unknown as an absent one."""

KNOWN = {**SEARCH, "narrowed": (200,)}
"""Needs a caller and shows nothing of a customer, so no matter of a relation is asked for."""


NO_CLOCKS = {name: (403,) if status == (200,) else status for name, status in KNOWN.items()}


def desk_only(*statuses: int) -> Mapping[str, Statuses]:
    """For the desk: others are told that it is not for them, without a look at the object."""
    refused = dict.fromkeys(PARTY_NAMES, (403,))
    return {**refused, "public": (401,), "revoked_desk": (401,), "desk": statuses}


def too_late(statuses: Statuses) -> Statuses:
    """Of a change with an ETag that nobody holds any more: 412 where a read gives 200."""
    return tuple(412 if status == 200 else status for status in statuses)


CHANGE_QUOTE = {name: too_late(statuses) for name, statuses in ONE_QUOTE.items()}
"""A change in the matter of quotes, by one who holds an old ETag."""

DESK_CHANGE = desk_only(412, 412, 404, 404)
"""A change of one object by the desk, by one who holds an old ETag."""

END_OF_VERSION = {"version": 1, "reason": "x"}
OLD_ETAG = {"If-Match": '"0-000000000000000000000000"'}
CLOSING_DAY = "/v1/desk/closing-days/2027-08-12"
PUT_CLOSING_DAY = ("PUT", CLOSING_DAY, {"json": {"kind": "closed"}})
IMPORT_FILE = {
    "files": {"files": ("closing_days.csv", b"date,kind,opens,closes,name\n", "text/csv")},
    "headers": {"Idempotency-Key": "matrix-import"},
}
POLICY_BODY = '{"code":"MATRIX","effective_from":"2031-01-01","tiers":[{}]}'
POST_POLICY = {
    "content": POLICY_BODY,
    "headers": {"Idempotency-Key": "matrix-policy", "Content-Type": "application/json"},
}
FEE_CASE = {"new_start": "2027-01-01", "term_months": 12}

MATRIX: Mapping[tuple[str, str], Row] = {
    ("GET", "/"): Row(everybody(307), same_for_all=True),
    ("GET", "/livez"): Row(everybody(200), same_for_all=True),
    ("GET", "/readyz"): Row(everybody(200), same_for_all=True),
    ("GET", "/metrics"): Row(everybody(200)),
    ("GET", "/docs"): Row(everybody(200), same_for_all=True),
    ("GET", "/openapi.json"): Row(everybody(200), same_for_all=True),
    ("GET", "/problems/{code}"): Row(everybody(200), "/problems/not_found", same_for_all=True),
    ("POST", "/oauth/token"): Row(
        everybody(401), options={"data": {"grant_type": "client_credentials"}}
    ),
    ("POST", "/oauth/revoke"): Row(everybody(401), options={"data": {"token": "x"}}),
    ("GET", "/.well-known/jwks.json"): Row(everybody(200), same_for_all=True),
    ("GET", "/.well-known/oauth-authorization-server"): Row(everybody(200), same_for_all=True),
    ("GET", "/v1/products"): Row(everybody(200), same_for_all=True),
    ("GET", "/v1/products/{product_number}"): Row(
        everybody(200), "/v1/products/868703-B21", same_for_all=True
    ),
    ("POST", "/v1/product-lookups"): Row(
        everybody(200), options={"json": {"product_numbers": ["868703-B21"]}}, same_for_all=True
    ),
    ("GET", "/v1/contracts"): Row(SEARCH),
    ("GET", "/v1/contracts/{contract_number}"): Row(ONE_CONTRACT),
    ("GET", "/v1/contracts/{contract_number}/lines"): Row(ONE_CONTRACT),
    ("GET", "/v1/contracts/{contract_number}/lines.csv"): Row(ONE_CONTRACT),
    ("POST", "/v1/coverage-lookups"): Row(
        SEARCH, options={"form": '{{"items":[{{"serial_number":"{serial_number}"}}]}}'}
    ),
    ("POST", "/v1/imports"): Row(desk_only(202), options=IMPORT_FILE),
    ("GET", "/v1/imports"): Row(desk_only(200)),
    ("GET", "/v1/imports/{import_id}"): Row(
        desk_only(404), "/v1/imports/0190a0a0-0000-7000-8000-000000000000"
    ),
    ("GET", "/v1/audit"): Row(desk_only(200)),
    # This service has no test clocks (a setting): known callers are told so.
    ("PUT", "/v1/test-clock"): Row(NO_CLOCKS, options={"json": {"now": "2027-01-01T00:00:00Z"}}),
    ("DELETE", "/v1/test-clock"): Row(NO_CLOCKS),
    ("GET", "/v1/guide/faq"): Row(everybody(200), same_for_all=True),
    ("GET", "/v1/guide/faq/{question_id}"): Row(
        everybody(404), "/v1/guide/faq/none", same_for_all=True
    ),
    ("GET", "/v1/guide/flow"): Row(everybody(200), same_for_all=True),
    ("GET", "/v1/guide/comparison"): Row(everybody(200), same_for_all=True),
    ("GET", "/v1/guide/redirects"): Row(everybody(200), same_for_all=True),
    ("GET", "/v1/guide/documents"): Row(everybody(200), same_for_all=True),
    ("GET", "/v1/desk/status"): Row(everybody(200), same_for_all=True),
    ("GET", "/v1/desk/calendar"): Row(
        everybody(200), "/v1/desk/calendar?from=2026-11-01&to=2026-11-30", same_for_all=True
    ),
    ("PUT", "/v1/desk/closing-days/{date}"): Row(
        desk_only(200), CLOSING_DAY, {"json": {"kind": "closed"}}
    ),
    ("DELETE", "/v1/desk/closing-days/{date}"): Row(
        desk_only(204), CLOSING_DAY, before=PUT_CLOSING_DAY
    ),
    ("PUT", "/v1/desk/calendar-years/{year}"): Row(
        desk_only(200), "/v1/desk/calendar-years/2028", {"json": None}
    ),
    ("POST", "/v1/order-deadline-calculations"): Row(
        everybody(200), options={"json": {"start_date": "2027-04-01"}}, same_for_all=True
    ),
    ("POST", "/v1/purchase-window-calculations"): Row(
        everybody(200), options={"json": {"end_date": "2027-03-31"}}, same_for_all=True
    ),
    ("GET", "/v1/fee-policies"): Row(desk_only(200)),
    ("POST", "/v1/fee-policies"): Row(desk_only(201), options=POST_POLICY),
    ("GET", "/v1/fee-policies/{code}/versions/{version}"): Row(
        desk_only(200),
        "/v1/fee-policies/MATRIX/versions/1",
        before=("POST", "/v1/fee-policies", POST_POLICY),
    ),
    ("POST", "/v1/eligibility-checks"): Row(
        KEPT_CHECK,
        options={
            "form": '{{"kind":"upgrade","start_date":"2027-06-01","items":[{{"serial_number":'
            '"{serial_number}","service_level":"proactive_care_24x7"}}]}}',
            "keyed": True,
        },
    ),
    ("GET", "/v1/eligibility-checks/{check_id}"): Row(ONE_CONTRACT),
    ("GET", "/v1/quotes/{quote_number}"): Row(ONE_QUOTE),
    ("POST", "/v1/quotes"): Row(
        desk_only(200, 200, 422, 422),
        "/v1/quotes?dry_run=true",
        options={"form": '{{"contract_numbers":["{contract_number}"]}}'},
    ),
    ("PATCH", "/v1/quotes/{quote_number}"): Row(
        DESK_CHANGE, options={"json": {}, "headers": OLD_ETAG}
    ),
    ("POST", "/v1/quotes/{quote_number}/issue"): Row(DESK_CHANGE, options={"headers": OLD_ETAG}),
    ("POST", "/v1/quotes/{quote_number}/withdrawal"): Row(
        DESK_CHANGE, options={"json": END_OF_VERSION, "headers": OLD_ETAG}
    ),
    ("POST", "/v1/quotes/{quote_number}/decline"): Row(
        {**CHANGE_QUOTE, "desk": (403,), "no_role": (403,), "revoked_desk": (403,)},
        options={"json": END_OF_VERSION, "headers": OLD_ETAG},
    ),
    ("POST", "/v1/quotes/{quote_number}/versions"): Row(
        desk_only(200, 200, 404, 404),
        "/v1/quotes/{quote_number}/versions?dry_run=true",
        options={"json": {}},
    ),
    ("POST", "/v1/quotes/{quote_number}/split"): Row(
        DESK_CHANGE,
        "/v1/quotes/{quote_number}/split?dry_run=true",
        options={"json": {"line_numbers": [1]}, "headers": OLD_ETAG},
    ),
    ("POST", "/v1/quote-previews"): Row(
        desk_only(200, 200, 404, 404),
        options={"form": '{{"quote_number":"{quote_number}","co_term_to":"2028-03-31"}}'},
    ),
    ("POST", "/v1/quote-requests"): Row(
        QUOTE_REQUEST,
        "/v1/quote-requests?dry_run=true",
        options={
            "form": '{{"kind":"renewal","identification":{{"contract_number":"{contract_number}"}}'
            ',"requester":{{"name":"x","email":"x@example.com"}}}}'
        },
    ),
    ("GET", "/v1/quote-requests"): Row(QUOTE_LIST),
    ("GET", "/v1/quote-requests/{request_id}"): Row(ONE_QUOTE),
    ("GET", "/v1/quote-requests/{request_id}/history"): Row(ONE_QUOTE),
    ("POST", "/v1/quote-requests/{request_id}/cancellation"): Row(
        CHANGE_QUOTE, options={"json": {}, "headers": OLD_ETAG}
    ),
    ("POST", "/v1/quote-requests/{request_id}/information"): Row(
        CHANGE_QUOTE, options={"json": {"note": "x"}, "headers": OLD_ETAG}
    ),
    ("POST", "/v1/quote-requests/{request_id}/information-request"): Row(
        desk_only(412, 412, 404, 404),
        options={"json": {"missing": ["other"]}, "headers": OLD_ETAG},
    ),
    ("POST", "/v1/quote-requests/{request_id}/start"): Row(
        desk_only(412, 412, 404, 404), options={"headers": OLD_ETAG}
    ),
    ("POST", "/v1/quote-requests/{request_id}/rejection"): Row(
        desk_only(412, 412, 404, 404), options={"json": {"reason": "x"}, "headers": OLD_ETAG}
    ),
    ("POST", "/v1/quote-requests/{request_id}/redirection"): Row(
        desk_only(412, 412, 404, 404),
        options={"json": {"redirect": "repairs"}, "headers": OLD_ETAG},
    ),
    ("GET", "/v1/quotes"): Row(QUOTE_LIST),
    ("GET", "/v1/quotes/{quote_number}/versions"): Row(ONE_QUOTE),
    ("GET", "/v1/quotes/{quote_number}/versions/{version}"): Row(
        ONE_QUOTE, "/v1/quotes/{quote_number}/versions/1"
    ),
    ("GET", "/v1/quotes/{quote_number}/versions/{version}/diff"): Row(
        ONE_QUOTE, "/v1/quotes/{quote_number}/versions/1/diff?against=1"
    ),
    ("GET", "/v1/quotes/{quote_number}/order-deadline"): Row(ONE_QUOTE),
    ("GET", "/v1/order-deadlines"): Row(QUOTE_LIST),
    ("GET", "/v1/order-deadlines.ics"): Row(QUOTE_LIST),
    # The matter of contracts is needed besides, so a token narrowed to quotes is refused.
    ("GET", "/v1/quote-request-sheet.xlsx"): Row(
        ONE_CONTRACT, "/v1/quote-request-sheet.xlsx?contract_number={contract_number}"
    ),
    # A file is read before the database is asked anything, so that it holds no connection: whoever
    # bears a good signature is told what is wrong with it. Whose a sheet is: test_sheets.py.
    ("POST", "/v1/quote-request-sheets"): Row(
        {**dict.fromkeys(PARTY_NAMES, (422,)), "public": (401,)},
        "/v1/quote-request-sheets?dry_run=true",
        options={"files": {"file": ("sheet.xlsx", b"x", "application/octet-stream")}},
    ),
    ("GET", "/v1/quote-request-sheets/{upload_id}"): Row(
        ONE_QUOTE, "/v1/quote-request-sheets/{request_id}"
    ),
    ("GET", "/v1/quote-request-sheets/{upload_id}/errors.csv"): Row(
        ONE_QUOTE, "/v1/quote-request-sheets/{request_id}/errors.csv"
    ),
    ("GET", "/v1/quotes/{quote_number}/document.pdf"): Row(ONE_QUOTE),
    ("GET", "/v1/quotes/{quote_number}/answer-sheet.pdf"): Row(ONE_QUOTE),
    ("POST", "/v1/change-requests"): Row(
        ASK_FOR_CHANGE,
        "/v1/change-requests?dry_run=true",
        options={
            "form": '{{"contract_number":"{contract_number}","changes":[{{"kind":"contact",'
            '"name":"x","email":"x@example.com"}}],"requester":{{"name":"x",'
            '"email":"x@example.com"}}}}'
        },
    ),
    ("GET", "/v1/change-requests"): Row(QUOTE_LIST),
    ("GET", "/v1/change-requests/{change_id}"): Row(ONE_QUOTE, ONE_CHANGE),
    ("GET", "/v1/change-requests/{change_id}/history"): Row(ONE_QUOTE, f"{ONE_CHANGE}/history"),
    ("POST", "/v1/change-requests/{change_id}/cancellation"): Row(
        CHANGE_QUOTE, f"{ONE_CHANGE}/cancellation", {"json": {}, "headers": OLD_ETAG}
    ),
    ("POST", "/v1/change-requests/{change_id}/answer"): Row(
        desk_only(412, 412, 404, 404), f"{ONE_CHANGE}/answer", {"json": {}, "headers": OLD_ETAG}
    ),
    ("POST", "/v1/change-requests/{change_id}/rejection"): Row(
        desk_only(412, 412, 404, 404),
        f"{ONE_CHANGE}/rejection",
        {"json": {"reason": "x"}, "headers": OLD_ETAG},
    ),
    ("POST", "/v1/fee-simulations"): Row(
        KNOWN, options={"json": {"policy": {"tiers": [{}]}, "cases": [FEE_CASE]}}
    ),
}


def request_of(row: Row, path: str, files: Files) -> tuple[str, dict[str, Any]]:
    """The path and the options of a row's request for an object."""
    names = vars(files)
    options = dict(row.options)
    if "form" in options:
        options["content"] = options.pop("form").format(**names)
        key = {"Idempotency-Key": str(uuid.uuid4())} if options.pop("keyed", False) else {}
        options["headers"] = {"Content-Type": "application/json", **key}
    return (row.path or path).format(**names), options
