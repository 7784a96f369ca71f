"""FEE: reading policies, each mistake with its own code, and choosing the policy for a case."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fee_policy import (
    DEFAULT_POLICY,
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
    PolicyCase,
    PreviousCover,
    PriceBasis,
    Proration,
    Tier,
    Waivable,
    Waiver,
    choose_policy,
    policies_overlap,
)
from app.domain.fee_policy_reader import read_policy
from app.domain.policy_nodes import PolicyProblem

DAY = timedelta(days=1)
LAST: dict[str, Any] = {"max_lapse_days": None}
PERCENT: dict[str, Any] = {"kind": "percent", "of": "new_annual", "rate_bp": 1}
FIXED: dict[str, Any] = {"kind": "fixed", "amount": 1}


def codes(data: object) -> list[tuple[str, str]]:
    reading = read_policy(data)
    assert (reading.policy is None) is bool(reading.problems)
    return [(each.pointer, each.code) for each in reading.problems]


def test_fee_the_whole_object_is_read() -> None:
    reading = read_policy(
        {
            "code": "full",
            "version": 3,
            "effective_from": "2026-04-01",
            "effective_to": "2027-03-31",
            "applies_to": {
                "request_kind": ["reenrollment", "upgrade"],
                "product_kind": ["hardware"],
                "level": ["foundation_care"],
                "product_family": ["servers"],
            },
            "previous_cover": ["contract", "package"],
            "min_new_term_months": 12,
            "min_days_to_end_of_support": 90,
            "tiers": [
                {
                    "max_lapse_days": 365,
                    "outcome": "fee",
                    "gap": {
                        "mode": "charge",
                        "basis": "new_annual",
                        "multiplier_bp": 15000,
                        "cap_days": 180,
                    },
                    "penalties": [
                        {"kind": "percent", "of": "gap", "rate_bp": 5000, "min": 1, "max": 9},
                        {"kind": "fixed", "amount": 7, "per": "contract"},
                        {"kind": "fixed", "per": "product_class", "amount_by_class": {"a": 8}},
                    ],
                    "combine": "lesser",
                    "inspection": {
                        "required": True,
                        "fee_by_class": {"server": 50_000},
                        "valid_days": 14,
                        "creditable": True,
                    },
                    "waiting_days": 30,
                    "waivers": [
                        {
                            "when": {
                                "term_months_gte": 24,
                                "seamless_from": ["warranty"],
                                "goodwill": True,
                            },
                            "waive": ["gap", "penalties"],
                        }
                    ],
                },
                {"max_lapse_days": None, "outcome": "forbidden"},
            ],
            "proration": "d30_360",
            "rounding": "floor",
            "when_unknown_previous_end": "forbidden",
        }
    )
    assert reading.problems == ()
    assert reading.policy == FeePolicy(
        code="full",
        version=3,
        effective_from=date(2026, 4, 1),
        effective_to=date(2027, 3, 31),
        applies_to=AppliesTo(
            frozenset({"reenrollment", "upgrade"}),
            frozenset({"hardware"}),
            frozenset({"foundation_care"}),
            frozenset({"servers"}),
        ),
        previous_cover=frozenset({PreviousCover.CONTRACT, PreviousCover.PACKAGE}),
        min_new_term_months=12,
        min_days_to_end_of_support=90,
        tiers=(
            Tier(
                max_lapse_days=365,
                outcome=FeeOutcome.FEE,
                gap=GapRule(GapMode.CHARGE, PriceBasis.NEW_ANNUAL, 15_000, 180),
                penalties=(
                    PenaltyRule(PenaltyKind.PERCENT, PenaltyBase.GAP, 5000, 1, 9),
                    PenaltyRule(PenaltyKind.FIXED, amount=7, per=Per.CONTRACT),
                    PenaltyRule(PenaltyKind.FIXED, per=Per.PRODUCT_CLASS, amount_by_class={"a": 8}),
                ),
                combine=Combine.LESSER,
                inspection=InspectionRule(True, {"server": 50_000}, 14, True),
                waiting_days=30,
                waivers=(
                    Waiver(
                        frozenset({Waivable.GAP, Waivable.PENALTIES}),
                        24,
                        frozenset({PreviousCover.WARRANTY}),
                        True,
                    ),
                ),
            ),
            Tier(max_lapse_days=None, outcome=FeeOutcome.FORBIDDEN),
        ),
        proration=Proration.D30_360,
        when_unknown_previous_end=FeeOutcome.FORBIDDEN,
    )


def test_fee_9_omitted_keys_are_neutral() -> None:
    policy = read_policy({}).policy
    assert policy == replace(DEFAULT_POLICY, code="")
    assert policy.tiers == (Tier(),)
    (tier,) = policy.tiers
    assert tier == read_policy({"tiers": [{}]}).policy.tiers[0]  # type: ignore[union-attr]
    assert (tier.max_lapse_days, tier.outcome) == (None, FeeOutcome.MANUAL)
    assert (tier.gap, tier.penalties, tier.combine) == (GapRule(), (), Combine.SUM)
    assert tier.gap == GapRule(GapMode.NONE, PriceBasis.LAST_ANNUAL, 10_000, None)
    assert tier.inspection == InspectionRule(False, {}, 30, False)
    assert (tier.waiting_days, tier.waivers) == (0, ())
    assert policy.previous_cover == frozenset(PreviousCover)
    assert (policy.version, policy.min_new_term_months) == (1, 0)
    assert policy.min_days_to_end_of_support == 0
    assert (policy.effective_from, policy.effective_to) == (None, None)
    assert policy.applies_to == AppliesTo()
    assert (policy.proration, policy.rounding) == (Proration.ACT_365, "floor")
    assert policy.when_unknown_previous_end is FeeOutcome.MANUAL
    nulls = {"applies_to": None, "effective_to": None, "tiers": [{"gap": None, "inspection": None}]}
    assert read_policy(nulls).policy == policy
    (penalty,) = read_policy({"tiers": [{"penalties": [FIXED]}]}).policy.tiers[0].penalties  # type: ignore[union-attr]
    assert penalty == PenaltyRule(PenaltyKind.FIXED, amount=1, per=Per.UNIT, amount_by_class={})
    gap = {"gap": {"mode": "charge"}, "penalties": [{"kind": "percent", "rate_bp": 1}]}
    (penalty,) = read_policy({"tiers": [gap]}).policy.tiers[0].penalties  # type: ignore[union-attr]
    assert penalty == PenaltyRule(PenaltyKind.PERCENT, PenaltyBase.GAP, 1)


def test_fee_dates_may_come_from_yaml() -> None:
    policy = read_policy({"effective_from": date(2026, 4, 1)}).policy
    assert policy is not None
    assert policy.effective_from == date(2026, 4, 1)


def in_tier(**tier: Any) -> dict[str, Any]:
    return {"tiers": [tier]}


def in_gap(**gap: Any) -> dict[str, Any]:
    return in_tier(gap=gap)


def in_penalty(**penalty: Any) -> dict[str, Any]:
    return in_tier(penalties=[penalty])


def in_waiver(when: object, waive: object) -> dict[str, Any]:
    return in_tier(waivers=[{"when": when, "waive": waive}])


@pytest.mark.parametrize(
    ("data", "pointer", "code"),
    [
        ([], "", "not_an_object"),
        (None, "", "not_an_object"),
        ({"colour": 1}, "", "unknown_key"),
        ({"code": 1}, "/code", "not_a_text"),
        ({"version": "1"}, "/version", "not_a_whole_number"),
        ({"version": True}, "/version", "not_a_whole_number"),
        ({"version": 1.5}, "/version", "not_a_whole_number"),
        ({"version": -1}, "/version", "negative_version"),
        ({"effective_from": "2026-02-30"}, "/effective_from", "not_a_date"),
        ({"effective_from": "20260401"}, "/effective_from", "not_a_date"),
        ({"effective_from": "2026-W01-1"}, "/effective_from", "not_a_date"),
        ({"effective_from": 5}, "/effective_from", "not_a_date"),
        (
            {"effective_to": datetime(2026, 4, 1)},  # noqa: DTZ001 - YAML reads local times so
            "/effective_to",
            "not_a_date",
        ),
        (
            {"effective_from": "2026-04-01", "effective_to": "2026-03-31"},
            "/effective_to",
            "end_before_start",
        ),
        ({"applies_to": []}, "/applies_to", "not_an_object"),
        ({"applies_to": {"colour": []}}, "/applies_to", "unknown_key"),
        (
            {"applies_to": {"request_kind": ["gift"]}},
            "/applies_to/request_kind/0",
            "unknown_value",
        ),
        ({"applies_to": {"level": "x"}}, "/applies_to/level", "not_a_list"),
        ({"applies_to": {"level": ["x", ""]}}, "/applies_to/level/1", "not_a_text"),
        ({"applies_to": {"product_kind": [1]}}, "/applies_to/product_kind/0", "not_a_text"),
        (
            {"applies_to": {"product_family": ["x"] * 101}},
            "/applies_to/product_family",
            "too_many_items",
        ),
        ({"previous_cover": ["gift"]}, "/previous_cover/0", "unknown_value"),
        ({"min_new_term_months": -1}, "/min_new_term_months", "negative_months"),
        ({"min_new_term_months": 1201}, "/min_new_term_months", "number_too_large"),
        (
            {"min_days_to_end_of_support": -1},
            "/min_days_to_end_of_support",
            "negative_days",
        ),
        (
            {"min_days_to_end_of_support": 36_501},
            "/min_days_to_end_of_support",
            "number_too_large",
        ),
        ({"proration": "act"}, "/proration", "unknown_value"),
        ({"proration": None}, "/proration", "unknown_value"),
        ({"rounding": "up"}, "/rounding", "unknown_value"),
        ({"when_unknown_previous_end": "free"}, "/when_unknown_previous_end", "unknown_value"),
        ({"when_unknown_previous_end": "none"}, "/when_unknown_previous_end", "unknown_value"),
        ({"tiers": []}, "/tiers", "tiers_missing"),
        ({"tiers": [5]}, "/tiers/0", "not_an_object"),
        ({"tiers": [{"max_lapse_days": 5}]}, "/tiers", "tiers_leave_gap"),
        (
            {"tiers": [{"max_lapse_days": 5}, {"max_lapse_days": 5}, LAST]},
            "/tiers",
            "tiers_overlap",
        ),
        (
            {"tiers": [{"max_lapse_days": 9}, {"max_lapse_days": 5}, LAST]},
            "/tiers",
            "tiers_overlap",
        ),
        ({"tiers": [LAST, LAST]}, "/tiers", "tier_after_last"),
        (in_tier(max_lapse_days=-1), "/tiers/0/max_lapse_days", "negative_days"),
        (in_tier(colour=1), "/tiers/0", "unknown_key"),
        (in_tier(outcome="free"), "/tiers/0/outcome", "unknown_value"),
        (in_tier(combine="greater"), "/tiers/0/combine", "unknown_value"),
        (in_tier(waiting_days=-1), "/tiers/0/waiting_days", "negative_days"),
        (in_tier(waiting_days=36_501), "/tiers/0/waiting_days", "number_too_large"),
        (in_tier(penalties={}), "/tiers/0/penalties", "not_a_list"),
        (in_tier(penalties=[1]), "/tiers/0/penalties/0", "not_an_object"),
        (in_tier(waivers=[1]), "/tiers/0/waivers/0", "not_an_object"),
        (in_gap(colour=1), "/tiers/0/gap", "unknown_key"),
        (in_gap(mode="free"), "/tiers/0/gap/mode", "unknown_value"),
        (in_gap(basis="list"), "/tiers/0/gap/basis", "unknown_value"),
        (in_gap(multiplier_bp=-1), "/tiers/0/gap/multiplier_bp", "negative_rate"),
        (in_gap(multiplier_bp=1_000_001), "/tiers/0/gap/multiplier_bp", "number_too_large"),
        (in_gap(cap_days=-1), "/tiers/0/gap/cap_days", "negative_days"),
        (in_gap(cap_days=36_501), "/tiers/0/gap/cap_days", "number_too_large"),
        (in_penalty(**{**PERCENT, "amount": 1}), "/tiers/0/penalties/0", "unknown_key"),
        (in_penalty(**{**PERCENT, "of": "list"}), "/tiers/0/penalties/0/of", "unknown_value"),
        (in_penalty(**{**PERCENT, "rate_bp": -1}), "/tiers/0/penalties/0/rate_bp", "negative_rate"),
        (
            in_penalty(**{**PERCENT, "rate_bp": 1_000_001}),
            "/tiers/0/penalties/0/rate_bp",
            "number_too_large",
        ),
        (in_penalty(**{**PERCENT, "min": -1}), "/tiers/0/penalties/0/min", "negative_amount"),
        (in_penalty(**{**PERCENT, "max": -1}), "/tiers/0/penalties/0/max", "negative_amount"),
        (
            in_penalty(**{**PERCENT, "max": 1_000_000_000_001}),
            "/tiers/0/penalties/0/max",
            "number_too_large",
        ),
        (
            in_penalty(**{**PERCENT, "min": 1_000_000_000_001}),
            "/tiers/0/penalties/0/min",
            "number_too_large",
        ),
        (
            in_penalty(**{**PERCENT, "min": 2, "max": 1}),
            "/tiers/0/penalties/0",
            "minimum_over_maximum",
        ),
        (
            in_penalty(kind="percent", of="new_annual"),
            "/tiers/0/penalties/0",
            "percent_penalty_without_rate",
        ),
        (in_penalty(**{**FIXED, "rate_bp": 1}), "/tiers/0/penalties/0", "unknown_key"),
        (in_penalty(**{**FIXED, "per": "site"}), "/tiers/0/penalties/0/per", "unknown_value"),
        (in_penalty(kind="fixed", amount=-1), "/tiers/0/penalties/0/amount", "negative_amount"),
        (
            in_penalty(kind="fixed", amount=1_000_000_000_001),
            "/tiers/0/penalties/0/amount",
            "number_too_large",
        ),
        (in_penalty(kind="fixed"), "/tiers/0/penalties/0", "fixed_penalty_without_amount"),
        (
            in_penalty(kind="fixed", amount=5, per="product_class"),
            "/tiers/0/penalties/0",
            "fixed_penalty_without_amount",
        ),
        (
            in_penalty(kind="fixed", per="product_class", amount_by_class={"secret": -1}),
            "/tiers/0/penalties/0/amount_by_class",
            "negative_amount",
        ),
        (
            in_tier(penalties=[{"of": "new_annual", "rate_bp": 1}]),
            "/tiers/0/penalties/0",
            "penalty_without_kind",
        ),
        (in_tier(inspection={"colour": 1}), "/tiers/0/inspection", "unknown_key"),
        (in_tier(inspection={"required": 1}), "/tiers/0/inspection/required", "not_a_boolean"),
        (
            in_tier(inspection={"creditable": "y"}),
            "/tiers/0/inspection/creditable",
            "not_a_boolean",
        ),
        (in_tier(inspection={"valid_days": -1}), "/tiers/0/inspection/valid_days", "negative_days"),
        (
            in_tier(inspection={"valid_days": 36_501}),
            "/tiers/0/inspection/valid_days",
            "number_too_large",
        ),
        (
            in_tier(inspection={"fee_by_class": {"a": "1"}}),
            "/tiers/0/inspection/fee_by_class",
            "not_a_whole_number",
        ),
        (
            in_tier(inspection={"fee_by_class": {"a": 1_000_000_000_001}}),
            "/tiers/0/inspection/fee_by_class",
            "number_too_large",
        ),
        (in_waiver({}, ["gap"]), "/tiers/0/waivers/0", "waiver_without_condition"),
        (in_waiver({"goodwill": False}, ["gap"]), "/tiers/0/waivers/0", "waiver_without_condition"),
        (in_waiver({"goodwill": True}, []), "/tiers/0/waivers/0", "waiver_of_nothing"),
        (in_waiver({"goodwill": True}, ["all"]), "/tiers/0/waivers/0/waive/0", "unknown_value"),
        (
            in_waiver({"goodwill": True, "colour": 1}, ["gap"]),
            "/tiers/0/waivers/0/when",
            "unknown_key",
        ),
        (
            in_waiver({"term_months_gte": -1}, ["gap"]),
            "/tiers/0/waivers/0/when/term_months_gte",
            "negative_months",
        ),
        (
            in_waiver({"term_months_gte": 1201}, ["gap"]),
            "/tiers/0/waivers/0/when/term_months_gte",
            "number_too_large",
        ),
        (
            in_waiver({"seamless_from": ["gift"]}, ["gap"]),
            "/tiers/0/waivers/0/when/seamless_from/0",
            "unknown_value",
        ),
        (
            in_tier(waivers=[{"when": {"goodwill": True}, "waive": ["gap"], "colour": 1}]),
            "/tiers/0/waivers/0",
            "unknown_key",
        ),
        (in_tier(outcome="none", gap={"mode": "charge"}), "/tiers/0", "free_tier_with_charges"),
        (in_tier(outcome="none", penalties=[FIXED]), "/tiers/0", "free_tier_with_charges"),
        (in_tier(combine="lesser"), "/tiers/0", "combine_needs_gap_and_penalty"),
        (
            in_tier(combine="lesser", penalties=[FIXED]),
            "/tiers/0",
            "combine_needs_gap_and_penalty",
        ),
        (
            in_tier(combine="lesser", gap={"mode": "charge"}),
            "/tiers/0",
            "combine_needs_gap_and_penalty",
        ),
        (
            in_tier(combine="lesser", gap={"mode": "consume_term"}, penalties=[FIXED]),
            "/tiers/0",
            "combine_needs_gap_and_penalty",
        ),
        (
            in_tier(combine="customer_choice", penalties=[FIXED]),
            "/tiers/0",
            "combine_needs_gap_and_penalty",
        ),
        (
            in_penalty(kind="percent", of="gap", rate_bp=1),
            "/tiers/0",
            "penalty_of_missing_gap",
        ),
        (
            in_penalty(kind="percent", of="gap_plus_new", rate_bp=1),
            "/tiers/0",
            "penalty_of_missing_gap",
        ),
    ],
)
def test_fee_each_mistake_has_its_place_and_its_code(data: object, pointer: str, code: str) -> None:
    assert codes(data) == [(pointer, code)]


@pytest.mark.parametrize(
    "data",
    [
        in_penalty(**PERCENT),
        in_penalty(**FIXED),
        in_penalty(**{**PERCENT, "min": 1, "max": 1}),
        in_penalty(**{**PERCENT, "rate_bp": 0, "min": 0, "max": 1_000_000_000_000}),
        in_penalty(**{**PERCENT, "rate_bp": 1_000_000}),
        in_penalty(kind="fixed", amount=1_000_000_000_000),
        in_tier(outcome="none", gap={"mode": "consume_term", "cap_days": 36_500}),
        in_tier(combine="customer_choice", gap={"mode": "consume_term"}, penalties=[FIXED]),
        in_tier(combine="customer_choice", gap={"mode": "charge"}, penalties=[FIXED]),
        in_waiver({"term_months_gte": 0}, ["inspection"]),
        in_waiver({"term_months_gte": 1_200}, ["inspection"]),
        in_tier(penalties=[FIXED] * 100),
        {"tiers": [{"max_lapse_days": 0}, {"max_lapse_days": 36_500}, LAST]},
        {"tiers": ({"max_lapse_days": 0}, LAST), "previous_cover": []},
        {"effective_from": "2026-04-01", "effective_to": "2026-04-01"},
        {"version": 0, "min_new_term_months": 1_200, "min_days_to_end_of_support": 36_500},
    ],
)
def test_fee_the_edges_are_read(data: dict[str, Any]) -> None:
    assert codes(data) == []


def test_fee_all_mistakes_are_named_at_once() -> None:
    found = read_policy({"colour": 1, "taste": 2, "proration": "x", "tiers": [{"outcome": "x"}]})
    assert sorted(each.code for each in found.problems) == [
        "unknown_key",
        "unknown_key",
        "unknown_value",
        "unknown_value",
    ]
    assert PolicyProblem("/tiers/0/outcome", "unknown_value") in found.problems


def test_fee_an_empty_list_of_previous_cover_means_all() -> None:
    policy = read_policy({"previous_cover": []}).policy
    assert policy is not None
    assert policy.previous_cover == frozenset(PreviousCover)


def named(code: str, **more: Any) -> FeePolicy:
    policy = read_policy({"code": code, **more}).policy
    assert policy is not None
    return policy


ALL = named("all")
SPRING = named("spring", effective_from="2026-04-01", effective_to="2026-06-30")
UPGRADES = named("upgrades", applies_to={"request_kind": ["upgrade"]})
SERVERS = named(
    "servers",
    applies_to={
        "request_kind": ["upgrade", "reenrollment"],
        "product_kind": ["hardware"],
        "product_family": ["servers"],
        "level": ["proactive_care"],
    },
)
PACKAGES = named("packages", previous_cover=["package"], effective_from="2020-01-01")
CASE = PolicyCase(date(2026, 5, 1), "reenrollment")


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (CASE, "spring"),
        (replace(CASE, on=date(2026, 4, 1)), "spring"),
        (replace(CASE, on=date(2026, 6, 30)), "spring"),
        (replace(CASE, on=date(2026, 3, 31)), "packages"),
        (replace(CASE, on=date(2026, 7, 1), previous_cover=PreviousCover.CONTRACT), "all"),
        (replace(CASE, on=date(2026, 7, 1), previous_cover=PreviousCover.PACKAGE), "packages"),
        (replace(CASE, request_kind="upgrade"), "upgrades"),
        (
            PolicyCase(date(2026, 5, 1), "upgrade", "hardware", "proactive_care", "servers"),
            "servers",
        ),
        (
            PolicyCase(date(2026, 5, 1), "upgrade", "software", "proactive_care", "servers"),
            "upgrades",
        ),
        (
            PolicyCase(date(2026, 5, 1), "reenrollment", "hardware", "foundation", "servers"),
            "spring",
        ),
        (
            PolicyCase(date(2026, 5, 1), "reenrollment", "hardware", "proactive_care", "storage"),
            "spring",
        ),
    ],
)
def test_fee_the_policy_with_most_conditions_that_began_last_decides(
    case: PolicyCase, code: str
) -> None:
    policies = [ALL, SPRING, UPGRADES, SERVERS, PACKAGES]
    assert choose_policy(policies, case).code == code
    assert choose_policy(reversed(policies), case).code == code


def test_fee_9_without_a_fitting_policy_the_default_decides() -> None:
    assert choose_policy([], CASE) is DEFAULT_POLICY
    assert choose_policy([UPGRADES], CASE) is DEFAULT_POLICY
    newer = replace(ALL, version=2)
    assert choose_policy([newer, ALL], CASE) is newer
    assert choose_policy([ALL, newer], CASE) is newer
    assert choose_policy([named("b"), named("a")], CASE).code == "b"


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (ALL, ALL, True),
        (ALL, SPRING, True),
        (ALL, UPGRADES, False),
        (SPRING, replace(SPRING, effective_from=date(2026, 6, 30), effective_to=None), True),
        (SPRING, replace(SPRING, effective_from=date(2026, 7, 1), effective_to=None), False),
        (SPRING, replace(ALL, effective_to=date(2026, 4, 1)), True),
        (SPRING, replace(ALL, effective_to=date(2026, 3, 31)), False),
        (ALL, PACKAGES, True),
        (replace(ALL, previous_cover=frozenset({PreviousCover.CONTRACT})), PACKAGES, False),
    ],
)
def test_fee_two_policies_for_the_same_cases_overlap_on_a_common_day(
    one: FeePolicy, other: FeePolicy, overlap: bool
) -> None:
    assert policies_overlap(one, other) is policies_overlap(other, one) is overlap


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
keys = st.sampled_from(
    ["code", "tiers", "gap", "penalties", "waivers", "applies_to", "proration", "when", "mode"]
)


@given(st.dictionaries(keys, json_values) | json_values)
def test_fee_any_object_is_read_or_refused(data: object) -> None:
    reading = read_policy(data)
    assert (reading.policy is None) is bool(reading.problems)
