"""QUO-4: tax is rounded once per rate and document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.tax import RateTotal, Rounding, TaxedAmount, rounded, taxed_totals


@pytest.mark.parametrize(
    ("rounding", "tax"), [(Rounding.FLOOR, 31), (Rounding.HALF_UP, 32), (Rounding.CEILING, 32)]
)
def test_quo_4_three_lines_are_rounded_once(rounding: Rounding, tax: int) -> None:
    found = taxed_totals([TaxedAmount(1000, 105)] * 3, rounding)
    assert found.rates == (RateTotal(1000, 315, tax),)
    assert (found.subtotal, found.tax, found.total) == (315, tax, 315 + tax)
    assert found.rules == ("QUO-4",)


def test_quo_4_the_default_direction_is_down() -> None:
    assert taxed_totals([TaxedAmount(1000, 19)]).tax == 1


def test_quo_4_each_rate_has_its_own_rounding() -> None:
    amounts = [
        TaxedAmount(800, 112),
        TaxedAmount(1000, 105),
        TaxedAmount(0, 7),
        TaxedAmount(800, 1),
    ]
    found = taxed_totals(amounts)
    assert found.rates == (RateTotal(1000, 105, 10), RateTotal(800, 113, 9), RateTotal(0, 7, 0))
    assert (found.subtotal, found.tax, found.total) == (225, 19, 244)


def test_quo_4_an_empty_document_costs_nothing() -> None:
    found = taxed_totals([])
    assert (found.rates, found.subtotal, found.tax, found.total) == ((), 0, 0, 0)


@pytest.mark.parametrize(
    ("numerator", "denominator", "down", "half", "up"),
    [
        (0, 10, 0, 0, 0),
        (10, 10, 1, 1, 1),
        (11, 10, 1, 1, 2),
        (14, 10, 1, 1, 2),
        (15, 10, 1, 2, 2),
        (19, 10, 1, 2, 2),
        (-14, 10, -1, -1, -2),
        (-15, 10, -1, -2, -2),
        (-10, 10, -1, -1, -1),
        (16, 11, 1, 1, 2),
        (17, 11, 1, 2, 2),
    ],
)
def test_quo_4_directions(numerator: int, denominator: int, down: int, half: int, up: int) -> None:
    found = [rounded(numerator, denominator, each) for each in Rounding]
    assert found == [down, half, up]


lists = st.lists(
    st.builds(TaxedAmount, st.sampled_from([0, 800, 1000]), st.integers(-(10**9), 10**9))
)


@given(lists, st.sampled_from(Rounding))
def test_quo_4_the_tax_is_less_than_a_yen_from_the_exact_one(
    amounts: list[TaxedAmount], rounding: Rounding
) -> None:
    found = taxed_totals(amounts, rounding)
    assert found.total == found.subtotal + sum(each.tax for each in found.rates)
    assert found.subtotal == sum(each.amount for each in amounts)
    for rate in found.rates:
        exact = sum(each.amount * each.rate_bp for each in amounts if each.rate_bp == rate.rate_bp)
        assert abs(rate.tax * 10_000 - exact) < 10_000
    taken_back = taxed_totals([TaxedAmount(a.rate_bp, -a.amount) for a in amounts], rounding)
    assert taken_back.total == -found.total
