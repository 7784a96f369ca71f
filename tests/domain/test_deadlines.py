"""DL: order deadlines by the examples of the rules, and what holds for all of them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import JST, DeskCalendar, jst_date
from app.domain.deadlines import (
    AfterLimit,
    DeadlineState,
    OrderDeadline,
    StatedDeadline,
    WindowState,
    after_limit,
    deadline_state,
    order_deadline,
    order_deadline_day,
    order_timing,
    purchase_window,
    stated_deadline_needs_approval,
)
from app.domain.errors import StatedDeadlineNeedsApproval

from .calendars import PLAIN, UNCONFIRMED

DAY = timedelta(days=1)
START = date(2027, 4, 1)
NOW = datetime(2027, 3, 1, 10, 0, tzinfo=JST)
PUBLIC = StatedDeadline(date(2027, 4, 1), "Mori", "public body, orders on 1 April")


def answer(
    start: date = START,
    now: datetime = NOW,
    stated: StatedDeadline | None = None,
    valid_until: date | None = None,
) -> OrderDeadline:
    return order_deadline(start, now=now, calendar=PLAIN, stated=stated, valid_until=valid_until)


@pytest.mark.parametrize(
    ("start", "deadline", "advised"),
    [
        (date(2027, 4, 1), date(2027, 3, 31), date(2027, 3, 31)),
        (date(2026, 5, 7), date(2026, 5, 6), date(2026, 4, 30)),
        (date(2027, 1, 1), date(2026, 12, 31), date(2026, 12, 28)),
        (date(2028, 3, 1), date(2028, 2, 29), date(2028, 2, 29)),
    ],
)
def test_dl_1_4_the_day_before_the_start_and_the_business_day_before_it(
    start: date, deadline: date, advised: date
) -> None:
    found = answer(start)
    assert (found.start_date, found.order_deadline) == (start, deadline)
    assert (found.effective_limit, found.advised_order_date) == (deadline, advised)
    assert found.rule == "DL-1"
    assert found.rules == ("DL-1", "DL-3", "DL-4", "DL-5", "DL-6", "DL-8")
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("stated", "missed"),
    [
        (StatedDeadline(date(2027, 3, 15)), AfterLimit.REQUEST_NEW_QUOTE),
        (StatedDeadline(date(2027, 3, 30)), AfterLimit.REQUEST_NEW_QUOTE),
        (StatedDeadline(date(2027, 3, 31)), AfterLimit.REENROLLMENT),
        (PUBLIC, AfterLimit.REENROLLMENT),
        (StatedDeadline(date(2027, 4, 30), "Mori", "late budget"), AfterLimit.REENROLLMENT),
    ],
)
def test_dl_2_a_stated_deadline_replaces_the_default(
    stated: StatedDeadline, missed: AfterLimit
) -> None:
    found = answer(stated=stated)
    assert found.order_deadline == found.effective_limit == stated.day
    assert found.rule == found.rules[0] == "DL-2"
    assert found.if_missed is missed


@pytest.mark.parametrize("day", [date(2027, 4, 1), date(2027, 4, 2), date(2028, 1, 1)])
@pytest.mark.parametrize(
    ("approver", "reason"),
    [(None, None), ("Mori", None), (None, "public body"), ("", ""), ("Mori", " "), ("\u3000", "x")],
)
def test_dl_2_from_the_start_date_on_an_approver_and_a_reason_are_needed(
    day: date, approver: str | None, reason: str | None
) -> None:
    stated = StatedDeadline(day, approver, reason)
    assert stated_deadline_needs_approval(START, stated)
    with pytest.raises(StatedDeadlineNeedsApproval) as refusal:
        answer(stated=stated)
    assert refusal.value.rules == ("DL-2",)
    assert refusal.value.pointer == "/stated_deadline"


def test_dl_2_the_day_before_the_start_needs_no_approval() -> None:
    assert not stated_deadline_needs_approval(START, StatedDeadline(date(2027, 3, 31)))
    assert not stated_deadline_needs_approval(START, PUBLIC)
    assert order_deadline_day(START, PUBLIC) == date(2027, 4, 1)
    assert order_deadline_day(START) == date(2027, 3, 31)


@pytest.mark.parametrize(
    ("received", "in_time"),
    [
        ("2027-03-31T00:00:00+09:00", True),
        ("2027-03-31T23:59:59.999999+09:00", True),
        ("2027-04-01T00:00:00+09:00", False),
        ("2027-03-31T14:59:59+00:00", True),
        ("2027-03-31T15:00:00+00:00", False),
        ("2027-03-31T15:30:00+00:00", False),
    ],
)
def test_dl_3_the_deadline_day_counts_until_midnight_by_arrival(
    received: str, in_time: bool
) -> None:
    timing = order_timing(START, date(2027, 3, 31), datetime.fromisoformat(received))
    assert timing.in_time is in_time
    assert timing.received_on == (date(2027, 3, 31) if in_time else date(2027, 4, 1))
    assert timing.possible is (None if in_time else AfterLimit.REENROLLMENT)
    assert timing.rules == (("DL-3", "DL-5") if in_time else ("DL-3", "DL-5", "DL-6"))


@pytest.mark.parametrize(
    ("valid_until", "limit", "advised", "rule", "missed"),
    [
        (None, date(2027, 3, 31), date(2027, 3, 31), "DL-1", "reenrollment"),
        (date(2027, 3, 31), date(2027, 3, 31), date(2027, 3, 31), "DL-1", "reenrollment"),
        (date(2027, 5, 31), date(2027, 3, 31), date(2027, 3, 31), "DL-1", "reenrollment"),
        (date(2027, 3, 28), date(2027, 3, 28), date(2027, 3, 26), "DL-5", "request_new_quote"),
        (date(2027, 3, 30), date(2027, 3, 30), date(2027, 3, 30), "DL-5", "request_new_quote"),
    ],
)
def test_dl_5_the_earlier_of_validity_and_deadline(
    valid_until: date | None, limit: date, advised: date, rule: str, missed: str
) -> None:
    found = answer(valid_until=valid_until)
    assert (found.effective_limit, found.advised_order_date, found.rule) == (limit, advised, rule)
    assert found.order_deadline == date(2027, 3, 31)
    assert found.if_missed == missed
    stated = answer(stated=PUBLIC, valid_until=valid_until)
    assert stated.effective_limit == min(date(2027, 4, 1), valid_until or date.max)


@pytest.mark.parametrize(
    ("day", "possible"),
    [
        (date(2027, 3, 31), AfterLimit.REQUEST_NEW_QUOTE),
        (date(2027, 4, 1), AfterLimit.REENROLLMENT),
        (date(2027, 4, 2), AfterLimit.REENROLLMENT),
    ],
)
def test_dl_6_after_the_limit(day: date, possible: AfterLimit) -> None:
    assert after_limit(START, day) is possible
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=JST)
    assert order_timing(START, date(2027, 3, 15), noon).possible is possible
    found = answer(now=noon, stated=StatedDeadline(date(2027, 3, 15)))
    assert (found.state, found.if_missed) == (DeadlineState.PASSED, possible)


@pytest.mark.parametrize(
    ("end", "day", "first", "state"),
    [
        (date(2027, 3, 31), date(2026, 11, 30), date(2026, 12, 1), WindowState.BEFORE),
        (date(2027, 3, 31), date(2026, 12, 1), date(2026, 12, 1), WindowState.OPEN),
        (date(2027, 3, 31), date(2027, 3, 31), date(2026, 12, 1), WindowState.OPEN),
        (date(2027, 3, 31), date(2027, 4, 1), date(2026, 12, 1), WindowState.AFTER),
    ],
)
def test_dl_7_post_warranty_window(end: date, day: date, first: date, state: WindowState) -> None:
    window = purchase_window(end, day)
    assert (window.first, window.last, window.state) == (first, end, state)
    assert window.advice == (None if state is WindowState.OPEN else "ask_the_dealer")
    assert window.rules == ("DL-7",)
    assert (window.last - window.first).days + 1 == 121


@pytest.mark.parametrize(
    ("now", "state", "days", "minutes"),
    [
        ("2027-03-16T10:00", DeadlineState.OPEN, 15, 390 + 11 * 450),
        ("2027-03-17T10:00", DeadlineState.DUE_SOON, 14, 390 + 10 * 450),
        ("2027-03-30T17:30", DeadlineState.DUE_SOON, 1, 450),
        ("2027-03-31T00:00", DeadlineState.TODAY, 0, 450),
        ("2027-03-31T16:30", DeadlineState.TODAY, 0, 60),
        ("2027-03-31T23:59", DeadlineState.TODAY, 0, 0),
        ("2027-04-01T00:00", DeadlineState.PASSED, 0, 0),
        ("2027-04-05T10:00", DeadlineState.PASSED, 0, 0),
    ],
)
def test_dl_8_state_and_time_left(now: str, state: str, days: int, minutes: int) -> None:
    found = answer(now=datetime.fromisoformat(now).replace(tzinfo=JST))
    assert (found.state, found.days_left, found.business_minutes_left) == (state, days, minutes)


@pytest.mark.parametrize(
    ("left", "state"), [(8, "open"), (7, "due_soon"), (1, "due_soon"), (0, "today"), (-1, "passed")]
)
def test_dl_8_due_soon_is_a_setting(left: int, state: str) -> None:
    assert deadline_state(START + left * DAY, START, 7) == state
    now = datetime(2027, 3, 31, 12, tzinfo=JST) - left * DAY
    found = order_deadline(START, now=now, calendar=PLAIN, due_soon_days=7)
    assert found.state == state


def test_cal_3_an_unconfirmed_year_warns_beside_the_deadline() -> None:
    warned = ("calendar_unconfirmed",)
    for start, year, warnings in [
        (date(2026, 4, 1), 2026, ()),
        (date(2027, 4, 1), 2026, warned),
        (date(2026, 4, 1), 2025, warned),
        (date(2026, 4, 1), 2028, ()),  # Passed: nothing of later years was counted.
        (date(2026, 1, 1), 2026, warned),
    ]:
        now = datetime(year, 2, 1, tzinfo=UTC)
        assert order_deadline(start, now=now, calendar=UNCONFIRMED).warnings == warnings


@pytest.mark.parametrize("year", [2026, 2027])
def test_cal_3_both_the_limit_and_the_advised_day_count(year: int) -> None:
    # The limit is 2027-01-01, the advised day 2026-12-28; one of the two years is not confirmed.
    calendar = DeskCalendar(closed=PLAIN.closed, confirmed_years=frozenset({year}))
    now = datetime(year, 1, 1, 12, tzinfo=JST)
    found = order_deadline(date(2027, 1, 2), now=now, calendar=calendar)
    assert found.warnings == ("calendar_unconfirmed",)


dates = st.dates(date(2020, 1, 10), date(2035, 6, 30))
moments = st.integers(0, 15 * 365 * 86400).map(
    lambda passed: datetime(2020, 1, 10, tzinfo=UTC) + timedelta(seconds=passed)
)


@given(dates, moments, st.none() | dates)
def test_dl_1_without_a_stated_day_the_limit_lies_before_the_start(
    start: date, now: datetime, valid_until: date | None
) -> None:
    found = answer(start, now, None, valid_until)
    assert found.order_deadline == start - DAY
    assert found.effective_limit <= start - DAY
    assert found.advised_order_date <= found.effective_limit
    assert PLAIN.is_business_day(found.advised_order_date)


@given(dates, moments, st.none() | dates, st.none() | dates)
def test_dl_8_the_parts_of_an_answer_agree(
    start: date, now: datetime, stated_day: date | None, valid_until: date | None
) -> None:
    stated = StatedDeadline(stated_day, "Mori", "agreed") if stated_day else None
    found = answer(start, now, stated, valid_until)
    timing = order_timing(start, found.effective_limit, now)
    assert timing.in_time is (found.state is not DeadlineState.PASSED)
    assert (found.days_left == 0) is (found.state in {"today", "passed"})
    assert found.business_minutes_left <= (found.days_left + 1) * 450
    if not timing.in_time:
        assert found.business_minutes_left == 0
        assert timing.possible is found.if_missed
    assert found.if_missed is after_limit(start, max(jst_date(now), found.effective_limit + DAY))


@given(dates, dates)
def test_dl_7_the_window_has_121_days(end: date, day: date) -> None:
    window = purchase_window(end, day)
    inside = {window.first + n * DAY for n in range(121)}
    assert (day in inside) is (window.state is WindowState.OPEN)
    assert max(inside) == end
