"""Coverage look-ups: is this machine covered, until when, and what next."""

from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from app.db.coverage import list_covers
from app.deps import (
    CurrentSettings,
    CurrentViewer,
    Now,
    Reading,
    ReadTrace,
    SpokenLanguage,
)
from app.domain.calendar import jst_date
from app.domain.errors import InvalidInput
from app.problems import problem_responses
from app.routers.answers import document
from app.schemas.coverage import CoverageAnswer, CoverageLookup, coverage_out, understood
from app.strict import StrictRoute

router = APIRouter(tags=["coverage"], route_class=StrictRoute)


@router.post(
    "/v1/coverage-lookups",
    response_model=CoverageAnswer,
    responses=problem_responses(InvalidInput),
)
async def look_up_coverage(
    request: Request,
    lookup: Annotated[CoverageLookup, Body()],
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Up to 1,000 machines in one call, each with its own answer in the place of its question.

    All contracts, packages and the warranty are ranked active, future, expired. A serial number
    that several products share is `ambiguous` and lists them. What the caller may not see is
    `not_found`.
    """
    questions = [understood(item) for item in lookup.items]
    rows = await list_covers(session, viewer, [serial for serial, _ in questions])
    await trace.read("coverage", None, (row[1] for row in rows))
    answer = coverage_out(
        questions,
        rows,
        today=lookup.as_of or jst_date(now),
        expiring_days=settings.rules.expiring_days,
        language=language,
    )
    return document(answer, language)
