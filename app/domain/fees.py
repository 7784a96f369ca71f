"""The re-enrollment fee: one policy and one machine's facts in, one itemised decision out.

Lapse: new start − previous end − 1, in days; 0 is seamless. The first tier whose `max_lapse_days`
is not under the lapse decides (FEE-1). Every amount is in yen without tax.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.domain.fee_components import FactMissing
from app.domain.fee_facts import FeeComponent, FeeDecision, FeeFacts
from app.domain.fee_policy import FeeOutcome, FeePolicy, PreviousCover, Tier
from app.domain.fee_pricing import PricedCase, price_case
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


def _refusal(policy: FeePolicy, facts: FeeFacts) -> FeeDecision | None:
    """Return a refusal by what holds for all tiers: minimum term and days to end of support
    (FEE-6).
    """
    months, days = policy.min_new_term_months, policy.min_days_to_end_of_support
    if months and facts.term.months_from(facts.new_start) < months:
        return FeeDecision(
            FeeOutcome.FORBIDDEN,
            policy.code,
            policy.version,
            reasons=("term_below_minimum",),
            alternatives=(
                Alternative("longer_term", "FEE-6", start=facts.new_start, term_months=months),
            ),
            rules=("FEE-6",),
        )
    if days == 0:
        return None
    if facts.end_of_support is None:
        return _without_lapse(
            policy, FeeOutcome.MANUAL, "end_of_support_unknown", ("FEE-6", "EOS-3")
        )
    if (facts.end_of_support - facts.new_start).days < days:
        return _without_lapse(policy, FeeOutcome.FORBIDDEN, "end_of_support_too_near", ("FEE-6",))
    return None


def _without_lapse(
    policy: FeePolicy, outcome: FeeOutcome, reason: str, rules: tuple[str, ...]
) -> FeeDecision:
    """Return what is decided before any lapse is counted."""
    return FeeDecision(outcome, policy.code, policy.version, reasons=(reason,), rules=rules)


def assess_fee(policy: FeePolicy, facts: FeeFacts) -> FeeDecision:
    """Return what the policy says for the facts, itemised (FEE-1 to FEE-10)."""
    refusal = _refusal(policy, facts)
    if refusal is not None:
        return refusal
    previous_end, cover = previous_cover_of(facts)
    if previous_end is None:
        unknown = policy.when_unknown_previous_end
        return _without_lapse(policy, unknown, "previous_end_unknown", ("FEE-8",))
    if cover is not None and cover not in policy.previous_cover:
        reason = "previous_cover_not_in_policy"
        return _without_lapse(policy, FeeOutcome.MANUAL, reason, ("FEE-1",))
    lapse = lapse_of(previous_end, facts.new_start)
    tier = tier_for(policy, lapse)
    outcome = tier.outcome
    if outcome is FeeOutcome.MANUAL:
        reason = "fee_set_by_person"
    elif outcome is FeeOutcome.FORBIDDEN:
        reason = "forbidden_by_policy"
    else:
        try:
            return price_case(PricedCase(policy, tier, facts, cover, lapse))
        except FactMissing as missing:
            outcome, reason = FeeOutcome.MANUAL, missing.code
    return FeeDecision(
        *(outcome, policy.code, policy.version, lapse), reasons=(reason,), rules=("FEE-1",)
    )


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
        of_contract = tuple([part for part in decision.components if part.per_contract])
        if not of_contract:
            each_own += decision.components
            continue
        each_own += [part for part in decision.components if not part.per_contract]
        once = max(once, of_contract, key=lambda parts: sum(part.amount for part in parts))
    components = (*each_own, *once)
    is_open = any(each.amount is None for each in decided)
    return FeeTotal(
        outcome=max(outcomes, key=_RANK.__getitem__, default=FeeOutcome.NONE),
        amount=None if is_open else sum(part.amount for part in components),
        components=components,
    )
