"""What a version of a quote changes against another one, for machines to read (QUO-2).

A line keeps its identity through the versions by what it covers, not by its number: the machine
(serial and product number), else the contract line that it comes from, else the product or the name
of the fee. Amounts are yen without tax.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

Value = str | int | date | None


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line of a version as it was quoted; `kind` is `service` or `fee`."""

    line_number: int
    kind: str
    product_number: str | None
    product_name: str
    serial_number: str | None
    quantity: int
    service_level: str | None
    start_date: date | None
    end_date: date | None
    annual_price: int | None
    unit_price: int
    amount: int
    tax_rate_bp: int
    contract_number: str | None = None
    contract_line_number: int | None = None


@dataclass(frozen=True, slots=True)
class QuotedVersion:
    """A version as it was quoted. `terms` are its own members by name (dates, level, conditions…);
    `tax` is yen by rate in basis points, `total` includes it.
    """

    version: int
    terms: Mapping[str, Value]
    lines: Sequence[QuotedLine]
    subtotal: int
    tax: Mapping[int, int]
    total: int


@dataclass(frozen=True, slots=True)
class ChangedField:
    """A member that has another value in the later version."""

    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line that both versions have, with what differs; the difference is after minus before."""

    before: QuotedLine
    after: QuotedLine
    fields: tuple[ChangedField, ...]
    amount_difference: int


@dataclass(frozen=True, slots=True)
class ChangedAmount:
    """An amount of both versions in yen."""

    before: int
    after: int

    @property
    def difference(self) -> int:
        """Return after minus before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """Everything that a version changes against another one (QUO-2).

    Added lines stand in the order of the later version, removed ones in that of the earlier one.
    `tax` has every rate of either version in descending order, 0 where a version lacks it.
    """

    from_version: int
    to_version: int
    fields: tuple[ChangedField, ...]
    added: tuple[QuotedLine, ...]
    removed: tuple[QuotedLine, ...]
    changed: tuple[ChangedLine, ...]
    subtotal: ChangedAmount
    tax: Mapping[int, ChangedAmount]
    total: ChangedAmount
    rules: tuple[str, ...] = ("QUO-2",)

    @property
    def is_empty(self) -> bool:
        """Tell whether the two versions say the same."""
        amounts = (self.subtotal, self.total, *self.tax.values())
        return not (
            self.fields
            or self.added
            or self.removed
            or self.changed
            or any(amount.difference for amount in amounts)
        )


# The place of a line on the paper is no content: a line that moved up did not change.
_COMPARED: Final = tuple(
    field.name for field in fields(QuotedLine) if field.name not in {"line_number", "kind"}
)

Identity = tuple[str | int | None, ...]


def identity_of(line: QuotedLine) -> Identity:
    """Return what a line is about, the same in each version of its quote."""
    if line.kind == "fee":
        return ("fee", line.product_name, line.serial_number)
    if line.serial_number is not None:
        return ("machine", line.serial_number, line.product_number)
    if line.contract_line_number is not None:
        return ("contract_line", line.contract_number, line.contract_line_number)
    return ("product", line.product_number or line.product_name)


def changed_fields(
    names: Iterable[str], before: Mapping[str, Value], after: Mapping[str, Value]
) -> tuple[ChangedField, ...]:
    """Return the members that differ, in the order of `names`."""
    return tuple(
        ChangedField(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _content(line: QuotedLine) -> dict[str, Value]:
    return {name: getattr(line, name) for name in _COMPARED}


def _pairs(
    before: Sequence[QuotedLine], after: Sequence[QuotedLine]
) -> tuple[list[tuple[QuotedLine, QuotedLine]], list[QuotedLine], list[QuotedLine]]:
    """Pair lines of one identity that differ, in their order. Equal ones go first, so that of
    several licences of one product those that stay do not look changed.
    """
    gone, come = [], list(after)
    for line in before:
        twin = next((each for each in come if _content(each) == _content(line)), None)
        if twin is None:
            gone.append(line)
        else:
            come.remove(twin)
    together = min(len(gone), len(come))
    pairs = list(zip(gone, come, strict=False))
    return pairs, gone[together:], come[together:]


def _by_identity(lines: Iterable[QuotedLine]) -> dict[Identity, list[QuotedLine]]:
    found: defaultdict[Identity, list[QuotedLine]] = defaultdict(list)
    for line in sorted(lines, key=lambda each: each.line_number):
        found[identity_of(line)].append(line)
    return found


def _changed_line(before: QuotedLine, after: QuotedLine) -> ChangedLine:
    found = changed_fields(_COMPARED, _content(before), _content(after))
    return ChangedLine(before, after, found, after.amount - before.amount)


def difference(before: QuotedVersion, after: QuotedVersion) -> VersionDifference:
    """Return what `after` changes against `before`; nothing where both say the same (QUO-2).

    Asked the other way round it has the same members with before and after exchanged.
    """
    old, new = _by_identity(before.lines), _by_identity(after.lines)
    pairs: list[tuple[QuotedLine, QuotedLine]] = []
    removed: list[QuotedLine] = []
    added: list[QuotedLine] = []
    for identity in dict.fromkeys((*old, *new)):
        both, gone, come = _pairs(old.get(identity, []), new.get(identity, []))
        pairs += both
        removed += gone
        added += come
    changed = (_changed_line(*pair) for pair in pairs)
    rates = sorted({*before.tax, *after.tax}, reverse=True)
    return VersionDifference(
        from_version=before.version,
        to_version=after.version,
        fields=changed_fields(
            dict.fromkeys((*before.terms, *after.terms)), before.terms, after.terms
        ),
        added=tuple(sorted(added, key=lambda line: line.line_number)),
        removed=tuple(sorted(removed, key=lambda line: line.line_number)),
        changed=tuple(
            sorted(
                changed,
                key=lambda line: (line.after.line_number, line.before.line_number),
            )
        ),
        subtotal=ChangedAmount(before.subtotal, after.subtotal),
        tax={
            rate: ChangedAmount(before.tax.get(rate, 0), after.tax.get(rate, 0)) for rate in rates
        },
        total=ChangedAmount(before.total, after.total),
    )
