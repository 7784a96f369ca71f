"""Eligibility for re-enrollment, new enrollment and upgrade: the same conditions (ELG-1 to
ELG-7).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from app.domain.eligibility_facts import (
    Declaration,
    Eligibility,
    EligibilitySettings,
    MachineEligibility,
    MachineFacts,
    OperatingState,
    WishedCover,
)
from app.domain.end_of_support import (
    Lifecycle,
    RequestKind,
    SupportDecision,
    decide_end_of_support,
)
from app.domain.fee_facts import FeeDecision
from app.domain.fee_policy import FeeOutcome
from app.domain.fees import total_fee
from app.domain.findings import Alternative, Finding, Outcome, rules_of, worst
from app.domain.service_levels import HANDLED_LEVELS

_ONE_DAY: Final = timedelta(days=1)
_DEFAULTS: Final = EligibilitySettings()
_OF_REQUEST: Final = ("ELG-1", "ELG-5", "ELG-6", "ELG-7")
_PRODUCT_UNKNOWN: Final = SupportDecision(
    outcome=Outcome.NEEDS_REVIEW,
    findings=(Finding("product_unknown", "EOS-3", Outcome.NEEDS_REVIEW),),
    alternatives=(),
    last_day=None,
)
# Reasons after which a package through the dealer meets the same wall as a contract.
_BARS_PACKAGES_TOO: Final = frozenset(
    {"not_working", "end_of_support_reached", "end_after_end_of_support"}
)


def earliest_start(today: date, settings: EligibilitySettings = _DEFAULTS) -> date:
    """Return the earliest start date: tomorrow, or later where a lead time is set (ELG-1)."""
    return today + max(1, settings.lead_days) * _ONE_DAY


def _start_finding(wish: WishedCover, settings: EligibilitySettings) -> Finding | None:
    if wish.start <= wish.today:
        return Finding("start_not_in_future", "ELG-1", Outcome.NOT_ELIGIBLE)
    if wish.start < earliest_start(wish.today, settings):
        return Finding("start_within_lead_days", "ELG-1", Outcome.NOT_ELIGIBLE)
    if settings.latest_start is not None and wish.start > settings.latest_start:
        return Finding("start_too_late", "ELG-1", Outcome.NOT_ELIGIBLE)
    return None


def _start_alternatives(
    finding: Finding | None, wish: WishedCover, settings: EligibilitySettings
) -> tuple[Alternative, ...]:
    if finding is None:
        return ()
    earliest = earliest_start(wish.today, settings)
    latest = settings.latest_start
    if latest is not None and latest < earliest:
        return ()
    if finding.code == "start_too_late":
        return (Alternative("earlier_date", "ELG-1", start=latest),)
    return (Alternative("later_date", "ELG-1", start=earliest),)


def _condition_finding(declaration: Declaration | None, today: date) -> Finding | None:
    """Return what stands against a machine by its declared condition (ELG-2)."""
    if declaration is None:
        return Finding("declaration_missing", "ELG-2", Outcome.NEEDS_INSPECTION)
    if declaration.state is OperatingState.NOT_WORKING:
        return Finding("not_working", "ELG-2", Outcome.NOT_ELIGIBLE)
    if declaration.state is OperatingState.UNKNOWN:
        return Finding("condition_unknown", "ELG-2", Outcome.NEEDS_INSPECTION)
    # A machine that works on nobody's word is one whose condition nobody knows.
    if not (declaration.declared_by or "").strip() or declaration.declared_on is None:
        return Finding("declaration_incomplete", "ELG-2", Outcome.NEEDS_INSPECTION)
    if declaration.declared_on > today:
        return Finding("declared_in_future", "ELG-2", Outcome.NEEDS_INSPECTION)
    return None


class _Case(NamedTuple):
    """What the outcome of a machine depends on: `condition` is what stands against it by its
    declaration, and of its fee all counts but the figures.
    """

    service_level: str
    condition: Finding | None
    support_findings: tuple[Finding, ...]
    support_alternatives: tuple[Alternative, ...]
    support_rules: tuple[str, ...]
    still_runs: bool
    fee_outcome: FeeOutcome
    inspection_required: bool
    fee_reasons: tuple[str, ...]
    fee_alternatives: tuple[Alternative, ...]
    fee_rules: tuple[str, ...]
    conditions: tuple[str, ...]


def _case(wish: WishedCover, machine: MachineFacts, support: SupportDecision) -> _Case:
    fee, end = machine.fee, machine.contract_end
    return _Case(
        service_level=machine.service_level,
        condition=_condition_finding(machine.declaration, wish.today),
        support_findings=support.findings,
        support_alternatives=support.alternatives,
        support_rules=support.rules,
        still_runs=end is not None and end >= wish.start,
        fee_outcome=fee.outcome,
        inspection_required=fee.inspection_required,
        fee_reasons=fee.reasons,
        fee_alternatives=fee.alternatives,
        fee_rules=fee.rules,
        conditions=_conditions(fee),
    )


def _fee_findings(case: _Case) -> Iterable[Finding]:
    """Return what the fee's policy forbids or asks for; a fee alone is only a condition (ELG-4)."""
    if case.fee_outcome is FeeOutcome.FORBIDDEN:
        rule = case.fee_rules[-1] if case.fee_rules else "FEE-1"
        reason = case.fee_reasons[0] if case.fee_reasons else "forbidden_by_policy"
        yield Finding(reason, rule, Outcome.NOT_ELIGIBLE)
    elif case.inspection_required:
        yield Finding("inspection_required", "FEE-5", Outcome.NEEDS_INSPECTION)
    for code in case.conditions:
        yield Finding(code, "ELG-4", Outcome.ELIGIBLE_WITH_CONDITIONS)


