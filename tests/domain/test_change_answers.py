"""What change requests make of the next version of a quote (QUO-2, REQ-2)."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.change_answers import LEFT_OUT, amendment_of, prices_outgrown
from app.domain.changes import (
    AddedMachine,
    Change,
    ConfigurationChange,
    ContactChange,
    LevelChange,
    NamedMachine,
    PeriodChange,
    Replacement,
)
from app.domain.quote_amending import Amendment, LineChange
from app.domain.quote_drafting import Source
from app.domain.quotes import LineKind, QuoteLine

NBD, DAY_AND_NIGHT, CTR = "foundation_care_nbd", "foundation_care_24x7", "foundation_care_ctr"
LINES = (
    QuoteLine(LineKind.SERVICE, "One", 100, serial_number="S1", service_level=NBD),
    QuoteLine(LineKind.FEE, "Fee", 100),
    QuoteLine(LineKind.SERVICE, "Two", 100, serial_number="S2", service_level=CTR),
)
NEW = AddedMachine("P1", "New", "S9")


def test_quo_2_each_kind_of_change_finds_its_place_in_the_version() -> None:
    found = amendment_of(
        [
            PeriodChange(end=date(2028, 9, 30)),
            LevelChange(DAY_AND_NIGHT, ("S1",)),
            ContactChange("山田 太郎", "taro@example.com"),
            ConfigurationChange(add=(NEW,), remove=(NamedMachine("S2"),)),
        ],
        LINES,
        NBD,
    )
    assert (found.start, found.end, found.service_level) == (None, date(2028, 9, 30), None)
    assert found.lines == (
        LineChange(1, service_level=DAY_AND_NIGHT),
        LineChange(3, leave_out_reason=LEFT_OUT),
    )
    assert [(each.serial_number, each.service_level) for each in found.added] == [("S9", NBD)]
    assert found.header == {"contact_name": "山田 太郎", "contact_email": "taro@example.com"}


def test_quo_2_a_machine_takes_the_level_of_the_one_whose_place_it_takes() -> None:
    swap = ConfigurationChange(replace=(Replacement(NamedMachine("S2"), NEW),))
    cases: list[tuple[list[Change], str]] = [
        ([swap], CTR),
        ([LevelChange(DAY_AND_NIGHT, ("S2",)), swap], DAY_AND_NIGHT),
        ([swap, LevelChange(DAY_AND_NIGHT)], DAY_AND_NIGHT),
    ]
    for changes, level in cases:
        assert [each.service_level for each in amendment_of(changes, LINES, NBD).added] == [level]


def test_quo_2_changes_of_one_kind_add_up() -> None:
    """Seen to fail when a later change took the place of an earlier one of its kind."""
    other = replace(NEW, serial_number="S8")
    found = amendment_of(
        [
            LevelChange(DAY_AND_NIGHT, ("S1",)),
            LevelChange(DAY_AND_NIGHT, ("S3",)),
            ConfigurationChange(add=(NEW,), remove=(NamedMachine("S2"),)),
            ConfigurationChange(add=(other,), remove=(NamedMachine("S4"),)),
        ],
        (*LINES, *(replace(LINES[0], serial_number=serial) for serial in ("S3", "S4"))),
        NBD,
    )
    assert found == Amendment(
        lines=(
            LineChange(1, service_level=DAY_AND_NIGHT),
            LineChange(3, leave_out_reason=LEFT_OUT),
            LineChange(4, service_level=DAY_AND_NIGHT),
            LineChange(5, leave_out_reason=LEFT_OUT),
        ),
        added=tuple(
            Source("New", NBD, product_number="P1", serial_number=serial) for serial in ("S9", "S8")
        ),
    )


def test_quo_2_a_period_and_a_level_for_all_are_for_the_whole_version() -> None:
    start = date(2027, 4, 1)
    licence = replace(LINES[0], serial_number=None, product_number="L1", service_level=CTR)
    swap = ConfigurationChange(
        replace=(
            Replacement(NamedMachine(product_number="L1"), replace(NEW, quantity=3)),
            Replacement(NamedMachine("S0"), replace(NEW, service_level=DAY_AND_NIGHT)),
            Replacement(NamedMachine("S0"), NEW),
        )
    )
    found = amendment_of([PeriodChange(start=start), swap], [*LINES, licence], NBD)
    assert (found.start, found.end) == (start, None)
    assert found.lines == (LineChange(4, leave_out_reason=LEFT_OUT),)
    assert [(each.service_level, each.quantity) for each in found.added] == [
        (CTR, 3),
        (DAY_AND_NIGHT, 1),
        (NBD, 1),
    ]
    raised = amendment_of([LevelChange(DAY_AND_NIGHT), swap], LINES, NBD)
    assert raised.service_level == DAY_AND_NIGHT
    assert {each.service_level for each in raised.added} == {DAY_AND_NIGHT}


@given(st.sets(st.sampled_from(["S1", "S2", "S3"])), st.sampled_from([NBD, DAY_AND_NIGHT]))
def test_quo_2_only_lines_of_machines_that_are_named_change(serials: set[str], level: str) -> None:
    changes: list[Change] = [LevelChange(level, tuple(serials))] if serials else []
    found = amendment_of(changes, LINES, NBD)
    assert {LINES[change.line_number - 1].serial_number for change in found.lines} == (
        serials & {"S1", "S2"}
    )
    assert {change.service_level for change in found.lines} <= {level}


START, END = date(2027, 1, 1), date(2027, 12, 31)
PRICED = replace(LINES[0], start=START, end=END, decisions={"price": {"reason": "agreed"}})
LISTED = replace(PRICED, decisions={"support": {"reason": "checked"}})


@pytest.mark.parametrize(
    ("amendment", "outgrown"),
    [
        (Amendment(), []),
        # What is said again changes nothing.
        (Amendment(start=START, end=END, service_level=NBD), []),
        (Amendment(start=date(2027, 1, 2)), [1, 3]),
        (Amendment(end=date(2027, 12, 30)), [1, 3]),
        (Amendment(service_level=CTR), [1, 3]),
        # A line's own level stands before that of all lines, and what is left out costs nothing.
        (Amendment(lines=(LineChange(1, service_level=CTR),)), [1]),
        (Amendment(lines=(LineChange(3, service_level=CTR),)), [3]),
        (Amendment(lines=(LineChange(1, service_level=NBD),), service_level=CTR), [3]),
        (Amendment(lines=(LineChange(1, leave_out_reason="sold"),), service_level=CTR), [3]),
        (Amendment(lines=(LineChange(3, leave_out_reason="sold"),), service_level=CTR), [1]),
        # The price of a listed line is reckoned anew.
        (Amendment(lines=(LineChange(2, service_level=CTR),)), []),
    ],
)
def test_quo_5_a_price_of_a_person_does_not_outlive_what_it_was_set_for(
    amendment: Amendment, outgrown: list[int]
) -> None:
    """Seen to fail when the level of all lines hid that of one, and without the look at the end."""
    assert prices_outgrown(amendment, [PRICED, LISTED, PRICED]) == outgrown
