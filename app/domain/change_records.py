"""Changes as they are kept: plain values, member by member as on the wire (REQ-2)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from app.domain.changes import (
    AddedMachine,
    Change,
    ConfigurationChange,
    ContactChange,
    LevelChange,
    NamedMachine,
    PeriodChange,
    Replacement,
)

Record = Mapping[str, Any]

# By which rules a warning is given.
_RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "no_open_quote": ("REQ-6",),
    "changed_after_order": ("REQ-6",),
    "mixed_service_levels": ("REQ-8", "ELG-7"),
    "end_of_support_reached": ("EOS-1",),
    "end_after_end_of_support": ("EOS-2",),
    "end_of_support_unknown": ("EOS-3",),
    "product_unknown": ("EOS-3",),
    "last_renewal_passed": ("EOS-4",),
    "last_new_enrollment_passed": ("EOS-4",),
}


def rules_of_change(changes: Sequence[Change], warnings: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the rules that decided about a change request, by what it warns of."""
    found = ["REQ-2"]
    if any(isinstance(change, PeriodChange) for change in changes):
        found.append("REQ-6")
    for warning in warnings:
        found += _RULES.get(warning, ())
    return tuple(dict.fromkeys(found))


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _named_record(machine: NamedMachine) -> Record:
    return {"serial_number": machine.serial_number, "product_number": machine.product_number}


def _added_record(machine: AddedMachine) -> Record:
    return {
        "product_number": machine.product_number,
        "product_name": machine.product_name,
        "serial_number": machine.serial_number,
        "quantity": machine.quantity,
        "service_level": machine.service_level,
    }


def record_of(change: Change) -> Record:
    """Return a change as it is kept: its kind and its members."""
    match change:
        case PeriodChange():
            return {
                "kind": "period",
                "start_date": _day(change.start),
                "end_date": _day(change.end),
            }
        case LevelChange():
            return {
                "kind": "level",
                "service_level": change.service_level,
                "serial_numbers": list(change.serial_numbers),
            }
        case ContactChange():
            return {"kind": "contact", "name": change.name, "email": change.email}
        case ConfigurationChange():
            return {
                "kind": "configuration",
                "add": [_added_record(machine) for machine in change.add],
                "remove": [_named_record(machine) for machine in change.remove],
                "replace": [
                    {"from": _named_record(pair.old), "to": _added_record(pair.new)}
                    for pair in change.replace
                ],
            }


def _read_day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def change_of(record: Record) -> Change:
    """Return the change that a record keeps. Raises KeyError for what `record_of` did not make."""
    kind = record["kind"]
    if kind == "period":
        return PeriodChange(_read_day(record["start_date"]), _read_day(record["end_date"]))
    if kind == "level":
        return LevelChange(record["service_level"], tuple(record["serial_numbers"]))
    if kind == "contact":
        return ContactChange(record["name"], record["email"])
    return ConfigurationChange(
        add=tuple(AddedMachine(**machine) for machine in record["add"]),
        remove=tuple(NamedMachine(**machine) for machine in record["remove"]),
        replace=tuple(
            Replacement(NamedMachine(**pair["from"]), AddedMachine(**pair["to"]))
            for pair in record["replace"]
        ),
    )
