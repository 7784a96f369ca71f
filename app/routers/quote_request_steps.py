"""What is done with a quote request after it came: each step needs `If-Match`."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from app.deps import (
    CurrentSettings,
    CurrentViewer,
    Now,
    ReadTrace,
    Session,
    SpokenLanguage,
    understood_id,
)
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.languages import Language
from app.domain.request_states import RequestAction
from app.problems import problem_responses
from app.routers.answers import revised_resource
from app.routers.quote_requests import RequestId
from app.schemas.eligibility import check_bytes
from app.schemas.quote_request_answers import QuoteRequest, quote_request_out
from app.schemas.quote_request_steps import (
    AddedInformation,
    Cancellation,
    InformationRequest,
    Redirection,
    Rejection,
)
from app.strict import StrictRoute
from app.usecases.eligibility import eligibility_settings
from app.usecases.quote_requests import RequestFile
from app.usecases.request_steps import add_information, take_step
from app.write_guards import HeldRevision

router = APIRouter(tags=["quote requests"], route_class=StrictRoute)
REFUSALS: Mapping[int | str, dict[str, Any]] = problem_responses(NotFound, WrongState)


def _answer(request: Request, file: RequestFile, language: Language) -> Response:
    return revised_resource(
        request,
        quote_request_out(file.request, file.items, language),
        language,
        file.request.revision,
    )


@router.post(
    "/v1/quote-requests/{request_id}/cancellation",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def cancel_quote_request(
    request: Request,
    request_id: RequestId,
    said: Annotated[Cancellation, Body()],
    held: HeldRevision,
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """Take a request back, as long as it has not been quoted; after that its quote is declined."""
    file = await take_step(
        session,
        viewer,
        trace,
        understood_id(request_id),
        held,
        RequestAction.CANCEL,
        {"reason": said.reason},
    )
    return _answer(request, file, language)


@router.post(
    "/v1/quote-requests/{request_id}/information",
    response_model=QuoteRequest,
    responses={**REFUSALS, **problem_responses(InvalidInput)},
)
async def add_quote_request_information(
    request: Request,
    request_id: RequestId,
    said: Annotated[AddedInformation, Body()],
    held: HeldRevision,
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Add what was missing. The request is decided anew: it is received, or the answer asks on."""
    file = await add_information(
        session,
        viewer,
        trace,
        understood_id(request_id),
        held,
        said.added(),
        now=now,
        settings=eligibility_settings(settings),
        write_check=check_bytes,
    )
    return _answer(request, file, language)


@router.post(
    "/v1/quote-requests/{request_id}/information-request",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def request_quote_request_information(
    request: Request,
    request_id: RequestId,
    said: Annotated[InformationRequest, Body()],
    held: HeldRevision,
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """Ask the requester for what is missing. For the desk."""
    file = await take_step(
        session,
        viewer,
        trace,
        understood_id(request_id),
        held,
        RequestAction.ASK,
        {"missing": list(dict.fromkeys(said.missing)), "question": said.question},
    )
    return _answer(request, file, language)


@router.post(
    "/v1/quote-requests/{request_id}/start",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def start_quote_request(
    request: Request,
    request_id: RequestId,
    held: HeldRevision,
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """Take up a request. For the desk."""
    file = await take_step(
        session, viewer, trace, understood_id(request_id), held, RequestAction.START
    )
    return _answer(request, file, language)


@router.post(
    "/v1/quote-requests/{request_id}/rejection",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def reject_quote_request(
    request: Request,
    request_id: RequestId,
    said: Annotated[Rejection, Body()],
    held: HeldRevision,
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """Make no quote for a request, with the reason. For the desk."""
    file = await take_step(
        session,
        viewer,
        trace,
        understood_id(request_id),
        held,
        RequestAction.REJECT,
        {"reason": said.reason},
    )
    return _answer(request, file, language)


@router.post(
    "/v1/quote-requests/{request_id}/redirection",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def redirect_quote_request(
    request: Request,
    request_id: RequestId,
    said: Annotated[Redirection, Body()],
    held: HeldRevision,
    session: Session,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """Send the requester on to the place that takes its matter (REQ-7). For the desk."""
    file = await take_step(
        session,
        viewer,
        trace,
        understood_id(request_id),
        held,
        RequestAction.REDIRECT,
        {"redirect": said.redirect, "reason": said.reason},
    )
    return _answer(request, file, language)
