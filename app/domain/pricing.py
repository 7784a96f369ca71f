"""Prices of lines: whole months by TERM-2 and the rest act/365, and one end date for many
(QUO-5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Final

from app.domain.periods import months_and_days

_RULES: Final = ("QUO-5", "TERM-2")


@dataclass(frozen=True, slots=True)
class LinePrice:
    """The price of a line for a period, in yen without tax.

    `unit_price` is the price of one unit for the whole period, floored once; `amount` is the unit
    price by the quantity, so that a line of a quote can be reckoned after.
    """

    months: int
    days: int
    unit_price: int
    amount: int
    rules: tuple[str, ...] = _RULES


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line to be brought to another end date; `annual_price` is one unit's, in yen. Consumed days
    are paid for beyond the end (FEE-2).
    """

    line_id: str
    start: date
    end: date
    annual_price: int
    quantity: int = 1
    consumed_days: int = 0


@dataclass(frozen=True, slots=True)
class LinePreview:
    """What a common end date does to one line (QUO-5).

    `price` and `difference` are None where `problem` says why the line cannot end on that day.
    """

    line_id: str
    start: date
    old_end: date
    new_end: date
    old_price: LinePrice
    price: LinePrice | None
    difference: int | None
    problem: str | None = None


def line_price(annual_price: int, quantity: int, start: date, end: date) -> LinePrice:
    """Return the price of a line from `start` to `end`, both inclusive (QUO-5).

    A month is a twelfth of the annual price, a day over the whole months a 365th; the exact sum is
    floored to the yen once. Raises ValueError for an end before the start.
    """
    if end < start:
        raise ValueError("a period ends on or after its start")
    length = months_and_days(start, end)
    part = Fraction(length.months, 12) + Fraction(length.days, 365)
    unit_price = floor(annual_price * part)
    return LinePrice(length.months, length.days, unit_price, unit_price * quantity)


def _preview(line: PricedLine, end: date) -> LinePreview:
    consumed = timedelta(days=line.consumed_days)
    old = line_price(line.annual_price, line.quantity, line.start, line.end + consumed)
    if end < line.start:
        problem = "end_before_start"
        return LinePreview(line.line_id, line.start, line.end, end, old, None, None, problem)
    new = line_price(line.annual_price, line.quantity, line.start, end + consumed)
    difference = new.amount - old.amount
    return LinePreview(line.line_id, line.start, line.end, end, old, new, difference)


def co_term(lines: Iterable[PricedLine], end: date) -> tuple[LinePreview, ...]:
    """Return what it means for each chosen line to end on one day; the order is kept (QUO-5)."""
    return tuple(_preview(line, end) for line in lines)
