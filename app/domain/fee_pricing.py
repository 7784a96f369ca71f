"""What a tier's fee comes to: gap, penalties and inspection put together (FEE-2 to FEE-7, FEE-10).

Every amount is in yen without tax.
"""

from typing import NamedTuple

from app.domain.fee_components import (
    consumed_from,
    counted_days,
    credit_component,
    gap_component,
    inspection_component,
    penalty_component,
    waived,
    waived_parts,
)
from app.domain.fee_facts import (
    FeeChoice,
    FeeComponent,
    FeeDecision,
    FeeFacts,
    FeeOption,
    Term,
)
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


class PricedCase(NamedTuple):
    """A machine in its tier; `cover` is what ended, `lapse` the days since (FEE-1)."""

    policy: FeePolicy
    tier: Tier
    facts: FeeFacts
    cover: PreviousCover | None
    lapse: int


def _charges(
    case: PricedCase, parts: frozenset[Waivable]
) -> tuple[tuple[FeeComponent, ...], tuple[FeeComponent, ...]]:
    """Return the components of the gap and of the penalties, waived ones at 0."""
    policy, tier, facts, _, lapse = case
    charges_gap = tier.gap.mode is GapMode.CHARGE
    priced_gap: FeeComponent | None = None
    if charges_gap or tier.penalties:
        priced_gap = gap_component(tier.gap, facts, lapse, policy.proration)
    gap: tuple[FeeComponent, ...] = ()
    if priced_gap is not None and charges_gap:
        gap = (waived(priced_gap) if Waivable.GAP in parts else priced_gap,)
    penalties: tuple[FeeComponent, ...] = ()
    if tier.penalties:
        gap_yen = 0 if priced_gap is None else priced_gap.calculated
        penalties = tuple(penalty_component(rule, facts, gap_yen) for rule in tier.penalties)
        if Waivable.PENALTIES in parts:
            penalties = tuple(waived(each) for each in penalties)
    return gap, penalties


def _inspected(
    case: PricedCase, charges: tuple[FeeComponent, ...], parts: frozenset[Waivable]
) -> tuple[FeeComponent, ...]:
    """Return the charges with the inspection's fee and its credit added where there are any
    (FEE-5).
    """
    rule = case.tier.inspection
    inspection = inspection_component(rule, case.facts) if case.tier.inspects else None
    if inspection is None:
        return charges
    if Waivable.INSPECTION in parts:
        return (*charges, waived(inspection))
    due = sum(each.amount for each in charges)
    if rule.creditable and due:
        return (*charges, inspection, credit_component(inspection.amount, due))
    return (*charges, inspection)


def _option(
    case: PricedCase,
    choice: FeeChoice,
    charges: tuple[FeeComponent, ...],
    parts: frozenset[Waivable],
    consumed: int,
) -> FeeOption:
    """Return what charges come to with the inspection, and until when the new term then runs."""
    components = _inspected(case, charges, parts)
    amount = sum([each.amount for each in components])
    new_end = case.facts.term.end_from(consumed_from(case.facts.new_start, consumed))
    return FeeOption(choice, amount, new_end, components)


def price_case(case: PricedCase) -> FeeDecision:
    """Return the itemised decision for a tier that names a price. Raises FactMissing."""
    tier = case.tier
    parts = waived_parts(tier, case.facts, case.cover, case.lapse)
    gap, penalties = _charges(case, parts)
    consumes = tier.gap.mode is GapMode.CONSUME_TERM and Waivable.GAP not in parts
    consumed = counted_days(tier.gap, case.lapse) if consumes else 0
    options: tuple[FeeOption, ...] = ()
    taken: FeeOption | None
    if tier.combine is Combine.SUM:
        taken = _option(case, FeeChoice.GAP, (*gap, *penalties), parts, consumed)
    else:
        by_gap = _option(case, FeeChoice.GAP, gap, parts, consumed)
        by_penalties = _option(case, FeeChoice.PENALTIES, penalties, parts, 0)
        options = (by_gap, by_penalties)
        taken = _taken(tier.combine, options, case.facts.choice)
        consumed = consumed if taken is by_gap else 0
    rules = _rules(tier, parts, consumed)
    if taken is not None and taken.new_end < case.facts.new_start:
        return _consumed_in_past(case, consumed, rules)
    return _concluded(case, options, taken, consumed, rules)


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
    case: PricedCase,
    options: tuple[FeeOption, ...],
    taken: FeeOption | None,
    consumed: int,
    rules: tuple[str, ...],
) -> FeeDecision:
    """Return the decision by the option that is taken; without one the customer still chooses."""
    policy, tier, facts, _, lapse = case
    inspects = tier.inspects
    return FeeDecision(
        outcome=tier.outcome,
        policy_code=policy.code,
        policy_version=policy.version,
        lapse_days=lapse,
        amount=None if taken is None else taken.amount,
        components=() if taken is None else taken.components,
        options=options,
        chosen=taken.choice if options and taken is not None else None,
        consumed_days=consumed,
        new_end=None if taken is None else taken.new_end,
        waiting_days=tier.waiting_days,
        cover_from=consumed_from(facts.new_start, -tier.waiting_days),
        inspection_required=inspects,
        inspection_valid_days=tier.inspection.valid_days if inspects else None,
        reasons=("fee_choice_needed",) if taken is None else (),
        rules=rules,
    )


def _consumed_in_past(case: PricedCase, consumed: int, rules: tuple[str, ...]) -> FeeDecision:
    """Refuse a term that would be over before it begins, and name the shortest that would not
    (FEE-10).
    """
    policy, tier, facts, _, lapse = case
    shortest = Alternative("longer_term", "FEE-10", start=facts.new_start, term_days=consumed + 1)
    months = facts.term.months
    if months is not None:
        counted_from = consumed_from(facts.new_start, consumed)
        while Term(months=months).end_from(counted_from) < facts.new_start:
            months += 1
        shortest = Alternative("longer_term", "FEE-10", start=facts.new_start, term_months=months)
    return FeeDecision(
        outcome=FeeOutcome.FORBIDDEN,
        policy_code=policy.code,
        policy_version=policy.version,
        lapse_days=lapse,
        consumed_days=consumed,
        inspection_required=tier.inspects,
        inspection_valid_days=tier.inspection.valid_days if tier.inspects else None,
        reasons=("consumed_term_ends_in_past",),
        alternatives=(shortest,),
        rules=rules,
    )


def _rules(tier: Tier, parts: frozenset[Waivable], consumed: int) -> tuple[str, ...]:
    """Return the ids of the rules that made the amount."""
    applied = (
        ("FEE-1", True),
        ("FEE-2", tier.gap.mode is not GapMode.NONE),
        ("FEE-3", tier.penalties),
        ("FEE-4", tier.combine is not Combine.SUM),
        ("FEE-5", tier.inspects),
        ("FEE-6", parts or tier.waiting_days > 0),
        ("FEE-7", tier.gap.mode is GapMode.CHARGE or tier.penalties),
        ("FEE-10", consumed > 0),
    )
    return tuple([rule for rule, holds in applied if holds])
