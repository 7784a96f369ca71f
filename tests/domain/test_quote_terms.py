"""What a quote says of a term that the days without cover consume (FEE-2).

Seen to fail: with the consumed days forgotten when a line is priced anew, previewed, or left out
and restored; with the check's term taken for a line of another period; and for another machine.
"""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.periods import Period
from app.domain.quote_amending import Amendment, LineChange, amended_lines
from app.domain.quote_drafting import (
    Catalogue,
    Source,
    WishedQuote,
    draft_lines,
)
from app.domain.quote_previews import preview_co_term
from app.domain.quote_terms import with_consumed_terms
from app.domain.quotes import CheckFacts, ConsumedTerm, QuoteLine, flags_of_check, left_out_of

LEVEL = "foundation_care_nbd"
KIND = RequestKind.REENROLLMENT
CATALOGUE = Catalogue({"867959-B21": Lifecycle(end_of_support=date(2035, 1, 1))}, {})
MACHINE = Source(
    "Server", LEVEL, "867959-B21", "JPT0000001", own_level=LEVEL, annual_price=1_260_000
)


def drafted(start: date, end: date, catalogue: Catalogue = CATALOGUE) -> QuoteLine:
    """The line of the period that was asked for."""
    found = draft_lines([MACHINE], WishedQuote(KIND, start, end), catalogue)
    assert found is not None
    return found.lines[0]


def consumed(start: date, end: date, new_end: date) -> QuoteLine:
    """The line with the term that the check found consumed."""
    term = ConsumedTerm("JPT0000001", "867959-B21", Period(start, end), new_end)
    (line,) = with_consumed_terms([drafted(start, end)], [term])
    return line


# The example of RULES with a cap of 180 days, twelve months at 1,260,000 yen a year.
JULY = (date(2026, 7, 10), date(2027, 7, 9), date(2027, 3, 31))
MAY = (date(2027, 5, 6), date(2028, 5, 5), date(2027, 11, 7))


@pytest.mark.parametrize(
    ("start", "end", "new_end", "days", "amount"),
    [
        # Lapse 100, all of it consumed: the term is counted from 1 April.
        (*JULY, 100, 1_260_000),
        # Lapse 400, 180 days of it.
        (*MAY, 180, 1_260_000),
        # Half a year, a day of it left.
        (date(2026, 7, 10), date(2027, 1, 9), date(2026, 7, 10), 183, 630_000),
    ],
)
def test_fee_2_a_consumed_term_ends_earlier_at_the_price_of_the_whole(
    start: date, end: date, new_end: date, days: int, amount: int
) -> None:
    line = consumed(start, end, new_end)
    assert (line.start, line.end, line.consumed_days) == (start, new_end, days)
    assert (line.amount, line.flags) == (amount, ("term_consumed",))


@pytest.mark.parametrize(
    "line",
    [
        # Lapse 4 within the grace: the check consumed nothing, so there is no such term.
        drafted(date(2026, 4, 5), date(2027, 4, 4)),
        replace(drafted(*JULY[:2]), serial_number="JPT0000002"),
        drafted(JULY[0], date(2028, 7, 9)),
        drafted(
            *JULY[:2],
            replace(CATALOGUE, lifecycles={"867959-B21": Lifecycle(end_of_support=JULY[2])}),
        ),
    ],
)
def test_fee_2_what_the_check_did_not_decide_on_stays_and_is_looked_at(line: QuoteLine) -> None:
    term = ConsumedTerm("JPT0000001", "867959-B21", Period(*JULY[:2]), JULY[2])
    assert with_consumed_terms([line], [term]) == (line,)
    check = CheckFacts("eligible", "none", 0, (term,))
    assert flags_of_check(KIND, check, [line]) == ("eligibility_to_review",)
    assert flags_of_check(KIND, check, [consumed(*JULY)]) == ()


@pytest.mark.parametrize(
    ("serial_number", "product_number", "is_meant"),
    [
        (None, "867959-B21", True),
        (None, "S0B84A", False),
        ("JPT0000001", "867959-B21", False),
        ("JPT0000001", "S0B84A", False),
    ],
)
def test_fee_2_what_has_no_serial_number_is_known_by_its_product(
    serial_number: str | None, product_number: str, is_meant: bool
) -> None:
    asked = drafted(*JULY[:2])
    line = replace(asked, serial_number=serial_number, product_number=product_number)
    term = ConsumedTerm(None, "867959-B21", Period(*JULY[:2]), date(2027, 7, 8))
    (found,) = with_consumed_terms([line], [term])
    # A single day that is consumed counts.
    assert found.consumed_days == (1 if is_meant else 0)
    check = CheckFacts("eligible", "none", 0, (term,))
    assert (flags_of_check(KIND, check, [found]) == ()) is is_meant


def test_fee_2_a_line_without_dates_has_no_term() -> None:
    term = ConsumedTerm("JPT0000001", None, Period(*JULY[:2]), JULY[2])
    asked = drafted(*JULY[:2])
    lines = (replace(asked, start=None), replace(asked, end=None))
    assert with_consumed_terms(lines, [term]) == lines


def test_fee_2_consumed_days_are_paid_for_whatever_is_amended() -> None:
    line = consumed(*JULY)
    (same,) = amended_lines([line], Amendment(), KIND, CATALOGUE, 1000).lines
    assert same == line
    longer = Amendment(end=date(2028, 3, 31))
    (later,) = amended_lines([line], longer, KIND, CATALOGUE, 1000).lines
    assert (later.end, later.consumed_days) == (date(2028, 3, 31), 100)
    assert later.amount == drafted(JULY[0], date(2028, 7, 9)).amount
    (preview,) = preview_co_term([line], date(2028, 3, 31), KIND, CATALOGUE)
    assert preview.price is not None
    assert (preview.old_price.amount, preview.price.amount) == (line.amount, later.amount)
    out = Amendment(lines=(LineChange(1, leave_out_reason="x"),))
    gone = amended_lines([line, line], out, KIND, CATALOGUE, 1000)
    back = amended_lines([line], Amendment(restored=(1,)), KIND, CATALOGUE, 1000, gone.left_out)
    assert back.lines == (line, line)
    assert gone.left_out == (left_out_of(line, "desk", "x"),)
