"""Where a product stands in its life. Seen to fail when the last day of sale counted as over."""

from datetime import date, timedelta

import pytest

from app.domain.products import lifecycle_state

DAY = timedelta(days=1)
TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("end_of_sale", "end_of_support", "state"),
    [
        (None, None, "unknown"),
        (TODAY - DAY, None, "unknown"),
        (None, TODAY + DAY, "on_sale"),
        (None, TODAY, "ended"),
        (TODAY, TODAY + DAY, "on_sale"),
        (TODAY - DAY, TODAY + DAY, "supported"),
        (TODAY - DAY, TODAY, "ended"),
    ],
)
def test_eos_1_3_where_a_product_stands_in_its_life(
    end_of_sale: date | None, end_of_support: date | None, state: str
) -> None:
    assert lifecycle_state(end_of_sale, end_of_support, TODAY) == state
