"""QUO-5: proration of lines, and one end date for many."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.periods import end_of_term
from app.domain.pricing import LinePrice, PricedLine, co_term, line_price

DAY = timedelta(days=1)
START = date(2026, 4, 1)


@pytest.mark.parametrize(
    ("annual", "quantity", "end", "wanted"),
    [
        (1_200_000, 1, date(2027, 3, 31), LinePrice(12, 0, 1_200_000, 1_200_000)),
        (1_200_000, 2, date(2026, 4, 30), LinePrice(1, 0, 100_000, 200_000)),
        (1_200_000, 1, date(2026, 4, 1), LinePrice(0, 1, 3_287, 3_287)),
        (1_200_000, 3, date(2026, 5, 10), LinePrice(1, 10, 132_876, 398_628)),
        (1_200_000, 1, date(2028, 3, 31), LinePrice(24, 0, 2_400_000, 2_400_000)),
        (100, 3, date(2026, 4, 30), LinePrice(1, 0, 8, 24)),
        (0, 3, date(2026, 4, 30), LinePrice(1, 0, 0, 0)),
    ],
)
def test_quo_5_whole_months_and_the_rest_act_365(
    annual: int, quantity: int, end: date, wanted: LinePrice
) -> None:
    found = line_price(annual, quantity, START, end)
    assert found == wanted
    assert found.rules == ("QUO-5", "TERM-2")


def test_quo_5_a_period_has_a_day() -> None:
    with pytest.raises(ValueError, match=r"^a period ends on or after its start$"):
        line_price(1, 1, START, START - DAY)


def test_quo_5_co_terming_previews_each_line() -> None:
    lines = [
        PricedLine("a", START, date(2027, 3, 31), 1_200_000),
        PricedLine("b", date(2026, 10, 1), date(2027, 9, 30), 600_000, 2),
        PricedLine("c", date(2027, 4, 1), date(2028, 3, 31), 120_000),
    ]
    a, b, c = co_term(lines, date(2027, 3, 31))
    assert (a.line_id, a.difference, a.price, a.problem) == ("a", 0, a.old_price, None)
    assert (b.line_id, b.start, b.old_end, b.new_end) == (
        "b",
        date(2026, 10, 1),
        date(2027, 9, 30),
        date(2027, 3, 31),
    )
    assert b.old_price.amount == 1_200_000
    assert b.price == LinePrice(6, 0, 300_000, 600_000)
    assert b.difference == -600_000
    assert (c.line_id, c.price, c.difference, c.problem) == ("c", None, None, "end_before_start")
    assert (c.start, c.old_end, c.new_end) == (
        date(2027, 4, 1),
        date(2028, 3, 31),
        date(2027, 3, 31),
    )
    assert c.old_price.amount == 120_000
    (one_day,) = co_term([lines[2]], date(2027, 4, 1))
    assert one_day.price == LinePrice(0, 1, 328, 328)
    assert co_term([], START) == ()


prices = st.integers(0, 10**9)
starts = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@given(prices, starts, st.integers(0, 2000), st.integers(1, 500))
def test_quo_5_floored_once(annual: int, start: date, days: int, quantity: int) -> None:
    found = line_price(annual, quantity, start, start + days * DAY)
    exact = Fraction(annual * found.months, 12) + Fraction(annual * found.days, 365)
    assert found.unit_price <= exact < found.unit_price + 1
    assert found.amount == found.unit_price * quantity


@given(prices, starts, st.integers(1, 10))
def test_quo_5_whole_years_cost_whole_annual_prices(annual: int, start: date, years: int) -> None:
    assert line_price(annual, 1, start, end_of_term(start, years * 12)).amount == annual * years
