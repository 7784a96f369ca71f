"""What is wrong with changes as they were asked for: empty, doubled, of machines that are not there
(REQ-2).
"""

from collections.abc import Iterator, Sequence

from app.domain.changes import (
    Change,
    ConfigurationChange,
    ContactChange,
    Cover,
    CoveredMachine,
    LevelChange,
    PeriodChange,
    added_machines,
    is_meant,
    period_after,
    removed_machines,
)

Place = tuple[str, str]
"""A JSON pointer and the code of what is wrong there."""


def empty_changes(
    changes: Sequence[Change], cover: Cover | None, contact: ContactChange | None
) -> list[Place]:
    """Return the places of changes that change nothing: none given, no member given, or everything
    as it is already (REQ-2).

    `contact` is who is written to now; without a cover only what is missing is seen.
    """
    if not changes:
        return [("/changes", "change_missing")]
    places = []
    for place, change in enumerate(changes):
        if isinstance(change, ContactChange):
            idle = change == contact
        elif isinstance(change, ConfigurationChange):
            idle = change == ConfigurationChange()
        elif isinstance(change, PeriodChange):
            idle = change == PeriodChange() or (
                cover is not None and period_after(cover, [change]) == (cover.start, cover.end)
            )
        else:
            idle = cover is not None and _keeps_levels(change, cover)
        if idle:
            places.append((f"/changes/{place}", "change_missing"))
    return places


def _keeps_levels(change: LevelChange, cover: Cover) -> bool:
    meant = [
        machine
        for machine in cover.machines
        if not change.serial_numbers or machine.serial_number in change.serial_numbers
    ]
    return bool(meant) and all(machine.service_level == change.service_level for machine in meant)


def unknown_machines(changes: Sequence[Change], machines: Sequence[CoveredMachine]) -> list[Place]:
    """Return the places of machines that are named and not there, and of those that are named by a
    serial number which several products share (REQ-2).
    """
    serials = {machine.serial_number for machine in machines}
    places = [
        (f"/changes/{place}/serial_numbers/{number}", "serial_number_unknown")
        for place, change in enumerate(changes)
        if isinstance(change, LevelChange)
        for number, serial in enumerate(change.serial_numbers)
        if serial not in serials
    ]
    for pointer, named in removed_machines(changes):
        meant = {
            (each.serial_number, each.product_number) for each in machines if is_meant(each, named)
        }
        if not meant:
            places.append((pointer, "machine_unknown"))
        elif len(meant) > 1:
            places.append((pointer, "serial_ambiguous"))
    return places


def _doubled_kinds(changes: Sequence[Change]) -> Iterator[Place]:
    """A second period or contact, and levels that meet: one for all goes with no other one."""
    whole = any(isinstance(each, LevelChange) and not each.serial_numbers for each in changes)
    seen: set[object] = set()
    for place, change in enumerate(changes):
        if isinstance(change, ConfigurationChange):
            continue
        if isinstance(change, LevelChange) and not whole:
            for number, serial in enumerate(change.serial_numbers):
                if serial in seen:
                    yield f"/changes/{place}/serial_numbers/{number}", "change_twice"
                seen.add(serial)
            continue
        if type(change) in seen:
            yield f"/changes/{place}", "change_twice"
        seen.add(type(change))


def doubled_changes(changes: Sequence[Change], machines: Sequence[CoveredMachine]) -> list[Place]:
    """Return the places of what is asked for twice or is there already: a second period or contact,
    a second level for one machine, a machine that comes in or goes twice (REQ-2).
    """
    places = list(_doubled_kinds(changes))
    removed = removed_machines(changes)
    places += [
        (pointer, "machine_twice")
        for number, (pointer, named) in enumerate(removed)
        if any(named == other for _, other in removed[:number])
    ]
    there = {
        (machine.serial_number, machine.product_number)
        for machine in machines
        if machine.serial_number is not None
        and not any(is_meant(machine, named) for _, named in removed)
    }
    come: set[tuple[str | None, str | None]] = set()
    for pointer, added in added_machines(changes):
        what = (added.serial_number, added.product_number)
        # Licences have no serial number; more of the same may come in.
        if added.serial_number is None:
            continue
        if what in there:
            places.append((pointer, "machine_already_there"))
        elif what in come:
            places.append((pointer, "machine_twice"))
        come.add(what)
    return places
