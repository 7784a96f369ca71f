"""Quote requests: ask for a quote, read what was asked and what happened to it."""

import uuid
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.quote_requests import (
    RequestFilter,
    get_quote_request,
    list_quote_requests,
    list_request_items,
)
from app.deps import (
    CurrentCaller,
    CurrentSettings,
    CurrentViewer,
    Now,
    Reading,
    ReadTrace,
    Session,
    SpokenLanguage,
    understood_id,
)
from app.domain.calendar import jst_midnight
from app.domain.errors import InvalidCursor, InvalidFilter, InvalidInput, NotFound
from app.domain.identifiers import normalise, normalise_contract_number
from app.domain.request_states import OPEN_STATES
from app.idempotency import fingerprint, once
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, document, page, revised_resource
from app.routers.histories import history_page
from app.schemas.eligibility import check_bytes
from app.schemas.events import History, HistoryQuery
from app.schemas.quote_request_answers import (
    QuoteRequest,
    QuoteRequestPage,
    quote_request_out,
    summary_out,
)
from app.schemas.quote_requests import QuoteRequestIn, QuoteRequestQuery
from app.schemas.wire import DryRun
from app.strict import StrictRoute
from app.usecases.eligibility import eligibility_settings
from app.usecases.quote_requests import create_quote_request
from app.write_guards import RequestKey

router = APIRouter(tags=["quote requests"], route_class=StrictRoute)

RequestId = Annotated[
    str, Path(description="The id of the request.", json_schema_extra={"format": "uuid"})
]


@router.post(
    "/v1/quote-requests",
    status_code=201,
    response_model=QuoteRequest,
    responses={
        200: {"model": QuoteRequest, "description": "What would become of it (`dry_run`)."},
        **problem_responses(InvalidInput),
    },
)
async def ask_for_quote(
    request: Request,
    wanted: Annotated[QuoteRequestIn, Body()],
    query: Annotated[DryRun, Query()],
    key: RequestKey,
    session: Session,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Ask for a quote: a renewal, a re-enrollment, a new enrollment or an upgrade.

    A renewal names its contract by number, by its machines or by a support service serial; what is
    given besides must agree, else the answer asks back (`needs_information`, REQ-1). The other
    kinds name machines, period and declared condition; their eligibility check is run and kept
    (REQ-3).
    Packages, technical questions and repairs are sent on (`redirected`), and no case is opened
    (REQ-7). With `dry_run=true` nothing is kept and no key is needed.
    """

    async def effect() -> Response:
        file = await create_quote_request(
            session,
            viewer,
            trace,
            wanted.wanted(),
            now=now,
            settings=eligibility_settings(settings),
            write_check=check_bytes,
            dry_run=query.dry_run,
        )
        answer = quote_request_out(file.request, file.items, language, kept=not query.dry_run)
        if query.dry_run:
            return document(answer, language)
        return revised_resource(
            request,
            answer,
            language,
            file.request.revision,
            status=201,
            location=f"/v1/quote-requests/{file.request.id}",
        )

    return await once(
        session,
        principal=caller.principal or "",
        key=key,
        request_hash=fingerprint(b"POST /v1/quote-requests", wanted.model_dump_json().encode()),
        effect=effect,
    )


@router.get(
    "/v1/quote-requests",
    response_model=QuoteRequestPage,
    responses=problem_responses(InvalidFilter, InvalidCursor),
)
async def read_quote_requests(
    request: Request,
    query: Annotated[QuoteRequestQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """The quote requests that the caller may see, the latest first, in pages. `state=open` is what
    somebody still has to do something about.
    """
    wanted = _wanted(query)
    meaning = f"quote requests {caller.principal} {asdict(wanted)}"
    secret = request.app.state.cursor_secret
    after = None
    if query.cursor is not None:
        after = uuid.UUID(read_cursor(secret, meaning, query.cursor, 1)[0])
    rows = await list_quote_requests(
        session, viewer, wanted, after=after, limit=query.page_size + 1
    )
    shown, next_cursor = cut_page(secret, meaning, rows, query.page_size, lambda r: (str(r.id),))
    await trace.read("quote_requests", None, (row.customer_id for row in shown))
    return page(request, [summary_out(row, language) for row in shown], next_cursor)


def _wanted(query: QuoteRequestQuery) -> RequestFilter:
    first, last = query.created_from, query.created_to
    if first is not None and last is not None and last < first:
        raise InvalidFilter(pointer="created_to")
    states: tuple[str, ...] = () if query.state is None else (query.state,)
    number, customer = query.contract_number, query.customer_id
    return RequestFilter(
        states=OPEN_STATES if query.state == "open" else states,
        kind=query.kind,
        contract_number=None if number is None else normalise_contract_number(number),
        customer_id=None if customer is None else normalise(customer),
        created_from=None if first is None else jst_midnight(first),
        created_until=None if last is None else jst_midnight(last + timedelta(days=1)),
    )


@router.get(
    "/v1/quote-requests/{request_id}",
    response_model=QuoteRequest,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_quote_request(
    request: Request,
    request_id: RequestId,
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """One quote request: what was asked, where it stands, what is missing. Its `ETag` is what a
    change of it needs as `If-Match`.
    """
    row = await get_quote_request(session, viewer, understood_id(request_id))
    items = await list_request_items(session, row)
    await trace.read("quote_request", request_id, [row.customer_id])
    return revised_resource(
        request, quote_request_out(row, items, language), language, row.revision
    )


@router.get(
    "/v1/quote-requests/{request_id}/history",
    response_model=History,
    responses=problem_responses(NotFound, InvalidCursor),
)
async def read_quote_request_history(
    request: Request,
    request_id: RequestId,
    query: Annotated[HistoryQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
) -> Response:
    """What happened to a quote request, the earliest first, in pages."""
    row = await get_quote_request(session, viewer, understood_id(request_id))
    return await history_page(
        request, session, viewer, trace, query, "quote_request", row.customer_id, row.id
    )