def _conditions(fee: FeeDecision) -> tuple[str, ...]:
    """Return what the fee asks of the customer before ordering, as codes (ELG-4)."""
    if fee.outcome is FeeOutcome.FORBIDDEN:
        return ()
    if fee.outcome is FeeOutcome.MANUAL:
        return ("fee_to_be_set",)
    found = []
    if fee.options and fee.chosen is None:
        found.append("fee_choice")
    if fee.amount:
        found.append("fee_acknowledgement")
    if fee.consumed_days:
        found.append("consumed_term_acknowledgement")
    if fee.waiting_days:
        found.append("waiting_days_acknowledgement")
    return tuple(found)


def _case_findings(wish: WishedCover, case: _Case) -> tuple[Finding, ...]:
    found: list[Finding | None] = [case.condition, *case.support_findings]
    if case.service_level not in HANDLED_LEVELS:
        found.append(Finding("level_needs_person", "ELG-5", Outcome.NEEDS_REVIEW))
    if case.still_runs and wish.kind is not RequestKind.UPGRADE:
        # Nobody enrolls again what is enrolled: most likely a renewal or an upgrade is meant.
        found.append(Finding("cover_still_running", "TERM-1", Outcome.NEEDS_REVIEW))
    found.extend(_fee_findings(case))
    return tuple(each for each in found if each is not None)


def decide_machine(
    wish: WishedCover, machine: MachineFacts, settings: EligibilitySettings = _DEFAULTS
) -> MachineEligibility:
    """Return whether one machine can have the wished cover (ELG-1 to ELG-5, EOS-1 to EOS-4)."""
    return _Decisions(wish, settings).of(machine)


class _Verdict(NamedTuple):
    """The decision for a case; each machine has it with its own fee."""

    outcome: Outcome
    reasons: tuple[Finding, ...]
    conditions: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    rules: tuple[str, ...]


