"""Parts of a year, exact (FEE-7, QUO-5): nothing is rounded here.

A range is half-open: from `start` on, up to and without `end`.
"""

from datetime import date, timedelta
from fractions import Fraction

from app.domain.fee_policy import Proration
from app.domain.periods import months_and_days

_NOTHING = Fraction(0)


def _actual_actual(start: date, end: date) -> Fraction:
    """Return the days of each calendar year over the days that the year has."""
    part = _NOTHING
    while start < end:
        new_year = date(start.year + 1, 1, 1)
        year_days = (new_year - date(start.year, 1, 1)).days
        until = min(end, new_year)
        part += Fraction((until - start).days, year_days)
        start = until
    return part


def _thirty_360(start: date, end: date) -> Fraction:
    """Return the range in months of 30 days; the 31st counts as the 30th (30E/360)."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return Fraction(months * 30 + min(end.day, 30) - min(start.day, 30), 360)


def _months_up(start: date, end: date) -> Fraction:
    """Return the range in whole months by TERM-2, a month begun counting whole."""
    length = months_and_days(start, end - timedelta(days=1))
    return Fraction(length.months + (length.days > 0), 12)


def year_part(start: date, end: date, proration: Proration) -> Fraction:
    """Return which part of a year a half-open range is, by one of the four ways (FEE-7)."""
    if proration is Proration.ACT_365:
        return Fraction((end - start).days, 365)
    if proration is Proration.ACT_ACT:
        return _actual_actual(start, end)
    if proration is Proration.D30_360:
        return _thirty_360(start, end)
    return _months_up(start, end)
