"""What a quote is made of: lines, fees, totals, an addressee, and what is still open (QUO)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from app.domain.end_of_support import RequestKind
from app.domain.periods import Period, covering_period
from app.domain.quote_texts import QUOTE_TEXTS
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
CUSTOMER_FLAGS: Final = frozenset({"truncated", "mixed_service_levels", "term_consumed"})


class LineKind(StrEnum):
    """What a line of a quote is for."""

    SERVICE = "service"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line of a version; yen without tax.

    `unit_price` is one unit's for the whole period of the line, reckoned from `annual_price` unless
    the desk set it (`decisions["price"]`). Where the days without cover consume the term, it ends
    as many days earlier (`decisions["term"]["consumed_days"]`) at the price of the whole term
    (FEE-2). `flags` are codes; those of BLOCKING_FLAGS are open.
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

    @property
    def consumed_days(self) -> int:
        """Return how many days of its term are consumed (FEE-2)."""
        return int(self.decisions.get("term", {}).get("consumed_days", 0))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A machine that the quote leaves out, and why (QUO-6): a code, which is `desk` where the words
    of the desk are the `note`. It is a line of a contract, or known by its numbers alone.

    The rest is what its line would say, so that it can come back: `annual_price` in yen a unit at
    this level, where one is known without the price list. What older versions left out has no
    `product_name`: its line is not known.
    """

    contract_number: str | None
    line_number: int | None
    reason: str
    note: str | None = None
    product_number: str | None = None
    serial_number: str | None = None
    product_name: str | None = None
    service_level: str | None = None
    quantity: int = 1
    start: date | None = None
    end: date | None = None
    annual_price: int | None = None
    tax_rate_bp: int = 1000
    flags: tuple[str, ...] = ()
    consumed_days: int = 0


def left_out_of(line: QuoteLine, reason: str, note: str | None = None) -> LeftOut:
    """Return a line as one that is left out. What the desk decided for it is not kept."""
    return LeftOut(
        contract_number=line.contract_number,
        line_number=line.contract_line_number,
        reason=reason,
        note=note,
        product_number=line.product_number,
        serial_number=line.serial_number,
        product_name=line.product_name,
        service_level=line.service_level,
        quantity=line.quantity,
        start=line.start,
        end=line.end,
        annual_price=line.annual_price,
        tax_rate_bp=line.tax_rate_bp,
        flags=line.flags,
        consumed_days=line.consumed_days,
    )


def line_left_out(left: LeftOut) -> QuoteLine | None:
    """Return the line that was left out, not yet checked or priced; None where it is not known."""
    if left.product_name is None:
        return None
    return QuoteLine(
        kind=LineKind.SERVICE,
        product_name=left.product_name,
        unit_price=0,
        quantity=left.quantity,
        product_number=left.product_number,
        serial_number=left.serial_number,
        service_level=left.service_level,
        start=left.start,
        end=left.end,
        annual_price=left.annual_price,
        tax_rate_bp=left.tax_rate_bp,
        contract_number=left.contract_number,
        contract_line_number=left.line_number,
        flags=left.flags,
        decisions={"term": {"consumed_days": left.consumed_days}} if left.consumed_days else {},
    )


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


FEE_NAME: Final = QUOTE_TEXTS["quote.fee_line"][0]
"""What the fee is called in the printed documents, which are in Japanese."""
# Flags of a version itself rather than of its lines, until the desk decides.
_OF_VERSION: Final[Mapping[str, str]] = {
    "fee_to_decide": "fee",
    "eligibility_to_review": "eligibility",
}


def fee_line(amount: int, tax_rate_bp: int) -> QuoteLine:
    """Return the line of a fee, in yen without tax."""
    return QuoteLine(LineKind.FEE, FEE_NAME, amount, tax_rate_bp=tax_rate_bp)


@dataclass(frozen=True, slots=True)
class ConsumedTerm:
    """A machine whose term an eligibility check found consumed: the period that was asked for and
    the day on which it ends then (FEE-2).
    """

    serial_number: str | None
    product_number: str | None
    asked: Period
    new_end: date

    def is_of(self, line: QuoteLine) -> bool:
        """Return whether a line is for this machine."""
        if self.serial_number is not None:
            return line.serial_number == self.serial_number
        return line.serial_number is None and line.product_number == self.product_number


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """What a quote takes from an eligibility check: outcomes as the check tells them, the fee in
    yen where it is known, and the terms that are consumed (FEE-2).
    """

    outcome: str
    fee_outcome: str
    fee_amount: int | None
    consumed: tuple[ConsumedTerm, ...] = ()


def flags_of_check(
    kind: RequestKind, check: CheckFacts | None, lines: Iterable[QuoteLine] = ()
) -> tuple[str, ...]:
    """Return what an eligibility check leaves open; without a check everything but a renewal is
    open. A fee without a figure waits for a person (FEE-9), and so does a consumed term that no
    line of the quote has.
    """
    if check is None:
        return () if kind is RequestKind.RENEWAL else tuple(_OF_VERSION)
    known = check.fee_outcome == "none" or known_fee(check) is not None
    consumed = sum(line.consumed_days > 0 for line in lines)
    possible = check.outcome in {"eligible", "eligible_with_conditions"}
    sound = possible and consumed == len(check.consumed)
    flags = () if known else ("fee_to_decide",)
    return flags if sound else (*flags, "eligibility_to_review")


def known_fee(check: CheckFacts | None) -> int | None:
    """Return the fee that a check found, in yen, or None where it found no figure."""
    return check.fee_amount if check is not None and check.fee_outcome == "fee" else None


def own_flags(flags: Iterable[str], decisions: Mapping[str, Any]) -> tuple[str, ...]:
    """Return those flags of the version itself that no decision has closed."""
    return tuple(
        flag for flag in flags if flag in _OF_VERSION and _OF_VERSION[flag] not in decisions
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
