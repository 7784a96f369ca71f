"""Periods: terms, renewals without a gap, overlaps (TERM-1 to TERM-4).

All dates are Japanese calendar days, and both ends of a period belong to it.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

DEFAULT_TERM_MONTHS: Final = 12  # TERM-3
LONGEST_TERM_MONTHS: Final = 120

_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A period of Japanese calendar days, both ends inclusive (TERM-1)."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """Return the number of days in the period, both ends counted."""
        return (self.end - self.start).days + 1


@dataclass(frozen=True, slots=True)
class MonthsAndDays:
    """A length: whole months by TERM-2, and the days that are left over."""

    months: int
    days: int


def _month_of(day: date, months: int) -> tuple[int, int]:
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return years, month + 1


def add_months(day: date, months: int) -> date:
    """Return the corresponding day so many months later, or earlier for a negative number (TERM-2).

    Where that month has no such day, its last day. Raises ValueError outside the years 1 to 9999.
    """
    year, month = _month_of(day, months)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@lru_cache(maxsize=4096)
def end_of_term(start: date, months: int) -> date:
    """Return the last day of a term of so many months (TERM-2, Civil Code 143).

    It is the day before the corresponding day; where the last month has no such day, the last day
    of that month. Raises ValueError for fewer than one month or outside the years 1 to 9999.
    """
    if months < 1:
        raise ValueError("a term has at least one month")
    year, month = _month_of(start, months)
    last_day = monthrange(year, month)[1]
    # Taking one day off the last day of a shorter month would lose a day that the law gives.
    if start.day > last_day:
        return date(year, month, last_day)
    return date(year, month, start.day) - _ONE_DAY


def day_after(end: date) -> date:
    """Return the day on which a renewal starts: the day after the old end (TERM-1)."""
    return end + _ONE_DAY


def renewal_period(old_end: date, months: int = DEFAULT_TERM_MONTHS) -> Period:
    """Return the period that follows an old end without a gap; 12 months by default (TERM-1,
    TERM-3).
    """
    start = day_after(old_end)
    return Period(start, end_of_term(start, months))


def term_problem(months: int) -> str | None:
    """Return the code of what is wrong with a term's length, or None for 1 to 120 months
    (TERM-3).
    """
    if months < 1:
        return "term_too_short"
    return "term_too_long" if months > LONGEST_TERM_MONTHS else None


def period_problem(start: date, end: date) -> str | None:
    """Return the code of what is wrong with a period, or None (TERM-1)."""
    return "end_before_start" if end < start else None


def overlaps(one: Period, other: Period) -> bool:
    """Tell whether two periods share a day (TERM-1).

    As half-open ranges, a period that starts the day after the other's end does not overlap it.
    """
    return one.start < day_after(other.end) and other.start < day_after(one.end)


def gap_days(old_end: date, new_start: date) -> int:
    """Return the days without cover between an old end and a new start; negative if they
    overlap.
    """
    return (new_start - old_end).days - 1


def months_and_days(start: date, end: date) -> MonthsAndDays:
    """Return the length of a period as whole months by TERM-2 and the days left over (QUO-5).

    An end before the start has no length: nought months and nought days.
    """
    months = max(0, (end.year - start.year) * 12 + end.month - start.month + 1)
    while months and end_of_term(start, months) > end:
        months -= 1
    counted_to = end_of_term(start, months) if months else start - _ONE_DAY
    return MonthsAndDays(months, max(0, (end - counted_to).days))


def covering_period(lines: Iterable[Period]) -> Period | None:
    """Return a contract's own period: from its lines' first start to their last end (TERM-4)."""
    periods = tuple(lines)
    if not periods:
        return None
    return Period(min(each.start for each in periods), max(each.end for each in periods))
