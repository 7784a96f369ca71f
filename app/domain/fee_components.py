"""The items of a fee: gap, penalties, inspection; each computed exactly, floored once (FEE-7)."""

from datetime import date, timedelta
from typing import Final

from app.domain.fee_facts import FeeComponent, FeeFacts
from app.domain.fee_policy import (
    GapMode,
    GapRule,
    InspectionRule,
    PenaltyBase,
    PenaltyKind,
    PenaltyRule,
    Per,
    PreviousCover,
    PriceBasis,
    Proration,
    Tier,
    Waivable,
    Waiver,
)
from app.domain.proration import year_part

FULL_RATE_BP: Final = 10_000
NOTHING_WAIVED: Final[frozenset[Waivable]] = frozenset()


class FactMissing(Exception):
    """A price or a product class that the policy asks for is not known; a person decides.

    It never leaves the domain: `assess_fee` turns it into the outcome `manual`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _known(price: int | None, code: str) -> int:
    if price is None:
        raise FactMissing(code)
    return price


def _annual(basis: PriceBasis | PenaltyBase, facts: FeeFacts) -> int:
    if basis == PriceBasis.LAST_ANNUAL:
        return _known(facts.last_annual, "last_annual_price_unknown")
    return _known(facts.new_annual, "new_annual_price_unknown")


def counted_days(gap: GapRule, lapse_days: int) -> int:
    """Return the days of the lapse that count, after the cap (FEE-2)."""
    return lapse_days if gap.cap_days is None else min(lapse_days, gap.cap_days)


def gap_component(
    gap: GapRule, facts: FeeFacts, lapse_days: int, proration: Proration
) -> FeeComponent | None:
    """Return the price of the days without cover, or None where the policy prices no gap (FEE-2).

    With a cap, the days nearest to the new start count.
    """
    days = counted_days(gap, lapse_days)
    if gap.mode is GapMode.NONE or days == 0:
        return None
    annual = _annual(gap.basis, facts)
    part = year_part(facts.new_start - timedelta(days=days), facts.new_start, proration)
    # The exact value as one fraction of integers, which is floored by the division.
    over, under = annual * part.numerator * gap.multiplier_bp, part.denominator * FULL_RATE_BP
    yen = over // under
    return FeeComponent("gap", gap.basis, yen, yen, annual, days, gap.multiplier_bp)


def _fixed(rule: PenaltyRule, facts: FeeFacts) -> FeeComponent:
    if rule.per is Per.CONTRACT:
        yen, each = rule.amount, rule.amount
    elif rule.per is Per.UNIT:
        yen, each = rule.amount * facts.quantity, rule.amount
    else:
        amount = rule.amount_by_class.get(facts.product_class or "")
        each = _known(amount, "product_class_unknown")
        yen = each * facts.quantity
    once = rule.per is Per.CONTRACT
    return FeeComponent("penalty", f"fixed_per_{rule.per}", yen, yen, each, per_contract=once)


def penalty_component(rule: PenaltyRule, facts: FeeFacts, gap_yen: int) -> FeeComponent:
    """Return one penalty (FEE-3).

    A percentage of the gap is taken of the gap's own component in whole yen, so that a customer who
    reckons after the itemised answer finds the same amount.
    """
    if rule.kind is PenaltyKind.FIXED:
        return _fixed(rule, facts)
    if rule.of is PenaltyBase.GAP:
        base = gap_yen
    elif rule.of is PenaltyBase.GAP_PLUS_NEW:
        base = gap_yen + _annual(PenaltyBase.NEW_ANNUAL, facts)
    else:
        base = _annual(rule.of, facts)
    yen = base * rule.rate_bp // FULL_RATE_BP
    yen = yen if rule.minimum is None else max(yen, rule.minimum)
    yen = yen if rule.maximum is None else min(yen, rule.maximum)
    return FeeComponent("penalty", rule.of, yen, yen, base, rate_bp=rule.rate_bp)


def inspection_component(rule: InspectionRule, facts: FeeFacts) -> FeeComponent | None:
    """Return the inspection's fee by product class, or None where the policy names none (FEE-5)."""
    if not rule.fee_by_class:
        return None
    fee = rule.fee_by_class.get(facts.product_class or "")
    each = _known(fee, "product_class_unknown")
    yen = each * facts.quantity
    return FeeComponent("inspection", "product_class", yen, yen, each)


def credit_component(inspection: int, charges: int) -> FeeComponent:
    """Return what an inspection's fee takes off the other charges, never more than they are
    (FEE-5).
    """
    yen = -min(inspection, charges)
    return FeeComponent("inspection_credit", "inspection", yen, yen, inspection)


def waived(component: FeeComponent) -> FeeComponent:
    """Return a component that is still shown and no longer charged (FEE-6)."""
    return component._replace(amount=0, waived=True)


def _waiver_holds(
    waiver: Waiver, facts: FeeFacts, cover: PreviousCover | None, lapse_days: int
) -> bool:
    if waiver.goodwill and not (facts.goodwill is not None and facts.goodwill.counts):
        return False
    if facts.term.months_from(facts.new_start) < (waiver.term_months_gte or 0):
        return False
    seamless = lapse_days == 0 and cover in waiver.seamless_from
    return seamless or not waiver.seamless_from


def waived_parts(
    tier: Tier, facts: FeeFacts, cover: PreviousCover | None, lapse_days: int
) -> frozenset[Waivable]:
    """Return what the tier's waivers waive for the facts and the cover that ended; a waiver's
    conditions must all hold (FEE-6).
    """
    if not tier.waivers:
        return NOTHING_WAIVED
    return frozenset(
        part
        for waiver in tier.waivers
        if _waiver_holds(waiver, facts, cover, lapse_days)
        for part in waiver.waive
    )


def consumed_from(new_start: date, consumed_days: int) -> date:
    """Return the day from which a consumed term is counted: so many days before its start
    (FEE-2).
    """
    return new_start - timedelta(days=consumed_days)
