"""Eligibility checks: can it come (back) under contract, and at what fee."""

from datetime import date, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Path, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.db.callers import Viewer
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
from app.domain.eligibility_request import Checked
from app.domain.end_of_support import RequestKind
from app.domain.errors import InvalidInput, NotFound
from app.domain.fee_facts import term_between
from app.domain.periods import DEFAULT_TERM_MONTHS, end_of_term
from app.idempotency import fingerprint, once
from app.problems import problem_responses
from app.routers.answers import HEADERS, NOT_MODIFIED, stored_resource
from app.schemas.eligibility import EligibilityAnswer, check_bytes
from app.schemas.eligibility_questions import EligibilityQuestion
from app.schemas.wire import DryRun
from app.settings import Settings
from app.strict import StrictRoute
from app.usecases.eligibility import Wish, check_eligibility, eligibility_settings
from app.write_guards import RequestKey

router = APIRouter(tags=["eligibility"], route_class=StrictRoute)


@router.post(
    "/v1/eligibility-checks",
    status_code=201,
    response_model=EligibilityAnswer,
    responses={
        **problem_responses(InvalidInput),
        200: {"model": EligibilityAnswer, "description": "The result of a trial (`dry_run`)."},
    },
)
async def create_eligibility_check(
    question: Annotated[EligibilityQuestion, Body()],
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
    """Whether up to 1,000 machines can be enrolled again, anew or at a higher level, and at what
    fee (ELG-1 to ELG-7, EOS, FEE).

    Each machine has its own outcome with reasons, conditions, alternatives and itemised fee; the
    whole is the worst of them. The check is kept with the facts and the policy version it used and
    reads back unchanged (ELG-6); with `dry_run=true` nothing is kept, and no key is needed.
    """
    headers = {**HEADERS, "Content-Language": language}
    if key is None:
        checked = await decided(session, viewer, question, settings, now)
        await trace.read("eligibility", None, [checked.customer_id])
        tried = check_bytes(checked, check_id=None, languages=[language], **period_of(question))
        return Response(tried[language], 200, headers, "application/json")
    facts = question.model_dump(mode="json")
    principal = caller.principal or ""

    async def keep() -> Response:
        checked = await decided(session, viewer, question, settings, now)
        await trace.read("eligibility", None, [checked.customer_id])
        check_id = new_id(now)
        answers = check_bytes(checked, check_id=check_id, **period_of(question))
        await store_check(
            session,
            check_id=check_id,
            customer_id=checked.customer_id,
            created_by=principal,
            created_at=now,
            kind=question.kind,
            outcome=checked.decision.outcome.value,
            start_date=question.start_date,
            valid_until=checked.decision.valid_until,
            facts=facts,
            answers=answers,
        )
        headers["Location"] = f"/v1/eligibility-checks/{check_id}"
        return Response(answers[language], 201, headers, "application/json")

    asked = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)
    return await once(
        session,
        principal=principal,
        key=key,
        request_hash=fingerprint(b"POST /v1/eligibility-checks", asked),
        effect=keep,
    )


def period_of(question: EligibilityQuestion) -> dict[str, Any]:
    """What was asked for, as the answer repeats it."""
    return {"kind": question.kind, "start": question.start_date, "end": last_day(question)}


def last_day(question: EligibilityQuestion) -> date:
    """The last day wished, as a day or by a term."""
    return question.end_date or end_of_term(
        question.start_date, question.term_months or DEFAULT_TERM_MONTHS
    )


async def decided(
    session: AsyncSession,
    viewer: Viewer,
    question: EligibilityQuestion,
    settings: Settings,
    now: datetime,
) -> Checked:
    """The decision on the machines of a question. Raises what `check_eligibility` raises."""
    start, end = question.start_date, last_day(question)
    return await check_eligibility(
        session,
        viewer,
        WishedCover(RequestKind(question.kind), start, end, today=jst_date(now)),
        term_between(start, end),
        wishes_of(question),
        question.customer_id,
        eligibility_settings(settings),
    )


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
