"""Lines of a quote from what is to be quoted: period, end of support, price (QUO-5, EOS, TERM)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from app.domain.end_of_support import Lifecycle, RequestKind, decide_end_of_support
from app.domain.findings import Finding, Outcome
from app.domain.periods import DEFAULT_TERM_MONTHS, Period, day_after, end_of_term
from app.domain.pricing import line_price
from app.domain.quotes import LeftOut, LineKind, QuoteLine, left_out_of

# Findings that leave a machine out, by the code of the finding.
_LEFT_OUT: Final[Mapping[str, str]] = {
    "end_of_support_reached": "end_of_support",
    "last_renewal_passed": "last_renewal_passed",
    "last_new_enrollment_passed": "last_new_enrollment_passed",
}
# Flags that a new look at a line's dates sets anew; the others stay.
_OF_THE_LOOK: Final = frozenset(
    {"end_of_support_unknown", "last_new_enrollment_passed", "truncated"}
)


@dataclass(frozen=True, slots=True)
class Source:
    """A machine to be quoted, or to be left out for the desk's reason (QUO-6). `annual_price` is
    what a unit costs a year today, at `own_level`, in yen; `covered_until` is the last day of the
    cover that is renewed.
    """

    product_name: str
    service_level: str
    product_number: str | None = None
    serial_number: str | None = None
    quantity: int = 1
    own_level: str | None = None
    annual_price: int | None = None
    covered_until: date | None = None
    contract_number: str | None = None
    line_number: int | None = None
    leave_out_reason: str | None = None


@dataclass(frozen=True, slots=True)
class WishedQuote:
    """What is to be quoted: the kind, and the period where it is the same for all lines. Without an
    end the lines have a term of `term_months` each; `tax_rate_bp` is the rate of new lines.
    """

    kind: RequestKind
    start: date | None = None
    end: date | None = None
    term_months: int = DEFAULT_TERM_MONTHS
    service_level: str | None = None
    tax_rate_bp: int = 1000


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is known of products: their dates, their annual prices by product and level with the day
    from which each is in force, and whether the last day of support is covered (EOS-2, a setting).
    """

    lifecycles: Mapping[str, Lifecycle]
    prices: Mapping[tuple[str, str], Sequence[tuple[date, int]]]
    covers_last_day: bool = True

    def lifecycle(self, product_number: str | None) -> Lifecycle:
        """Return the dates of a product; none are known of one that is not listed (EOS-3)."""
        return self.lifecycles.get(product_number or "", Lifecycle())

    def annual_price(self, product_number: str | None, level: str | None, day: date) -> int | None:
        """Return what a unit costs a year by the price list in force on a day, or None."""
        steps = self.prices.get((product_number or "", level or ""), ())
        begun = [step for step in steps if step[0] <= day]
        return max(begun)[1] if begun else None


@dataclass(frozen=True, slots=True)
class Drafted:
    """The lines of a draft, and what was left out of it."""

    lines: tuple[QuoteLine, ...]
    left_out: tuple[LeftOut, ...]


def line_period(source: Source, wished: WishedQuote) -> Period | None:
    """Return the period of a line, or None where nothing says when it starts.

    A renewal starts the day after the old end, or later where that is wished (TERM-1); the term is
    twelve months where no end and no other term is given (TERM-3). The end may lie before the
    start: then there is nothing to renew.
    """
    start = wished.start
    if wished.kind is RequestKind.RENEWAL and source.covered_until is not None:
        seamless = day_after(source.covered_until)
        start = seamless if start is None else max(start, seamless)
    if start is None:
        return None
    return Period(start, wished.end or end_of_term(start, wished.term_months))


def refusing_finding(findings: Iterable[Finding]) -> str | None:
    """Return why a machine cannot be quoted at all, as a reason for leaving it out, or None."""
    for each in findings:
        if each.outcome is Outcome.NOT_ELIGIBLE and each.code in _LEFT_OUT:
            return _LEFT_OUT[each.code]
    return None


