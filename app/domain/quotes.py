"""What a quote is made of: lines, fees, totals, an addressee, and what is still open (QUO)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from app.domain.periods import Period, covering_period
from app.domain.tax import Rounding, TaxedAmount, TaxedTotals, taxed_totals

# A flag of these keeps a version from being issued until somebody has decided (EOS-3, FEE-9).
BLOCKING_FLAGS: Final = frozenset(
    {
        "price_missing",
        "fee_to_decide",
        "eligibility_to_review",
        "end_of_support_unknown",
        "last_new_enrollment_passed",
        "no_lines",
    }
)
# What a customer is told as well; every other flag is the desk's.
CUSTOMER_FLAGS: Final = frozenset({"truncated", "mixed_service_levels"})


class LineKind(StrEnum):
    """What a line of a quote is for."""

    SERVICE = "service"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line of a version; yen without tax.

    `unit_price` is one unit's for the whole period of the line, reckoned from `annual_price` unless
    the desk set it (`decisions["price"]`). `flags` are codes; those of BLOCKING_FLAGS are open.
    """

    kind: LineKind
    product_name: str
    unit_price: int
    quantity: int = 1
    product_number: str | None = None
    serial_number: str | None = None
    service_level: str | None = None
    start: date | None = None
    end: date | None = None
    annual_price: int | None = None
    tax_rate_bp: int = 1000
    contract_number: str | None = None
    contract_line_number: int | None = None
    flags: tuple[str, ...] = ()
    decisions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def amount(self) -> int:
        """Return the price of all units."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line of a contract that the quote does not renew, and why (QUO-6): a code, which is `desk`
    where the desk's own words are the `note`.
    """

    contract_number: str
    line_number: int
    reason: str
    note: str | None = None


class AddresseeKind(StrEnum):
    """Whom a quote is written to: a company or a person, never both (QUO-3)."""

    COMPANY = "company"
    PERSON = "person"


_HONORIFICS: Final[Mapping[AddresseeKind, str]] = {
    AddresseeKind.COMPANY: "御中",
    AddresseeKind.PERSON: "様",
}


def plain_name(kind: AddresseeKind, written: str) -> str | None:
    """Return a name without the honorific that the document adds, or None where it bears the other
    kind's or nothing is left: a company is 御中 and a person 様, never both (QUO-3).
    """
    name = written.strip()
    own = _HONORIFICS[kind]
    if name.endswith(own):
        name = name.removesuffix(own).rstrip()
    if not name or any(name.endswith(honorific) for honorific in _HONORIFICS.values()):
        return None
    return name


def addressee_line(kind: AddresseeKind, name: str) -> str:
    """Return the addressee as it stands in the document: 会社名 御中, or a person 様 (QUO-3)."""
    return f"{name} {_HONORIFICS[kind]}"


def totals_of(lines: Iterable[QuoteLine], rounding: Rounding = Rounding.FLOOR) -> TaxedTotals:
    """Return the totals of a version: tax rounded once per rate for the document (QUO-4)."""
    return taxed_totals((TaxedAmount(line.tax_rate_bp, line.amount) for line in lines), rounding)


def period_of(lines: Iterable[QuoteLine]) -> Period | None:
    """Return a version's own period: from its service lines' first start to their last end
    (TERM-4).
    """
    return covering_period(
        Period(line.start, line.end)
        for line in lines
        if line.start is not None and line.end is not None
    )


def flags_of(lines: Sequence[QuoteLine], own: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the flags of a version: its own and those of its lines, without repetition."""
    found = [*own, *(flag for line in lines for flag in line.flags)]
    if not any(line.kind is LineKind.SERVICE for line in lines):
        found.append("no_lines")
    return tuple(dict.fromkeys(found))


def open_flags(flags: Iterable[str]) -> tuple[str, ...]:
    """Return those flags that somebody has to decide before the version can be issued."""
    return tuple(flag for flag in flags if flag in BLOCKING_FLAGS)
