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
from app.domain.sheet_cells import (
    Cell,
    condition,
    contract_number,
    day,
    name,
    note,
    quantity,
    serial_number,
    service_id,
    service_level,
)
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
from app.domain.sheet_reading import Fault, Reading, SheetMachine, SheetRequest, read_sheet
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


FILLED = {
    "kind": "アップグレード",
    "contract_number": "jp-4410-0001",
    "service_id": Cell("n", "123456789012"),
    "support_service_serial": "HAx1",
    "start_date": "2027-01-01",
    "end_date": "2027-12-31",
    "service_level": "foundation_care_24x7",
    "requester_name": "山田",
    "requester_email": "a@example.com",
    "note": "急ぎ",
}


def faults(reading: Reading) -> list[tuple[str, str]]:
    return [(fault.cell, fault.code) for fault in reading.faults]


def test_a_whole_sheet_is_read() -> None:
    reading = read_sheet(sheets(ENROLLED, [MACHINE | DECLARED]))
    assert reading.faults == ()
    assert (reading.reference, reading.request.kind) == (REFERENCE, "new_enrollment")
    assert reading.request.start_date == date(2027, 1, 1)
    (machine,) = reading.request.machines
    assert (machine.row, machine.quantity, machine.condition_state) == (3, 1, "working")


def test_req_4_every_field_of_a_sheet_is_read_into_its_place() -> None:
    """Seen to fail when the package's serial or the day of the declaration was lost."""
    long = "jp-4410-0001" + " " * 100
    typed = {
        "product_number": "867959-b21",
        "serial_number": "jpdemo0001",
        "product_name": " DL360",
    }
    fields = FILLED | {"contract_number": long}
    reading = read_sheet(sheets(fields, [MACHINE | DECLARED | typed, {}]))
    machine = SheetMachine(
        row=3,
        product_number="867959-B21",
        product_name="DL360",
        serial_number="JPDEMO0001",
        quantity=1,
        service_level="foundation_care_nbd",
        condition_state="working",
        declared_by="佐藤",
        declared_on=date(2026, 11, 20),
        written=(("product_number", "867959-b21"), ("serial_number", "jpdemo0001")),
    )
    empty = SheetMachine(
        row=4,
        product_number=None,
        product_name=None,
        serial_number=None,
        quantity=None,
        service_level=None,
        condition_state=None,
        declared_by=None,
        declared_on=None,
    )
    assert reading.request == SheetRequest(
        kind="upgrade",
        contract_number="JP-4410-0001",
        service_id="123456789012",
        support_service_serial="HAx1",
        start_date=date(2027, 1, 1),
        end_date=date(2027, 12, 31),
        service_level="foundation_care_24x7",
        requester_name="山田",
        requester_email="a@example.com",
        note="急ぎ",
        machines=(machine, empty),
        written=(("contract_number", long[:100]),),
    )


def test_a_fault_names_its_sheet_and_row_and_hides_no_other() -> None:
    """Seen to fail when a refused cell or a label that moved ended the reading of its sheet."""
    fields = FILLED | {"contract_number": "?", "service_id": "?", "requester_name": ""}
    row = MACHINE | DECLARED | {"quantity": "0", "declared_on": "?", "product_name": ""}
    wrong = sheets(fields, [row])
    wrong[REQUEST_SHEET][4][1] = None
    wrong[MACHINE_SHEET][1][0] = wrong[MACHINE_SHEET][1][1]
    wrong[MACHINE_SHEET][3] += [None, Cell("s", "x")]
    assert read_sheet(wrong).faults == (
        Fault(REQUEST_SHEET, 4, "B4", "label_moved"),
        Fault(REQUEST_SHEET, 5, "C5", "not_a_contract_number"),
        Fault(REQUEST_SHEET, 6, "C6", "not_a_service_id"),
        Fault(REQUEST_SHEET, 11, "C11", "required"),
        Fault(MACHINE_SHEET, 1, "A1", "label_moved"),
        Fault(MACHINE_SHEET, 3, "B3", "required"),
        Fault(MACHINE_SHEET, 3, "D3", "out_of_range"),
        Fault(MACHINE_SHEET, 3, "H3", "not_a_date"),
        Fault(MACHINE_SHEET, 3, "J3", "outside_the_table"),
    )
    days = {"start_date": "2027-12-31", "end_date": "2027-01-01"}
    assert read_sheet(sheets(FILLED | days, [MACHINE | DECLARED])).faults == (
        Fault(REQUEST_SHEET, 9, "C9", "end_before_start"),
    )
    twice = MACHINE | DECLARED | {"serial_number": "odd", "product_number": "odd one"}
    assert read_sheet(sheets(FILLED, [twice, twice])).faults == (
        Fault(MACHINE_SHEET, 3, "A3", "product_number_shape", "warning"),
        Fault(MACHINE_SHEET, 3, "C3", "serial_number_shape", "warning"),
        Fault(MACHINE_SHEET, 4, "A4", "product_number_shape", "warning"),
        Fault(MACHINE_SHEET, 4, "C4", "serial_number_shape", "warning"),
        Fault(MACHINE_SHEET, 4, "C4", "machine_twice"),
    )
    assert read_sheet(sheets(FILLED | {"start_date": ""}, [MACHINE | DECLARED])).faults == (
        Fault(REQUEST_SHEET, 8, "C8", "required"),
    )


