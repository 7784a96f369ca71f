"""Change requests: ask for a change, read what was asked, end it (REQ-2, REQ-6, REQ-8)."""

import uuid
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.change_requests import ChangeFilter, get_change_request, list_change_requests
from app.deps import (
    CurrentCaller,
    CurrentViewer,
    Now,
    Reading,
    ReadTrace,
    Session,
    SpokenLanguage,
    understood_id,
)
from app.domain.change_states import ChangeAction
from app.domain.errors import (
    ChangeMissing,
    EndOfSupportReached,
    InvalidCursor,
    InvalidFilter,
    InvalidInput,
    NewOrderNeeded,
    NotFound,
    VersionNotLatest,
    WrongState,
)
from app.domain.identifiers import normalise, normalise_contract_number, normalise_service_id
from app.idempotency import fingerprint, once
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, document, page, revised_resource
from app.routers.histories import history_page
from app.schemas.change_request_answers import (
    ChangeRequest,
    ChangeRequestPage,
    change_request_out,
)
from app.schemas.change_requests import (
    ChangeEnding,
    ChangeQuery,
    ChangeRequestIn,
)
from app.schemas.events import History, HistoryQuery
from app.schemas.wire import DryRun
from app.strict import StrictRoute
from app.usecases.change_requests import create_change_request, end_change_request
from app.usecases.change_targets import WantedChange
from app.write_guards import HeldRevision, RequestKey

router = APIRouter(tags=["change requests"], route_class=StrictRoute)

ChangeId = Annotated[
    str, Path(description="The id of the change request.", json_schema_extra={"format": "uuid"})
]


@router.post(
    "/v1/change-requests",
    status_code=201,
    response_model=ChangeRequest,
    responses={
        200: {"model": ChangeRequest, "description": "What would become of it (`dry_run`)."},
        **problem_responses(
            InvalidInput,
            ChangeMissing,
            NewOrderNeeded,
            EndOfSupportReached,
            VersionNotLatest,
            WrongState,
        ),
    },
)
async def ask_for_change(
    request: Request,
    wanted: Annotated[ChangeRequestIn, Body()],
    query: Annotated[DryRun, Query()],
    key: RequestKey,
    session: Session,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Ask for a change of period, level, contact or configuration (REQ-2).

    A change of the contact alone is made at once (`applied`). The others are about the open quote
    of the contract and are answered with its next version, or with a reason. After the order, or
    without an open quote, a person looks (`referred`, REQ-6). A start date that moves by more than
    90 days is a new order (409). With `dry_run=true` nothing is kept and no key is needed.
    """

    async def effect() -> Response:
        row = await create_change_request(
            session, viewer, trace, _understood(wanted), now=now, dry_run=query.dry_run
        )
        answer = change_request_out(row, language, kept=not query.dry_run)
        if query.dry_run:
            return document(answer, language)
        location = f"/v1/change-requests/{row.id}"
        return revised_resource(
            request, answer, language, row.revision, status=201, location=location
        )

    return await once(
        session,
        principal=caller.principal or "",
        key=key,
        request_hash=fingerprint(b"POST /v1/change-requests", wanted.model_dump_json().encode()),
        effect=effect,
    )


def _understood(wanted: ChangeRequestIn) -> WantedChange:
    return WantedChange(
        requester_name=wanted.requester.name,
        requester_email=wanted.requester.email,
        changes=wanted.wanted(),
        quote_number=wanted.quote_number,
        quote_version=wanted.quote_version,
        **wanted.numbers(),
    )


@router.get(
    "/v1/change-requests",
    response_model=ChangeRequestPage,
    responses=problem_responses(InvalidFilter, InvalidCursor),
)
async def read_change_requests(
    request: Request,
    query: Annotated[ChangeQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """The change requests that the caller may see, the latest first, in pages."""
    number, service, quote = query.contract_number, query.service_id, query.quote_number
    wanted = ChangeFilter(
        state=query.state,
        contract_number=None if number is None else normalise_contract_number(number),
        service_id=None if service is None else normalise_service_id(service),
        quote_number=None if quote is None else normalise(quote),
        customer_id=None if query.customer_id is None else normalise(query.customer_id),
    )
    meaning = f"change requests {caller.principal} {asdict(wanted)}"
    secret = request.app.state.cursor_secret
    after = None
    if query.cursor is not None:
        after = uuid.UUID(read_cursor(secret, meaning, query.cursor, 1)[0])
    rows = await list_change_requests(
        session, viewer, wanted, after=after, limit=query.page_size + 1
    )
    shown, next_cursor = cut_page(secret, meaning, rows, query.page_size, lambda r: (str(r.id),))
    await trace.read("change_requests", None, (row.customer_id for row in shown))
    return page(request, [change_request_out(row, language) for row in shown], next_cursor)


@router.get(
    "/v1/change-requests/{change_id}",
    response_model=ChangeRequest,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_change_request(
    request: Request,
    change_id: ChangeId,
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """One change request: what is to be changed, where it stands, which version answers it. Its
    `ETag` is what a step of it needs as `If-Match`.
    """
    row = await get_change_request(session, viewer, understood_id(change_id))
    await trace.read("change_request", change_id, [row.customer_id])
    return revised_resource(request, change_request_out(row, language), language, row.revision)


@router.get(
    "/v1/change-requests/{change_id}/history",
    response_model=History,
    responses=problem_responses(NotFound, InvalidCursor),
)
async def read_change_request_history(
    request: Request,
    change_id: ChangeId,
    query: Annotated[HistoryQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
) -> Response:
    """What happened to a change request, the earliest first, in pages."""
    row = await get_change_request(session, viewer, understood_id(change_id))
    return await history_page(
        request, session, viewer, trace, query, "change_request", row.customer_id, row.id
    )


@router.post(
    "/v1/change-requests/{change_id}/cancellation",
    response_model=ChangeRequest,
    responses=problem_responses(NotFound, WrongState),
)
async def cancel_change_request(
    request: Request,
    change_id: ChangeId,
    said: Annotated[ChangeEnding, Body()],
    held: HeldRevision,
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """Take a change request back, as long as nobody has answered it."""
    row = await end_change_request(
        session, viewer, trace, understood_id(change_id), held, ChangeAction.CANCEL, said.reason
    )
    return revised_resource(request, change_request_out(row, language), language, row.revision)
