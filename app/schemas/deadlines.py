"""Order deadlines and purchase windows on the wire."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.domain.deadlines import OrderDeadline, PurchaseWindow
from app.domain.languages import Language
from app.domain.texts import text
from app.schemas.contracts import coded_warnings
from app.schemas.wire import CodedText, Day, Plain, Strict

Note = Annotated[str, Plain, Field(min_length=1, max_length=200)]


class DeadlineQuestion(Strict):
    """A start date, and what the quote states about its deadline and validity."""

    start_date: Annotated[Day, Field(description="First day of the contract (JST).")]
    stated_deadline: Annotated[
        Day | None, Field(description="Order deadline in the contract conditions, if any (DL-2).")
    ] = None
    valid_until: Annotated[
        Day | None, Field(description="Last day of the quote's validity, if any (DL-5).")
    ] = None
    approver: Annotated[
        Note | None, Field(description="Who approved a deadline on or after the start date.")
    ] = None
    reason: Annotated[Note | None, Field(description="Why it was approved.")] = None


class DeadlineAnswer(TypedDict):
    """Until when an order counts, and everything that follows from it (DL-8)."""

    start_date: Day
    order_deadline: Annotated[
        Day, Field(description="Last day on which an order counts, until 24:00 JST (DL-3).")
    ]
    advised_order_date: Annotated[Day, Field(description="The business day to aim for (DL-4).")]
    effective_limit: Annotated[
        Day, Field(description="The earlier of deadline and validity (DL-5).")
    ]
    rule: Annotated[
        Literal["DL-1", "DL-2", "DL-5"], Field(description="Which rule set the effective limit.")
    ]
    state: Literal["open", "due_soon", "today", "passed"]
    state_text: str
    days_left: Annotated[int, Field(ge=0, description="Calendar days until the limit.")]
    business_minutes_left: Annotated[
        int, Field(ge=0, description="Open minutes of the desk until the limit ends (CAL-5).")
    ]
    if_missed: CodedText
    warnings: list[CodedText]
    rules: list[str]


def deadline_out(decision: OrderDeadline, language: Language) -> DeadlineAnswer:
    """The answer for one deadline."""
    missed = decision.if_missed.value
    return {
        "start_date": decision.start_date,
        "order_deadline": decision.order_deadline,
        "advised_order_date": decision.advised_order_date,
        "effective_limit": decision.effective_limit,
        "rule": decision.rule,  # type: ignore[typeddict-item]  # one of the three by DL-5.
        "state": decision.state.value,
        "state_text": text(f"deadline.{decision.state.value}", language),
        "days_left": decision.days_left,
        "business_minutes_left": decision.business_minutes_left,
        "if_missed": {"code": missed, "text": text(f"if_missed.{missed}", language)},
        "warnings": coded_warnings(decision.warnings, language),
        "rules": list(decision.rules),
    }


class WindowQuestion(Strict):
    """The last day of the warranty, or of the package that runs now."""

    end_date: Day
    on: Annotated[Day | None, Field(description="The day of the purchase; default today.")] = None


class WindowAnswer(TypedDict):
    """When a post-warranty package may be bought (DL-7)."""

    first_day: Day
    last_day: Day
    state: Literal["before", "open", "after"]
    advice: CodedText | None
    rules: list[str]


def window_out(decision: PurchaseWindow, language: Language) -> WindowAnswer:
    """The answer for one window. Outside it the dealer decides; it is not a refusal."""
    advice = decision.advice
    return {
        "first_day": decision.first,
        "last_day": decision.last,
        "state": decision.state.value,
        "advice": None if advice is None else {"code": advice, "text": text(advice, language)},
        "rules": list(decision.rules),
    }
