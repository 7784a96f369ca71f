"""Changes that a customer asks for: the four kinds, and what they leave behind (REQ-2).

Identifiers are normalised before they come here. Dates are Japanese calendar days, both ends of a
period inclusive.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True, slots=True)
class PeriodChange:
    """Another first day, another last day, or both; None leaves it as it is."""

    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class LevelChange:
    """Another service level: for the machines with these serial numbers, else for all."""

    service_level: str
    serial_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactChange:
    """Another person to be written to about the contract."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class NamedMachine:
    """A machine that is there already, by its serial number or, for what has none, its product."""

    serial_number: str | None = None
    product_number: str | None = None


@dataclass(frozen=True, slots=True)
class AddedMachine:
    """A machine that comes in; without a level it takes that of the quote."""

    product_number: str
    product_name: str
    serial_number: str | None = None
    quantity: int = 1
    service_level: str | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """A machine that another one takes the place of, at its level."""

    old: NamedMachine
    new: AddedMachine


@dataclass(frozen=True, slots=True)
class ConfigurationChange:
    """Machines that come in, go, or are exchanged."""

    add: tuple[AddedMachine, ...] = ()
    remove: tuple[NamedMachine, ...] = ()
    replace: tuple[Replacement, ...] = ()


Change = PeriodChange | LevelChange | ContactChange | ConfigurationChange


@dataclass(frozen=True, slots=True)
class CoveredMachine:
    """A machine under the quote or contract that a change is about; `system` is None where it
    belongs to none that is known.
    """

    serial_number: str | None
    product_number: str | None
    service_level: str
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """What a change is about: a period and the machines in it."""

    start: date
    end: date
    service_level: str
    machines: tuple[CoveredMachine, ...]


def is_contact_only(changes: Sequence[Change]) -> bool:
    """Tell whether only the contact changes, which needs no new version (REQ-2)."""
    return bool(changes) and all(isinstance(change, ContactChange) for change in changes)


def is_meant(machine: CoveredMachine, named: NamedMachine) -> bool:
    """Tell whether a machine is the one that is named. A serial number alone is enough; a product
    number alone means what has no serial.
    """
    if named.serial_number is None:
        return machine.serial_number is None and machine.product_number == named.product_number
    return machine.serial_number == named.serial_number and (
        named.product_number in {None, machine.product_number}
    )


def _gone(change: ConfigurationChange) -> Iterator[tuple[str, NamedMachine]]:
    """The machines that go, each with its place below the change."""
    for number, machine in enumerate(change.remove):
        yield f"remove/{number}", machine
    for number, pair in enumerate(change.replace):
        yield f"replace/{number}/from", pair.old


def _come(change: ConfigurationChange) -> Iterator[tuple[str, AddedMachine]]:
    """The machines that come in, each with its place below the change."""
    for number, machine in enumerate(change.add):
        yield f"add/{number}", machine
    for number, pair in enumerate(change.replace):
        yield f"replace/{number}/to", pair.new


def added_machines(changes: Sequence[Change]) -> list[tuple[str, AddedMachine]]:
    """Return the machines that would come in, each with its JSON pointer."""
    return [
        (f"/changes/{place}/{below}", machine)
        for place, change in enumerate(changes)
        if isinstance(change, ConfigurationChange)
        for below, machine in _come(change)
    ]


def removed_machines(changes: Sequence[Change]) -> list[tuple[str, NamedMachine]]:
    """Return the machines that would go, each with its JSON pointer."""
    return [
        (f"/changes/{place}/{below}", machine)
        for place, change in enumerate(changes)
        if isinstance(change, ConfigurationChange)
        for below, machine in _gone(change)
    ]


def period_after(cover: Cover, changes: Iterable[Change]) -> tuple[date, date]:
    """Return the first and last day after the changes."""
    start, end = cover.start, cover.end
    for change in changes:
        if isinstance(change, PeriodChange):
            start, end = change.start or start, change.end or end
    return start, end


def level_after(cover: Cover, changes: Iterable[Change]) -> str:
    """Return the level of the whole after the changes: another one where it changes for all."""
    level = cover.service_level
    for change in changes:
        if isinstance(change, LevelChange) and not change.serial_numbers:
            level = change.service_level
    return level


def machines_after(cover: Cover, changes: Sequence[Change]) -> list[CoveredMachine]:
    """Return the machines with their levels after the changes; those that come in stand last.

    A machine that takes another one's place takes its level and its system too.
    """
    level = level_after(cover, changes)
    kept = list(cover.machines)
    for change in changes:
        if isinstance(change, LevelChange):
            kept = [
                replace(machine, service_level=change.service_level)
                if not change.serial_numbers or machine.serial_number in change.serial_numbers
                else machine
                for machine in kept
            ]
    come: list[CoveredMachine] = []
    for change in changes:
        if not isinstance(change, ConfigurationChange):
            continue
        for pair in change.replace:
            old = next((each for each in kept if is_meant(each, pair.old)), None)
            come.append(
                CoveredMachine(
                    pair.new.serial_number,
                    pair.new.product_number,
                    pair.new.service_level or (level if old is None else old.service_level),
                    None if old is None else old.system,
                )
            )
        come += [
            CoveredMachine(each.serial_number, each.product_number, each.service_level or level)
            for each in change.add
        ]
    gone = [named for _, named in removed_machines(changes)]
    stay = [each for each in kept if not any(is_meant(each, named) for named in gone)]
    return [*stay, *come]


def mixed_systems(machines: Iterable[CoveredMachine]) -> bool:
    """Tell whether machines of one system differ in their level; those of no known system count as
    one (ELG-7, REQ-8).
    """
    levels: defaultdict[str | None, set[str]] = defaultdict(set)
    for machine in machines:
        levels[machine.system].add(machine.service_level)
    return any(len(found) > 1 for found in levels.values())
