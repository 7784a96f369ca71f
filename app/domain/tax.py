"""Consumption tax: rounded once per rate and document, never per line (QUO-4)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_FULL_RATE_BP = 10_000


class Rounding(StrEnum):
    """Which way a part of a yen goes; the amount without its sign decides (QUO-4)."""

    FLOOR = "floor"
    HALF_UP = "half_up"
    CEILING = "ceiling"


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """An amount in yen without tax, and its rate in basis points (1,000 is 10 %)."""

    rate_bp: int
    amount: int


@dataclass(frozen=True, slots=True)
class RateTotal:
    """The total of one rate in a document, in yen without tax, and its tax."""

    rate_bp: int
    taxable: int
    tax: int


@dataclass(frozen=True, slots=True)
class TaxedTotals:
    """The totals of a document in yen; the rates in descending order (QUO-4, DOC-4)."""

    subtotal: int
    rates: tuple[RateTotal, ...]
    tax: int
    total: int
    rules: tuple[str, ...] = ("QUO-4",)


def rounded(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Return a positive or negative fraction in whole yen.

    A credit is rounded like the charge that it takes back, so that the two come to nothing.
    """
    whole, rest = divmod(abs(numerator), denominator)
    up = {
        Rounding.FLOOR: False,
        Rounding.HALF_UP: rest * 2 >= denominator,
        Rounding.CEILING: rest > 0,
    }
    size = whole + up[rounding]
    return size if numerator >= 0 else -size


def taxed_totals(
    amounts: Iterable[TaxedAmount], rounding: Rounding = Rounding.FLOOR
) -> TaxedTotals:
    """Return a document's totals: all amounts of a rate are added, then its tax is rounded once
    (QUO-4).
    """
    by_rate: defaultdict[int, int] = defaultdict(int)
    for each in amounts:
        by_rate[each.rate_bp] += each.amount
    rates = tuple(
        RateTotal(rate, taxable, rounded(taxable * rate, _FULL_RATE_BP, rounding))
        for rate, taxable in sorted(by_rate.items(), reverse=True)
    )
    subtotal = sum(each.taxable for each in rates)
    tax = sum(each.tax for each in rates)
    return TaxedTotals(subtotal, rates, tax, subtotal + tax)
