"""EOS: end of support against the wished period."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.end_of_support import (
    Lifecycle,
    RequestKind,
    SupportDecision,
    decide_end_of_support,
    last_supported_day,
    refused_after_move,
)
from app.domain.findings import Alternative, Finding, Outcome, rules_of, worst

START, END = date(2027, 4, 1), date(2028, 3, 31)
DAY = timedelta(days=1)
REENROLLMENT = RequestKind.REENROLLMENT


def decide(
    end_of_support: date | None, kind: RequestKind = REENROLLMENT, covers: bool = True
) -> SupportDecision:
    lifecycle = Lifecycle(end_of_support=end_of_support)
    return decide_end_of_support(kind, START, END, lifecycle, covers_last_day=covers)


@pytest.mark.parametrize("kind", list(RequestKind))
@pytest.mark.parametrize(
    ("end_of_support", "covers", "code", "rule", "outcome", "offered"),
    [
        (date(2027, 3, 31), True, "end_of_support_reached", "EOS-1", "not_eligible", None),
        (date(2027, 4, 1), True, "end_of_support_reached", "EOS-1", "not_eligible", None),
        (date(2027, 4, 1), False, "end_of_support_reached", "EOS-1", "not_eligible", None),
        (
            date(2027, 4, 2),
            True,
            "end_after_end_of_support",
            "EOS-2",
            "not_eligible",
            date(2027, 4, 2),
        ),
        (
            date(2027, 4, 2),
            False,
            "end_after_end_of_support",
            "EOS-2",
            "not_eligible",
            date(2027, 4, 1),
        ),
        (
            date(2028, 3, 30),
            True,
            "end_after_end_of_support",
            "EOS-2",
            "not_eligible",
            date(2028, 3, 30),
        ),
        (
            date(2028, 3, 31),
            False,
            "end_after_end_of_support",
            "EOS-2",
            "not_eligible",
            date(2028, 3, 30),
        ),
        (None, True, "end_of_support_unknown", "EOS-3", "needs_review", None),
    ],
)
def test_eos_1_2_3(
    kind: RequestKind,
    end_of_support: date | None,
    covers: bool,
    code: str,
    rule: str,
    outcome: Outcome,
    offered: date | None,
) -> None:
    found = decide(end_of_support, kind, covers)
    assert found.findings == (Finding(code, rule, Outcome(outcome)),)
    assert found.outcome == outcome
    assert found.rules == ("EOS-1", "EOS-2", "EOS-3", "EOS-4")
    assert found.alternatives == (
        (Alternative("shorter_term", "EOS-2", start=START, end=offered),) if offered else ()
    )


@pytest.mark.parametrize(
    ("end_of_support", "covers"),
    [(date(2028, 3, 31), True), (date(2028, 4, 1), False), (date(2040, 1, 1), True)],
)
def test_eos_2_the_last_day_is_a_setting(end_of_support: date, covers: bool) -> None:
    found = decide(end_of_support, covers=covers)
    assert (found.outcome, found.findings, found.alternatives) == (Outcome.ELIGIBLE, (), ())
    assert found.last_day == last_supported_day(end_of_support, covers)


def test_eos_2_the_day_itself_is_covered_by_default() -> None:
    assert last_supported_day(END) == END
    found = decide_end_of_support(REENROLLMENT, START, END, Lifecycle(end_of_support=END))
    assert found.outcome is Outcome.ELIGIBLE


FAR = Lifecycle(end_of_support=date(2035, 1, 1))


@pytest.mark.parametrize(
    ("kind", "lifecycle", "code", "outcome"),
    [
        (RequestKind.RENEWAL, replace(FAR, last_renewal=START), None, "eligible"),
        (
            RequestKind.RENEWAL,
            replace(FAR, last_renewal=START - DAY),
            "last_renewal_passed",
            "not_eligible",
        ),
        (RequestKind.RENEWAL, replace(FAR, last_new_enrollment=START - DAY), None, "eligible"),
        (RequestKind.NEW_ENROLLMENT, replace(FAR, last_new_enrollment=START), None, "eligible"),
        (
            RequestKind.NEW_ENROLLMENT,
            replace(FAR, last_new_enrollment=START - DAY),
            "last_new_enrollment_passed",
            "not_eligible",
        ),
        (
            RequestKind.REENROLLMENT,
            replace(FAR, last_new_enrollment=START - DAY),
            "last_new_enrollment_passed",
            "needs_review",
        ),
        (
            RequestKind.UPGRADE,
            replace(FAR, last_new_enrollment=START - DAY),
            "last_new_enrollment_passed",
            "needs_review",
        ),
        (RequestKind.UPGRADE, replace(FAR, last_renewal=START - DAY), None, "eligible"),
        (RequestKind.UPGRADE, replace(FAR, end_of_sale=START - DAY), None, "eligible"),
    ],
)
def test_eos_4_the_other_dates(
    kind: RequestKind, lifecycle: Lifecycle, code: str | None, outcome: Outcome
) -> None:
    found = decide_end_of_support(kind, START, END, lifecycle)
    assert found.outcome == outcome
    wanted = (Finding(code, "EOS-4", Outcome(outcome)),) if code else ()
    assert found.findings == wanted


def test_eos_4_no_shorter_term_where_no_start_is_allowed() -> None:
    near = Lifecycle(end_of_support=date(2027, 12, 31), last_new_enrollment=START - DAY)
    refused = decide_end_of_support(RequestKind.NEW_ENROLLMENT, START, END, near)
    assert [each.rule for each in refused.findings] == ["EOS-2", "EOS-4"]
    assert refused.alternatives == ()
    reviewed = decide_end_of_support(RequestKind.UPGRADE, START, END, near)
    assert reviewed.outcome is Outcome.NOT_ELIGIBLE
    assert len(reviewed.alternatives) == 1


@pytest.mark.parametrize(
    ("kind", "lifecycle", "refused"),
    [
        (REENROLLMENT, Lifecycle(end_of_support=START), True),
        (REENROLLMENT, Lifecycle(end_of_support=END - DAY), True),
        (REENROLLMENT, Lifecycle(end_of_support=END), False),
        (REENROLLMENT, FAR, False),
        (REENROLLMENT, Lifecycle(), False),
        (RequestKind.RENEWAL, replace(FAR, last_renewal=START - DAY), True),
        (RequestKind.RENEWAL, replace(FAR, last_renewal=START), False),
        (RequestKind.UPGRADE, replace(FAR, last_new_enrollment=START - DAY), False),
    ],
)
def test_eos_5_what_is_open_is_touched_when_it_would_be_refused_by_now(
    kind: RequestKind, lifecycle: Lifecycle, refused: bool
) -> None:
    assert refused_after_move(kind, START, END, lifecycle) is refused


def test_eos_5_the_setting_of_the_last_day_counts() -> None:
    moved = Lifecycle(end_of_support=END)
    assert not refused_after_move(REENROLLMENT, START, END, moved)
    assert refused_after_move(REENROLLMENT, START, END, moved, covers_last_day=False)


dates = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@given(st.sampled_from(RequestKind), dates, st.integers(0, 4000), dates, st.booleans())
def test_eos_a_later_date_never_makes_it_worse_and_the_offer_always_holds(
    kind: RequestKind, start: date, days: int, end_of_support: date, covers: bool
) -> None:
    end = start + timedelta(days=days)
    now = Lifecycle(end_of_support=end_of_support)
    later = Lifecycle(end_of_support=end_of_support + DAY)
    found = decide_end_of_support(kind, start, end, now, covers_last_day=covers)
    moved = decide_end_of_support(kind, start, end, later, covers_last_day=covers)
    assert worst([found.outcome, moved.outcome]) is found.outcome
    for offer in found.alternatives:
        assert offer.start is not None
        assert offer.end is not None
        assert offer.start <= offer.end < end
        again = decide_end_of_support(kind, offer.start, offer.end, now, covers_last_day=covers)
        assert again.outcome is Outcome.ELIGIBLE


@given(st.lists(st.sampled_from(Outcome)), st.sampled_from(Outcome))
def test_elg_5_one_more_outcome_never_improves_the_worst(
    outcomes: list[Outcome], more: Outcome
) -> None:
    order = list(Outcome)
    before, after = worst(outcomes), worst([*outcomes, more])
    assert order.index(after) == max(order.index(before), order.index(more))


def test_elg_5_rules_come_once_and_in_order() -> None:
    assert rules_of(("ELG-1", "EOS-1"), (), ("EOS-1", "ELG-2")) == ("ELG-1", "EOS-1", "ELG-2")
