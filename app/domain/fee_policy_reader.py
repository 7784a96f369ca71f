"""Reading a fee policy from a plain object (JSON or YAML): every mistake has its place and its
code.

An omitted key takes the neutral value: no gap, no penalty, no inspection, nothing waived, act/365,
floor, manual. An unknown key is refused (FEE-1 to FEE-9).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from app.domain.end_of_support import RequestKind
from app.domain.fee_policy import (
    AppliesTo,
    Combine,
    FeeOutcome,
    FeePolicy,
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
from app.domain.policy_nodes import (
    MOST_BASIS_POINTS,
    MOST_DAYS,
    MOST_MONTHS,
    MOST_YEN,
    PolicyNode,
    PolicyProblem,
)


@dataclass(frozen=True, slots=True)
class PolicyReading:
    """What came of reading a policy: the policy, or else the problems."""

    policy: FeePolicy | None
    problems: tuple[PolicyProblem, ...]


def _gap(node: PolicyNode) -> GapRule:
    node.known("mode", "basis", "multiplier_bp", "cap_days")
    return GapRule(
        mode=node.choice("mode", GapMode.NONE),
        basis=node.choice("basis", PriceBasis.LAST_ANNUAL),
        multiplier_bp=node.number("multiplier_bp", MOST_BASIS_POINTS, "negative_rate", 10_000),
        cap_days=node.optional_number("cap_days", MOST_DAYS, "negative_days"),
    )


def _penalty(node: PolicyNode) -> PenaltyRule:
    if node.is_sound and "kind" not in node.members:
        node.report("penalty_without_kind")
    kind = node.choice("kind", PenaltyKind.PERCENT)
    if not node.is_sound:
        # Which other members belong to the penalty depends on its kind.
        return PenaltyRule(kind)
    if kind is PenaltyKind.FIXED:
        node.known("kind", "amount", "per", "amount_by_class")
        per = node.choice("per", Per.UNIT)
        wanted = "amount_by_class" if per is Per.PRODUCT_CLASS else "amount"
        if wanted not in node.members:
            node.report("fixed_penalty_without_amount")
        return PenaltyRule(
            kind=kind,
            amount=node.number("amount", MOST_YEN, "negative_amount"),
            per=per,
            amount_by_class=node.yen_by_class("amount_by_class"),
        )
    node.known("kind", "of", "rate_bp", "min", "max")
    if "rate_bp" not in node.members:
        node.report("percent_penalty_without_rate")
    minimum = node.optional_number("min", MOST_YEN, "negative_amount")
    maximum = node.optional_number("max", MOST_YEN, "negative_amount")
    if minimum is not None and maximum is not None and minimum > maximum:
        node.report("minimum_over_maximum")
    return PenaltyRule(
        kind=kind,
        of=node.choice("of", PenaltyBase.GAP),
        rate_bp=node.number("rate_bp", MOST_BASIS_POINTS, "negative_rate"),
        minimum=minimum,
        maximum=maximum,
    )


def _inspection(node: PolicyNode) -> InspectionRule:
    node.known("required", "fee_by_class", "valid_days", "creditable")
    return InspectionRule(
        required=node.flag("required"),
        fee_by_class=node.yen_by_class("fee_by_class"),
        valid_days=node.number("valid_days", MOST_DAYS, "negative_days", 30),
        creditable=node.flag("creditable"),
    )


def _waiver(node: PolicyNode) -> Waiver:
    node.known("when", "waive")
    when = node.child("when")
    when.known("term_months_gte", "seamless_from", "goodwill")
    waiver = Waiver(
        waive=node.choices("waive", Waivable.GAP),
        term_months_gte=when.optional_number("term_months_gte", MOST_MONTHS, "negative_months"),
        seamless_from=when.choices("seamless_from", PreviousCover.CONTRACT),
        goodwill=when.flag("goodwill"),
    )
    if not node.is_sound:
        return waiver
    if waiver.term_months_gte is None and not waiver.seamless_from and not waiver.goodwill:
        # A waiver without any condition would waive for everyone, which nobody means.
        node.report("waiver_without_condition")
    if not waiver.waive:
        node.report("waiver_of_nothing")
    return waiver


def _tier(node: PolicyNode) -> Tier:
    node.known(
        "max_lapse_days",
        "outcome",
        "gap",
        "penalties",
        "combine",
        "inspection",
        "waiting_days",
        "waivers",
    )

    def nested(value: object, at: str) -> PolicyNode:
        return PolicyNode(value, f"{node.pointer}/{at}", node.problems)

    tier = Tier(
        max_lapse_days=node.optional_number("max_lapse_days", MOST_DAYS, "negative_days"),
        outcome=node.choice("outcome", FeeOutcome.MANUAL),
        gap=_gap(node.child("gap")),
        penalties=node.items("penalties", lambda value, at: _penalty(nested(value, at))),
        combine=node.choice("combine", Combine.SUM),
        inspection=_inspection(node.child("inspection")),
        waiting_days=node.number("waiting_days", MOST_DAYS, "negative_days"),
        waivers=node.items("waivers", lambda value, at: _waiver(nested(value, at))),
    )
    if node.is_sound:
        _check_tier(node, tier)
    return tier


def _check_tier(node: PolicyNode, tier: Tier) -> None:
    charges = tier.gap.mode is GapMode.CHARGE
    if tier.outcome is FeeOutcome.NONE and (charges or tier.penalties):
        node.report("free_tier_with_charges")
    if tier.combine is not Combine.SUM:
        # "The lesser of the gap and nothing" would always be nothing.
        comparable = charges or (
            tier.combine is Combine.CUSTOMER_CHOICE and tier.gap.mode is not GapMode.NONE
        )
        if not (comparable and tier.penalties):
            node.report("combine_needs_gap_and_penalty")
    of_gap = {PenaltyBase.GAP, PenaltyBase.GAP_PLUS_NEW}
    if tier.gap.mode is GapMode.NONE and any(
        penalty.kind is PenaltyKind.PERCENT and penalty.of in of_gap for penalty in tier.penalties
    ):
        node.report("penalty_of_missing_gap")


def _check_tiers(node: PolicyNode, tiers: tuple[Tier, ...]) -> None:
    if not tiers:
        node.report("tiers_missing", "tiers")
        return
    if tiers[-1].max_lapse_days is not None:
        node.report("tiers_leave_gap", "tiers")
    limits = [tier.max_lapse_days for tier in tiers[:-1]]
    if None in limits:
        node.report("tier_after_last", "tiers")
    known = [tier.max_lapse_days for tier in tiers if tier.max_lapse_days is not None]
    if any(later <= earlier for earlier, later in pairwise(known)):
        node.report("tiers_overlap", "tiers")


def _applies_to(node: PolicyNode) -> AppliesTo:
    node.known("request_kind", "product_kind", "level", "product_family")
    kinds = node.choices("request_kind", RequestKind.REENROLLMENT)
    return AppliesTo(
        request_kind=frozenset(kind.value for kind in kinds),
        product_kind=node.texts("product_kind"),
        level=node.texts("level"),
        product_family=node.texts("product_family"),
    )


def _unknown_end(node: PolicyNode) -> FeeOutcome:
    outcome = node.choice("when_unknown_previous_end", FeeOutcome.MANUAL)
    if outcome not in {FeeOutcome.MANUAL, FeeOutcome.FORBIDDEN}:
        # Without a previous end there is no lapse, so nothing can be computed (FEE-8).
        node.report("unknown_value", "when_unknown_previous_end")
    return outcome


def read_policy(data: object) -> PolicyReading:
    """Return the policy that a plain object describes, or all problems that it has (FEE-1 to
    FEE-9).

    An omitted code is an empty one: enough for a simulation, and for the caller to refuse
    elsewhere.
    """
    problems: list[PolicyProblem] = []
    node = PolicyNode(data, "", problems)
    node.known(*_POLICY_KEYS)
    tiers: tuple[Tier, ...] = (Tier(),)
    if "tiers" in node.members:
        tiers = node.items("tiers", lambda value, at: _tier(PolicyNode(value, f"/{at}", problems)))
        if node.is_sound:
            _check_tiers(node, tiers)
    covers = node.choices("previous_cover", PreviousCover.CONTRACT)
    if node.members.get("rounding", "floor") != "floor":
        node.report("unknown_value", "rounding")
    policy = FeePolicy(
        code=node.text("code"),
        version=node.number("version", MOST_YEN, "negative_version", 1),
        effective_from=node.day("effective_from"),
        effective_to=node.day("effective_to"),
        applies_to=_applies_to(node.child("applies_to")),
        previous_cover=covers or frozenset(PreviousCover),
        min_new_term_months=node.number("min_new_term_months", MOST_MONTHS, "negative_months"),
        min_days_to_end_of_support=node.number(
            "min_days_to_end_of_support", MOST_DAYS, "negative_days"
        ),
        tiers=tiers,
        proration=node.choice("proration", Proration.ACT_365),
        when_unknown_previous_end=_unknown_end(node),
    )
    first, last = policy.effective_from, policy.effective_to
    if first is not None and last is not None and last < first:
        node.report("end_before_start", "effective_to")
    return PolicyReading(None if problems else policy, tuple(problems))


_POLICY_KEYS: Final = (
    "code",
    "version",
    "effective_from",
    "effective_to",
    "applies_to",
    "previous_cover",
    "min_new_term_months",
    "min_days_to_end_of_support",
    "tiers",
    "proration",
    "rounding",
    "when_unknown_previous_end",
)
