"""What the desk changes in a draft, and the lines that come of it (QUO-2, QUO-5, QUO-6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from app.domain.end_of_support import RequestKind
from app.domain.errors import AmountsDisagree, InvalidInput, PastEndOfSupport
from app.domain.periods import DEFAULT_TERM_MONTHS, Period, end_of_term
from app.domain.quote_drafting import (
    Catalogue,
    Drafted,
    Source,
    WishedQuote,
    checked_line,
    draft_lines,
    priced_line,
)
from app.domain.quotes import (
    LeftOut,
    LineKind,
    QuoteLine,
    fee_line,
    left_out_of,
    line_left_out,
)

_EOS_RULES: Final = ("EOS-1", "EOS-2", "EOS-4")


@dataclass(frozen=True, slots=True)
class LineChange:
    """What changes at one line of a draft, by its number; None leaves as it is.

    A `unit_price` of the desk needs a reason; `list_price` gives the line the list's price again.
    `amount` is what the caller reckons the line to be. `support_reason` records on what grounds an
    unknown end of support is no obstacle (EOS-3). A line that is left out needs a reason (QUO-6).
    """

    line_number: int
    quantity: int | None = None
    service_level: str | None = None
    start: date | None = None
    end: date | None = None
    unit_price: int | None = None
    price_reason: str | None = None
    list_price: bool = False
    amount: int | None = None
    tax_rate_bp: int | None = None
    support_reason: str | None = None
    leave_out_reason: str | None = None


@dataclass(frozen=True, slots=True)
class FeeSetting:
    """A fee that the desk sets, in yen; 0 waives it. Either has a reason (FEE-6, FEE-9)."""

    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """Everything that changes in a draft. `start`, `end` and `service_level` are for all its lines;
    an end that some lines cannot have shortens those (EOS-2). `restored` names what was left out
    and comes back, by its place, counted from 1 (QUO-6). `header` holds columns of the version with
    their new values. `stated_total` is what the caller reckons the total to be.
    """

    lines: tuple[LineChange, ...] = ()
    restored: tuple[int, ...] = ()
    added: tuple[Source, ...] = ()
    start: date | None = None
    end: date | None = None
    service_level: str | None = None
    fee: FeeSetting | None = None
    eligibility_reason: str | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    stated_total: int | None = None


def amended_lines(
    lines: Sequence[QuoteLine],
    amendment: Amendment,
    kind: RequestKind,
    catalogue: Catalogue,
    tax_rate_bp: int,
    left_out_before: Sequence[LeftOut] = (),
) -> Drafted:
    """Return the lines of a draft after an amendment, all of them checked and priced anew, and what
    it then leaves out. Lines that come back (QUO-6) follow those that are there.

    Raises InvalidInput for a line that is not there or a period that ends before it starts,
    PastEndOfSupport for dates of a line after its product's end of support and for one that cannot
    come back because of it, and AmountsDisagree for an amount that is not unit price by quantity.
    """
    fees = [line for line in lines if line.kind is LineKind.FEE]
    services = [line for line in lines if line.kind is LineKind.SERVICE]
    restored = _restored(left_out_before, amendment.restored)
    changes = _by_number(lines, amendment.lines)
    kept: list[QuoteLine] = []
    left_out = [
        left
        for place, left in enumerate(left_out_before, start=1)
        if place not in amendment.restored
    ]
    for number, line in enumerate(services, start=1):
        change = changes.get(number, (0, LineChange(number)))
        if change[1].leave_out_reason is not None:
            left_out.append(left_out_of(line, "desk", change[1].leave_out_reason))
            continue
        found = _amended(line, *change, amendment, kind, catalogue)
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            kept.append(found)
    kept += [
        _amended_back(line, place, amendment, kind, catalogue)
        for place, line in enumerate(restored)
    ]
    added = _added(kept or lines, amendment, kind, catalogue, tax_rate_bp)
    if amendment.fee is not None:
        fees = [fee_line(amendment.fee.amount, tax_rate_bp)] if amendment.fee.amount else []
    return Drafted((*kept, *added.lines, *fees), (*left_out, *added.left_out))


def _restored(left_out: Sequence[LeftOut], numbers: Sequence[int]) -> list[QuoteLine]:
    """The lines that come back. Raises InvalidInput for one that is not there or not known."""
    found: list[QuoteLine] = []
    places = []
    for place, number in enumerate(numbers):
        left = left_out[number - 1] if 1 <= number <= len(left_out) else None
        line = None if left is None else line_left_out(left)
        if number in numbers[:place]:
            places.append((f"/restored/{place}", "line_twice"))
        elif line is None:
            code = "line_unknown" if left is None else "line_not_kept"
            places.append((f"/restored/{place}", code))
        else:
            found.append(line)
    if places:
        raise InvalidInput(places=places, rules=("QUO-6",))
    return found


def _amended_back(
    line: QuoteLine, place: int, whole: Amendment, kind: RequestKind, catalogue: Catalogue
) -> QuoteLine:
    """A line that comes back, with what changes for all lines: checked and priced like a new one.
    Who asks for it is told that its support has ended; it is not left out again in silence.
    """
    found = _amended(line, place, LineChange(0), whole, kind, catalogue)
    if isinstance(found, LeftOut):
        where = [(f"/restored/{place}", "past_end_of_support")]
        raise PastEndOfSupport(places=where, rules=_EOS_RULES)
    return found


def _by_number(
    lines: Sequence[QuoteLine], changes: Sequence[LineChange]
) -> dict[int, tuple[int, LineChange]]:
    found: dict[int, tuple[int, LineChange]] = {}
    places = []
    for place, change in enumerate(changes):
        number = change.line_number
        if not 1 <= number <= len(lines) or lines[number - 1].kind is LineKind.FEE:
            places.append((f"/lines/{place}/line_number", "line_unknown"))
        elif number in found:
            places.append((f"/lines/{place}/line_number", "line_twice"))
        found[number] = (place, change)
    if places:
        raise InvalidInput(places=places)
    return found


def _amended(
    line: QuoteLine,
    place: int,
    change: LineChange,
    whole: Amendment,
    kind: RequestKind,
    catalogue: Catalogue,
) -> QuoteLine | LeftOut:
    level = change.service_level or whole.service_level or line.service_level
    # What the line costs at one level says nothing about another.
    fallback = line.annual_price if level == line.service_level else None
    start, end = change.start or whole.start or line.start, change.end or whole.end or line.end
    if start is not None and end is not None and end < start:
        named = change.start is not None or change.end is not None
        where = f"/lines/{place}/end_date" if named else "/end_date"
        raise InvalidInput(places=[(where, "end_before_start")])
    changed = replace(
        line,
        quantity=change.quantity or line.quantity,
        service_level=level,
        start=start,
        end=end,
        tax_rate_bp=line.tax_rate_bp if change.tax_rate_bp is None else change.tax_rate_bp,
        decisions=_decisions(line, change),
    )
    if change.unit_price is not None:
        changed = replace(changed, unit_price=change.unit_price)
    checked = checked_line(changed, kind, catalogue)
    own_dates = change.start is not None or change.end is not None
    if isinstance(checked, str) or (own_dates and checked.end != changed.end):
        if own_dates:
            raise PastEndOfSupport(
                places=[(f"/lines/{place}/end_date", "past_end_of_support")], rules=_EOS_RULES
            )
        if isinstance(checked, str):
            return left_out_of(line, checked)
    priced = priced_line(checked, catalogue, fallback)
    if change.amount is not None and change.amount != priced.amount:
        raise AmountsDisagree(
            places=[(f"/lines/{place}/amount", "amounts_disagree")], rules=("QUO-4", "QUO-5")
        )
    return priced


def _decisions(line: QuoteLine, change: LineChange) -> Mapping[str, Any]:
    decisions = dict(line.decisions)
    if change.list_price:
        decisions.pop("price", None)
    if change.unit_price is not None:
        decisions["price"] = {"reason": change.price_reason}
    if change.support_reason is not None:
        decisions["end_of_support"] = {"reason": change.support_reason}
    return decisions


def _added(
    lines: Sequence[QuoteLine],
    amendment: Amendment,
    kind: RequestKind,
    catalogue: Catalogue,
    tax_rate_bp: int,
) -> Drafted:
    if not amendment.added:
        return Drafted((), ())
    period = _common_period(lines, amendment)
    if period is None:
        raise InvalidInput(places=[("/start_date", "required")])
    wished = WishedQuote(kind, period.start, period.end, tax_rate_bp=tax_rate_bp)
    return draft_lines(amendment.added, wished, catalogue) or Drafted((), ())


def _common_period(lines: Sequence[QuoteLine], amendment: Amendment) -> Period | None:
    """Machines that come in share the period of those that are there."""
    starts = [line.start for line in lines if line.start is not None]
    ends = [line.end for line in lines if line.end is not None]
    start = amendment.start or (min(starts) if starts else None)
    if start is None:
        return None
    end = amendment.end or (max(ends) if ends else end_of_term(start, DEFAULT_TERM_MONTHS))
    return Period(start, end)
