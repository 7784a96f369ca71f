"""What holds for all cases, rule by rule, where the other files show it by example only."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import DeskCalendar
from app.domain.deadlines import (
    StatedDeadline,
    order_deadline,
    order_deadline_day,
    order_timing,
    stated_deadline_needs_approval,
)
from app.domain.eligibility import decide_eligibility, decide_machine, system_warnings
from app.domain.eligibility_facts import (
    Declaration,
    EligibilitySettings,
    MachineFacts,
    OperatingState,
    WishedCover,
)
from app.domain.end_of_support import (
    Lifecycle,
    RequestKind,
    decide_end_of_support,
    refused_after_move,
)
from app.domain.fee_facts import FeeDecision, FeeFacts, Goodwill, Term
from app.domain.fee_policy import (
    DEFAULT_POLICY,
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
    Tier,
    Waivable,
    Waiver,
)
from app.domain.fees import assess_fee, total_fee
from app.domain.findings import Outcome
from app.domain.periods import Period, covering_period, renewal_period, term_problem
from app.domain.pricing import PricedLine, co_term
from app.domain.renewals import (
    CoverKind,
    QuoteState,
    reminders,
    renewal_quote_due,
    renewal_quote_state,
)

from .calendars import PLAIN, UNCONFIRMED

DAY = timedelta(days=1)
days = st.dates(date(2021, 1, 1), date(2034, 12, 31))
instants = st.integers(0, 14 * 365 * 86_400).map(
    lambda passed: datetime(2021, 1, 1, tzinfo=UTC) + timedelta(seconds=passed)
)


@given(days, days, st.frozensets(st.integers(2020, 2036)))
def test_cal_3_a_warning_names_a_year_that_nobody_confirmed(
    one: date, other: date, confirmed: frozenset[int]
) -> None:
    calendar = DeskCalendar(closed={}, confirmed_years=confirmed)
    first, last = min(one, other), max(one, other)
    years = set(range(first.year, last.year + 1))
    assert set(calendar.unconfirmed_years(first, last)) == years - confirmed
    assert bool(calendar.warnings(one, other)) is not years.issubset(confirmed)


@given(days, st.integers(-5, 200))
def test_term_3_every_length_that_is_taken_makes_a_renewal(old_end: date, months: int) -> None:
    if term_problem(months) is None:
        new = renewal_period(old_end, months)
        assert (new.start, new.end > old_end) == (old_end + DAY, True)
    else:
        assert not 1 <= months <= 120


@given(st.lists(st.tuples(days, st.integers(0, 900)), min_size=1, max_size=6))
def test_term_4_a_contract_holds_each_of_its_lines(lines: list[tuple[date, int]]) -> None:
    periods = [Period(start, start + length * DAY) for start, length in lines]
    whole = covering_period(periods)
    assert whole is not None
    assert all(whole.start <= each.start <= each.end <= whole.end for each in periods)
    assert whole.start in {each.start for each in periods}
    assert whole.end in {each.end for each in periods}


@given(days, days, st.sampled_from([None, "", "Mori"]), st.sampled_from([None, " ", "agreed"]))
def test_dl_2_only_an_approved_day_reaches_the_start(
    start: date, day: date, approver: str | None, reason: str | None
) -> None:
    stated = StatedDeadline(day, approver, reason)
    if not stated_deadline_needs_approval(start, stated):
        assert order_deadline_day(start, stated) == day
        assert day < start or (approver, reason) == ("Mori", "agreed")


@given(days, days, instants)
def test_dl_3_arriving_earlier_is_never_worse(start: date, limit: date, moment: datetime) -> None:
    late, early = (order_timing(start, limit, each) for each in (moment, moment - DAY))
    assert early.in_time or not late.in_time
    assert late.in_time is (late.possible is None)


@given(days, instants)
def test_dl_4_the_advised_day_is_the_last_business_day_in_time(start: date, now: datetime) -> None:
    found = order_deadline(start, now=now, calendar=PLAIN)
    assert found.order_deadline == start - DAY
    later = found.advised_order_date + DAY
    assert PLAIN.business_days_between(later, found.effective_limit + DAY) == 0
    assert PLAIN.is_business_day(found.advised_order_date)


dates = st.none() | days
lifecycles = st.builds(Lifecycle, st.none(), dates, dates, dates)
kinds = st.sampled_from(RequestKind)


@given(kinds, days, st.integers(0, 1000), lifecycles, st.integers(-9, 9), st.integers(1, 9))
def test_eos_5_a_later_date_touches_nothing_more_and_what_is_offered_instead_is_not_touched(
    kind: RequestKind, start: date, length: int, dates: Lifecycle, apart: int, later: int
) -> None:
    """Seen to fail with `end < last_day` refused in the place of `end > last_day`."""
    end = start + length * DAY
    now = replace(dates, end_of_support=end + apart * DAY)
    moved = replace(dates, end_of_support=end + (apart + later) * DAY)
    if not refused_after_move(kind, start, end, now):
        assert not refused_after_move(kind, start, end, moved)
    for offer in decide_end_of_support(kind, start, end, now).alternatives:
        assert offer.start is not None
        assert offer.end is not None
        assert not refused_after_move(kind, offer.start, offer.end, now)


@given(kinds, days, st.integers(0, 1000), lifecycles)
def test_eos_3_4_an_unknown_date_is_never_passed_over(
    kind: RequestKind, start: date, length: int, lifecycle: Lifecycle
) -> None:
    found = decide_end_of_support(kind, start, start + length * DAY, lifecycle)
    if lifecycle.end_of_support is None:
        assert found.outcome in {Outcome.NEEDS_REVIEW, Outcome.NOT_ELIGIBLE}
        assert found.last_day is None
    last_start = (
        lifecycle.last_renewal if kind is RequestKind.RENEWAL else lifecycle.last_new_enrollment
    )
    named = "EOS-4" in {each.rule for each in found.findings}
    assert named is (last_start is not None and start > last_start)


TODAY = date(2026, 11, 25)
FREE = FeeDecision(FeeOutcome.NONE, "p", 1, amount=0)
declarations = st.none() | st.builds(
    Declaration, st.sampled_from(OperatingState), st.sampled_from([None, "", "Sato"]), dates
)


def machine(declaration: Declaration | None, fee: FeeDecision = FREE) -> MachineFacts:
    far = Lifecycle(end_of_support=date(2099, 1, 1))
    return MachineFacts("foundation_care_nbd", far, declaration, fee)


WISH = WishedCover(RequestKind.REENROLLMENT, date(2027, 1, 1), date(2027, 12, 31), TODAY)
GOOD = machine(Declaration(OperatingState.WORKING, "Sato", TODAY))


@given(st.dates(date(2026, 1, 1), date(2028, 1, 1)), st.integers(0, 90), dates, st.integers(0, 90))
def test_elg_1_6_a_start_that_passes_lies_in_the_future_and_so_does_the_last_day_of_the_check(
    start: date, lead: int, latest: date | None, valid: int
) -> None:
    settings = EligibilitySettings(lead_days=lead, latest_start=latest, valid_days=valid)
    found = decide_eligibility(replace(WISH, start=start), [GOOD], settings)
    if found.outcome is Outcome.ELIGIBLE:
        assert start > TODAY
        assert start >= TODAY + lead * DAY
        assert latest is None or start <= latest
        assert TODAY <= found.valid_until < start
    assert TODAY <= found.valid_until <= TODAY + valid * DAY


@given(declarations)
def test_elg_2_only_a_complete_word_passes(declaration: Declaration | None) -> None:
    passes = decide_machine(WISH, machine(declaration)).outcome is Outcome.ELIGIBLE
    complete = (
        declaration is not None
        and declaration.state is OperatingState.WORKING
        and declaration.declared_by == "Sato"
        and declaration.declared_on is not None
        and declaration.declared_on <= TODAY
    )
    assert passes is complete


levels = st.sampled_from(["foundation_care_nbd", "proactive_care_nbd"])


@given(st.lists(st.tuples(levels, st.sampled_from([None, "a", "b"])), max_size=6))
def test_elg_7_a_system_of_one_level_never_warns(machines: list[tuple[str, str | None]]) -> None:
    facts = [replace(GOOD, service_level=level, system=system) for level, system in machines]
    one_each = all(
        len({level for level, system in machines if system == name}) <= 1
        for name in (None, "a", "b")
    )
    assert bool(system_warnings(facts)) is not one_each


yen = st.integers(0, 10**8)
penalties = st.one_of(
    st.builds(
        PenaltyRule,
        st.just(PenaltyKind.PERCENT),
        st.sampled_from(PenaltyBase),
        st.integers(0, 30_000),
        st.none() | st.integers(0, 1000),
        st.none() | st.integers(1000, 10**7),
    ),
    st.builds(
        PenaltyRule,
        st.just(PenaltyKind.FIXED),
        amount=yen,
        per=st.sampled_from([Per.UNIT, Per.CONTRACT]),
    ),
)
gaps = st.builds(GapRule, st.just(GapMode.CHARGE), cap_days=st.none() | st.integers(0, 400))
tiers = st.builds(
    Tier,
    st.none(),
    st.just(FeeOutcome.FEE),
    gaps,
    st.lists(penalties, max_size=3).map(tuple),
    st.sampled_from([Combine.SUM, Combine.LESSER]),
    st.builds(
        InspectionRule,
        st.booleans(),
        st.just({"server": 50_000}),
        creditable=st.booleans(),
    ),
)
START = date(2030, 1, 1)
fee_facts = st.builds(
    FeeFacts,
    st.just(START),
    st.builds(Term, months=st.integers(1, 120)),
    st.integers(0, 900).map(lambda lapse: START - (lapse + 1) * DAY),
    st.sampled_from(PreviousCover),
    last_annual=yen,
    new_annual=yen,
    quantity=st.integers(1, 50),
    product_class=st.just("server"),
)


def assess(tier: Tier, facts: FeeFacts) -> FeeDecision:
    return assess_fee(FeePolicy("p", tiers=(tier,)), facts)


@given(tiers, fee_facts)
def test_fee_1_2_3_the_amount_is_the_sum_of_items_that_are_not_negative(
    tier: Tier, facts: FeeFacts
) -> None:
    found = assess(tier, facts)
    assert found.amount == sum(each.amount for each in found.components)
    assert all(each.amount >= 0 for each in found.components if each.kind != "inspection_credit")
    assert found.amount is not None
    assert found.amount >= 0
    assert total_fee([found]).amount == found.amount


@given(tiers, fee_facts)
def test_fee_4_the_lesser_never_costs_more_than_the_sum(tier: Tier, facts: FeeFacts) -> None:
    lesser = assess(replace(tier, combine=Combine.LESSER), facts)
    total = assess(replace(tier, combine=Combine.SUM), facts)
    assert lesser.amount is not None
    assert total.amount is not None
    assert lesser.amount <= total.amount
    assert lesser.amount == min(each.amount for each in lesser.options)


@given(tiers, fee_facts)
def test_fee_5_a_credit_makes_it_the_dearer_of_inspection_and_charges(
    tier: Tier, facts: FeeFacts
) -> None:
    plain = assess(replace(tier, inspection=InspectionRule()), facts).amount or 0
    credited = InspectionRule(True, {"server": 50_000}, creditable=True)
    found = assess(replace(tier, inspection=credited), facts)
    assert found.amount == max(plain, 50_000 * facts.quantity)


@given(tiers, fee_facts, st.frozensets(st.sampled_from(Waivable), min_size=1))
def test_fee_6_a_waiver_never_makes_it_dearer(
    tier: Tier, facts: FeeFacts, parts: frozenset[Waivable]
) -> None:
    waiver = Waiver(parts, goodwill=True)
    granted = replace(facts, goodwill=Goodwill("Mori", "long customer"))
    full, waived = assess(tier, facts), assess(replace(tier, waivers=(waiver,)), granted)
    assert assess(replace(tier, waivers=(waiver,)), facts).amount == full.amount
    assert waived.amount is not None
    # A creditable inspection may cost its whole fee once there is no charge to credit it to.
    assert waived.amount <= (full.amount or 0) + 50_000 * facts.quantity * (
        tier.inspection.creditable and tier.inspection.required
    )
    if not tier.inspection.required:
        assert waived.amount <= (full.amount or 0)


@given(tiers, fee_facts)
def test_fee_8_9_without_an_end_or_a_policy_there_is_no_amount(tier: Tier, facts: FeeFacts) -> None:
    unknown = replace(facts, previous_end=None)
    assert assess(tier, unknown).outcome is FeeOutcome.MANUAL
    for found in (assess(tier, unknown), assess_fee(DEFAULT_POLICY, facts)):
        assert (found.amount, found.components) == (None, ())


@given(tiers, fee_facts)
def test_fee_7_the_gap_is_never_over_its_exact_price(tier: Tier, facts: FeeFacts) -> None:
    gap = next((each for each in assess(tier, facts).components if each.kind == "gap"), None)
    if gap is not None:
        assert gap.days is not None
        exact = Fraction((facts.last_annual or 0) * gap.days, 365)
        assert 0 <= exact - gap.amount < 1


lines = st.builds(PricedLine, st.just("x"), days, st.just(date(2036, 1, 1)), yen, st.integers(1, 9))


@given(st.lists(lines, max_size=4), days)
def test_quo_5_every_line_ends_on_the_common_day_or_says_why_not(
    chosen: list[PricedLine], end: date
) -> None:
    for line, preview in zip(chosen, co_term(chosen, end), strict=True):
        assert (preview.problem is None) is (line.start <= end)
        assert (preview.difference is None) is (preview.price is None)
        if preview.difference is not None:
            # No day costs less than nothing: a line that ends earlier is never dearer.
            assert preview.difference <= 0


@given(days, instants)
def test_ren_2_a_package_is_never_overdue(end: date, now: datetime) -> None:
    contract = renewal_quote_due(end, CoverKind.CONTRACT, UNCONFIRMED)
    package = renewal_quote_due(end, CoverKind.PACKAGE, UNCONFIRMED)
    assert (package.due, package.guide) == (contract.due, contract.guide)
    today = now.date()
    states = [renewal_quote_state(each, today, sent=False) for each in (contract, package)]
    assert states[1] is not QuoteState.OVERDUE
    assert (states[0] is QuoteState.OVERDUE) is (today > contract.due)


@given(days, st.lists(st.integers(0, 200), max_size=8))
def test_ren_3_each_step_comes_once_and_in_order(deadline: date, steps: list[int]) -> None:
    found = reminders(deadline, steps)
    assert {each.step for each in found} == set(steps)
    assert len(found) == len(set(steps))
    assert all(deadline - each.on == each.step * DAY for each in found)
    assert [each.on for each in found] == sorted(each.on for each in found)
