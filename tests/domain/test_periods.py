"""TERM: periods by the Civil Code, beside a naive second implementation."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.periods import (
    MonthsAndDays,
    Period,
    add_months,
    covering_period,
    day_after,
    end_of_term,
    gap_days,
    months_and_days,
    overlaps,
    period_problem,
    renewal_period,
    term_problem,
)

DAY = timedelta(days=1)
days = st.dates(date(2000, 1, 1), date(2100, 12, 31))
months = st.integers(1, 120)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 4, 1), 12, date(2027, 3, 31)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 30), 1, date(2026, 2, 28)),
        (date(2026, 1, 29), 1, date(2026, 2, 28)),
        (date(2026, 1, 28), 1, date(2026, 2, 27)),
        (date(2028, 1, 30), 1, date(2028, 2, 29)),
        (date(2028, 1, 29), 1, date(2028, 2, 28)),
        (date(2026, 1, 31), 2, date(2026, 3, 30)),
        (date(2026, 3, 31), 1, date(2026, 4, 30)),
        (date(2028, 2, 29), 48, date(2032, 2, 28)),
        (date(2027, 2, 28), 12, date(2028, 2, 27)),
        (date(2026, 12, 1), 1, date(2026, 12, 31)),
        (date(2026, 11, 15), 1, date(2026, 12, 14)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
    ],
)
def test_term_2_end_of_term(start: date, months: int, end: date) -> None:
    assert end_of_term(start, months) == end


@pytest.mark.parametrize("months", [0, -1])
def test_term_2_a_term_has_a_month(months: int) -> None:
    with pytest.raises(ValueError, match=r"^a term has at least one month$"):
        end_of_term(date(2026, 4, 1), months)


@pytest.mark.parametrize(
    ("day", "months", "wanted"),
    [
        (date(2027, 4, 1), -3, date(2027, 1, 1)),
        (date(2027, 5, 31), -3, date(2027, 2, 28)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2027, 1, 31), -1, date(2026, 12, 31)),
        (date(2027, 12, 31), 1, date(2028, 1, 31)),
        (date(2027, 5, 6), 0, date(2027, 5, 6)),
        (date(2028, 2, 29), -12, date(2027, 2, 28)),
    ],
)
def test_term_2_add_months(day: date, months: int, wanted: date) -> None:
    assert add_months(day, months) == wanted


def naive_end_of_term(start: date, length: int) -> date:
    """Walk day by day to the month so many months on, then to the day before the corresponding
    one.
    """
    day, seen = start, 0
    while seen < length:
        day += DAY
        if day.day == 1:
            seen += 1
    month = day.month
    while day.day != start.day:
        if (day + DAY).month != month:
            return day  # The month has no such day.
        day += DAY
    return day - DAY


def test_term_2_every_day_of_2020_to_2035_agrees_with_a_naive_walk() -> None:
    start = date(2020, 1, 1)
    while start <= date(2035, 12, 31):
        for length in (1, 2, 3, 12):
            assert end_of_term(start, length) == naive_end_of_term(start, length)
        start += DAY


@given(days, months)
def test_term_2_agrees_with_a_naive_walk(start: date, length: int) -> None:
    assert end_of_term(start, length) == naive_end_of_term(start, length)


@given(days, months)
def test_term_1_a_renewal_leaves_no_gap_and_no_overlap(start: date, length: int) -> None:
    old = Period(start, end_of_term(start, length))
    new = renewal_period(old.end, length)
    assert new.start == old.end + DAY == day_after(old.end)
    assert gap_days(old.end, new.start) == 0
    assert not overlaps(old, new)
    assert overlaps(old, Period(old.end, new.end))


def test_term_1_every_start_renews_without_gap_for_1_to_120_months_from_2000_to_2100() -> None:
    # Only the last days of a month can lack a corresponding day; they meet every length, and all
    # other starts meet twelve lengths.
    few = (1, 2, 3, 6, 11, 12, 13, 24, 36, 60, 119, 120)
    start = date(2000, 1, 1)
    while start <= date(2100, 12, 31):
        last_end = start - DAY
        for length in range(1, 121) if start.day >= 28 else few:
            end = end_of_term(start, length)
            assert end > last_end
            following = end + DAY
            # The renewal starts on the corresponding day, or on the first of the month after a
            # month that has no such day.
            assert following.day == start.day or (following.day == 1 and end.day < start.day)
            last_end = end
        start += DAY


@given(days, st.integers(0, 4000))
def test_term_2_months_and_days_add_up(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    found = months_and_days(start, end)
    counted = end_of_term(start, found.months) if found.months else start - DAY
    assert counted + timedelta(days=found.days) == end
    assert end_of_term(start, found.months + 1) > end


@given(days, months)
def test_term_2_a_whole_term_has_no_days_left_over(start: date, length: int) -> None:
    assert months_and_days(start, end_of_term(start, length)) == MonthsAndDays(length, 0)


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (date(2026, 4, 1), date(2027, 3, 31), MonthsAndDays(12, 0)),
        (date(2026, 4, 1), date(2026, 4, 1), MonthsAndDays(0, 1)),
        (date(2026, 4, 1), date(2026, 4, 29), MonthsAndDays(0, 29)),
        (date(2026, 4, 1), date(2026, 4, 30), MonthsAndDays(1, 0)),
        (date(2026, 4, 1), date(2026, 5, 1), MonthsAndDays(1, 1)),
        (date(2026, 1, 31), date(2026, 2, 28), MonthsAndDays(1, 0)),
        (date(2026, 4, 1), date(2026, 3, 31), MonthsAndDays(0, 0)),
        (date(2026, 4, 1), date(2025, 3, 31), MonthsAndDays(0, 0)),
    ],
)
def test_term_2_months_and_days(start: date, end: date, wanted: MonthsAndDays) -> None:
    assert months_and_days(start, end) == wanted


def test_term_3_the_default_term_is_the_next_year() -> None:
    assert renewal_period(date(2027, 3, 31)) == Period(date(2027, 4, 1), date(2028, 3, 31))
    assert renewal_period(date(2027, 3, 31), 1) == Period(date(2027, 4, 1), date(2027, 4, 30))


@pytest.mark.parametrize(
    ("months", "problem"),
    [
        (0, "term_too_short"),
        (-5, "term_too_short"),
        (1, None),
        (120, None),
        (121, "term_too_long"),
        (10_000, "term_too_long"),
    ],
)
def test_term_3_lengths(months: int, problem: str | None) -> None:
    assert term_problem(months) == problem


def test_term_1_a_period_ends_on_or_after_its_start() -> None:
    assert period_problem(date(2026, 4, 1), date(2026, 4, 1)) is None
    assert period_problem(date(2026, 4, 2), date(2026, 4, 1)) == "end_before_start"
    assert Period(date(2026, 4, 1), date(2026, 4, 1)).days == 1
    assert Period(date(2026, 4, 1), date(2027, 3, 31)).days == 365


@pytest.mark.parametrize(
    ("old_end", "new_start", "gap"),
    [
        (date(2026, 3, 31), date(2026, 4, 1), 0),
        (date(2026, 3, 31), date(2026, 4, 5), 4),
        (date(2026, 3, 31), date(2026, 3, 31), -1),
    ],
)
def test_term_1_gap(old_end: date, new_start: date, gap: int) -> None:
    assert gap_days(old_end, new_start) == gap


@pytest.mark.parametrize(
    ("start", "end", "shared"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), False),
        (date(2026, 3, 1), date(2026, 4, 1), True),
        (date(2026, 4, 10), date(2026, 4, 20), True),
        (date(2026, 4, 30), date(2026, 5, 31), True),
        (date(2026, 5, 1), date(2026, 5, 31), False),
    ],
)
def test_term_1_periods_that_touch_do_not_overlap(start: date, end: date, shared: bool) -> None:
    april, other = Period(date(2026, 4, 1), date(2026, 4, 30)), Period(start, end)
    assert overlaps(april, other) is overlaps(other, april) is shared


short = st.builds(
    lambda start, length: Period(start, start + timedelta(days=length)),
    st.dates(date(2026, 1, 1), date(2026, 2, 28)),
    st.integers(0, 40),
)


@given(short, short)
def test_term_1_overlap_is_a_shared_day(one: Period, other: Period) -> None:
    shared = {one.start + n * DAY for n in range(one.days)} & {
        other.start + n * DAY for n in range(other.days)
    }
    assert overlaps(one, other) is overlaps(other, one) is bool(shared)


def test_term_4_a_contract_covers_its_lines() -> None:
    lines = [
        Period(date(2026, 5, 1), date(2027, 3, 31)),
        Period(date(2026, 4, 1), date(2026, 9, 30)),
    ]
    assert covering_period(lines) == Period(date(2026, 4, 1), date(2027, 3, 31))
    assert covering_period(iter(lines)) == Period(date(2026, 4, 1), date(2027, 3, 31))
    assert covering_period([]) is None
