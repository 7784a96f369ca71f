"""CAL: the desk calendar, by the examples of the rules and beside a naive second calendar."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import (
    JST,
    REGULAR_HOURS,
    DeskCalendar,
    OpenInterval,
    jst_date,
    jst_midnight,
)

from .calendars import MORNING_ONLY, ODD, PLAIN, UNCONFIRMED

TOKYO = ZoneInfo("Asia/Tokyo")


def instants_between(first_year: int, last_year: int) -> st.SearchStrategy[datetime]:
    start = datetime(first_year, 1, 1, tzinfo=UTC)
    seconds = int((datetime(last_year + 1, 1, 1, tzinfo=UTC) - start).total_seconds())
    return st.integers(0, seconds - 1).map(lambda passed: start + timedelta(seconds=passed))


def jst(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JST)


@pytest.mark.parametrize(
    ("moment", "is_open", "reason", "closes", "opens"),
    [
        ("2026-11-25T08:59:59", False, "before_hours", None, "2026-11-25T09:00"),
        ("2026-11-25T09:00:00", True, None, "2026-11-25T12:00", "2026-11-25T13:00"),
        ("2026-11-25T11:59:59", True, None, "2026-11-25T12:00", "2026-11-25T13:00"),
        ("2026-11-25T12:00:00", False, "break", None, "2026-11-25T13:00"),
        ("2026-11-25T12:59:59", False, "break", None, "2026-11-25T13:00"),
        ("2026-11-25T13:00:00", True, None, "2026-11-25T17:30", "2026-11-26T09:00"),
        ("2026-11-25T17:29:59", True, None, "2026-11-25T17:30", "2026-11-26T09:00"),
        ("2026-11-25T17:30:00", False, "after_hours", None, "2026-11-26T09:00"),
        ("2026-11-27T18:00:00", False, "after_hours", None, "2026-11-30T09:00"),
        ("2026-11-28T10:00:00", False, "saturday", None, "2026-11-30T09:00"),
        ("2026-11-29T10:00:00", False, "sunday", None, "2026-11-30T09:00"),
        ("2026-11-23T10:00:00", False, "national_holiday", None, "2026-11-24T09:00"),
        ("2026-05-06T10:00:00", False, "substitute_holiday", None, "2026-05-07T09:00"),
        ("2026-12-28T18:00:00", False, "after_hours", None, "2027-01-04T09:00"),
        ("2026-05-01T10:00:00", False, "company_closing", None, "2026-05-07T09:00"),
    ],
)
def test_cal_1_2_status(
    moment: str, is_open: bool, reason: str | None, closes: str | None, opens: str
) -> None:
    instant = jst(moment).astimezone(UTC)
    status = PLAIN.status(instant)
    assert (status.open, status.reason) == (is_open, reason)
    assert status.closes_at == (jst(closes).astimezone(UTC) if closes else None)
    assert status.next_opens_at == jst(opens)
    assert status.next_opens_at.tzinfo is UTC
    assert status.closes_at is None or status.closes_at.tzinfo is UTC
    assert status.warnings == ()
    assert status.rules == ("CAL-1", "CAL-2")
    assert PLAIN.is_open(instant) is is_open


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2026, 11, 25), None),
        (date(2026, 11, 28), "saturday"),
        (date(2026, 11, 29), "sunday"),
        (date(2026, 5, 3), "national_holiday"),  # a Sunday too: the holiday is the better reason
        (date(2026, 6, 15), "company_closing"),  # a short day without an open minute
        (date(2026, 12, 28), None),
    ],
)
def test_cal_2_closing_reason(day: date, reason: str | None) -> None:
    assert ODD.closing_reason(day) == reason
    assert ODD.is_business_day(day) is (reason is None)
    assert bool(ODD.open_intervals(day)) is (reason is None)


def test_cal_2_short_days() -> None:
    assert ODD.open_intervals(date(2026, 12, 28)) == MORNING_ONLY
    assert ODD.open_intervals(date(2026, 12, 25)) == REGULAR_HOURS
    assert PLAIN.open_intervals(date(2026, 12, 28)) == REGULAR_HOURS
    status = ODD.status(jst("2026-12-28T12:00"))
    assert (status.reason, status.next_opens_at) == ("after_hours", jst("2027-01-04T09:00"))
    # 2026-12-28 is a Monday, 2025-12-28 a Sunday and therefore closed as before.
    assert ODD.short_days_between(date(2025, 6, 16), date(2026, 12, 28)) == (
        date(2026, 3, 31),
        date(2026, 12, 28),
    )
    assert ODD.short_days_between(date(2026, 4, 1), date(2026, 12, 27)) == ()
    assert ODD.short_days_between(date(2026, 3, 31), date(2026, 3, 31)) == (date(2026, 3, 31),)


def test_cal_2_intervals_that_touch_are_one_and_empty_ones_go() -> None:
    day = date(2026, 11, 25)
    calendar = DeskCalendar(
        closed={},
        short_days={
            day: (
                OpenInterval(time(8), time(8)),
                OpenInterval(time(13), time(14)),
                OpenInterval(time(9), time(11)),
                OpenInterval(time(10), time(10, 30)),
                OpenInterval(time(11), time(12)),
                OpenInterval(time(15), time(15)),
            )
        },
    )
    assert calendar.open_intervals(day) == (
        OpenInterval(time(9), time(12)),
        OpenInterval(time(13), time(14)),
    )


def test_cal_2_a_short_day_on_a_closed_day_stays_closed() -> None:
    saturday, holiday = date(2026, 11, 28), date(2026, 11, 23)
    calendar = DeskCalendar(
        closed={holiday: "national_holiday"},
        short_days={saturday: MORNING_ONLY, holiday: MORNING_ONLY},
    )
    assert calendar.open_intervals(saturday) == calendar.open_intervals(holiday) == ()
    assert calendar.business_minutes_between(jst("2026-11-21T00:00"), jst("2026-11-29T00:00")) == (
        4 * 450
    )


def test_cal_2_counting_sees_each_closed_day_once() -> None:
    saturday, monday, tuesday = date(2026, 11, 21), date(2026, 11, 23), date(2026, 11, 24)
    calendar = DeskCalendar(
        closed={saturday: "company_closing", monday: "national_holiday"},
        short_days={
            tuesday: (),
            date(2026, 11, 25): MORNING_ONLY,
            date(2026, 11, 26): MORNING_ONLY,
        },
    )
    week = jst("2026-11-20T00:00"), jst("2026-11-28T00:00")
    assert calendar.business_days_between(date(2026, 11, 20), date(2026, 11, 28)) == 4
    assert calendar.business_minutes_between(*week) == 2 * 450 + 2 * 180


def test_cal_3_unconfirmed_years_warn() -> None:
    warned = ("calendar_unconfirmed",)
    assert UNCONFIRMED.warnings(date(2026, 1, 1), date(2026, 12, 31)) == ()
    assert UNCONFIRMED.warnings(date(2027, 1, 1)) == warned
    assert UNCONFIRMED.warnings(date(2026, 1, 1), date(2025, 12, 31)) == warned
    assert UNCONFIRMED.unconfirmed_years(date(2025, 5, 1), date(2028, 5, 1)) == (2025, 2027, 2028)
    assert UNCONFIRMED.status(jst("2026-12-28T18:00")).warnings == warned
    assert UNCONFIRMED.status(jst("2026-12-28T10:00")).warnings == ()
    next_year = DeskCalendar(closed=PLAIN.closed, confirmed_years=frozenset({2027}))
    assert next_year.status(jst("2026-12-28T18:00")).warnings == warned


@pytest.mark.parametrize(
    ("day", "preceding", "following"),
    [
        (date(2026, 11, 25), date(2026, 11, 25), date(2026, 11, 25)),
        (date(2026, 11, 28), date(2026, 11, 27), date(2026, 11, 30)),
        (date(2026, 5, 6), date(2026, 4, 30), date(2026, 5, 7)),
        (date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 4)),
    ],
)
def test_cal_4_preceding_and_following(day: date, preceding: date, following: date) -> None:
    assert PLAIN.preceding(day) == preceding
    assert PLAIN.following(day) == following


@pytest.mark.parametrize(
    ("received", "minutes", "ends"),
    [
        ("2026-11-27T17:45", 120, "2026-11-30T11:00"),
        ("2026-11-27T17:15", 30, "2026-11-30T09:15"),
        ("2026-11-27T11:00", 60, "2026-11-27T12:00"),
        ("2026-11-27T11:00", 61, "2026-11-27T13:01"),
        ("2026-11-27T12:00", 1, "2026-11-27T13:01"),
        ("2026-11-27T09:00", 450, "2026-11-27T17:30"),
        ("2026-11-27T09:00", 451, "2026-11-30T09:01"),
        ("2026-11-27T10:00", 0, "2026-11-27T10:00"),
        ("2026-11-27T12:30", 0, "2026-11-27T13:00"),
        ("2026-11-27T12:00", 0, "2026-11-27T13:00"),
        ("2026-11-27T20:00", 0, "2026-11-30T09:00"),
        ("2026-12-28T17:00", 60, "2027-01-04T09:30"),
    ],
)
def test_cal_5_business_time(received: str, minutes: int, ends: str) -> None:
    ended = PLAIN.add_business_minutes(jst(received).astimezone(UTC), minutes)
    assert ended == jst(ends)
    assert ended.tzinfo is UTC
    assert PLAIN.business_minutes_between(jst(received), ended) == minutes


def test_cal_5_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match=r"^business minutes run forward only$"):
        PLAIN.add_business_minutes(jst("2026-11-27T10:00"), -1)
    assert PLAIN.business_minutes_between(jst("2026-11-27T11:00"), jst("2026-11-27T10:00")) == 0
    assert PLAIN.business_minutes_between(jst("2026-11-27T11:00"), jst("2026-11-27T11:00")) == 0
    assert PLAIN.business_minutes_between(jst("2026-11-27T11:00:30"), jst("2026-11-27T11:01")) == 0
    assert PLAIN.business_days_between(date(2026, 11, 27), date(2026, 11, 27)) == 0
    assert PLAIN.business_days_between(date(2026, 11, 27), date(2026, 11, 28)) == 1
    assert PLAIN.business_days_between(date(2026, 11, 28), date(2026, 11, 27)) == 0


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2027-03-31T15:30:00+00:00", date(2027, 4, 1)),
        ("2027-03-31T14:59:59+00:00", date(2027, 3, 31)),
        ("2027-03-31T15:00:00+00:00", date(2027, 4, 1)),
        ("2027-04-01T00:30:00+09:00", date(2027, 4, 1)),
        ("2027-03-31T20:00:00-05:00", date(2027, 4, 1)),
    ],
)
def test_cal_6_instants_are_japanese_days(instant: str, day: date) -> None:
    assert jst_date(datetime.fromisoformat(instant)) == day


@given(instants_between(1952, 2199))
def test_cal_6_the_fixed_offset_is_the_zone(instant: datetime) -> None:
    assert jst_date(instant) == instant.astimezone(TOKYO).date()
    midnight = jst_midnight(jst_date(instant))
    assert midnight <= instant < midnight + timedelta(days=1)
    assert midnight.tzinfo is UTC


# The naive calendar: it looks at every minute and walks day by day, and knows no arithmetic.


@cache
def naive_minutes(intervals: tuple[OpenInterval, ...]) -> tuple[int, ...]:
    """The open minutes of a day, each as its number since midnight."""
    return tuple(
        minute
        for minute in range(24 * 60)
        if any(each.opens <= time(minute // 60, minute % 60) < each.closes for each in intervals)
    )


def naive_hours(calendar: DeskCalendar, day: date) -> tuple[OpenInterval, ...]:
    if day in calendar.closed or day.strftime("%w") in "06":
        return ()
    return calendar.short_days.get(day, REGULAR_HOURS)


def naive_walk(calendar: DeskCalendar, day: date, step: int) -> date:
    while not naive_minutes(naive_hours(calendar, day)):
        day = day + timedelta(days=step)
    return day


@pytest.mark.parametrize("calendar", [PLAIN, ODD], ids=["plain", "odd"])
def test_cal_every_day_of_2020_to_2035_agrees_with_a_naive_walk(calendar: DeskCalendar) -> None:
    day, origin = date(2020, 1, 1), date(2020, 1, 1)
    start = jst_midnight(origin)
    minutes, business_days = 0, 0
    while day <= date(2035, 12, 31):
        open_minutes = naive_minutes(naive_hours(calendar, day))
        assert calendar.is_business_day(day) is bool(open_minutes)
        assert calendar.preceding(day) == naive_walk(calendar, day, -1)
        assert calendar.following(day) == naive_walk(calendar, day, 1)
        assert calendar.business_days_between(origin, day) == business_days
        noon = datetime.combine(day, time(12, 45), JST)
        before_noon = minutes + sum(minute < 12 * 60 + 45 for minute in open_minutes)
        assert calendar.business_minutes_between(start, noon) == before_noon
        minutes, business_days = minutes + len(open_minutes), business_days + bool(open_minutes)
        day += timedelta(days=1)
        assert calendar.business_minutes_between(start, jst_midnight(day)) == minutes


instants = instants_between(2020, 2034)


@given(instants, st.integers(0, 3000))
def test_cal_5_adding_and_counting_agree(instant: datetime, minutes: int) -> None:
    for calendar in (PLAIN, ODD):
        ended = calendar.add_business_minutes(instant, minutes)
        assert calendar.business_minutes_between(instant, ended) == minutes
        assert ended >= instant
        if minutes:
            assert (
                calendar.business_minutes_between(instant, ended - timedelta(seconds=1)) < minutes
            )


@given(instants)
def test_cal_1_the_status_is_true_of_every_instant(instant: datetime) -> None:
    status = ODD.status(instant)
    local = instant.astimezone(JST)
    minute = local.hour * 60 + local.minute
    assert status.open is (minute in naive_minutes(naive_hours(ODD, local.date())))
    assert status.open is ODD.is_open(instant) is (status.reason is None)
    assert ODD.is_open(status.next_opens_at)
    assert not ODD.is_open(status.next_opens_at - timedelta(seconds=1))
    assert status.next_opens_at > instant
    if status.closes_at:
        assert not ODD.is_open(status.closes_at)
        assert ODD.is_open(status.closes_at - timedelta(seconds=1))
    else:
        assert ODD.business_minutes_between(instant, status.next_opens_at) == 0
