"""Periods with both ends inclusive, and choices that look varied but never change."""

import hashlib
from datetime import date, timedelta
from typing import NamedTuple


class Span(NamedTuple):
    """A period; both days belong to it."""

    start: date
    end: date

    def holds(self, day: date) -> bool:
        """Tell whether the day lies in the period."""
        return self.start <= day <= self.end

    def preceded_by(self, years: int, gap_days: int = 0) -> "Span":
        """Return the period of so many years that ends before this one."""
        return ending(self.start - timedelta(days=1 + gap_days), years)

    def followed_by(self, years: int, gap_days: int = 0) -> "Span":
        """Return the period of so many years that begins after this one."""
        return starting(self.end + timedelta(days=1 + gap_days), years)


def years_later(day: date, years: int) -> date:
    """Return the same day in another year; 29 February becomes 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def ending(end: date, years: int) -> Span:
    """Return the period of whole years that ends on the day."""
    return Span(years_later(end + timedelta(days=1), -years), end)


def starting(start: date, years: int) -> Span:
    """Return the period of whole years that begins on the day."""
    return Span(start, years_later(start, years) - timedelta(days=1))


def month_end(day: date) -> date:
    """Return the last day of the day's month."""
    next_month = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return next_month - timedelta(days=1)


def fiscal_year_end(day: date) -> date:
    """Return the first 31 March on or after the day."""
    this_year = date(day.year, 3, 31)
    return this_year if day <= this_year else date(day.year + 1, 3, 31)


def leap_day(day: date) -> date:
    """Return the first 29 February on or after the day."""
    year = next(y for y in range(day.year, day.year + 9) if month_end(date(y, 2, 1)).day == 29)
    found = date(year, 2, 29)
    return found if found >= day else leap_day(date(year + 1, 1, 1))


def pick(label: str, choices: int) -> int:
    """Return a number below `choices` that depends on the label alone."""
    digest = hashlib.blake2b(label.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % choices
