"""The re-enrollment fee: one policy and one machine's facts in, one itemised decision out.

Lapse: new start − previous end − 1, in days; 0 is seamless. The first tier whose `max_lapse_days`
is not under the lapse decides (FEE-1). Every amount is in yen without tax.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from app.domain.fee_components import (
    FactMissing,
    consumed_from,
    counted_days,
    credit_component,
    gap_component,
    inspection_component,
    penalty_component,
    waived,
    waived_parts,
)
from app.domain.fee_facts import FeeChoice, FeeComponent, FeeDecision, FeeFacts, FeeOption
from app.domain.fee_policy import (
    Combine,
    FeeOutcome,
    FeePolicy,
    GapMode,
    PreviousCover,
    Tier,
    Waivable,
)
from app.domain.findings import Alternative
from app.domain.periods import gap_days

_RANK: Final = {outcome: rank for rank, outcome in enumerate(FeeOutcome)}


@dataclass(frozen=True, slots=True)
class FeeTotal:
    """The fee of a whole request: the worst outcome, and the sum where every part has one."""

    outcome: FeeOutcome
    amount: int | None
    components: tuple[FeeComponent, ...]


def previous_cover_of(facts: FeeFacts) -> tuple[date | None, PreviousCover | None]:
    """Return when cover ended and what it was; a never-covered machine's ended with its warranty
    (FEE-8).
    """
    if facts.previous_end is None and facts.never_covered and facts.warranty_end is not None:
        return facts.warranty_end, PreviousCover.WARRANTY
    return facts.previous_end, facts.previous_cover


def lapse_of(previous_end: date, new_start: date) -> int:
    """Return the lapse in days. Cover that still runs at the new start leaves none (FEE-1)."""
    return max(0, gap_days(previous_end, new_start))


def tier_for(policy: FeePolicy, lapse_days: int) -> Tier:
    """Return the first tier that reaches the lapse; without one, a tier that asks a person
    (FEE-1).
    """
    for tier in policy.tiers:
        if tier.max_lapse_days is None or lapse_days <= tier.max_lapse_days:
            return tier
    return Tier()


def _decision(policy: FeePolicy, outcome: FeeOutcome, *rules: str) -> FeeDecision:
    return FeeDecision(outcome, policy.code, policy.version, rules=rules)


def _refusal(policy: FeePolicy, facts: FeeFacts) -> FeeDecision | None:
    """Return a refusal by what holds for all tiers: minimum term and days to end of support
    (FEE-6).
    """
    months = policy.min_new_term_months
    if facts.term.months_from(facts.new_start) < months:
        longer = Alternative("longer_term", "FEE-6", start=facts.new_start, term_months=months)
        return replace(
            _decision(policy, FeeOutcome.FORBIDDEN, "FEE-6"),
            reasons=("term_below_minimum",),
            alternatives=(longer,),
        )
    if policy.min_days_to_end_of_support == 0:
        return None
    if facts.end_of_support is None:
        unknown = _decision(policy, FeeOutcome.MANUAL, "FEE-6", "EOS-3")
        return replace(unknown, reasons=("end_of_support_unknown",))
    if (facts.end_of_support - facts.new_start).days < policy.min_days_to_end_of_support:
        near = _decision(policy, FeeOutcome.FORBIDDEN, "FEE-6")
        return replace(near, reasons=("end_of_support_too_near",))
    return None


def assess_fee(policy: FeePolicy, facts: FeeFacts) -> FeeDecision:
    """Return what the policy says for the facts, itemised (FEE-1 to FEE-10)."""
    refusal = _refusal(policy, facts)
    if refusal is not None:
        return refusal
    previous_end, cover = previous_cover_of(facts)
    if previous_end is None:
        unknown = _decision(policy, policy.when_unknown_previous_end, "FEE-8")
        return replace(unknown, reasons=("previous_end_unknown",))
    if cover is not None and cover not in policy.previous_cover:
        other = _decision(policy, FeeOutcome.MANUAL, "FEE-1")
        return replace(other, reasons=("previous_cover_not_in_policy",))
    lapse = lapse_of(previous_end, facts.new_start)
    tier = tier_for(policy, lapse)
    decision = replace(_decision(policy, tier.outcome, "FEE-1"), lapse_days=lapse)
    if tier.outcome in {FeeOutcome.MANUAL, FeeOutcome.FORBIDDEN}:
        manual = tier.outcome is FeeOutcome.MANUAL
        reason = "fee_set_by_person" if manual else "forbidden_by_policy"
        return replace(decision, reasons=(reason,))
    try:
        return _priced(policy, tier, replace(facts, previous_cover=cover), decision)
    except FactMissing as missing:
        return replace(decision, outcome=FeeOutcome.MANUAL, reasons=(missing.code,))


def _charges(
    policy: FeePolicy, tier: Tier, facts: FeeFacts, lapse: int, parts: frozenset[Waivable]
) -> tuple[tuple[FeeComponent, ...], tuple[FeeComponent, ...]]:
    """Return the components of the gap and of the penalties, waived ones at 0."""
    priced_gap: FeeComponent | None = None
    if tier.gap.mode is GapMode.CHARGE or tier.penalties:
        priced_gap = gap_component(tier.gap, facts, lapse, policy.proration)
    gap_yen = 0 if priced_gap is None else priced_gap.calculated
    penalties = tuple(penalty_component(rule, facts, gap_yen) for rule in tier.penalties)
    gap: tuple[FeeComponent, ...] = ()
    if priced_gap is not None and tier.gap.mode is GapMode.CHARGE:
        gap = (priced_gap,)
    if Waivable.GAP in parts:
        gap = tuple(waived(each) for each in gap)
    if Waivable.PENALTIES in parts:
        penalties = tuple(waived(each) for each in penalties)
    return gap, penalties


def _inspected(
    tier: Tier, facts: FeeFacts, charges: tuple[FeeComponent, ...], parts: frozenset[Waivable]
) -> tuple[FeeComponent, ...]:
    """Return the charges with the inspection's fee and its credit added where there are any
    (FEE-5).
    """
    if not (tier.inspection.required or tier.outcome is FeeOutcome.INSPECTION):
        return charges
    inspection = inspection_component(tier.inspection, facts)
    if inspection is None:
        return charges
    if Waivable.INSPECTION in parts:
        return (*charges, waived(inspection))
    due = sum(each.amount for each in charges)
    if tier.inspection.creditable and due:
        return (*charges, inspection, credit_component(inspection.amount, due))
    return (*charges, inspection)


def _priced(policy: FeePolicy, tier: Tier, facts: FeeFacts, decision: FeeDecision) -> FeeDecision:
    lapse = decision.lapse_days or 0
    parts = waived_parts(tier, facts, lapse)
    gap, penalties = _charges(policy, tier, facts, lapse, parts)
    consumes = tier.gap.mode is GapMode.CONSUME_TERM and Waivable.GAP not in parts
    consumed = counted_days(tier.gap, lapse) if consumes else 0

    def option(choice: FeeChoice, charges: tuple[FeeComponent, ...], days: int) -> FeeOption:
        components = _inspected(tier, facts, charges, parts)
        amount = sum(each.amount for each in components)
        new_end = facts.term.end_from(consumed_from(facts.new_start, days))
        return FeeOption(choice, amount, new_end, components)

    options: tuple[FeeOption, ...] = ()
    taken: FeeOption | None = option(FeeChoice.GAP, (*gap, *penalties), consumed)
    if tier.combine is not Combine.SUM:
        by_gap = option(FeeChoice.GAP, gap, consumed)
        by_penalties = option(FeeChoice.PENALTIES, penalties, 0)
        options = (by_gap, by_penalties)
        taken = _taken(tier.combine, options, facts.choice)
        consumed = consumed if taken is by_gap else 0
    decision = replace(decision, options=options, rules=_rules(tier, parts, consumed))
    return _concluded(tier, facts, decision, taken, consumed)


def _taken(
    combine: Combine, options: tuple[FeeOption, ...], choice: FeeChoice | None
) -> FeeOption | None:
    """Return the option that is taken: the lesser, or the customer's; None while nobody chose
    (FEE-4).
    """
    if combine is Combine.LESSER:
        return min(options, key=lambda each: each.amount)
    return next((each for each in options if each.choice is choice), None)


def _concluded(
    tier: Tier, facts: FeeFacts, decision: FeeDecision, taken: FeeOption | None, consumed: int
) -> FeeDecision:
    inspects = tier.inspection.required or tier.outcome is FeeOutcome.INSPECTION
    decision = replace(
        decision,
        waiting_days=tier.waiting_days,
        cover_from=consumed_from(facts.new_start, -tier.waiting_days),
        inspection_required=inspects,
        inspection_valid_days=tier.inspection.valid_days if inspects else None,
    )
    if taken is None:
        return replace(decision, reasons=("fee_choice_needed",))
    if taken.new_end < facts.new_start:
        return _consumed_in_past(facts, decision, consumed)
    return replace(
        decision,
        amount=taken.amount,
        components=taken.components,
        chosen=taken.choice if decision.options else None,
        consumed_days=consumed,
        new_end=taken.new_end,
    )


def _consumed_in_past(facts: FeeFacts, decision: FeeDecision, consumed: int) -> FeeDecision:
    """Refuse a term that would be over before it begins, and name the shortest that would not
    (FEE-10).
    """
    shortest = Alternative("longer_term", "FEE-10", start=facts.new_start, term_days=consumed + 1)
    if facts.term.months is not None:
        months = facts.term.months
        counted_from = consumed_from(facts.new_start, consumed)
        while replace(facts.term, months=months).end_from(counted_from) < facts.new_start:
            months += 1
        shortest = Alternative("longer_term", "FEE-10", start=facts.new_start, term_months=months)
    return replace(
        decision,
        outcome=FeeOutcome.FORBIDDEN,
        options=(),
        cover_from=None,
        waiting_days=0,
        consumed_days=consumed,
        reasons=("consumed_term_ends_in_past",),
        alternatives=(shortest,),
    )


def _rules(tier: Tier, parts: frozenset[Waivable], consumed: int) -> tuple[str, ...]:
    """Return the ids of the rules that made the amount."""
    applied = {
        "FEE-1": True,
        "FEE-2": tier.gap.mode is not GapMode.NONE,
        "FEE-3": bool(tier.penalties),
        "FEE-4": tier.combine is not Combine.SUM,
        "FEE-5": tier.inspection.required or tier.outcome is FeeOutcome.INSPECTION,
        "FEE-6": bool(parts) or tier.waiting_days > 0,
        "FEE-7": tier.gap.mode is GapMode.CHARGE or bool(tier.penalties),
        "FEE-10": consumed > 0,
    }
    return tuple(rule for rule, holds in applied.items() if holds)


def total_fee(decisions: Iterable[FeeDecision]) -> FeeTotal:
    """Return the fee of a whole request (FEE-1, FEE-3).

    Its outcome is the worst. Its amount is None where one machine's is. What is fixed per contract
    is charged once, by the machine for which it is dearest.
    """
    decided = tuple(decisions)
    outcomes = (each.outcome for each in decided)
    each_own: list[FeeComponent] = []
    once: tuple[FeeComponent, ...] = ()
    for decision in decided:
        each_own += [part for part in decision.components if not part.per_contract]
        of_contract = tuple(part for part in decision.components if part.per_contract)
        once = max(once, of_contract, key=lambda parts: sum(part.amount for part in parts))
    components = (*each_own, *once)
    is_open = any(each.amount is None for each in decided)
    return FeeTotal(
        outcome=max(outcomes, key=_RANK.__getitem__, default=FeeOutcome.NONE),
        amount=None if is_open else sum(part.amount for part in components),
        components=components,
    )