def checked_line(line: QuoteLine, kind: RequestKind, catalogue: Catalogue) -> QuoteLine | str:
    """Return a line within the dates of its product, or the reason why it has to be left out
    (EOS-1 to EOS-4).

    An end after the end of support becomes the last supported day, flagged `truncated` (EOS-2).
    What nobody knows is flagged unless the desk recorded that it has looked (EOS-3).
    """
    if line.kind is LineKind.FEE or line.start is None or line.end is None:
        return line
    decision = decide_end_of_support(
        kind,
        line.start,
        line.end,
        catalogue.lifecycle(line.product_number),
        covers_last_day=catalogue.covers_last_day,
    )
    reason = refusing_finding(decision.findings)
    if reason is not None:
        return reason
    looked = "end_of_support" in line.decisions
    flags = [flag for flag in line.flags if flag not in _OF_THE_LOOK]
    # The line was shortened before, and still ends on that day.
    if "truncated" in line.flags and line.end == decision.last_day:
        flags.append("truncated")
    for each in decision.findings:
        if each.outcome is Outcome.NEEDS_REVIEW and not looked:
            flags.append(each.code)
        if each.rule == "EOS-2" and decision.last_day is not None:
            line = replace(line, end=decision.last_day)
            flags.append("truncated")
    return replace(line, flags=tuple(flags))


def priced_line(line: QuoteLine, catalogue: Catalogue, fallback: int | None = None) -> QuoteLine:
    """Return a service line with its price for its period (QUO-5).

    The annual price is the list's on the start date, else `fallback` (what the line costs today at
    the same level); without either the line is flagged `price_missing`. A price that the desk set
    stays. Consumed days are paid for (FEE-2).
    """
    if line.kind is LineKind.FEE or line.start is None or line.end is None:
        return line
    flags = tuple(flag for flag in line.flags if flag not in {"price_missing", "price_set"})
    if "price" in line.decisions:
        return replace(line, flags=(*flags, "price_set"))
    annual = catalogue.annual_price(line.product_number, line.service_level, line.start)
    if annual is None:
        annual = fallback
    if annual is None:
        return replace(line, annual_price=None, unit_price=0, flags=(*flags, "price_missing"))
    paid_until = line.end + timedelta(days=line.consumed_days)
    price = line_price(annual, line.quantity, line.start, paid_until)
    return replace(line, annual_price=annual, unit_price=price.unit_price, flags=flags)


def _draft_line(
    source: Source, wished: WishedQuote, period: Period, catalogue: Catalogue
) -> QuoteLine | LeftOut:
    level = wished.service_level or source.service_level
    # What a machine costs at one level says nothing about another.
    fallback = source.annual_price if source.own_level == level else None
    line = QuoteLine(
        kind=LineKind.SERVICE,
        product_name=source.product_name,
        unit_price=0,
        quantity=source.quantity,
        product_number=source.product_number,
        serial_number=source.serial_number,
        service_level=level,
        start=period.start,
        end=period.end,
        annual_price=fallback,
        tax_rate_bp=wished.tax_rate_bp,
        contract_number=source.contract_number,
        contract_line_number=source.line_number,
    )
    if source.leave_out_reason is not None:
        return left_out_of(line, "desk", source.leave_out_reason)
    if period.end < period.start:
        return left_out_of(line, "end_before_start")
    checked = checked_line(line, wished.kind, catalogue)
    if isinstance(checked, str):
        return left_out_of(line, checked)
    return priced_line(checked, catalogue, fallback)


def draft_lines(
    sources: Iterable[Source], wished: WishedQuote, catalogue: Catalogue
) -> Drafted | None:
    """Return the lines of a draft in the order of their sources, each with its period, its gate of
    end of support and its price (QUO-5, EOS-1 to EOS-4), or None where nothing says when one of
    them starts.
    """
    lines: list[QuoteLine] = []
    left_out: list[LeftOut] = []
    for source in sources:
        period = line_period(source, wished)
        if period is None:
            return None
        drafted = _draft_line(source, wished, period, catalogue)
        if isinstance(drafted, LeftOut):
            left_out.append(drafted)
        else:
            lines.append(drafted)
    return Drafted(tuple(lines), tuple(left_out))


def mixed_flags(lines: Iterable[QuoteLine], systems: Mapping[str, str]) -> tuple[str, ...]:
    """Return `mixed_service_levels` where machines of one system differ in level or period (ELG-7).

    `systems` names the system of a serial number. Machines without one count as one system as far
    as the level goes; their periods are their own.
    """
    levels: defaultdict[str | None, set[str | None]] = defaultdict(set)
    periods: defaultdict[str, set[tuple[date | None, date | None]]] = defaultdict(set)
    for line in lines:
        if line.kind is LineKind.SERVICE:
            system = systems.get(line.serial_number or "")
            levels[system].add(line.service_level)
            if system is not None:
                periods[system].add((line.start, line.end))
    differ = any(len(found) > 1 for found in levels.values()) or any(
        len(found) > 1 for found in periods.values()
    )
    return ("mixed_service_levels",) if differ else ()
