"""Eligibility for re-enrollment, new enrollment and upgrade: the same conditions (ELG-1 to
ELG-7).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from app.domain.eligibility_facts import (
    Declaration,
    Eligibility,
    EligibilitySettings,
    MachineEligibility,
    MachineFacts,
    OperatingState,
    WishedCover,
)
from app.domain.end_of_support import RequestKind, SupportDecision, decide_end_of_support
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


def _fee_findings(fee: FeeDecision) -> tuple[Finding, ...]:
    """Return what the fee's policy forbids or asks for; a fee alone is only a condition (ELG-4)."""
    findings = []
    if fee.outcome is FeeOutcome.FORBIDDEN:
        rule = fee.rules[-1] if fee.rules else "FEE-1"
        reason = fee.reasons[0] if fee.reasons else "forbidden_by_policy"
        findings.append(Finding(reason, rule, Outcome.NOT_ELIGIBLE))
    elif fee.inspection_required:
        findings.append(Finding("inspection_required", "FEE-5", Outcome.NEEDS_INSPECTION))
    findings.extend(
        Finding(code, "ELG-4", Outcome.ELIGIBLE_WITH_CONDITIONS) for code in _conditions(fee)
    )
    return tuple(findings)


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


def _machine_findings(
    wish: WishedCover, machine: MachineFacts, support: SupportDecision
) -> tuple[Finding, ...]:
    found: list[Finding | None] = [_condition_finding(machine.declaration, wish.today)]
    found.extend(support.findings)
    if machine.service_level not in HANDLED_LEVELS:
        found.append(Finding("level_needs_person", "ELG-5", Outcome.NEEDS_REVIEW))
    still_runs = machine.contract_end is not None and machine.contract_end >= wish.start
    if still_runs and wish.kind is not RequestKind.UPGRADE:
        # Nobody enrolls again what is enrolled: most likely a renewal or an upgrade is meant.
        found.append(Finding("cover_still_running", "TERM-1", Outcome.NEEDS_REVIEW))
    found.extend(_fee_findings(machine.fee))
    return tuple(each for each in found if each is not None)


def decide_machine(
    wish: WishedCover, machine: MachineFacts, settings: EligibilitySettings = _DEFAULTS
) -> MachineEligibility:
    """Return whether one machine can have the wished cover (ELG-1 to ELG-5, EOS-1 to EOS-4)."""
    support = _PRODUCT_UNKNOWN
    if machine.lifecycle is not None:
        support = decide_end_of_support(
            wish.kind,
            wish.start,
            wish.end,
            machine.lifecycle,
            covers_last_day=settings.covers_end_of_support_day,
        )
    start = _start_finding(wish, settings)
    found = _machine_findings(wish, machine, support)
    reasons = found if start is None else (start, *found)
    alternatives = (
        *_start_alternatives(start, wish, settings),
        *support.alternatives,
        *machine.fee.alternatives,
        *_other_ways(reasons),
    )
    return MachineEligibility(
        outcome=worst(each.outcome for each in reasons),
        reasons=reasons,
        conditions=_conditions(machine.fee),
        alternatives=alternatives,
        fee=machine.fee,
        rules=rules_of(
            ("ELG-1", "ELG-2", "ELG-3", "ELG-4", "ELG-5"),
            support.rules,
            machine.fee.rules,
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
    decided = tuple(decide_machine(wish, machine, settings) for machine in machines)
    start = _start_finding(wish, settings)
    reasons = () if start is None else (start,)
    outcome = worst((*(each.outcome for each in reasons), *(each.outcome for each in decided)))
    return Eligibility(
        outcome=outcome,
        reasons=reasons,
        machines=decided,
        fee=total_fee(machine.fee for machine in machines),
        warnings=system_warnings(machines),
        valid_until=_valid_until(wish, settings),
        rules=rules_of(_OF_REQUEST, *(each.rules for each in decided)),
    )