def test_rows_that_end_early_have_empty_cells_and_missing_rows_no_labels() -> None:
    short = sheets(ASKED, [MACHINE])
    for row in (6, 7, 8):
        del short[REQUEST_SHEET][row][2:]
    del short[MACHINE_SHEET][3][4:]
    assert read_sheet(short).faults == ()
    for cut in (1, 0):
        del short[REQUEST_SHEET][6][cut:]
        assert read_sheet(short).faults == (Fault(REQUEST_SHEET, 6, "B6", "label_moved"),)
    del short[REQUEST_SHEET][6]
    assert read_sheet(short).faults == (Fault(REQUEST_SHEET, 6, "B6", "label_moved"),)
    del short[MACHINE_SHEET][1][7:]
    assert read_sheet(short).faults[1:] == (Fault(MACHINE_SHEET, 1, "H1", "label_moved"),)
    del short[MACHINE_SHEET][1]
    assert len(read_sheet(short).faults) == 1 + len(COLUMNS)


def test_what_could_not_be_read_is_left_open() -> None:
    """A field that is refused asks for nothing else because of it."""
    unread = dict.fromkeys(("kind", "requester_name", "requester_email"), Cell("f", "=1"))
    reading = read_sheet(sheets(ASKED | unread | {"start_date": "2027-04-01"}))
    assert faults(reading) == [(at, "formula_not_allowed") for at in ("C4", "C11", "C12")]
    asked = reading.request
    assert (asked.kind, asked.requester_name, asked.requester_email) == ("", "", "")
    assert faults(read_sheet(sheets(ASKED | {"kind": Cell("f", "=1")}))) == [
        ("C4", "formula_not_allowed")
    ]


@pytest.mark.parametrize(
    "number",
    [
        {"contract_number": "JP-4410-0001"},
        {"service_id": "123456789012"},
        {"support_service_serial": "HAx1"},
    ],
)
def test_req_1_each_number_of_a_contract_stands_for_its_machines(number: dict[str, str]) -> None:
    fields = ASKED | {"contract_number": ""} | number
    assert read_sheet(sheets(fields, [{"serial_number": "JPDEMO0001"}])).faults == ()


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
    with pytest.raises(SheetOfAnotherVersion) as refused:
        read_sheet(other)
    assert refused.value.facts == {"version": VERSION}


@pytest.mark.parametrize("lost", [REQUEST_SHEET, MACHINE_SHEET, MARK_SHEET])
def test_a_workbook_without_one_of_its_sheets_is_another(lost: str) -> None:
    other = sheets()
    del other[lost]
    with pytest.raises(SheetOfAnotherVersion):
        read_sheet(other)


def test_more_machines_than_a_request_takes_are_refused() -> None:
    rows: list[Mapping[str, Any]] = [MACHINE | {"serial_number": f"S{n:09d}"} for n in range(2501)]
    assert len(read_sheet(sheets(ASKED, rows[:MOST_MACHINES])).request.machines) == MOST_MACHINES
    with pytest.raises(SheetTooLong) as refused:
        read_sheet(sheets(ASKED, rows))
    assert refused.value.facts == {"most": MOST_MACHINES}


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
        (note, "\n XaX \u3000\n", "XaX"),
        (note, "a" * 2_000, "a" * 2_000),
        (note, Cell("n", "-12"), "-12"),
        (contract_number, Cell("n", "44100001"), "44100001"),
        (service_id, Cell("n", "123456789012"), "123456789012"),
        (service_id, "1234-5678-9012", "123456789012"),
        (condition, " \u3000", ""),
        (condition, "正常稼働", "working"),
        (day, " \u3000", ""),
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
        (note, "\x0ba", "control_character"),
        (note, Cell("n", "1.5"), "number_not_text"),
        (note, Cell("n", "1-"), "number_not_text"),
        (note, Cell("n", " 1"), "number_not_text"),
        (note, Cell("n", "X1"), "number_not_text"),
        (note, Cell("b", "1"), "not_text"),
        (day, "2027-04-01\x0b", "not_a_date"),
        (condition, "正常稼働\x0b", "not_a_choice"),
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