class _Decisions:
    """The decisions for the machines of one request. What is alike is decided once: the support of
    a product by its dates, and a machine by its case.
    """

    def __init__(self, wish: WishedCover, settings: EligibilitySettings) -> None:
        self._wish = wish
        self._covers_last_day = settings.covers_end_of_support_day
        self.start = _start_finding(wish, settings)
        self._start_alternatives = _start_alternatives(self.start, wish, settings)
        self._supports: dict[Lifecycle | None, SupportDecision] = {None: _PRODUCT_UNKNOWN}
        self._verdicts: dict[_Case, _Verdict] = {}

    @property
    def verdicts(self) -> Iterable[_Verdict]:
        """Return what was decided so far, each verdict once, in the order of their machines."""
        return self._verdicts.values()

    def of(self, machine: MachineFacts) -> MachineEligibility:
        """Return the decision for one machine."""
        case = _case(self._wish, machine, self._support(machine.lifecycle))
        verdict = self._verdicts.get(case)
        if verdict is None:
            verdict = self._verdicts[case] = self._decide(case)
        outcome, reasons, conditions, alternatives, rules = verdict
        return MachineEligibility(outcome, reasons, conditions, alternatives, machine.fee, rules)

    def _support(self, lifecycle: Lifecycle | None) -> SupportDecision:
        known = self._supports.get(lifecycle)
        if known is None and lifecycle is not None:
            wish, last = self._wish, self._covers_last_day
            known = self._supports[lifecycle] = decide_end_of_support(
                wish.kind, wish.start, wish.end, lifecycle, covers_last_day=last
            )
        return known or _PRODUCT_UNKNOWN

    def _decide(self, case: _Case) -> _Verdict:
        found = _case_findings(self._wish, case)
        reasons = found if self.start is None else (self.start, *found)
        return _Verdict(
            outcome=worst(each.outcome for each in reasons),
            reasons=reasons,
            conditions=case.conditions,
            alternatives=(
                *self._start_alternatives,
                *case.support_alternatives,
                *case.fee_alternatives,
                *_other_ways(reasons),
            ),
            rules=rules_of(
                ("ELG-1", "ELG-2", "ELG-3", "ELG-4", "ELG-5"),
                case.support_rules,
                case.fee_rules,
                (each.rule for each in reasons),
            ),
        )


def _other_ways(reasons: Sequence[Finding]) -> tuple[Alternative, ...]:
    """Return what is left to a machine that is refused, besides another period (ELG-5)."""
    refused = {each.code for each in reasons if each.outcome is Outcome.NOT_ELIGIBLE}
    ways = []
    if "not_working" in refused:
        ways.append(Alternative("repair_first", "ELG-2"))
    if refused and refused.isdisjoint(_BARS_PACKAGES_TOO):
        ways.append(Alternative("package_through_dealer", "ELG-5"))
    return tuple(ways)


def system_warnings(machines: Iterable[MachineFacts]) -> tuple[str, ...]:
    """Return `mixed_service_levels` where machines of one system differ in their level (ELG-7)."""
    levels: defaultdict[str | None, set[str]] = defaultdict(set)
    for machine in machines:
        levels[machine.system].add(machine.service_level)
    mixed = any(len(found) > 1 for found in levels.values())
    return ("mixed_service_levels",) if mixed else ()


def _valid_until(wish: WishedCover, settings: EligibilitySettings) -> date:
    """Return the last day on which the check holds: the start must still be to come (ELG-6)."""
    last_order_day = wish.start - max(1, settings.lead_days) * _ONE_DAY
    holds = wish.today + settings.valid_days * _ONE_DAY
    return max(wish.today, min(holds, last_order_day))


def decide_eligibility(
    wish: WishedCover,
    machines: Sequence[MachineFacts],
    settings: EligibilitySettings = _DEFAULTS,
) -> Eligibility:
    """Return whether all machines can have the wished cover; the whole is the worst (ELG-1 to
    7).
    """
    decisions = _Decisions(wish, settings)
    decided = tuple([decisions.of(machine) for machine in machines])
    reasons = () if decisions.start is None else (decisions.start,)
    return Eligibility(
        outcome=worst(each.outcome for each in (*reasons, *decisions.verdicts)),
        reasons=reasons,
        machines=decided,
        fee=total_fee(machine.fee for machine in machines),
        warnings=system_warnings(machines),
        valid_until=_valid_until(wish, settings),
        rules=rules_of(_OF_REQUEST, *(each.rules for each in decisions.verdicts)),
    )
