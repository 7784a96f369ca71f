"""Order deadlines: until when must I order, and what happens if I miss it."""

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.responses import Response

from app.deps import CurrentCalendar, Now, SpokenLanguage
from app.domain.calendar import jst_date
from app.domain.deadlines import StatedDeadline, order_deadline, purchase_window
from app.domain.errors import InvalidInput, StatedDeadlineNeedsApproval
from app.problems import problem_responses
from app.routers.answers import document
from app.schemas.deadlines import (
    DeadlineAnswer,
    DeadlineQuestion,
    WindowAnswer,
    WindowQuestion,
    deadline_out,
    window_out,
)
from app.strict import StrictRoute

router = APIRouter(tags=["deadlines"], route_class=StrictRoute)


@router.post(
    "/v1/order-deadline-calculations",
    response_model=DeadlineAnswer,
    responses=problem_responses(InvalidInput, StatedDeadlineNeedsApproval),
)
async def calculate_order_deadline(
    question: Annotated[DeadlineQuestion, Body()],
    calendar: CurrentCalendar,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """The order deadline of a contract that starts on a day (DL-1 to DL-6, DL-8).

    Without a stated deadline it is the day before the start. A stated one replaces it, earlier or
    later; on or after the start date it needs an approver and a reason. Nothing is stored.
    """
    stated = None
    if question.stated_deadline is not None:
        stated = StatedDeadline(question.stated_deadline, question.approver, question.reason)
    decision = order_deadline(
        question.start_date,
        now=now,
        calendar=calendar,
        stated=stated,
        valid_until=question.valid_until,
    )
    return document(deadline_out(decision, language), language)


@router.post(
    "/v1/purchase-window-calculations",
    response_model=WindowAnswer,
    responses=problem_responses(InvalidInput),
)
async def calculate_purchase_window(
    question: Annotated[WindowQuestion, Body()], language: SpokenLanguage, now: Now
) -> Response:
    """When a post-warranty package may be bought: from 120 days before the end of the warranty or
    package up to that end, both inclusive (DL-7). Nothing is stored.
    """
    window = purchase_window(question.end_date, question.on or jst_date(now))
    return document(window_out(window, language), language)
