"""The desk's answers to change requests: a version of the quote, or a reason (REQ-2)."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from starlette.responses import Response

from app.db.change_requests import ChangeRow
from app.deps import CurrentViewer, ReadTrace, Session, SpokenLanguage, understood_id
from app.domain.change_states import ChangeAction
from app.domain.errors import (
    ChangeEnded,
    DraftExists,
    InvalidInput,
    LimitPassed,
    LinesQuotedElsewhere,
    NotFound,
    PastEndOfSupport,
    QuoteNotReady,
    VersionNotLatest,
    WrongState,
)
from app.problems import problem_responses
from app.routers.answers import document, revised_resource
from app.routers.change_requests import ChangeId
from app.routers.quote_answers import OnQuotes, tried
from app.schemas.change_request_answers import ChangeRequest, change_request_out
from app.schemas.change_requests import ChangeAnswer, ChangeRejection
from app.schemas.wire import DryRun
from app.strict import StrictRoute
from app.usecases.change_answers import WantedAnswer, answer_change_request
from app.usecases.change_requests import end_change_request
from app.write_guards import HeldRevision

router = APIRouter(tags=["change requests"], route_class=StrictRoute)


@router.post(
    "/v1/change-requests/{change_id}/answer",
    response_model=ChangeRequest,
    responses=problem_responses(
        InvalidInput,
        NotFound,
        WrongState,
        VersionNotLatest,
        DraftExists,
        QuoteNotReady,
        PastEndOfSupport,
        LimitPassed,
        LinesQuotedElsewhere,
        ChangeEnded,
    ),
)
async def answer_change(
    request: Request,
    change_id: ChangeId,
    said: Annotated[ChangeAnswer, Body()],
    query: Annotated[DryRun, Query()],
    held: HeldRevision,
    work: OnQuotes,
) -> Response:
    """Answer a change request with the next version of its quote, which is drafted from the changes
    and issued in one step; the version before is superseded. Where something is open (a price, an
    end of support), nothing is kept and the answer says what (409): then the desk drafts the
    version itself, with the id of the change request, which is answered when that is issued; or it
    names an issued version here. With `dry_run=true` nothing is kept. For the desk.
    """

    async def effect() -> ChangeRow:
        return await answer_change_request(
            work.session,
            work.viewer,
            work.trace,
            understood_id(change_id),
            held,
            WantedAnswer(said.based_on, said.quote_number, said.version),
            calendar=work.calendar,
            settings=work.settings,
            now=work.now,
        )

    row = await tried(work.session, query.dry_run, effect)
    answer = change_request_out(row, work.language)
    if query.dry_run:
        await work.trace.read("change_request", str(row.id), [row.customer_id])
        return document(answer, work.language)
    return revised_resource(request, answer, work.language, row.revision)


@router.post(
    "/v1/change-requests/{change_id}/rejection",
    response_model=ChangeRequest,
    responses=problem_responses(NotFound, WrongState),
)
async def reject_change_request(
    request: Request,
    change_id: ChangeId,
    said: Annotated[ChangeRejection, Body()],
    held: HeldRevision,
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """Answer a change request with the reason why it is not made. For the desk."""
    row = await end_change_request(
        session, viewer, trace, understood_id(change_id), held, ChangeAction.REJECT, said.reason
    )
    return revised_resource(request, change_request_out(row, language), language, row.revision)
