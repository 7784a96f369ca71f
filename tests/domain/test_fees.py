"""FEE: the table of the rules, every mode by example, and what holds for every policy."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fee_components import FactMissing, gap_component
from app.domain.fee_facts import FeeChoice, FeeDecision, FeeFacts, Goodwill, Term, term_between
from app.domain.fee_policy import (
    DEFAULT_POLICY,
    FeeOutcome,
    FeePolicy,
    GapMode,
    GapRule,
    PreviousCover,
    Proration,
    Tier,
)
from app.domain.fee_policy_reader import read_policy
from app.domain.fees import assess_fee, lapse_of, previous_cover_of, tier_for, total_fee
from app.domain.findings import Alternative
from app.domain.periods import end_of_term
from app.domain.proration import year_part

OLD_END = date(2026, 3, 31)
DAY = timedelta(days=1)
STARTS = {4: date(2026, 4, 5), 100: date(2026, 7, 10), 400: date(2027, 5, 6)}
CHARGE = {"mode": "charge"}


def policy(*tiers: dict[str, Any], **more: Any) -> FeePolicy:
    reading = read_policy({"code": "t", "tiers": list(tiers), **more})
    assert reading.problems == ()
    assert reading.policy is not None
    return reading.policy


def facts(lapse: int, **more: Any) -> FeeFacts:
    known: dict[str, Any] = {
        "new_start": OLD_END + (lapse + 1) * DAY,
        "term": Term(days=365),
        "previous_end": OLD_END,
        "previous_cover": PreviousCover.CONTRACT,
        "last_annual": 1_200_000,
        "new_annual": 1_260_000,
    }
    return FeeFacts(**{**known, **more})


def percent(of: str, rate_bp: int, **more: Any) -> dict[str, Any]:
    return {"kind": "percent", "of": of, "rate_bp": rate_bp, **more}


GAP_150 = policy(
    {"max_lapse_days": 365, "outcome": "fee", "gap": {**CHARGE, "multiplier_bp": 15000}},
    {"max_lapse_days": None, "outcome": "manual"},
)
GAP_AND_HALF = policy(
    {"max_lapse_days": 365, "outcome": "fee", "gap": CHARGE, "penalties": [percent("gap", 5000)]},
    {"max_lapse_days": None, "outcome": "forbidden"},
)
LESSER = policy(
    {
        "max_lapse_days": None,
        "outcome": "fee",
        "gap": CHARGE,
        "penalties": [percent("new_annual", 2500)],
        "combine": "lesser",
    }
)
GRACE_60 = policy(
    {"max_lapse_days": 60, "outcome": "none"},
    {"max_lapse_days": None, "outcome": "fee", "gap": CHARGE},
)
CONSUMED = policy(
    {"max_lapse_days": 10, "outcome": "none"},
    {"max_lapse_days": None, "outcome": "fee", "gap": {"mode": "consume_term", "cap_days": 180}},
)


@pytest.mark.parametrize(
    ("case", "amounts"),
    [
        (GAP_150, (19_726, 493_150, "manual")),
        (GAP_AND_HALF, (19_725, 493_150, "forbidden")),
        (LESSER, (13_150, 315_000, 315_000)),
        (GRACE_60, (0, 328_767, 1_315_068)),
    ],
    ids=["gap 150 %", "gap + 50 % of it", "lesser", "grace"],
)
def test_fee_the_table_of_the_rules(case: FeePolicy, amounts: tuple[int | str, ...]) -> None:
    for (lapse, start), wanted in zip(STARTS.items(), amounts, strict=True):
        found = assess_fee(case, facts(lapse))
        assert facts(lapse).new_start == start
        assert found.lapse_days == lapse
        if isinstance(wanted, str):
            assert (found.outcome, found.amount) == (wanted, None)
        else:
            assert found.amount == wanted == sum(each.amount for each in found.components)
            assert found.new_end == start + 364 * DAY


def test_fee_2_the_table_of_the_rules_for_a_consumed_term() -> None:
    ends = {4: date(2027, 4, 4), 100: date(2027, 3, 31), 400: date(2027, 11, 6)}
    for (lapse, end), consumed in zip(ends.items(), (0, 100, 180), strict=True):
        found = assess_fee(CONSUMED, facts(lapse))
        assert (found.new_end, found.amount, found.consumed_days) == (end, 0, consumed)
        assert ("FEE-10" in found.rules) is (consumed > 0)
        assert found.components == ()


def test_fee_1_default_policy_names_no_amount() -> None:
    found = assess_fee(DEFAULT_POLICY, facts(100))
    assert found.outcome is FeeOutcome.MANUAL
    assert (found.amount, found.components, found.reasons) == (None, (), ("fee_set_by_person",))
    assert (found.policy_code, found.policy_version) == ("default-manual", 1)
    assert found.rules == ("FEE-1",)


@pytest.mark.parametrize(
    ("outcome", "amount", "reasons"),
    [
        ("none", 0, ()),
        ("fee", 0, ()),
        ("inspection", 0, ()),
        ("manual", None, ("fee_set_by_person",)),
        ("forbidden", None, ("forbidden_by_policy",)),
    ],
)
def test_fee_1_every_outcome(outcome: str, amount: int | None, reasons: tuple[str, ...]) -> None:
    found = assess_fee(policy({"outcome": outcome}, version=7), facts(10))
    assert (found.outcome, found.amount, found.reasons) == (outcome, amount, reasons)
    assert found.inspection_required is (outcome == "inspection")
    assert (found.policy_code, found.policy_version, found.lapse_days) == ("t", 7, 10)


@pytest.mark.parametrize(
    ("lapse", "code"), [(0, "none"), (60, "none"), (61, "fee"), (10_000, "fee")]
)
def test_fee_1_the_first_tier_that_reaches_the_lapse(lapse: int, code: str) -> None:
    assert tier_for(GRACE_60, lapse).outcome == code
    assert assess_fee(GRACE_60, facts(lapse)).outcome == code


def test_fee_1_without_a_tier_a_person_decides() -> None:
    closed = replace(GRACE_60, tiers=(Tier(max_lapse_days=5, outcome=FeeOutcome.NONE),))
    assert tier_for(closed, 5).outcome is FeeOutcome.NONE
    assert tier_for(closed, 6).outcome is FeeOutcome.MANUAL


def test_fee_1_cover_that_still_runs_leaves_no_lapse() -> None:
    assert lapse_of(OLD_END, OLD_END) == 0
    assert lapse_of(OLD_END, OLD_END + DAY) == 0
    assert lapse_of(OLD_END, OLD_END + 2 * DAY) == 1


@pytest.mark.parametrize(
    ("gap", "lapse", "amount", "basis", "days"),
    [
        (CHARGE, 100, 328_767, "last_annual", 100),
        ({**CHARGE, "basis": "new_annual"}, 100, 345_205, "new_annual", 100),
        ({**CHARGE, "multiplier_bp": 0}, 100, 0, "last_annual", 100),
        ({**CHARGE, "cap_days": 90}, 100, 295_890, "last_annual", 90),
        ({**CHARGE, "cap_days": 100}, 100, 328_767, "last_annual", 100),
        ({**CHARGE, "cap_days": 101}, 100, 328_767, "last_annual", 100),
        (CHARGE, 365, 1_200_000, "last_annual", 365),
    ],
)
def test_fee_2_gap(gap: dict[str, Any], lapse: int, amount: int, basis: str, days: int) -> None:
    found = assess_fee(policy({"outcome": "fee", "gap": gap}), facts(lapse))
    assert found.amount == amount
    (item,) = found.components
    assert (item.kind, item.basis, item.days) == ("gap", basis, days)
    assert item.amount == item.calculated == amount
    assert item.basis_amount == (1_200_000 if basis == "last_annual" else 1_260_000)
    assert item.rate_bp == gap.get("multiplier_bp", 10_000)
    assert found.rules == ("FEE-1", "FEE-2", "FEE-7")
    assert not item.waived
    assert not item.per_contract


def test_fee_2_a_seamless_start_has_no_gap() -> None:
    found = assess_fee(policy({"outcome": "fee", "gap": CHARGE}), facts(0))
    assert (found.amount, found.components) == (0, ())
    capped = policy({"outcome": "fee", "gap": {**CHARGE, "cap_days": 0}})
    assert assess_fee(capped, facts(50)).components == ()


def test_fee_2_a_consumed_term_in_months_is_counted_from_the_old_end() -> None:
    consuming = policy({"outcome": "fee", "gap": {"mode": "consume_term"}})
    found = assess_fee(consuming, facts(100, term=Term(months=12)))
    assert found.new_end == date(2027, 3, 31)
    assert found.rules == ("FEE-1", "FEE-2", "FEE-10")
    capped = policy({"outcome": "fee", "gap": {"mode": "consume_term", "cap_days": 30}})
    found = assess_fee(capped, facts(100, term=Term(months=12)))
    assert found.new_end == end_of_term(date(2026, 7, 10) - 30 * DAY, 12)


@pytest.mark.parametrize(
    ("penalty", "amount", "basis", "basis_amount"),
    [
        (percent("gap", 5000), 164_383, "gap", 328_767),
        (percent("last_annual", 1000), 120_000, "last_annual", 1_200_000),
        (percent("new_annual", 1000), 126_000, "new_annual", 1_260_000),
        (percent("gap_plus_new", 1000), 158_876, "gap_plus_new", 1_588_767),
        (percent("last_annual", 1000, min=130_000), 130_000, "last_annual", 1_200_000),
        (percent("last_annual", 1000, min=110_000), 120_000, "last_annual", 1_200_000),
        (percent("last_annual", 1000, max=90_000), 90_000, "last_annual", 1_200_000),
        (percent("last_annual", 1000, max=0), 0, "last_annual", 1_200_000),
        (percent("last_annual", 1000, max=130_000), 120_000, "last_annual", 1_200_000),
        ({"kind": "fixed", "amount": 5_000}, 15_000, "fixed_per_unit", 5_000),
        ({"kind": "fixed", "amount": 5_000, "per": "unit"}, 15_000, "fixed_per_unit", 5_000),
        (
            {"kind": "fixed", "amount": 5_000, "per": "contract"},
            5_000,
            "fixed_per_contract",
            5_000,
        ),
        (
            {"kind": "fixed", "per": "product_class", "amount_by_class": {"server": 7_000}},
            21_000,
            "fixed_per_product_class",
            7_000,
        ),
    ],
)
def test_fee_3_penalties(
    penalty: dict[str, Any], amount: int, basis: str, basis_amount: int
) -> None:
    case = policy({"outcome": "fee", "gap": CHARGE, "penalties": [penalty]})
    found = assess_fee(case, facts(100, quantity=3, product_class="server"))
    gap, item = found.components
    assert gap.amount == 328_767
    assert (item.kind, item.amount, item.basis) == ("penalty", amount, basis)
    assert (item.basis_amount, item.calculated) == (basis_amount, amount)
    assert item.rate_bp == penalty.get("rate_bp")
    assert item.per_contract is (basis == "fixed_per_contract")
    assert found.amount == 328_767 + amount
    assert found.rules == ("FEE-1", "FEE-2", "FEE-3", "FEE-7")


def test_fee_3_a_percentage_of_no_gap_is_nothing() -> None:
    case = policy({"outcome": "fee", "gap": CHARGE, "penalties": [percent("gap", 10_000)]})
    assert assess_fee(case, facts(0)).amount == 0


def test_fee_3_several_penalties_add_up() -> None:
    case = policy(
        {
            "outcome": "fee",
            "penalties": [percent("new_annual", 1), percent("last_annual", 1)],
        }
    )
    found = assess_fee(case, facts(10))
    assert [each.amount for each in found.components] == [126, 120]
    assert found.rules == ("FEE-1", "FEE-3", "FEE-7")


def test_fee_3_a_penalty_on_a_consumed_term_is_taken_of_the_days_price() -> None:
    case = policy(
        {"outcome": "fee", "gap": {"mode": "consume_term"}, "penalties": [percent("gap", 1000)]}
    )
    found = assess_fee(case, facts(100))
    assert [(each.kind, each.amount) for each in found.components] == [("penalty", 32_876)]
    assert (found.consumed_days, found.new_end) == (100, date(2027, 3, 31))


def test_fee_4_the_lesser_shows_both() -> None:
    found = assess_fee(LESSER, facts(100))
    assert [(each.choice, each.amount) for each in found.options] == [
        ("gap", 328_767),
        ("penalties", 315_000),
    ]
    assert found.chosen is FeeChoice.PENALTIES
    assert [each.kind for each in found.components] == ["penalty"]
    assert found.rules == ("FEE-1", "FEE-2", "FEE-3", "FEE-4", "FEE-7")
    assert assess_fee(LESSER, facts(4)).chosen is FeeChoice.GAP


CHOICE = policy(
    {
        "outcome": "fee",
        "gap": {"mode": "consume_term"},
        "penalties": [percent("new_annual", 2000)],
        "combine": "customer_choice",
        "waiting_days": 5,
    }
)


@pytest.mark.parametrize(
    ("choice", "amount", "end", "consumed"),
    [
        (None, None, None, 0),
        (FeeChoice.GAP, 0, date(2027, 3, 31), 100),
        (FeeChoice.PENALTIES, 252_000, date(2027, 7, 9), 0),
    ],
)
def test_fee_4_the_customer_chooses(
    choice: FeeChoice | None, amount: int | None, end: date | None, consumed: int
) -> None:
    found = assess_fee(CHOICE, facts(100, choice=choice))
    assert (found.amount, found.new_end, found.chosen) == (amount, end, choice)
    assert found.consumed_days == consumed
    assert found.outcome is FeeOutcome.FEE
    assert found.reasons == (("fee_choice_needed",) if choice is None else ())
    assert [(each.amount, each.new_end) for each in found.options] == [
        (0, date(2027, 3, 31)),
        (252_000, date(2027, 7, 9)),
    ]
    assert found.cover_from == date(2026, 7, 15)


def test_fee_4_a_choice_means_nothing_where_the_policy_sums() -> None:
    found = assess_fee(GAP_150, facts(100, choice=FeeChoice.PENALTIES))
    assert (found.amount, found.chosen, found.options) == (493_150, None, ())


def inspected(**more: Any) -> FeePolicy:
    rule = {"required": True, "fee_by_class": {"server": 50_000}, "valid_days": 20, **more}
    return policy({"outcome": "fee", "gap": CHARGE, "inspection": rule})


@pytest.mark.parametrize(
    ("creditable", "lapse", "amounts"),
    [
        (False, 100, [328_767, 50_000]),
        (True, 100, [328_767, 50_000, -50_000]),
        (True, 4, [13_150, 50_000, -13_150]),
        (True, 0, [50_000]),
    ],
)
def test_fee_5_inspection(creditable: bool, lapse: int, amounts: list[int]) -> None:
    found = assess_fee(inspected(creditable=creditable), facts(lapse, product_class="server"))
    assert [each.amount for each in found.components] == amounts
    assert [each.calculated for each in found.components] == amounts
    assert found.amount == sum(amounts)
    assert (found.inspection_required, found.inspection_valid_days) == (True, 20)
    assert "FEE-5" in found.rules
    kinds = [each.kind for each in found.components if each.kind != "gap"]
    assert kinds == ["inspection", "inspection_credit"][: len(kinds)]
    bases = [each.basis for each in found.components if each.kind != "gap"]
    assert bases == ["product_class", "inspection"][: len(bases)]
    assert all(each.basis_amount == 50_000 for each in found.components if each.kind != "gap")


def test_fee_5_a_fee_for_an_inspection_that_nobody_asks_for_is_not_charged() -> None:
    found = assess_fee(inspected(required=False), facts(4))
    assert (found.amount, found.inspection_required) == (13_150, False)


def test_fee_5_inspection_is_charged_by_unit() -> None:
    found = assess_fee(inspected(), facts(0, product_class="server", quantity=2))
    assert found.amount == 100_000
    assert found.components[0].basis == "product_class"


@pytest.mark.parametrize("product_class", [None, "storage"])
def test_fee_5_an_unknown_class_goes_to_a_person(product_class: str | None) -> None:
    found = assess_fee(inspected(), facts(4, product_class=product_class))
    assert (found.outcome, found.reasons) == (FeeOutcome.MANUAL, ("product_class_unknown",))
    assert found.amount is None
    by_class = {"kind": "fixed", "per": "product_class", "amount_by_class": {"server": 1}}
    case = policy({"outcome": "fee", "penalties": [by_class]})
    assert assess_fee(case, facts(4, product_class=product_class)).reasons == (
        "product_class_unknown",
    )


def test_fee_5_an_inspection_without_a_fee() -> None:
    found = assess_fee(policy({"outcome": "inspection"}), facts(4))
    assert (found.amount, found.components) == (0, ())
    assert (found.inspection_required, found.inspection_valid_days) == (True, 30)
    assert found.rules == ("FEE-1", "FEE-5")
    free = assess_fee(policy({"outcome": "fee"}), facts(4))
    assert (free.inspection_required, free.inspection_valid_days) == (False, None)


def waiving(when: dict[str, Any], *parts: str) -> FeePolicy:
    return policy(
        {
            "outcome": "fee",
            "gap": CHARGE,
            "penalties": [percent("gap", 5000), percent("new_annual", 100)],
            "inspection": {"required": True, "fee_by_class": {"server": 50_000}},
            "waivers": [{"when": when, "waive": list(parts)}],
        }
    )


@pytest.mark.parametrize(
    ("parts", "amounts"),
    [
        (("gap",), [0, 164_383, 12_600, 50_000]),
        (("penalties",), [328_767, 0, 0, 50_000]),
        (("inspection",), [328_767, 164_383, 12_600, 0]),
        (("gap", "penalties", "inspection"), [0, 0, 0, 0]),
    ],
)
def test_fee_6_a_waived_part_is_shown_and_not_charged(
    parts: tuple[str, ...], amounts: list[int]
) -> None:
    case = waiving({"term_months_gte": 24}, *parts)
    found = assess_fee(case, facts(100, term=Term(months=24), product_class="server"))
    assert [each.amount for each in found.components] == amounts
    assert [each.calculated for each in found.components] == [328_767, 164_383, 12_600, 50_000]
    assert [each.waived for each in found.components] == [amount == 0 for amount in amounts]
    assert "FEE-6" in found.rules
    full = assess_fee(case, facts(100, term=Term(months=23), product_class="server"))
    assert full.amount == 328_767 + 164_383 + 12_600 + 50_000
    assert "FEE-6" not in full.rules
    assert not any(each.waived for each in full.components)


def test_fee_6_a_waived_inspection_credits_nothing() -> None:
    case = policy(
        {
            "outcome": "fee",
            "gap": CHARGE,
            "inspection": {
                "required": True,
                "fee_by_class": {"server": 50_000},
                "creditable": True,
            },
            "waivers": [{"when": {"term_months_gte": 1}, "waive": ["inspection"]}],
        }
    )
    assert assess_fee(case, facts(100, product_class="server")).amount == 328_767


@pytest.mark.parametrize(
    ("when", "more", "holds"),
    [
        ({"term_months_gte": 12}, {"term": Term(days=365)}, True),
        ({"term_months_gte": 12}, {"term": Term(days=364)}, False),
        ({"seamless_from": ["package"]}, {"previous_cover": PreviousCover.PACKAGE}, False),
        ({"goodwill": True}, {"goodwill": Goodwill("Mori", "long customer")}, True),
        ({"goodwill": True}, {"goodwill": Goodwill("M", "r"), "term": Term(days=9)}, True),
        ({"goodwill": True}, {"goodwill": Goodwill("Mori", " ")}, False),
        ({"goodwill": True}, {"goodwill": Goodwill(" ", "long customer")}, False),
        ({"goodwill": True}, {}, False),
        ({"goodwill": True, "term_months_gte": 24}, {"goodwill": Goodwill("M", "r")}, False),
        (
            {"goodwill": True, "term_months_gte": 24},
            {"goodwill": Goodwill("M", "r"), "term": Term(months=24)},
            True,
        ),
    ],
)
def test_fee_6_every_condition_of_a_waiver_must_hold(
    when: dict[str, Any], more: dict[str, Any], holds: bool
) -> None:
    found = assess_fee(waiving(when, "gap"), facts(100, product_class="server", **more))
    assert found.components[0].waived is holds


@pytest.mark.parametrize(
    ("cover", "lapse", "amount"),
    [
        (PreviousCover.PACKAGE, 0, 0),
        (PreviousCover.WARRANTY, 0, 0),
        (PreviousCover.CONTRACT, 0, 12_600),
        (None, 0, 12_600),
        (PreviousCover.PACKAGE, 1, 12_600),
    ],
)
def test_fee_6_seamless_from_other_cover(
    cover: PreviousCover | None, lapse: int, amount: int
) -> None:
    case = policy(
        {
            "outcome": "fee",
            "penalties": [percent("new_annual", 100)],
            "waivers": [
                {"when": {"seamless_from": ["package", "warranty"]}, "waive": ["penalties"]}
            ],
        }
    )
    assert assess_fee(case, facts(lapse, previous_cover=cover)).amount == amount


def test_fee_6_a_waived_gap_consumes_no_term_and_is_the_lesser() -> None:
    waiver = {"when": {"term_months_gte": 1}, "waive": ["gap"]}
    consuming = policy({"outcome": "fee", "gap": {"mode": "consume_term"}, "waivers": [waiver]})
    found = assess_fee(consuming, facts(100))
    assert (found.consumed_days, found.new_end) == (0, date(2027, 7, 9))
    lesser = replace(LESSER, tiers=(replace(LESSER.tiers[0], waivers=consuming.tiers[0].waivers),))
    assert assess_fee(lesser, facts(100)).amount == 0


def test_fee_6_a_warranty_is_seamless_cover_too() -> None:
    waiver = {"when": {"seamless_from": ["warranty"]}, "waive": ["penalties"]}
    case = policy(
        {"outcome": "fee", "penalties": [percent("new_annual", 100)], "waivers": [waiver]}
    )
    new = facts(0, previous_end=None, previous_cover=None, never_covered=True, warranty_end=OLD_END)
    assert assess_fee(case, new).amount == 0


@pytest.mark.parametrize(
    ("days", "cover_from"), [(0, STARTS[4]), (1, STARTS[4] + DAY), (30, STARTS[4] + 30 * DAY)]
)
def test_fee_6_waiting_days_move_the_first_day_of_service(days: int, cover_from: date) -> None:
    found = assess_fee(policy({"outcome": "fee", "waiting_days": days}), facts(4))
    assert (found.waiting_days, found.cover_from) == (days, cover_from)
    assert ("FEE-6" in found.rules) is (days > 0)


@pytest.mark.parametrize(
    ("term", "refused"),
    [
        (Term(months=11), True),
        (Term(months=12), False),
        (Term(days=364), True),
        (Term(days=365), False),
    ],
)
def test_fee_6_minimum_new_term(term: Term, refused: bool) -> None:
    case = policy({"outcome": "none"}, version=3, min_new_term_months=12)
    found = assess_fee(case, facts(4, term=term))
    assert (found.policy_code, found.policy_version) == ("t", 3)
    assert (found.outcome is FeeOutcome.FORBIDDEN) is refused
    assert found.reasons == (("term_below_minimum",) if refused else ())
    longer = Alternative("longer_term", "FEE-6", start=STARTS[4], term_months=12)
    assert found.alternatives == ((longer,) if refused else ())
    assert found.rules == (("FEE-6",) if refused else ("FEE-1",))


@pytest.mark.parametrize(
    ("days_left", "outcome", "reasons"),
    [
        (90, "none", ()),
        (89, "forbidden", ("end_of_support_too_near",)),
        (None, "manual", ("end_of_support_unknown",)),
    ],
)
def test_fee_6_minimum_days_to_end_of_support(
    days_left: int | None, outcome: str, reasons: tuple[str, ...]
) -> None:
    case = policy({"outcome": "none"}, min_days_to_end_of_support=90)
    end = None if days_left is None else STARTS[4] + days_left * DAY
    found = assess_fee(case, facts(4, end_of_support=end))
    assert (found.outcome, found.reasons) == (outcome, reasons)
    wanted = {"none": ("FEE-1",), "forbidden": ("FEE-6",), "manual": ("FEE-6", "EOS-3")}
    assert found.rules == wanted[outcome]
    unbound = assess_fee(policy({"outcome": "none"}), facts(4, end_of_support=end))
    assert unbound.outcome is FeeOutcome.NONE


@pytest.mark.parametrize(
    ("start", "end", "act_365", "act_act", "d30_360", "months"),
    [
        ("2026-04-01", "2027-04-01", "1", "1", "1", "1"),
        ("2026-04-01", "2026-07-10", "100/365", "100/365", "99/360", "4/12"),
        ("2027-12-01", "2028-02-01", "62/365", "31/365+31/366", "60/360", "2/12"),
        ("2028-01-01", "2029-01-01", "366/365", "1", "1", "1"),
        ("2027-01-01", "2030-01-01", "1096/365", "3", "3", "3"),
        ("2026-01-31", "2026-03-31", "59/365", "59/365", "60/360", "2/12"),
        ("2026-01-31", "2026-03-01", "29/365", "29/365", "31/360", "1/12"),
        ("2026-01-30", "2026-01-31", "1/365", "1/365", "0", "1/12"),
        ("2026-04-01", "2026-04-02", "1/365", "1/365", "1/360", "1/12"),
        ("2026-04-01", "2026-05-01", "30/365", "30/365", "30/360", "1/12"),
        ("2026-04-01", "2026-05-02", "31/365", "31/365", "31/360", "2/12"),
        ("2026-04-01", "2026-04-01", "0", "0", "0", "0"),
    ],
)
def test_fee_7_proration(
    start: str, end: str, act_365: str, act_act: str, d30_360: str, months: str
) -> None:
    texts = dict(zip(Proration, (act_365, act_act, d30_360, months), strict=True))
    for way, text in texts.items():
        wanted = sum((Fraction(part) for part in text.split("+")), Fraction(0))
        assert year_part(date.fromisoformat(start), date.fromisoformat(end), way) == wanted


@pytest.mark.parametrize(
    ("proration", "amount"),
    [
        ("act_365", 1_315_068),
        ("act_act", 1_315_068),
        ("d30_360", 1_316_666),
        ("months_ceil", 1_400_000),
    ],
)
def test_fee_7_proration_of_a_fee(proration: str, amount: int) -> None:
    case = policy({"outcome": "fee", "gap": CHARGE}, proration=proration)
    assert assess_fee(case, facts(400)).amount == amount


def test_fee_7_the_capped_days_are_the_ones_before_the_new_start() -> None:
    # 2028 is a leap year: its days cost less by act/act, and the last ten days lie in it.
    rule = GapRule(GapMode.CHARGE, cap_days=10)
    late = facts(0, new_start=date(2028, 1, 11), last_annual=3_660_000)
    item = gap_component(rule, late, 500, Proration.ACT_ACT)
    assert item is not None
    assert item.amount == 100_000


def test_fee_8_unknown_previous_end() -> None:
    found = assess_fee(GAP_150, facts(100, previous_end=None))
    assert (found.outcome, found.reasons) == (FeeOutcome.MANUAL, ("previous_end_unknown",))
    assert (found.policy_code, found.policy_version) == (GAP_150.code, GAP_150.version)
    assert (found.rules, found.lapse_days) == (("FEE-8",), None)
    strict = policy({"outcome": "none"}, when_unknown_previous_end="forbidden")
    assert assess_fee(strict, facts(1, previous_end=None)).outcome is FeeOutcome.FORBIDDEN


@pytest.mark.parametrize(
    ("more", "end", "cover"),
    [
        ({"previous_end": None, "never_covered": True}, None, PreviousCover.CONTRACT),
        ({"never_covered": True, "warranty_end": STARTS[4]}, OLD_END, PreviousCover.CONTRACT),
        ({"previous_end": None, "warranty_end": STARTS[4]}, None, PreviousCover.CONTRACT),
        (
            {"previous_end": None, "never_covered": True, "warranty_end": STARTS[4]},
            STARTS[4],
            PreviousCover.WARRANTY,
        ),
    ],
)
def test_fee_8_a_never_covered_machine_counts_from_its_warranty(
    more: dict[str, Any], end: date | None, cover: PreviousCover
) -> None:
    assert previous_cover_of(facts(100, **more)) == (end, cover)


def test_fee_8_the_warranty_counts_as_previous_cover() -> None:
    machine = facts(100, previous_end=None, never_covered=True, warranty_end=STARTS[4])
    found = assess_fee(GAP_150, machine)
    assert found.lapse_days == 95
    other = assess_fee(
        replace(GAP_150, previous_cover=frozenset({PreviousCover.CONTRACT})), machine
    )
    assert (other.outcome, other.reasons) == (
        FeeOutcome.MANUAL,
        ("previous_cover_not_in_policy",),
    )
    assert other.rules == ("FEE-1",)


@pytest.mark.parametrize(
    ("gap", "missing", "reason"),
    [
        (CHARGE, "last_annual", "last_annual_price_unknown"),
        ({**CHARGE, "basis": "new_annual"}, "new_annual", "new_annual_price_unknown"),
    ],
)
def test_fee_9_no_amount_is_invented_without_a_price(
    gap: dict[str, Any], missing: str, reason: str
) -> None:
    case = policy({"outcome": "fee", "gap": gap})
    found = assess_fee(case, facts(100, **{missing: None}))
    assert (found.outcome, found.amount, found.reasons) == (FeeOutcome.MANUAL, None, (reason,))
    assert found.lapse_days == 100
    assert assess_fee(case, facts(0, **{missing: None})).amount == 0


def test_fee_9_a_missing_fact_has_a_code() -> None:
    assert str(FactMissing("x")) == FactMissing("x").code == "x"


@pytest.mark.parametrize(
    ("lapse", "term", "refused", "shortest"),
    [
        (100, Term(days=101), False, None),
        (100, Term(days=100), True, (101, None)),
        (100, Term(days=1), True, (101, None)),
        (100, Term(months=4), False, None),
        (100, Term(months=3), True, (None, 4)),
        (400, Term(months=12), True, (None, 14)),
        (90, Term(months=3), False, None),
        (91, Term(months=3), True, (None, 4)),
        # The offered term may end on the first day itself, 31 May.
        (60, Term(months=1), True, (None, 2)),
    ],
)
def test_fee_10_a_consumed_term_must_not_end_in_the_past(
    lapse: int, term: Term, refused: bool, shortest: tuple[int | None, int | None] | None
) -> None:
    consuming = policy({"outcome": "fee", "gap": {"mode": "consume_term"}, "waiting_days": 3})
    found = assess_fee(consuming, facts(lapse, term=term))
    assert (found.outcome is FeeOutcome.FORBIDDEN) is refused
    assert found.consumed_days == lapse
    assert "FEE-10" in found.rules
    if shortest is None:
        assert found.new_end is not None
        assert found.new_end >= facts(lapse).new_start
        return
    assert found.reasons == ("consumed_term_ends_in_past",)
    assert found.rules == ("FEE-1", "FEE-2", "FEE-6", "FEE-10")
    assert (found.amount, found.new_end, found.cover_from) == (None, None, None)
    assert found.waiting_days == 0
    (offer,) = found.alternatives
    assert (offer.code, offer.rule, offer.start) == (
        "longer_term",
        "FEE-10",
        facts(lapse).new_start,
    )
    assert (offer.term_days, offer.term_months) == shortest
    longer = Term(months=offer.term_months, days=offer.term_days)
    again = assess_fee(consuming, facts(lapse, term=longer))
    assert again.outcome is FeeOutcome.FEE


def test_fee_10_a_single_consumed_day_is_named() -> None:
    consuming = policy({"outcome": "fee", "gap": {"mode": "consume_term"}})
    assert "FEE-10" in assess_fee(consuming, facts(1)).rules
    assert "FEE-10" not in assess_fee(consuming, facts(0)).rules


@pytest.mark.parametrize(("required", "days"), [(True, 45), (False, None)])
def test_fee_10_a_refusal_names_its_policy_and_the_inspection(
    required: bool, days: int | None
) -> None:
    consuming = policy(
        {
            "outcome": "fee",
            "gap": {"mode": "consume_term"},
            "inspection": {"required": required, "valid_days": 45},
        },
        version=3,
    )
    found = assess_fee(consuming, facts(100, term=Term(days=50)))
    assert found.outcome is FeeOutcome.FORBIDDEN
    assert (found.policy_code, found.policy_version) == ("t", 3)
    assert (found.lapse_days, found.consumed_days) == (100, 100)
    assert found.inspection_required is required
    assert found.inspection_valid_days == days


def test_fee_10_shows_no_options_when_it_refuses() -> None:
    found = assess_fee(CHOICE, facts(100, choice=FeeChoice.GAP, term=Term(days=50)))
    assert (found.outcome, found.options) == (FeeOutcome.FORBIDDEN, ())
    paid = assess_fee(CHOICE, facts(100, choice=FeeChoice.PENALTIES, term=Term(days=50)))
    assert paid.amount == 252_000


def test_term_is_months_or_days() -> None:
    for wrong in ({}, {"months": 1, "days": 1}):
        with pytest.raises(ValueError, match=r"^a term is given in months or in days$"):
            Term(**wrong)
    assert term_between(date(2026, 4, 1), date(2027, 3, 31)) == Term(months=12)
    assert term_between(date(2026, 4, 1), date(2027, 4, 1)) == Term(days=366)
    assert term_between(date(2026, 4, 1), date(2026, 4, 10)) == Term(days=10)
    assert Term(days=10).end_from(date(2026, 4, 1)) == date(2026, 4, 10)
    assert Term(months=1).end_from(date(2026, 4, 1)) == date(2026, 4, 30)
    assert Term(days=61).months_from(date(2026, 4, 1)) == 2
    assert Term(days=60).months_from(date(2026, 4, 1)) == 1
    assert Term(months=7).months_from(date(2026, 4, 1)) == 7


def fixed_per_contract(amount: int) -> FeePolicy:
    return policy(
        {
            "outcome": "fee",
            "gap": CHARGE,
            "penalties": [{"kind": "fixed", "amount": amount, "per": "contract"}],
        }
    )


def test_fee_3_what_is_fixed_per_contract_is_charged_once_for_all_machines() -> None:
    decisions = [
        assess_fee(fixed_per_contract(10_000), facts(4)),
        assess_fee(fixed_per_contract(30_000), facts(4)),
        assess_fee(fixed_per_contract(20_000), facts(4)),
    ]
    total = total_fee(decisions)
    assert total.amount == 3 * 13_150 + 30_000 == sum(each.amount for each in total.components)
    assert [each.kind for each in total.components] == ["gap", "gap", "gap", "penalty"]
    assert total.outcome is FeeOutcome.FEE


def test_fee_3_the_machine_that_is_dearest_in_all_charges_what_is_fixed_per_contract() -> None:
    """Not the one with the dearest single item."""
    two_items, one_item = (
        assess_fee(
            policy(
                {
                    "outcome": "fee",
                    "penalties": [
                        {"kind": "fixed", "amount": amount, "per": "contract"} for amount in amounts
                    ],
                }
            ),
            facts(4),
        )
        for amounts in ([10_000, 5_000], [12_000])
    )
    for machines in ([two_items, one_item], [one_item, two_items]):
        total = total_fee(machines)
        assert (total.amount, total.components) == (15_000, two_items.components)


def test_fee_1_the_whole_has_the_worst_outcome_and_an_amount_only_if_every_part_has() -> None:
    fee, manual = assess_fee(GAP_150, facts(4)), assess_fee(GAP_150, facts(400))
    whole = total_fee([fee, manual])
    assert (whole.outcome, whole.amount) == (FeeOutcome.MANUAL, None)
    assert whole.components == fee.components
    free = assess_fee(policy({"outcome": "none"}), facts(4))
    assert total_fee([free, fee]).outcome is FeeOutcome.FEE
    forbidden = assess_fee(policy({"outcome": "forbidden"}), facts(4))
    assert total_fee([manual, forbidden, free]).outcome is FeeOutcome.FORBIDDEN
    nothing = total_fee([])
    assert (nothing.outcome, nothing.amount, nothing.components) == (FeeOutcome.NONE, 0, ())


POLICIES = [GAP_150, GAP_AND_HALF, LESSER, GRACE_60, inspected(), inspected(creditable=True)]
RANK = list(FeeOutcome)


def cost(found: FeeDecision) -> tuple[int, int]:
    return RANK.index(found.outcome), found.amount or 0


@given(
    st.sampled_from(POLICIES),
    st.integers(0, 2000),
    st.integers(0, 500),
    st.integers(0, 10**9),
    st.sampled_from(Proration),
)
def test_fee_a_longer_lapse_never_costs_less(
    case: FeePolicy, lapse: int, more: int, price: int, way: Proration
) -> None:
    case = replace(case, proration=way)
    # The new start stands still and the old end goes back, so that only the lapse changes.
    start, known = date(2033, 1, 1), {"last_annual": price, "product_class": "server"}
    short = facts(0, new_start=start, previous_end=start - (lapse + 1) * DAY, **known)
    long = replace(short, previous_end=start - (lapse + more + 1) * DAY)
    assert cost(assess_fee(case, short)) <= cost(assess_fee(case, long))


@given(st.integers(0, 2000), st.integers(0, 10**9), st.integers(0, 30_000))
def test_fee_7_floored_once(lapse: int, price: int, rate: int) -> None:
    case = policy({"outcome": "fee", "gap": {**CHARGE, "multiplier_bp": rate}})
    amount = assess_fee(case, facts(lapse, last_annual=price)).amount
    assert amount is not None
    exact = Fraction(price * lapse * rate, 365 * 10_000)
    assert amount <= exact < amount + 1


@given(st.integers(0, 900), st.integers(1, 60))
def test_fee_10_the_offered_term_is_the_shortest(lapse: int, months: int) -> None:
    consuming = policy({"outcome": "fee", "gap": {"mode": "consume_term"}})
    found = assess_fee(consuming, facts(lapse, term=Term(months=months)))
    for offer in found.alternatives:
        assert offer.term_months is not None
        assert offer.term_months > months
        holds = [
            assess_fee(consuming, facts(lapse, term=Term(months=each))).outcome
            for each in (offer.term_months - 1, offer.term_months)
        ]
        assert holds == ["forbidden", "fee"]


@given(st.dates(date(2020, 1, 1), date(2034, 1, 1)), st.integers(0, 800), st.integers(0, 800))
def test_fee_7_parts_of_a_year_grow_with_the_range(start: date, days: int, more: int) -> None:
    for way in Proration:
        part = year_part(start, start + days * DAY, way)
        longer = year_part(start, start + (days + more) * DAY, way)
        earlier = year_part(start - more * DAY, start + days * DAY, way)
        assert 0 <= part <= longer
        assert part <= earlier
