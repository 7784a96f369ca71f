"""Renewals: when the next year's quote is due, and when to remind (REN-1 to REN-3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.domain.calendar import DeskCalendar
from app.domain.periods import add_months, day_after

QUOTE_LEAD_MONTHS: Final = 3
REMINDER_STEPS: Final = (90, 60, 30, 14, 3)


class CoverKind(StrEnum):
    """What kind of cover ends: a contract with the vendor, or a package sold outright."""

    CONTRACT = "contract"
    PACKAGE = "package"


class QuoteState(StrEnum):
    """Where the task of sending a renewal quote stands."""

    UPCOMING = "upcoming"
    DUE = "due"
    OVERDUE = "overdue"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class RenewalQuoteDue:
    """When the quote for the following term is due.

    `due` is a business day of the desk. `guide` is the day before it was moved. `promised` is False
    for a package: there the date is a guide, and no text may promise it (REN-2).
    """

    due: date
    guide: date
    promised: bool
    rules: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder: so many days before the order deadline, on that day (REN-3)."""

    step: int
    on: date


def renewal_quote_due(end_date: date, kind: CoverKind, calendar: DeskCalendar) -> RenewalQuoteDue:
    """Return when the renewal quote for cover that ends on `end_date` is due (REN-1, REN-2)."""
    guide = add_months(day_after(end_date), -QUOTE_LEAD_MONTHS)
    due = calendar.preceding(guide)
    promised = kind is CoverKind.CONTRACT
    return RenewalQuoteDue(
        due=due,
        guide=guide,
        promised=promised,
        rules=("REN-1" if promised else "REN-2", "CAL-4"),
        warnings=calendar.warnings(due, guide),
    )


def renewal_quote_state(due: RenewalQuoteDue, today: date, sent: bool) -> QuoteState:
    """Return where the quote stands on a Japanese day; a package's is never overdue (REN-1,
    REN-2).
    """
    if sent:
        return QuoteState.DONE
    if today < due.due:
        return QuoteState.UPCOMING
    if today > due.due and due.promised:
        return QuoteState.OVERDUE
    return QuoteState.DUE


def reminders(order_deadline: date, steps: Iterable[int] = REMINDER_STEPS) -> tuple[Reminder, ...]:
    """Return the reminders for an order deadline, the earliest first, each step once (REN-3).

    The deadline given is that of the current term: when it moves, the caller asks again.
    """
    ordered = sorted(set(steps), reverse=True)
    return tuple(Reminder(step, order_deadline - timedelta(days=step)) for step in ordered)
