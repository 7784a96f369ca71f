"""What a quote-request sheet says, cell by cell (REQ-1, REQ-4, REQ-5)."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import SheetOfAnotherVersion, SheetTooLong
from app.domain.import_cells import CellRefused
from app.domain.sheet_cells import Cell, day, name, note, quantity, serial_number, service_level
from app.domain.sheet_layout import (
    CHOICES,
    COLUMNS,
    FIELDS,
    FIRST_FIELD_ROW,
    FIRST_MACHINE_ROW,
    MACHINE_SHEET,
    MARK,
    MARK_SHEET,
    MOST_MACHINES,
    REQUEST_SHEET,
    VERSION,
    cell_of,
)
from app.domain.sheet_reading import Reading, read_sheet
from app.domain.sheet_texts import SHEET_TEXTS, sheet_text

REFERENCE = UUID("019ab8a4-3b80-7000-8000-000000000001")
ASKED = {
    "kind": "更新",
    "contract_number": "JP-4410-0001",
    "requester_name": "山田",
    "requester_email": "a@example.com",
}
ENROLLED = {**ASKED, "kind": "新規加入", "contract_number": "", "start_date": "2027-01-01"}
MACHINE = {
    "product_number": "867959-B21",
    "product_name": "DL360",
    "serial_number": "JPDEMO0001",
    "quantity": "1",
}
DECLARED = {
    "service_level": "foundation_care_nbd",
    "condition_state": "正常稼働",
    "declared_by": "佐藤",
    "declared_on": "2026-11-20",
}


def cell(value: Any) -> Cell | None:
    """A cell of a text, or of a pair of kind and text; the empty text is no cell."""
    if isinstance(value, Cell):
        return value
    return Cell("s", value) if value else None


def sheets(
    fields: Mapping[str, Any] = ASKED, rows: list[Mapping[str, Any]] | None = None
) -> dict[str, dict[int, list[Cell | None]]]:
    """The cells of a sheet."""
    request: dict[int, list[Cell | None]] = {
        FIRST_FIELD_ROW + n: [None, Cell("s", field.ja), cell(fields.get(field.key, ""))]
        for n, field in enumerate(FIELDS)
    }
    machines: dict[int, list[Cell | None]] = {1: [Cell("s", field.ja) for field in COLUMNS]}
    for number, row in enumerate(rows or [], FIRST_MACHINE_ROW):
        machines[number] = [cell(row.get(field.key, "")) for field in COLUMNS]
    mark: dict[int, list[Cell | None]] = {
        n: [Cell("s", word)] for n, word in enumerate((MARK, VERSION, str(REFERENCE)), 1)
    }
    return {REQUEST_SHEET: request, MACHINE_SHEET: machines, MARK_SHEET: mark}


def faults(reading: Reading) -> list[tuple[str, str]]:
    return [(fault.cell, fault.code) for fault in reading.faults]


def test_a_whole_sheet_is_read() -> None:
    reading = read_sheet(sheets(ENROLLED, [MACHINE | DECLARED]))
    assert reading.faults == ()
    assert (reading.reference, reading.request.kind) == (REFERENCE, "new_enrollment")
    assert reading.request.start_date == date(2027, 1, 1)
    (machine,) = reading.request.machines
    assert (machine.row, machine.quantity, machine.condition_state) == (3, 1, "working")


@pytest.mark.parametrize(
    ("fields", "rows", "found"),
    [
        ({}, [], [("C4", "required"), ("C11", "required"), ("C12", "required")]),
        (ASKED | {"end_date": "2027-03-31"}, [], [("C8", "required")]),
        (
            ASKED | {"start_date": "2027-04-01", "end_date": "2027-03-31"},
            [],
            [("C9", "end_before_start")],
        ),
        # REQ-1: a number of the contract stands for its machines, or each machine has all four.
        (ASKED, [{"serial_number": "JPDEMO0001"}], []),
        (
            ASKED | {"contract_number": ""},
            [{"serial_number": "JPDEMO0001"}],
            [("A3", "required"), ("B3", "required"), ("D3", "required")],
        ),
        # REQ-5: a licence has no serial number.
        (ASKED | {"contract_number": ""}, [MACHINE | {"serial_number": ""}], []),
        # REQ-4: everything is needed for new enrollment and upgrade; re-enrollment is asked back.
        (ENROLLED, [], [("A3", "required")]),
        (
            ENROLLED,
            [MACHINE],
            [("E3", "required"), ("F3", "required"), ("G3", "required"), ("H3", "required")],
        ),
        (
            ENROLLED | {"service_level": "foundation_care_nbd"},
            [MACHINE | DECLARED | {"service_level": ""}],
            [],
        ),
        (ENROLLED | {"kind": "再加入"}, [MACHINE], []),
        (ENROLLED | {"kind": "再加入", "start_date": ""}, [MACHINE], [("C8", "required")]),
        (ASKED, [MACHINE, MACHINE], [("C4", "machine_twice")]),
        (ASKED, [MACHINE, MACHINE | {"product_number": "S0B84A"}], []),
        (ASKED, [MACHINE | {"serial_number": "odd"}], [("C3", "serial_number_shape")]),
        (ASKED, [MACHINE | {"product_number": "odd one"}], [("A3", "product_number_shape")]),
        (ASKED, [MACHINE | {"quantity": Cell("f", "=1")}], [("D3", "formula_not_allowed")]),
        (ASKED, [MACHINE | {"quantity": Cell("e", "#N/A")}], [("D3", "error_value")]),
    ],
)
def test_each_fault_is_told_at_its_cell(
    fields: Mapping[str, Any], rows: list[Mapping[str, Any]], found: list[tuple[str, str]]
) -> None:
    assert faults(read_sheet(sheets(fields, rows))) == found


NEEDED = tuple(field.key for field in COLUMNS if field.key != "serial_number")


@given(st.sampled_from(("新規加入", "アップグレード")), st.sets(st.sampled_from(NEEDED)))
def test_req_4_a_field_that_is_needed_and_empty_is_told_at_its_cell(
    kind: str, emptied: set[str]
) -> None:
    row = MACHINE | DECLARED | dict.fromkeys(emptied, "")
    found = read_sheet(sheets(ENROLLED | {"kind": kind}, [row])).faults
    places = {cell_of(3, n) for n, field in enumerate(COLUMNS) if field.key in emptied}
    # A row of which nothing is left but its serial number stands for a machine all the same.
    assert {fault.cell for fault in found} == places
    assert {fault.code for fault in found} <= {"required"}
    assert not read_sheet(sheets(ASKED, [row])).errors


def test_an_unusual_number_warns_and_refuses_nothing() -> None:
    reading = read_sheet(sheets(ASKED, [MACHINE | {"serial_number": "odd"}]))
    assert reading.errors == ()
    assert [fault.severity for fault in reading.faults] == ["warning"]


def test_a_label_that_moved_and_a_value_beside_the_table_are_seen() -> None:
    moved = sheets(ASKED, [MACHINE])
    moved[REQUEST_SHEET][5][1] = Cell("s", "番号")
    moved[MACHINE_SHEET][1][2] = None
    moved[MACHINE_SHEET][3].append(Cell("s", "x"))
    assert faults(read_sheet(moved)) == [
        ("B5", "label_moved"),
        ("C1", "label_moved"),
        ("I3", "outside_the_table"),
    ]


@pytest.mark.parametrize("row", [1, 2, 3])
@pytest.mark.parametrize("word", [None, "0"])
def test_another_workbook_is_refused(row: int, word: str | None) -> None:
    other = sheets()
    other[MARK_SHEET][row] = [cell(word or "")]
    with pytest.raises(SheetOfAnotherVersion):
        read_sheet(other)


@pytest.mark.parametrize("lost", [REQUEST_SHEET, MACHINE_SHEET, MARK_SHEET])
def test_a_workbook_without_one_of_its_sheets_is_another(lost: str) -> None:
    other = sheets()
    del other[lost]
    with pytest.raises(SheetOfAnotherVersion):
        read_sheet(other)


def test_more_machines_than_a_request_takes_are_refused() -> None:
    rows: list[Mapping[str, Any]] = [MACHINE | {"serial_number": f"S{n:09d}"} for n in range(2501)]
    assert len(read_sheet(sheets(ASKED, rows[:MOST_MACHINES])).request.machines) == MOST_MACHINES
    with pytest.raises(SheetTooLong):
        read_sheet(sheets(ASKED, rows))


@pytest.mark.parametrize(
    ("read", "written", "understood"),
    [
        (day, "2027/4/1", "2027-04-01"),
        (day, "２０２７年４月１日", "2027-04-01"),
        (day, Cell("d", "2027-04-01T00:00:00"), "2027-04-01"),
        (quantity, "１２", "12"),
        (quantity, Cell("n", "3"), "3"),
        (serial_number, "ｊｐ　ｄｅｍｏ", "JP DEMO"),
        (name, "　髙﨑①㈱𠮷 ", "髙﨑①㈱𠮷"),
        (note, "a\r\nb\r", "a\nb"),
        (service_level, "foundation care ２４ｘ７", "foundation_care_24x7"),
        (service_level, "datacenter_care", "datacenter_care"),
    ],
)
def test_a_cell_is_understood_as_it_is_meant(read: Any, written: Any, understood: str) -> None:
    found = cell(written)
    assert found is not None
    assert read(found) == understood


@pytest.mark.parametrize(
    ("read", "written", "code"),
    [
        (day, "2027-02-30", "not_a_date"),
        (day, "4/1", "not_a_date"),
        (day, Cell("n", "46113"), "not_a_date"),
        (day, "0001-01-01", "out_of_range"),
        (quantity, "0", "out_of_range"),
        (quantity, Cell("n", "1.5"), "not_a_number"),
        (quantity, Cell("b", "true"), "not_text"),
        (serial_number, Cell("n", "123"), "number_not_text"),
        (serial_number, "A" * 41, "too_long"),
        (name, "a\u0007b", "control_character"),
        (name, "a\nb", "control_character"),
        (name, "a\u202eb", "control_character"),
        (name, "名" * 10_000, "too_long"),
        (note, "a" * 2_001, "too_long"),
        (note, "a\0", "control_character"),
        (service_level, "最高の", "not_a_service_level"),
    ],
)
def test_what_cannot_be_meant_is_refused(read: Any, written: Any, code: str) -> None:
    found = cell(written)
    assert found is not None
    with pytest.raises(CellRefused) as refused:
        read(found)
    assert refused.value.code == code


@given(st.sampled_from("sndbfe"), st.text())
def test_any_cell_is_read_or_refused_with_a_code_that_has_words(kind: str, text: str) -> None:
    for field in (*FIELDS, *COLUMNS):
        filled = ASKED | {field.key: Cell(kind, text)}
        row = MACHINE | {field.key: Cell(kind, text)}
        for fault in read_sheet(sheets(filled, [row])).faults:
            assert sheet_text(fault.code, "ja")
            assert sheet_text(fault.code, "en").isascii()


def test_each_word_of_a_list_and_each_text_has_two_languages() -> None:
    for japanese, english in SHEET_TEXTS.values():
        assert japanese.endswith("。")
        assert english.isascii()
        assert english.endswith(".")
    words = [word for choices in CHOICES.values() for pair in choices.values() for word in pair]
    assert len(words) == len(set(words))
    assert cell_of(3, 2) == "C3"
