"""REN: when a renewal quote is due and when reminders go."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import DeskCalendar
from app.domain.renewals import (
    CoverKind,
    QuoteState,
    Reminder,
    reminders,
    renewal_quote_due,
    renewal_quote_state,
)

from .calendars import PLAIN, UNCONFIRMED


@pytest.mark.parametrize(
    ("end", "guide", "due"),
    [
        (date(2027, 3, 31), date(2027, 1, 1), date(2026, 12, 28)),
        (date(2026, 12, 31), date(2026, 10, 1), date(2026, 10, 1)),
        (date(2026, 8, 30), date(2026, 5, 31), date(2026, 5, 29)),
        (date(2026, 5, 30), date(2026, 2, 28), date(2026, 2, 27)),
    ],
)
def test_ren_1_quote_due(end: date, guide: date, due: date) -> None:
    answer = renewal_quote_due(end, CoverKind.CONTRACT, PLAIN)
    assert (answer.due, answer.guide, answer.promised) == (due, guide, True)
    assert answer.rules == ("REN-1", "CAL-4")
    assert answer.warnings == ()


def test_ren_2_a_package_has_the_same_date_and_no_promise() -> None:
    answer = renewal_quote_due(date(2027, 3, 31), CoverKind.PACKAGE, PLAIN)
    assert (answer.due, answer.promised) == (date(2026, 12, 28), False)
    assert answer.rules == ("REN-2", "CAL-4")


def test_cal_3_an_unconfirmed_year_warns_beside_the_due_date() -> None:
    for end, warned in [(date(2027, 3, 31), True), (date(2026, 12, 31), False)]:
        answer = renewal_quote_due(end, CoverKind.CONTRACT, UNCONFIRMED)
        assert answer.warnings == (("calendar_unconfirmed",) if warned else ())
    next_year = DeskCalendar(closed=PLAIN.closed, confirmed_years=frozenset({2027}))
    moved = renewal_quote_due(date(2027, 3, 31), CoverKind.CONTRACT, next_year)
    assert moved.warnings == ("calendar_unconfirmed",)


@pytest.mark.parametrize(
    ("kind", "today", "sent", "state"),
    [
        (CoverKind.CONTRACT, date(2026, 12, 27), False, QuoteState.UPCOMING),
        (CoverKind.CONTRACT, date(2026, 12, 28), False, QuoteState.DUE),
        (CoverKind.CONTRACT, date(2026, 12, 29), False, QuoteState.OVERDUE),
        (CoverKind.CONTRACT, date(2026, 12, 29), True, QuoteState.DONE),
        (CoverKind.PACKAGE, date(2026, 12, 27), False, QuoteState.UPCOMING),
        (CoverKind.PACKAGE, date(2026, 12, 29), False, QuoteState.DUE),
        (CoverKind.PACKAGE, date(2027, 12, 29), False, QuoteState.DUE),
        (CoverKind.PACKAGE, date(2026, 12, 1), True, QuoteState.DONE),
    ],
)
def test_ren_1_2_state(kind: CoverKind, today: date, sent: bool, state: QuoteState) -> None:
    due = renewal_quote_due(date(2027, 3, 31), kind, PLAIN)
    assert renewal_quote_state(due, today, sent) is state


def test_ren_3_reminders_count_back_from_the_deadline() -> None:
    assert reminders(date(2027, 3, 31)) == (
        Reminder(90, date(2026, 12, 31)),
        Reminder(60, date(2027, 1, 30)),
        Reminder(30, date(2027, 3, 1)),
        Reminder(14, date(2027, 3, 17)),
        Reminder(3, date(2027, 3, 28)),
    )
    assert reminders(date(2027, 3, 31), [1, 7, 7]) == (
        Reminder(7, date(2027, 3, 24)),
        Reminder(1, date(2027, 3, 30)),
    )


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_ren_1_the_due_day_is_open_and_about_three_months_before(end: date) -> None:
    answer = renewal_quote_due(end, CoverKind.CONTRACT, PLAIN)
    assert PLAIN.is_business_day(answer.due)
    assert answer.due <= answer.guide
    assert timedelta(days=88) <= end - answer.guide <= timedelta(days=92)
