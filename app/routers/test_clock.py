"""The test clock of sandbox tenants."""

from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Body
from starlette.responses import Response

from app.deps import (
    CurrentCaller,
    CurrentSettings,
    ReadTrace,
    RealNow,
    Session,
    SpokenLanguage,
)
from app.domain.errors import InvalidInput, TestClockRefused
from app.problems import problem_responses
from app.routers.answers import document
from app.schemas.test_clock import ClockAnswer, ClockSetting, clock_out
from app.strict import StrictRoute
from app.usecases.test_clock import move_clock, reset_clock

router = APIRouter(tags=["test clock"], route_class=StrictRoute)


@router.put(
    "/v1/test-clock",
    response_model=ClockAnswer,
    responses=problem_responses(InvalidInput, TestClockRefused),
)
async def put_test_clock(
    wanted: Annotated[ClockSetting, Body()],
    session: Session,
    trace: ReadTrace,
    caller: CurrentCaller,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: RealNow,
) -> Response:
    """Set the "now" of the caller's tenant, for all its callers and nobody else: standing, or
    running on from there. Credentials and relations keep to the real time.

    Refused for production tenants and where the service has no test clocks.
    """
    if not settings.test_clock:
        raise TestClockRefused
    to = wanted.now.astimezone(UTC)
    await move_clock(session, trace, caller, to=to, frozen=wanted.frozen, now=now)
    return document(clock_out(to, wanted.frozen), language)


@router.delete("/v1/test-clock", status_code=204, responses=problem_responses(TestClockRefused))
async def delete_test_clock(
    session: Session, trace: ReadTrace, caller: CurrentCaller, settings: CurrentSettings
) -> Response:
    """Let the tenant's clock show the real time again."""
    if not settings.test_clock:
        raise TestClockRefused
    await reset_clock(session, trace, caller)
    return Response(status_code=204)
