"""Eligibility checks: can it come (back) under contract, and at what fee."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from app.db.eligibility import get_answer, store_check
from app.db.ids import new_id
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
from app.domain.calendar import jst_date
from app.domain.eligibility_facts import WishedCover
from app.domain.end_of_support import RequestKind
from app.domain.errors import InvalidInput, NotFound
from app.domain.fee_facts import term_between
from app.domain.periods import DEFAULT_TERM_MONTHS, end_of_term
from app.problems import problem_responses
from app.routers.answers import HEADERS, NOT_MODIFIED, stored_resource
from app.schemas.eligibility import EligibilityAnswer, EligibilityQuestion, check_bytes
from app.schemas.wire import DryRun
from app.strict import StrictRoute
from app.usecases.eligibility import Wish, check_eligibility, eligibility_settings

router = APIRouter(tags=["eligibility"], route_class=StrictRoute)


@router.post(
    "/v1/eligibility-checks",
    response_model=EligibilityAnswer,
    responses=problem_responses(InvalidInput),
)
async def create_eligibility_check(
    question: Annotated[EligibilityQuestion, Body()],
    query: Annotated[DryRun, Query()],
    session: Session,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Whether up to 1,000 machines can be enrolled again, anew or at a higher level, and at what
    fee (ELG-1 to ELG-7, EOS, FEE).

    Each machine has its own outcome with reasons, conditions, alternatives and itemised fee; the
    whole is the worst of them. The check is kept with the facts and the policy version it used and
    reads back unchanged (ELG-6); with `dry_run=true` nothing is kept.
    """
    end = question.end_date or end_of_term(
        question.start_date, question.term_months or DEFAULT_TERM_MONTHS
    )
    cover = WishedCover(RequestKind(question.kind), question.start_date, end, today=jst_date(now))
    checked = await check_eligibility(
        session,
        viewer,
        cover,
        term_between(question.start_date, end),
        wishes_of(question),
        question.customer_id,
        eligibility_settings(settings),
    )
    check_id = None if query.dry_run else new_id(now)
    answers = check_bytes(
        checked, check_id=check_id, kind=question.kind, start=question.start_date, end=end
    )
    headers = {**HEADERS, "Content-Language": language}
    await trace.read("eligibility", None, [checked.customer_id])
    if check_id is not None:
        headers["Location"] = f"/v1/eligibility-checks/{check_id}"
        await store_check(
            session,
            check_id=check_id,
            customer_id=checked.customer_id,
            created_by=caller.principal or "",
            created_at=now,
            kind=question.kind,
            outcome=checked.decision.outcome.value,
            start_date=question.start_date,
            valid_until=checked.decision.valid_until,
            facts=question.model_dump(mode="json"),
            answers=answers,
        )
    return Response(answers[language], media_type="application/json", headers=headers)


def wishes_of(question: EligibilityQuestion) -> list[Wish]:
    """The machines of a question as the use-case takes them."""
    return [
        Wish(
            *item.identity(),
            item.service_level,
            None if item.operating_condition is None else item.operating_condition.declaration(),
        )
        for item in question.items
    ]


@router.get(
    "/v1/eligibility-checks/{check_id}",
    response_model=EligibilityAnswer,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_eligibility_check(
    request: Request,
    check_id: Annotated[
        str, Path(description="The id of the check.", json_schema_extra={"format": "uuid"})
    ],
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """A check as it was answered, byte for byte (ELG-6), in the language asked for."""
    customer_id, body = await get_answer(session, viewer, understood_id(check_id), language)
    await trace.read("eligibility", check_id, [customer_id])
    return stored_resource(request, body, language)
