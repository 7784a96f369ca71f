"""Which lines another quote of the same origin offers already (QUO-6)."""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.quote_families import quoted_elsewhere
from app.domain.quotes import LineKind, QuoteLine, fee_line

LINE = QuoteLine(
    LineKind.SERVICE,
    "Server",
    1200,
    product_number="867959-B21",
    serial_number="JPT0000001",
    start=date(2027, 4, 1),
    end=date(2028, 3, 31),
    contract_number="JP-1000-0001",
    contract_line_number=1,
)
ADDED = replace(LINE, contract_number=None, contract_line_number=None)
LICENCE = replace(ADDED, serial_number=None)


@pytest.mark.parametrize(
    ("line", "other", "twice"),
    [
        (LINE, LINE, True),
        # The same line of the contract after the machine was exchanged, or the same machine.
        (LINE, replace(LINE, serial_number="JPT0000002"), True),
        (LINE, replace(LINE, contract_line_number=2), True),
        (ADDED, LINE, True),
        (ADDED, ADDED, True),
        # Another machine; the same serial number of another product.
        (LINE, replace(LINE, contract_line_number=2, serial_number="JPT0000002"), False),
        (ADDED, replace(ADDED, product_number="S0B84A"), False),
        # The year before and the one after; a day of both.
        (LINE, replace(LINE, start=date(2028, 4, 1), end=date(2029, 3, 31)), False),
        (LINE, replace(LINE, start=date(2028, 3, 31), end=date(2029, 3, 30)), True),
        # Two licences are not one licence twice; nothing is known of a line without dates.
        (LICENCE, LICENCE, False),
        (LINE, replace(LINE, start=None, end=None), False),
        (LINE, replace(LINE, start=None), False),
        (LINE, replace(LINE, end=None), False),
        (replace(LINE, start=None), LINE, False),
        (replace(LINE, end=None), LINE, False),
        (LINE, fee_line(5, 1000), False),
        (fee_line(5, 1000), fee_line(5, 1000), False),
    ],
)
def test_quo_6_a_line_is_offered_once(line: QuoteLine, other: QuoteLine, twice: bool) -> None:
    found = quoted_elsewhere([fee_line(5, 1000), line], [("Q2026-0000001", other)])
    assert found == (((2, "Q2026-0000001"),) if twice else ())


def test_each_line_is_named_with_the_first_quote_that_offers_it() -> None:
    second = replace(LINE, contract_line_number=2, serial_number="JPT0000002")
    standing = [("Q2026-0000002", second), ("Q2026-0000003", LINE), ("Q2026-0000004", LINE)]
    assert quoted_elsewhere([LINE, second], standing) == (
        (1, "Q2026-0000003"),
        (2, "Q2026-0000002"),
    )
