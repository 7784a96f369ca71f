"""Whether a change can be made as it was asked for, or who looks at it (REQ-2, REQ-6, REQ-8).

The desk answers a change with the next version of the quote; what this module decides is told to
the requester at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.domain.change_checks import doubled_changes, empty_changes, unknown_machines
from app.domain.change_records import rules_of_change
from app.domain.change_states import ChangeState
from app.domain.changes import (
    AddedMachine,
    Change,
    ConfigurationChange,
    ContactChange,
    Cover,
    LevelChange,
    PeriodChange,
    added_machines,
    is_contact_only,
    machines_after,
    mixed_systems,
    period_after,
)
from app.domain.end_of_support import Lifecycle, RequestKind, decide_end_of_support
from app.domain.errors import (
    ChangeMissing,
    EndOfSupportReached,
    InvalidInput,
    NewOrderNeeded,
    WrongState,
)
from app.domain.findings import Finding, Outcome, rules_of
from app.domain.identifiers import product_number_warnings, serial_warnings
from app.domain.service_levels import HANDLED_LEVELS

MOST_START_DAYS: Final = 90
"""By how many days a start date may move; beyond that it is a new order (REQ-6)."""

_OPEN: Final = "issued"
_ORDERED: Final = "ordered"


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """What a change meets.

    `cover` is that of the quote, else of the contract, whose `quote_state` is then None.
    `lifecycles` are the dates of the products that are known, by number; `contact` is who is
    written to about the contract now.
    """

    cover: Cover
    quote_state: str | None = None
    kind: RequestKind = RequestKind.RENEWAL
    lifecycles: Mapping[str, Lifecycle] | None = None
    contact: ContactChange | None = None


@dataclass(frozen=True, slots=True)
class ChangeDecision:
    """The state in which a change request begins, what the requester should know, and by which
    rules.
    """

    state: ChangeState
    warnings: tuple[str, ...]
    rules: tuple[str, ...]


def start_moves_too_far(before: date, after: date) -> bool:
    """Tell whether a start date moves by more than 90 days, either way: a new order (REQ-6)."""
    return abs((after - before).days) > MOST_START_DAYS


def _check_places(changes: Sequence[Change], facts: ChangeFacts) -> None:
    empty = empty_changes(changes, facts.cover, facts.contact)
    if empty:
        raise ChangeMissing(places=empty, rules=("REQ-2",))
    machines = facts.cover.machines
    wrong = [*unknown_machines(changes, machines), *doubled_changes(changes, machines)]
    start, end = period_after(facts.cover, changes)
    if end < start:
        place = next(n for n, change in enumerate(changes) if isinstance(change, PeriodChange))
        wrong.append((f"/changes/{place}", "end_before_start"))
    if wrong:
        raise InvalidInput(places=wrong, rules=("REQ-2",))


def _support_of_added(
    changes: Sequence[Change], facts: ChangeFacts, period: tuple[date, date]
) -> list[Finding]:
    """What the dates of the machines that come in say: each is a new enrollment (EOS-1 to EOS-4).

    Raises EndOfSupportReached where one of them cannot come in at all.
    """
    found: list[Finding] = []
    refused: list[tuple[str, str]] = []
    for pointer, machine in added_machines(changes):
        lifecycle = (facts.lifecycles or {}).get(machine.product_number)
        if lifecycle is None:
            found.append(Finding("product_unknown", "EOS-3", Outcome.NEEDS_REVIEW))
            continue
        decision = decide_end_of_support(RequestKind.NEW_ENROLLMENT, *period, lifecycle)
        # A shorter period than asked for is still possible; a start that comes too late is not.
        no_start = [
            finding
            for finding in decision.findings
            if finding.outcome is Outcome.NOT_ELIGIBLE and finding.rule != "EOS-2"
        ]
        refused += [(pointer, finding.code) for finding in no_start]
        found += decision.findings
    if refused:
        raise EndOfSupportReached(places=refused, rules=rules_of(each.rule for each in found))
    return found


def _support_of_longer_period(facts: ChangeFacts, period: tuple[date, date]) -> list[Finding]:
    """What another period makes of the machines that stay, and did not say before (EOS-5)."""
    before = (facts.cover.start, facts.cover.end)
    if period == before:
        return []
    numbers = {machine.product_number for machine in facts.cover.machines}
    found: list[Finding] = []
    for number in sorted(each for each in numbers if each is not None):
        lifecycle = (facts.lifecycles or {}).get(number, Lifecycle())
        was = decide_end_of_support(facts.kind, *before, lifecycle).findings
        now = decide_end_of_support(facts.kind, *period, lifecycle).findings
        found += [finding for finding in now if finding not in was]
    return found


def _levels_named(changes: Iterable[Change]) -> set[str]:
    levels = {change.service_level for change in changes if isinstance(change, LevelChange)}
    return levels | {
        machine.service_level
        for _, machine in added_machines(tuple(changes))
        if machine.service_level is not None
    }


def _standing(changes: Sequence[Change], facts: ChangeFacts) -> tuple[ChangeState, list[str]]:
    """Where the change goes, and why where that is to a person (REQ-6).

    Raises WrongState where the quote has ended in another way than by an order.
    """
    if facts.quote_state is None:
        return ChangeState.REFERRED, ["no_open_quote"]
    if facts.quote_state == _ORDERED:
        return ChangeState.REFERRED, ["changed_after_order"]
    if facts.quote_state != _OPEN:
        raise WrongState(facts={"state": facts.quote_state}, rules=("QUO-1",))
    if _levels_named(changes) - HANDLED_LEVELS:
        return ChangeState.REFERRED, ["level_needs_person"]
    return ChangeState.RECEIVED, []


def _unusual_shapes(machine: AddedMachine) -> tuple[str, ...]:
    shapes = product_number_warnings(machine.product_number)
    if machine.serial_number is not None:
        shapes += serial_warnings(machine.serial_number)
    return shapes


def decide_change(changes: Sequence[Change], facts: ChangeFacts) -> ChangeDecision:
    """Return how a change request begins: applied, received, or referred to a person.

    Raises ChangeMissing for a change that changes nothing (REQ-2), InvalidInput with the places of
    machines that are not there and of what is asked for twice, NewOrderNeeded for a start date that
    moves by more than 90 days (REQ-6), EndOfSupportReached for a machine that cannot come in
    (EOS-1), WrongState for a quote that has ended.
    """
    _check_places(changes, facts)
    if is_contact_only(changes):
        return ChangeDecision(ChangeState.APPLIED, (), rules_of_change(changes, ()))
    state, warnings = _standing(changes, facts)
    period = period_after(facts.cover, changes)
    if facts.quote_state is not None and start_moves_too_far(facts.cover.start, period[0]):
        raise NewOrderNeeded(facts={"most_days": MOST_START_DAYS}, rules=("REQ-6",))
    support = [
        *_support_of_added(changes, facts, period),
        *_support_of_longer_period(facts, period),
    ]
    warnings += [finding.code for finding in support]
    warnings += [code for _, each in added_machines(changes) for code in _unusual_shapes(each)]
    touches_levels = any(isinstance(each, LevelChange | ConfigurationChange) for each in changes)
    if touches_levels and mixed_systems(machines_after(facts.cover, changes)):
        warnings.append("mixed_service_levels")
    warnings = list(dict.fromkeys(warnings))
    return ChangeDecision(state, tuple(warnings), rules_of_change(changes, warnings))
