"""What a change request makes of the next version of a quote (QUO-2, REQ-2)."""

from collections.abc import Sequence
from typing import Any, Final

from app.domain.changes import (
    AddedMachine,
    Change,
    ConfigurationChange,
    ContactChange,
    CoveredMachine,
    LevelChange,
    NamedMachine,
    PeriodChange,
    is_meant,
)
from app.domain.quote_amending import Amendment, LineChange
from app.domain.quote_drafting import Source
from app.domain.quotes import LineKind, QuoteLine

LEFT_OUT: Final = "変更のご依頼により対象から外しました。"
"""Why a line is left out that a change takes away; it stands in the quote (QUO-6)."""


def amendment_of(
    changes: Sequence[Change], lines: Sequence[QuoteLine], service_level: str
) -> Amendment:
    """Return what the desk amends in the newest version to make the changes: lines by their
    numbers, machines that come in, the period, the level, the contact.

    `service_level` is that of the quote, which a machine that comes in takes unless another one is
    asked for or it takes the place of one.
    """
    levels: dict[int, str] = {}
    gone: set[int] = set()
    added: list[Source] = []
    start = end = whole = None
    header: dict[str, Any] = {}
    for change in changes:
        match change:
            case PeriodChange():
                start, end = change.start or start, change.end or end
            case LevelChange() if change.serial_numbers:
                meant = frozenset(change.serial_numbers)
                levels |= dict.fromkeys(_with_serials(lines, meant), change.service_level)
            case LevelChange():
                whole = change.service_level
            case ContactChange():
                header |= {"contact_name": change.name, "contact_email": change.email}
            case ConfigurationChange():
                gone |= {n for each in change.remove for n in _numbers(lines, each)}
                gone |= {n for each in change.replace for n in _numbers(lines, each.old)}
    level = whole or service_level
    for change in changes:
        if isinstance(change, ConfigurationChange):
            added += [_source(each, level) for each in change.add]
            for pair in change.replace:
                old = _numbers(lines, pair.old)
                kept = whole or (lines[old[0] - 1].service_level if old else None) or level
                added.append(_source(pair.new, levels.get(old[0], kept) if old else kept))
    return Amendment(
        lines=tuple(
            LineChange(number, leave_out_reason=LEFT_OUT)
            if number in gone
            else LineChange(number, service_level=levels[number])
            for number in sorted(gone | levels.keys())
        ),
        added=tuple(added),
        start=start,
        end=end,
        service_level=whole,
        header=header,
    )


def prices_outgrown(amendment: Amendment, lines: Sequence[QuoteLine]) -> list[int]:
    """Return the numbers of the lines whose price a person set for another period or another level
    than the amendment gives them: what they cost now, only a person can say (QUO-5).
    """
    said = {change.line_number: change for change in amendment.lines}
    found = []
    for number, line in enumerate(lines, start=1):
        change = said.get(number, LineChange(number))
        if "price" not in line.decisions or change.leave_out_reason is not None:
            continue
        before = (line.start, line.end, line.service_level)
        after = (
            amendment.start or line.start,
            amendment.end or line.end,
            change.service_level or amendment.service_level or line.service_level,
        )
        if after != before:
            found.append(number)
    return found


def _with_serials(lines: Sequence[QuoteLine], serials: frozenset[str]) -> list[int]:
    return [
        number
        for number, line in enumerate(lines, start=1)
        if line.kind is LineKind.SERVICE and line.serial_number in serials
    ]


def _numbers(lines: Sequence[QuoteLine], named: NamedMachine) -> list[int]:
    """The numbers of the lines of a machine."""
    return [
        number
        for number, line in enumerate(lines, start=1)
        if line.kind is LineKind.SERVICE
        and is_meant(
            CoveredMachine(line.serial_number, line.product_number, line.service_level or ""),
            named,
        )
    ]


def _source(machine: AddedMachine, level: str) -> Source:
    return Source(
        product_name=machine.product_name,
        service_level=machine.service_level or level,
        product_number=machine.product_number,
        serial_number=machine.serial_number,
        quantity=machine.quantity,
    )
