"""What is done with a quote request after it came: each step needs `If-Match`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.db.callers import Viewer
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
from app.usecases.reads import Trace
from app.usecases.request_steps import add_information, take_step
from app.write_guards import HeldRevision

router = APIRouter(tags=["quote requests"], route_class=StrictRoute)
REFUSALS: Mapping[int | str, dict[str, Any]] = problem_responses(NotFound, WrongState)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one request: who takes it, in which transaction, and at which revision."""

    request: Request
    request_id: UUID
    held: int
    session: AsyncSession
    viewer: Viewer
    trace: Trace
    language: Language

    async def take(
        self, action: RequestAction, values: Mapping[str, Any] | None = None
    ) -> Response:
        """Take it, and answer with the request as it is then."""
        file = await take_step(
            self.session, self.viewer, self.trace, self.request_id, self.held, action, values
        )
        return self.answer(file)

    def answer(self, file: RequestFile) -> Response:
        """The answer with the request."""
        payload = quote_request_out(file.request, file.items, self.language)
        return revised_resource(self.request, payload, self.language, file.request.revision)


async def get_step(
    request: Request,
    request_id: RequestId,
    held: HeldRevision,
    session: Session,
    viewer: CurrentViewer,
    trace: ReadTrace,
    language: SpokenLanguage,
) -> Step:
    """What every step needs."""
    known = understood_id(request_id)
    return Step(request, known, held, session, viewer, trace, language)


OneStep = Annotated[Step, Depends(get_step)]


@router.post(
    "/v1/quote-requests/{request_id}/cancellation",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def cancel_quote_request(said: Annotated[Cancellation, Body()], step: OneStep) -> Response:
    """Take a request back, as long as it has not been quoted; after that its quote is declined."""
    return await step.take(RequestAction.CANCEL, {"reason": said.reason})


@router.post(
    "/v1/quote-requests/{request_id}/information",
    response_model=QuoteRequest,
    responses={**REFUSALS, **problem_responses(InvalidInput)},
)
async def add_quote_request_information(
    said: Annotated[AddedInformation, Body()],
    step: OneStep,
    settings: CurrentSettings,
    now: Now,
) -> Response:
    """Add what was missing. The request is decided anew: it is received, or the answer asks on."""
    file = await add_information(
        step.session,
        step.viewer,
        step.trace,
        step.request_id,
        step.held,
        said.added(),
        now=now,
        settings=eligibility_settings(settings),
        write_check=check_bytes,
    )
    return step.answer(file)


@router.post(
    "/v1/quote-requests/{request_id}/information-request",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def request_quote_request_information(
    said: Annotated[InformationRequest, Body()], step: OneStep
) -> Response:
    """Ask the requester for what is missing. For the desk."""
    missing = list(dict.fromkeys(said.missing))
    return await step.take(RequestAction.ASK, {"missing": missing, "question": said.question})


@router.post(
    "/v1/quote-requests/{request_id}/start",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def start_quote_request(step: OneStep) -> Response:
    """Take up a request. For the desk."""
    return await step.take(RequestAction.START)


@router.post(
    "/v1/quote-requests/{request_id}/rejection",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def reject_quote_request(said: Annotated[Rejection, Body()], step: OneStep) -> Response:
    """Make no quote for a request, with the reason. For the desk."""
    return await step.take(RequestAction.REJECT, {"reason": said.reason})


@router.post(
    "/v1/quote-requests/{request_id}/redirection",
    response_model=QuoteRequest,
    responses={**REFUSALS},
)
async def redirect_quote_request(said: Annotated[Redirection, Body()], step: OneStep) -> Response:
    """Send the requester on to the place that takes its matter (REQ-7). For the desk."""
    values = {"redirect": said.redirect, "reason": said.reason}
    return await step.take(RequestAction.REDIRECT, values)
