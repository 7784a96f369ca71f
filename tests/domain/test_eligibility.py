"""ELG: who can have cover, why not, and what else is possible."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.eligibility import (
    decide_eligibility,
    decide_machine,
    earliest_start,
    system_warnings,
)
from app.domain.eligibility_facts import (
    Declaration,
    EligibilitySettings,
    MachineFacts,
    OperatingState,
    WishedCover,
)
from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.fee_facts import FeeChoice, FeeComponent, FeeDecision, FeeFacts, FeeOption, Term
from app.domain.fee_policy import (
    DEFAULT_POLICY,
    FeeOutcome,
    FeePolicy,
    GapMode,
    GapRule,
    InspectionRule,
    PreviousCover,
    Tier,
)
from app.domain.fees import assess_fee
from app.domain.findings import Alternative, Finding, Outcome

DAY = timedelta(days=1)
TODAY = date(2026, 11, 25)
START, END = date(2027, 1, 1), date(2027, 12, 31)
WISH = WishedCover(RequestKind.REENROLLMENT, START, END, TODAY)
WORKING = Declaration(OperatingState.WORKING, "Sato", date(2026, 11, 20))
FREE = FeeDecision(FeeOutcome.NONE, "p", 1, lapse_days=0, amount=0, rules=("FEE-1",))
GOOD = MachineFacts(
    service_level="foundation_care_24x7",
    lifecycle=Lifecycle(end_of_support=date(2035, 1, 1)),
    declaration=WORKING,
    fee=FREE,
)
DEALER = Alternative("package_through_dealer", "ELG-5")


def test_elg_5_a_good_machine_is_eligible() -> None:
    found = decide_machine(WISH, GOOD)
    assert found.outcome is Outcome.ELIGIBLE
    assert (found.reasons, found.conditions, found.alternatives) == ((), (), ())
    assert found.fee is FREE
    assert found.rules == (
        *("ELG-1", "ELG-2", "ELG-3", "ELG-4", "ELG-5"),
        *("EOS-1", "EOS-2", "EOS-3", "EOS-4", "FEE-1"),
    )


@pytest.mark.parametrize(
    ("start", "settings", "code", "offer"),
    [
        (TODAY, {}, "start_not_in_future", ("later_date", TODAY + DAY)),
        (TODAY - DAY, {}, "start_not_in_future", ("later_date", TODAY + DAY)),
        (TODAY + DAY, {}, None, None),
        (TODAY + DAY, {"lead_days": 0}, None, None),
        (TODAY, {"lead_days": 0}, "start_not_in_future", ("later_date", TODAY + DAY)),
        (
            TODAY + 4 * DAY,
            {"lead_days": 5},
            "start_within_lead_days",
            ("later_date", TODAY + 5 * DAY),
        ),
        (TODAY + 5 * DAY, {"lead_days": 5}, None, None),
        (TODAY + 9 * DAY, {"latest_start": TODAY + 9 * DAY}, None, None),
        (
            TODAY + 10 * DAY,
            {"latest_start": TODAY + 9 * DAY},
            "start_too_late",
            ("earlier_date", TODAY + 9 * DAY),
        ),
        (
            TODAY + DAY,
            {"lead_days": 3, "latest_start": TODAY + 3 * DAY},
            "start_within_lead_days",
            ("later_date", TODAY + 3 * DAY),
        ),
        (TODAY, {"latest_start": TODAY}, "start_not_in_future", None),
    ],
)
def test_elg_1_the_start_lies_in_the_future(
    start: date,
    settings: dict[str, int | date],
    code: str | None,
    offer: tuple[str, date] | None,
) -> None:
    chosen = EligibilitySettings(**settings)  # type: ignore[arg-type]
    wish = replace(WISH, start=start)
    whole = decide_eligibility(wish, [GOOD], chosen)
    machine = whole.machines[0]
    wanted = (Finding(code, "ELG-1", Outcome.NOT_ELIGIBLE),) if code else ()
    assert whole.reasons == machine.reasons == wanted
    assert whole.outcome == machine.outcome == ("not_eligible" if code else "eligible")
    dated = tuple((each.code, each.start) for each in machine.alternatives if each.start)
    assert dated == ((offer,) if offer else ())
    assert all(each.rule == "ELG-1" for each in machine.alternatives if each.start)
    assert (DEALER in machine.alternatives) is bool(code)


def test_elg_1_tomorrow_is_the_earliest_start() -> None:
    assert earliest_start(TODAY) == date(2026, 11, 26)
    assert earliest_start(TODAY, EligibilitySettings(lead_days=7)) == date(2026, 12, 2)


@pytest.mark.parametrize(
    ("declaration", "code", "outcome"),
    [
        (WORKING, None, "eligible"),
        (replace(WORKING, declared_on=TODAY), None, "eligible"),
        (None, "declaration_missing", "needs_inspection"),
        (replace(WORKING, declared_by=None), "declaration_incomplete", "needs_inspection"),
        (replace(WORKING, declared_by=" \u3000"), "declaration_incomplete", "needs_inspection"),
        (replace(WORKING, declared_on=None), "declaration_incomplete", "needs_inspection"),
        (replace(WORKING, declared_on=TODAY + DAY), "declared_in_future", "needs_inspection"),
        (replace(WORKING, state=OperatingState.UNKNOWN), "condition_unknown", "needs_inspection"),
        (Declaration(OperatingState.UNKNOWN), "condition_unknown", "needs_inspection"),
        (replace(WORKING, state=OperatingState.NOT_WORKING), "not_working", "not_eligible"),
        (Declaration(OperatingState.NOT_WORKING), "not_working", "not_eligible"),
    ],
)
def test_elg_2_every_machine_works_by_declaration(
    declaration: Declaration | None, code: str | None, outcome: str
) -> None:
    found = decide_machine(WISH, replace(GOOD, declaration=declaration))
    assert found.outcome == outcome
    assert found.reasons == ((Finding(code, "ELG-2", Outcome(outcome)),) if code else ())
    repair = (Alternative("repair_first", "ELG-2"),) if code == "not_working" else ()
    assert found.alternatives == repair


@pytest.mark.parametrize(
    ("lifecycle", "code", "rule", "outcome", "offers"),
    [
        (None, "product_unknown", "EOS-3", "needs_review", ()),
        (Lifecycle(), "end_of_support_unknown", "EOS-3", "needs_review", ()),
        (
            Lifecycle(end_of_support=START),
            "end_of_support_reached",
            "EOS-1",
            "not_eligible",
            (),
        ),
        (
            Lifecycle(end_of_support=date(2027, 6, 30)),
            "end_after_end_of_support",
            "EOS-2",
            "not_eligible",
            (Alternative("shorter_term", "EOS-2", start=START, end=date(2027, 6, 30)),),
        ),
    ],
)
def test_elg_3_end_of_support_for_every_machine(
    lifecycle: Lifecycle | None,
    code: str,
    rule: str,
    outcome: str,
    offers: tuple[Alternative, ...],
) -> None:
    found = decide_machine(WISH, replace(GOOD, lifecycle=lifecycle))
    assert found.reasons == (Finding(code, rule, Outcome(outcome)),)
    assert (found.outcome, found.alternatives) == (outcome, offers)
    assert rule in found.rules


def test_elg_3_the_setting_of_the_last_day_is_used() -> None:
    machine = replace(GOOD, lifecycle=Lifecycle(end_of_support=END))
    assert decide_machine(WISH, machine).outcome is Outcome.ELIGIBLE
    without = EligibilitySettings(covers_end_of_support_day=False)
    assert decide_machine(WISH, machine, without).outcome is Outcome.NOT_ELIGIBLE


def test_elg_3_a_passed_new_enrollment_date_leaves_the_package() -> None:
    machine = replace(GOOD, lifecycle=replace(GOOD.lifecycle, last_new_enrollment=TODAY))  # type: ignore[type-var]
    wish = replace(WISH, kind=RequestKind.NEW_ENROLLMENT)
    found = decide_machine(wish, machine)
    assert found.outcome is Outcome.NOT_ELIGIBLE
    assert found.alternatives == (DEALER,)


CHARGE = FeePolicy("charge", tiers=(Tier(None, FeeOutcome.FEE, GapRule(GapMode.CHARGE)),))
CONSUME = FeePolicy("consume", tiers=(Tier(None, FeeOutcome.FEE, GapRule(GapMode.CONSUME_TERM)),))
INSPECT = FeePolicy("inspect", tiers=(Tier(None, FeeOutcome.INSPECTION),))
REQUIRE = FeePolicy(
    "require",
    tiers=(Tier(None, FeeOutcome.FEE, GapRule(GapMode.CHARGE), inspection=InspectionRule(True)),),
)
FORBID = FeePolicy("forbid", tiers=(Tier(None, FeeOutcome.FORBIDDEN),))
WAIT = FeePolicy("wait", tiers=(Tier(None, FeeOutcome.NONE, waiting_days=30),))


def fee(policy: FeePolicy, previous_end: date | None = date(2026, 9, 22)) -> FeeDecision:
    return assess_fee(
        policy,
        FeeFacts(
            new_start=START,
            term=Term(months=12),
            previous_end=previous_end,
            previous_cover=PreviousCover.CONTRACT,
            last_annual=365_000,
            new_annual=365_000,
        ),
    )


OPTIONS = tuple(FeeOption(choice, 5, END, ()) for choice in FeeChoice)
OPEN_CHOICE = FREE._replace(outcome=FeeOutcome.FEE, amount=None, options=OPTIONS)
CHOSEN = OPEN_CHOICE._replace(amount=5, chosen=FeeChoice.GAP)


@pytest.mark.parametrize(
    ("decision", "conditions"),
    [
        (fee(CHARGE), ("fee_acknowledgement",)),
        (fee(CHARGE, date(2026, 12, 31)), ()),
        (fee(CONSUME), ("consumed_term_acknowledgement",)),
        (fee(WAIT), ("waiting_days_acknowledgement",)),
        (fee(DEFAULT_POLICY), ("fee_to_be_set",)),
        (fee(CHARGE, None), ("fee_to_be_set",)),
        (OPEN_CHOICE, ("fee_choice",)),
        (CHOSEN, ("fee_acknowledgement",)),
    ],
)
def test_elg_4_a_fee_never_makes_a_machine_ineligible(
    decision: FeeDecision, conditions: tuple[str, ...]
) -> None:
    found = decide_machine(WISH, replace(GOOD, fee=decision))
    assert found.conditions == conditions
    assert found.outcome == ("eligible_with_conditions" if conditions else "eligible")
    assert found.reasons == tuple(
        Finding(code, "ELG-4", Outcome.ELIGIBLE_WITH_CONDITIONS) for code in conditions
    )
    assert found.fee is decision


@pytest.mark.parametrize("policy", [INSPECT, REQUIRE])
def test_fee_5_an_inspection_of_the_policy_is_needed(policy: FeePolicy) -> None:
    found = decide_machine(WISH, replace(GOOD, fee=fee(policy)))
    assert found.outcome is Outcome.NEEDS_INSPECTION
    wanted = Finding("inspection_required", "FEE-5", Outcome.NEEDS_INSPECTION)
    assert found.reasons[0] == wanted
    assert ("fee_acknowledgement" in found.conditions) is (policy is REQUIRE)


def test_fee_1_a_policy_may_forbid() -> None:
    found = decide_machine(WISH, replace(GOOD, fee=fee(FORBID)))
    assert found.outcome is Outcome.NOT_ELIGIBLE
    assert found.reasons == (Finding("forbidden_by_policy", "FEE-1", Outcome.NOT_ELIGIBLE),)
    assert (found.conditions, found.alternatives) == ((), (DEALER,))
    bare = FeeDecision(FeeOutcome.FORBIDDEN, "p", 1, inspection_required=True)
    assert decide_machine(WISH, replace(GOOD, fee=bare)).reasons == found.reasons


def test_fee_10_a_consumed_term_that_is_over_offers_a_longer_one() -> None:
    found = decide_machine(WISH, replace(GOOD, fee=fee(CONSUME, date(2024, 12, 31))))
    assert found.outcome is Outcome.NOT_ELIGIBLE
    assert found.reasons == (Finding("consumed_term_ends_in_past", "FEE-10", found.outcome),)
    longer = Alternative("longer_term", "FEE-10", start=START, term_months=25)
    assert found.alternatives == (longer, DEALER)


@pytest.mark.parametrize(
    ("level", "reviewed"),
    [("foundation_care_nbd", False), ("proactive_care_ctr", False), ("datacenter_care", True)],
)
def test_elg_5_other_levels_go_to_a_person(level: str, reviewed: bool) -> None:
    found = decide_machine(WISH, replace(GOOD, service_level=level))
    wanted = (Finding("level_needs_person", "ELG-5", Outcome.NEEDS_REVIEW),)
    assert found.reasons == (wanted if reviewed else ())


@pytest.mark.parametrize(
    ("kind", "contract_end", "reviewed"),
    [
        (RequestKind.REENROLLMENT, START - DAY, False),
        (RequestKind.REENROLLMENT, START, True),
        (RequestKind.NEW_ENROLLMENT, END, True),
        (RequestKind.UPGRADE, END, False),
    ],
)
def test_term_1_cover_that_still_runs_goes_to_a_person(
    kind: RequestKind, contract_end: date, reviewed: bool
) -> None:
    found = decide_machine(replace(WISH, kind=kind), replace(GOOD, contract_end=contract_end))
    wanted = (Finding("cover_still_running", "TERM-1", Outcome.NEEDS_REVIEW),)
    assert found.reasons == (wanted if reviewed else ())


def test_elg_5_the_whole_is_the_worst_of_its_machines() -> None:
    unknown = replace(GOOD, lifecycle=None)
    broken = replace(GOOD, declaration=Declaration(OperatingState.NOT_WORKING))
    priced = replace(GOOD, fee=fee(CHARGE))
    for machines, outcome in [
        ([GOOD], "eligible"),
        ([GOOD, priced], "eligible_with_conditions"),
        ([priced, unknown, GOOD], "needs_review"),
        ([broken, unknown, GOOD], "not_eligible"),
    ]:
        whole = decide_eligibility(WISH, machines)
        assert whole.outcome == outcome
        assert [each.outcome for each in whole.machines] == [
            decide_machine(WISH, machine).outcome for machine in machines
        ]
        assert whole.reasons == ()
    both = decide_eligibility(WISH, [priced, priced])
    assert both.fee.amount == 2 * 100_000
    assert both.rules[:4] == ("ELG-1", "ELG-5", "ELG-6", "ELG-7")
    assert {"ELG-2", "EOS-4", "FEE-2"} <= set(both.rules)


@pytest.mark.parametrize(
    ("start", "settings", "valid_until"),
    [
        (START, EligibilitySettings(), date(2026, 12, 25)),
        (TODAY + 31 * DAY, EligibilitySettings(), TODAY + 30 * DAY),
        (TODAY + 30 * DAY, EligibilitySettings(), TODAY + 29 * DAY),
        (TODAY + DAY, EligibilitySettings(), TODAY),
        (TODAY - 5 * DAY, EligibilitySettings(), TODAY),
        (TODAY + 30 * DAY, EligibilitySettings(lead_days=10), TODAY + 20 * DAY),
        (TODAY + 30 * DAY, EligibilitySettings(lead_days=0), TODAY + 29 * DAY),
        (START, EligibilitySettings(valid_days=7), TODAY + 7 * DAY),
    ],
)
def test_elg_6_a_check_holds_until_a_day(
    start: date, settings: EligibilitySettings, valid_until: date
) -> None:
    assert decide_eligibility(replace(WISH, start=start), [GOOD], settings).valid_until == (
        valid_until
    )


def test_elg_6_the_same_facts_give_the_same_answer() -> None:
    assert decide_eligibility(WISH, [GOOD, GOOD]) == decide_eligibility(WISH, [GOOD, GOOD])


def test_elg_7_mixed_levels_in_one_system_warn() -> None:
    other = replace(GOOD, service_level="proactive_care_24x7")
    warned = ("mixed_service_levels",)
    assert system_warnings([GOOD, GOOD]) == ()
    assert system_warnings([GOOD, other]) == warned
    assert system_warnings([replace(GOOD, system="a"), replace(other, system="b")]) == ()
    assert system_warnings([replace(GOOD, system="a"), replace(other, system="a")]) == warned
    assert decide_eligibility(WISH, [GOOD, other]).warnings == warned
    assert decide_eligibility(WISH, [GOOD, other]).outcome is Outcome.ELIGIBLE


near = st.dates(date(2026, 6, 1), date(2029, 1, 1))
declarations = st.none() | st.builds(
    Declaration, st.sampled_from(OperatingState), st.sampled_from([None, "Sato"]), st.none() | near
)
fees = st.sampled_from([FREE, *map(fee, [CHARGE, CONSUME, INSPECT, FORBID, WAIT, DEFAULT_POLICY])])
machine_facts = st.builds(
    MachineFacts,
    service_level=st.sampled_from(["foundation_care_nbd", "datacenter_care"]),
    lifecycle=st.none()
    | st.builds(Lifecycle, st.none(), st.none() | near, st.none(), st.none() | near),
    declaration=declarations,
    fee=fees,
    contract_end=st.none() | near,
)
wishes = st.builds(
    WishedCover,
    st.sampled_from([RequestKind.REENROLLMENT, RequestKind.NEW_ENROLLMENT, RequestKind.UPGRADE]),
    st.dates(date(2026, 11, 20), date(2027, 6, 1)),
    st.dates(date(2027, 6, 2), date(2028, 6, 1)),
    st.just(TODAY),
)
ORDER = list(Outcome)


@given(wishes, st.lists(machine_facts, max_size=4), machine_facts)
def test_elg_5_adding_a_machine_never_improves_the_outcome(
    wish: WishedCover, machines: list[MachineFacts], more: MachineFacts
) -> None:
    before = decide_eligibility(wish, machines)
    after = decide_eligibility(wish, [*machines, more])
    assert ORDER.index(before.outcome) <= ORDER.index(after.outcome)
    assert after.machines[:-1] == before.machines
    worst = max(ORDER.index(each.outcome) for each in after.machines)
    assert ORDER.index(after.outcome) == worst


@given(wishes, machine_facts)
def test_elg_5_every_outcome_has_its_reasons_and_rules(
    wish: WishedCover, machine: MachineFacts
) -> None:
    found = decide_machine(wish, machine)
    assert (found.outcome is Outcome.ELIGIBLE) is (not found.reasons)
    assert found.outcome in {Outcome.ELIGIBLE, *(each.outcome for each in found.reasons)}
    assert {each.rule for each in found.reasons} <= set(found.rules)
    if wish.start <= wish.today:
        assert found.outcome is Outcome.NOT_ELIGIBLE


@given(wishes, machine_facts)
def test_elg_4_a_fee_alone_is_never_a_refusal(wish: WishedCover, machine: MachineFacts) -> None:
    charged = decide_machine(wish, replace(machine, fee=fee(CHARGE)))
    free = decide_machine(wish, replace(machine, fee=FREE))
    assert (charged.outcome is Outcome.NOT_ELIGIBLE) is (free.outcome is Outcome.NOT_ELIGIBLE)
    assert charged.conditions == ("fee_acknowledgement",)


@given(wishes, machine_facts)
def test_elg_3_an_offered_shorter_term_removes_that_reason(
    wish: WishedCover, machine: MachineFacts
) -> None:
    found = decide_machine(wish, machine)
    for offer in found.alternatives:
        if offer.code == "shorter_term":
            assert offer.end is not None
            again = decide_machine(replace(wish, end=offer.end), machine)
            assert not {each.rule for each in again.reasons} & {"EOS-1", "EOS-2", "EOS-3"}
        if offer.code == "later_date":
            assert offer.start is not None
            again = decide_machine(replace(wish, start=offer.start), machine)
            assert "ELG-1" not in {each.rule for each in again.reasons}


def test_elg_4_the_items_of_a_fee_stay_with_the_machine() -> None:
    (item,) = decide_machine(WISH, replace(GOOD, fee=fee(CHARGE))).fee.components
    assert item == FeeComponent("gap", "last_annual", 100_000, 100_000, 365_000, 100, 10_000)
