"""Read a quote-request sheet: from cells to what is asked for, with every fault at its cell."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from app.domain import sheet_cells
from app.domain.errors import SheetOfAnotherVersion, SheetTooLong
from app.domain.identifiers import normalise, product_number_warnings, serial_warnings
from app.domain.import_cells import CellRefused
from app.domain.periods import period_problem
from app.domain.quote_requests import Written
from app.domain.sheet_cells import Cell
from app.domain.sheet_layout import (
    COLUMNS,
    FIELDS,
    FIRST_FIELD_ROW,
    FIRST_MACHINE_ROW,
    LABEL_COLUMN,
    MACHINE_SHEET,
    MARK,
    MARK_SHEET,
    MOST_MACHINES,
    REQUEST_SHEET,
    VALUE_COLUMN,
    VERSION,
    cell_of,
    field_row,
)

Row = Sequence[Cell | None]
Sheets = Mapping[str, Mapping[int, Row]]
"""The cells of a workbook that are not empty: sheet → row number → cells from column A."""

_RENEWAL: Final = "renewal"
# Kinds for which every field of a machine is needed (REQ-4); re-enrollment asks back instead.
_FULL_KINDS: Final = frozenset({"new_enrollment", "upgrade"})
# Of a machine that no number of a contract stands for (REQ-1). A licence has no serial (REQ-5).
_IDENTITY: Final = ("product_number", "product_name", "quantity")
_DECLARATION: Final = ("condition_state", "declared_by", "declared_on")

_FIELD_READERS: Final[Mapping[str, Callable[[Cell], str]]] = {
    "kind": sheet_cells.kind,
    "contract_number": sheet_cells.contract_number,
    "service_id": sheet_cells.service_id,
    "support_service_serial": sheet_cells.package_serial,
    "start_date": sheet_cells.day,
    "end_date": sheet_cells.day,
    "service_level": sheet_cells.service_level,
    "requester_name": sheet_cells.person,
    "requester_email": sheet_cells.email,
    "note": sheet_cells.note,
}
_COLUMN_READERS: Final[Mapping[str, Callable[[Cell], str]]] = {
    "product_number": sheet_cells.product_number,
    "product_name": sheet_cells.name,
    "serial_number": sheet_cells.serial_number,
    "quantity": sheet_cells.quantity,
    "service_level": sheet_cells.service_level,
    "condition_state": sheet_cells.condition,
    "declared_by": sheet_cells.person,
    "declared_on": sheet_cells.day,
}


class Fault(NamedTuple):
    """What is wrong, or only unusual, at one cell. What stands there is not repeated."""

    sheet: str
    row: int
    cell: str
    code: str
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class SheetMachine:
    """One row of the machine sheet; empty texts are None. `written` as in WantedMachine."""

    row: int
    product_number: str | None
    product_name: str | None
    serial_number: str | None
    quantity: int | None
    service_level: str | None
    condition_state: str | None
    declared_by: str | None
    declared_on: date | None
    written: Written = ()


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """What a sheet asks for. It is complete only when `Reading.errors` is empty."""

    kind: str
    contract_number: str | None
    service_id: str | None
    support_service_serial: str | None
    start_date: date | None
    end_date: date | None
    service_level: str | None
    requester_name: str
    requester_email: str
    note: str | None
    machines: tuple[SheetMachine, ...]
    written: Written = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A sheet that was read: its reference, what it asks for, and every fault in it."""

    reference: UUID
    request: SheetRequest
    faults: tuple[Fault, ...]

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults for which the sheet is refused."""
        return tuple(fault for fault in self.faults if fault.severity == "error")


def find_reference(sheets: Sheets) -> UUID:
    """The reference that a sheet of this service and this version carries.

    Raises SheetOfAnotherVersion for any other workbook.
    """
    marks = sheets.get(MARK_SHEET, {})
    found = [row[0].text if (row := marks.get(n)) and row[0] else "" for n in (1, 2, 3)]
    if found[:2] != [MARK, VERSION] or {REQUEST_SHEET, MACHINE_SHEET} - sheets.keys():
        raise SheetOfAnotherVersion(facts={"version": VERSION})
    try:
        return UUID(found[2])
    except ValueError:
        raise SheetOfAnotherVersion(facts={"version": VERSION}) from None


def machine_rows(sheets: Sheets) -> list[int]:
    """The numbers of the rows with machines. Raises SheetTooLong for more than the service reads
    (`MOST_MACHINES`).
    """
    rows = [n for n in sorted(sheets.get(MACHINE_SHEET, {})) if n >= FIRST_MACHINE_ROW]
    if len(rows) > MOST_MACHINES:
        raise SheetTooLong(facts={"most": MOST_MACHINES})
    return rows


def read_sheet(sheets: Sheets) -> Reading:
    """Read a whole sheet; all faults are found, none ends the reading.

    Raises SheetOfAnotherVersion and SheetTooLong.
    """
    reference = find_reference(sheets)
    rows = machine_rows(sheets)
    header, faults = _read_header(sheets[REQUEST_SHEET])
    faults += _moved_columns(sheets[MACHINE_SHEET])
    if not rows and header.kind not in {"", _RENEWAL}:
        faults.append(_fault_at(FIRST_MACHINE_ROW, "product_number", "required"))
    machines: list[SheetMachine] = []
    seen: set[tuple[str, str | None]] = set()
    for number in rows:
        machine, found = read_machine(number, sheets[MACHINE_SHEET][number], header)
        faults += found
        machines.append(machine)
        if machine.serial_number is not None:
            key = (machine.serial_number, machine.product_number)
            if key in seen:
                faults.append(_fault_at(number, "serial_number", "machine_twice"))
            seen.add(key)
    return Reading(reference, replace(header, machines=tuple(machines)), tuple(faults))


def _read_header(rows: Mapping[int, Row]) -> tuple[SheetRequest, list[Fault]]:
    values: dict[str, str] = {}
    faults: list[Fault] = []
    written: list[tuple[str, str]] = []
    for number, field in enumerate(FIELDS, FIRST_FIELD_ROW):
        row = rows.get(number, ())
        at = cell_of(number, VALUE_COLUMN)
        label = row[LABEL_COLUMN] if len(row) > LABEL_COLUMN else None
        if label is None or normalise(label.text) != normalise(field.ja):
            faults.append(
                Fault(REQUEST_SHEET, number, cell_of(number, LABEL_COLUMN), "label_moved")
            )
            continue
        cell = row[VALUE_COLUMN] if len(row) > VALUE_COLUMN else None
        try:
            values[field.key] = "" if cell is None else _FIELD_READERS[field.key](cell)
        except CellRefused as refused:
            faults.append(Fault(REQUEST_SHEET, number, at, refused.code))
            continue
        written += sheet_cells.written_otherwise(field.key, cell, values[field.key])
        if field.needed and not values[field.key]:
            faults.append(Fault(REQUEST_SHEET, number, at, "required"))
    start, end = _day(values.get("start_date")), _day(values.get("end_date"))
    if start is not None and end is not None and period_problem(start, end) is not None:
        number = field_row("end_date")
        at = cell_of(number, VALUE_COLUMN)
        faults.append(Fault(REQUEST_SHEET, number, at, "end_before_start"))
    enrolls = values.get("kind", _RENEWAL) not in {"", _RENEWAL}
    if values.get("start_date") == "" and (enrolls or end is not None):
        number = field_row("start_date")
        faults.append(Fault(REQUEST_SHEET, number, cell_of(number, VALUE_COLUMN), "required"))
    request = SheetRequest(
        kind=values.get("kind", ""),
        contract_number=values.get("contract_number") or None,
        service_id=values.get("service_id") or None,
        support_service_serial=values.get("support_service_serial") or None,
        start_date=start,
        end_date=end,
        service_level=values.get("service_level") or None,
        requester_name=values.get("requester_name", ""),
        requester_email=values.get("requester_email", ""),
        note=values.get("note") or None,
        machines=(),
        written=tuple(written),
    )
    return request, faults


def read_machine(number: int, row: Row, header: SheetRequest) -> tuple[SheetMachine, list[Fault]]:
    """One row of the machine sheet, below a header, and its faults."""
    demanded = _demanded(header)
    values: dict[str, str] = {}
    faults: list[Fault] = []
    written: list[tuple[str, str]] = []
    for column, field in enumerate(COLUMNS):
        cell = row[column] if column < len(row) else None
        try:
            values[field.key] = "" if cell is None else _COLUMN_READERS[field.key](cell)
        except CellRefused as refused:
            faults.append(_fault_at(number, field.key, refused.code))
            continue
        written += sheet_cells.written_otherwise(field.key, cell, values[field.key])
        if field.key in demanded and not values[field.key]:
            faults.append(_fault_at(number, field.key, "required"))
    faults += _outside(number, row)
    machine = SheetMachine(
        row=number,
        product_number=values.get("product_number") or None,
        product_name=values.get("product_name") or None,
        serial_number=values.get("serial_number") or None,
        quantity=int(values["quantity"]) if values.get("quantity") else None,
        service_level=values.get("service_level") or None,
        condition_state=values.get("condition_state") or None,
        declared_by=values.get("declared_by") or None,
        declared_on=_day(values.get("declared_on")),
        written=tuple(written),
    )
    if machine.product_number is not None:
        for code in product_number_warnings(machine.product_number):
            faults.append(_fault_at(number, "product_number", code, "warning"))
    if machine.serial_number is not None:
        for code in serial_warnings(machine.serial_number):
            faults.append(_fault_at(number, "serial_number", code, "warning"))
    return machine, faults


def _demanded(header: SheetRequest) -> frozenset[str]:
    """The columns that a machine must fill in a request with this header."""
    if header.kind == _RENEWAL:
        named = header.contract_number or header.service_id or header.support_service_serial
        return frozenset() if named else frozenset(_IDENTITY)
    if header.kind not in _FULL_KINDS:
        return frozenset(_IDENTITY)
    level = () if header.service_level else ("service_level",)
    return frozenset((*_IDENTITY, *_DECLARATION, *level))


def _moved_columns(rows: Mapping[int, Row]) -> Iterator[Fault]:
    labels = rows.get(1, ())
    for column, field in enumerate(COLUMNS):
        label = labels[column] if column < len(labels) else None
        if label is None or normalise(label.text) != normalise(field.ja):
            yield Fault(MACHINE_SHEET, 1, cell_of(1, column), "label_moved")


def _outside(number: int, row: Row) -> Iterable[Fault]:
    """What was written beside the table would be lost in silence."""
    for column in range(len(COLUMNS), len(row)):
        if row[column] is not None:
            yield Fault(MACHINE_SHEET, number, cell_of(number, column), "outside_the_table")


_COLUMN_OF: Final = {field.key: column for column, field in enumerate(COLUMNS)}


def _fault_at(number: int, key: str, code: str, severity: str = "error") -> Fault:
    return Fault(MACHINE_SHEET, number, cell_of(number, _COLUMN_OF[key]), code, severity)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
