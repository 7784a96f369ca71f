"""Order deadlines: until when an order counts, and what is possible afterwards (DL-1 to DL-8).

Dates are Japanese calendar days. A deadline day is in time until 24:00 JST of that day, by arrival,
whatever the desk's hours (DL-3), and is not moved when the desk is closed on it (DL-4).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.calendar import DeskCalendar, jst_date, jst_midnight
from app.domain.errors import StatedDeadlineNeedsApproval

DUE_SOON_DAYS: Final = 14
POST_WARRANTY_DAYS_BEFORE_END: Final = 120

_ONE_DAY: Final = timedelta(days=1)


class DeadlineState(StrEnum):
    """Where today lies against the effective limit."""

    OPEN = "open"
    DUE_SOON = "due_soon"
    TODAY = "today"
    PASSED = "passed"


class AfterLimit(StrEnum):
    """What is still possible when no order came in time; never a late renewal (DL-6)."""

    REQUEST_NEW_QUOTE = "request_new_quote"
    REENROLLMENT = "reenrollment"


class WindowState(StrEnum):
    """Where a day lies against the window in which a post-warranty package may be bought."""

    BEFORE = "before"
    OPEN = "open"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class StatedDeadline:
    """An order deadline written into a quote's contract conditions (DL-2).

    A day on or after the start date needs an approver and a reason; public bodies, which order on
    1 April, are the usual one.
    """

    day: date
    approver: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OrderDeadline:
    """The complete answer to "until when can I order?" (DL-8).

    `order_deadline` is the last day by DL-1 or DL-2; `effective_limit` is the earlier of it and the
    quote's end of validity (DL-5), and `rule` says which one applied. `advised_order_date` is the
    business day on or before the effective limit (DL-4). `days_left` counts calendar days to the
    limit and `business_minutes_left` open minutes to its end; both are 0 once it has passed.
    """

    start_date: date
    order_deadline: date
    advised_order_date: date
    effective_limit: date
    rule: str
    state: DeadlineState
    days_left: int
    business_minutes_left: int
    if_missed: AfterLimit
    rules: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderTiming:
    """Whether an order arrived in time, and what is possible if not (DL-3, DL-6)."""

    in_time: bool
    received_on: date
    possible: AfterLimit | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PurchaseWindow:
    """When a post-warranty package may be bought: both days inclusive, 121 days (DL-7).

    Outside the window the answer is "not in principle, ask the dealer" (`advice`), not a flat no.
    """

    first: date
    last: date
    state: WindowState
    advice: str | None
    rules: tuple[str, ...] = ("DL-7",)


def stated_deadline_needs_approval(start_date: date, stated: StatedDeadline) -> bool:
    """Tell whether a stated deadline lacks the approver or the reason that its day asks for
    (DL-2).
    """
    if stated.day < start_date:
        return False
    return not ((stated.approver or "").strip() and (stated.reason or "").strip())


def order_deadline_day(start_date: date, stated: StatedDeadline | None = None) -> date:
    """Return the last day on which an order counts: DL-1, or the stated day that replaces it
    (DL-2).

    Raises StatedDeadlineNeedsApproval for a stated day on or after the start date without an
    approver and a reason.
    """
    if stated is None:
        return start_date - _ONE_DAY
    if stated_deadline_needs_approval(start_date, stated):
        raise StatedDeadlineNeedsApproval(pointer="/stated_deadline", rules=("DL-2",))
    return stated.day


def after_limit(start_date: date, day: date) -> AfterLimit:
    """Return what is possible on a day after the limit (DL-6)."""
    return AfterLimit.REQUEST_NEW_QUOTE if day < start_date else AfterLimit.REENROLLMENT


def deadline_state(limit: date, today: date, due_soon_days: int = DUE_SOON_DAYS) -> DeadlineState:
    """Return where today lies against a limit; the limit's own day is in time (DL-3, DL-8)."""
    days = (limit - today).days
    if days < 0:
        return DeadlineState.PASSED
    if days == 0:
        return DeadlineState.TODAY
    return DeadlineState.DUE_SOON if days <= due_soon_days else DeadlineState.OPEN


def order_deadline(
    start_date: date,
    *,
    now: datetime,
    calendar: DeskCalendar,
    stated: StatedDeadline | None = None,
    valid_until: date | None = None,
    due_soon_days: int = DUE_SOON_DAYS,
) -> OrderDeadline:
    """Return the order deadline of a quote with everything that DL-8 asks for.

    `now` is an aware instant. Raises StatedDeadlineNeedsApproval as `order_deadline_day` does.
    """
    deadline = order_deadline_day(start_date, stated)
    deadline_rule = "DL-1" if stated is None else "DL-2"
    expires_first = valid_until is not None and valid_until < deadline
    limit = valid_until if valid_until is not None and expires_first else deadline
    today = jst_date(now)
    advised = calendar.preceding(limit)
    return OrderDeadline(
        start_date=start_date,
        order_deadline=deadline,
        advised_order_date=advised,
        effective_limit=limit,
        rule="DL-5" if expires_first else deadline_rule,
        state=deadline_state(limit, today, due_soon_days),
        days_left=max(0, (limit - today).days),
        business_minutes_left=calendar.business_minutes_between(
            now, jst_midnight(limit + _ONE_DAY)
        ),
        if_missed=after_limit(start_date, max(today, limit + _ONE_DAY)),
        rules=(deadline_rule, "DL-3", "DL-4", "DL-5", "DL-6", "DL-8"),
        # Once the limit has passed, no open minute is counted up to today.
        warnings=calendar.warnings(advised, limit, min(today, limit)),
    )


def order_timing(start_date: date, effective_limit: date, received_at: datetime) -> OrderTiming:
    """Return whether an order that arrived at an aware instant counts, and what is possible if not.

    The Japanese calendar day of the arrival decides, until 24:00 of the limit (DL-3). A late order
    is never a late renewal (DL-6).
    """
    received_on = jst_date(received_at)
    if received_on <= effective_limit:
        return OrderTiming(True, received_on, None, ("DL-3", "DL-5"))
    possible = after_limit(start_date, received_on)
    return OrderTiming(False, received_on, possible, ("DL-3", "DL-5", "DL-6"))


def purchase_window(end_date: date, day: date) -> PurchaseWindow:
    """Return when a post-warranty package may be bought, and where a day lies (DL-7).

    `end_date` is the last day of the warranty or of the package that runs now.
    """
    first = end_date - timedelta(days=POST_WARRANTY_DAYS_BEFORE_END)
    if day < first:
        state = WindowState.BEFORE
    else:
        state = WindowState.OPEN if day <= end_date else WindowState.AFTER
    advice = None if state is WindowState.OPEN else "ask_the_dealer"
    return PurchaseWindow(first, end_date, state, advice)
