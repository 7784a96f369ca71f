"""Write the quote-request sheet as an Excel workbook, blank or filled in for a contract.

The same content gives the same bytes: nothing in the file tells when it was made.
"""

import io
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.domain.sheet_layout import (
    CHOICE_SHEET,
    CHOICES,
    COLUMNS,
    FIELDS,
    FIRST_FIELD_ROW,
    FIRST_MACHINE_ROW,
    LABEL_COLUMN,
    MACHINE_SHEET,
    MARK,
    MARK_SHEET,
    MOST_MACHINES,
    NOTE_COLUMN,
    REQUEST_SHEET,
    VALUE_COLUMN,
    VERSION,
    Field,
    column_letter,
)

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# No clock in the file; a workbook has to name a day.
_MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)
_FONT: Final = "Yu Gothic"
_A4: Final = 9
_LAST_ROW: Final = FIRST_MACHINE_ROW + MOST_MACHINES - 1
# Columns of the request sheet, in widths of a digit: printed on A4, they keep their size.
_LABEL_WIDTH: Final = 28
_VALUE_WIDTH: Final = 38
_NOTE_WIDTH: Final = 46
_NOTE_POINTS: Final = 9

_TITLE: Final = "見積依頼シート(保守契約情報シート)"
_SUBTITLE: Final = (
    "1 枚のシートで 1 件のご依頼を承ります。別のご依頼には、シートを新しくダウンロードして"
    "ください。 / One sheet carries one request; download a new one for another."
)
# Days are stored as days, everything else that a person types as text: a serial number keeps its
# leading zeros, and what begins with = stays what it is.
_DAYS: Final = frozenset({"start_date", "end_date", "declared_on"})
_NUMBERS: Final = frozenset({"quantity"})
_WRAPPED: Final = frozenset({"note", "product_name"})

Value = str | int | date | None


@dataclass(frozen=True, slots=True)
class SheetValues:
    """What a sheet is filled in with: fields by key, and machines as columns by key."""

    fields: Mapping[str, Value]
    machines: Sequence[Mapping[str, Value]] = ()


def write_sheet(reference: UUID, values: SheetValues) -> bytes:
    """The workbook of a sheet. `reference` makes it one of its kind: sent twice, it asks once."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream,
        {
            "in_memory": True,
            # Texts are texts, whatever they begin with.
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    book.set_properties({"title": _TITLE, "author": "Renewal Desk", "created": _MADE})
    formats = _Formats(book)
    request = book.add_worksheet(REQUEST_SHEET)
    machines = book.add_worksheet(MACHINE_SHEET)
    _write_choices(book.add_worksheet(CHOICE_SHEET))
    _write_mark(book.add_worksheet(MARK_SHEET), reference)
    _write_request(request, formats, values.fields)
    _write_machines(machines, formats, values.machines)
    request.activate()
    book.close()
    return stream.getvalue()


class _Formats:
    def __init__(self, book: xlsxwriter.Workbook) -> None:
        def made(**properties: Any) -> Format:
            return book.add_format({"font_name": _FONT, "valign": "vcenter", **properties})

        framed = {"border": 1, "border_color": "#8A8F98"}
        entry = {**framed, "locked": False, "indent": 1}
        small = {"font_size": _NOTE_POINTS, "font_color": "#565B63", "text_wrap": True}
        self.title = made(bold=True, font_size=16)
        self.small = made(**small)
        self.note = made(**small, **framed, indent=1)
        self.label = made(**framed, bold=True, bg_color="#E8EEF7", indent=1)
        self.needed = made(**framed, bold=True, bg_color="#FCE9D9", indent=1)
        self.english = made(**small, **framed, bg_color="#F5F7FA", indent=1)
        self.text = made(num_format="@", **entry)
        self.lines = made(num_format="@", text_wrap=True, **entry)
        self.day = made(num_format="yyyy-mm-dd", align="left", **entry)
        self.number = made(**framed, locked=False, num_format="0", align="center")

    def entry(self, key: str) -> Format:
        """The format of a cell to fill in."""
        if key in _DAYS:
            return self.day
        if key in _NUMBERS:
            return self.number
        return self.lines if key in _WRAPPED else self.text


def _put(sheet: Worksheet, row: int, column: int, key: str, value: Value, cell: Format) -> None:
    """Write a value; rows and columns count from 0 here."""
    if value is None:
        sheet.write_blank(row, column, None, cell)
    elif key in CHOICES and isinstance(value, str):
        words = CHOICES[key].get(value)
        sheet.write_string(row, column, words[0] if words else value, cell)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, cell)
    elif isinstance(value, int):
        sheet.write_number(row, column, value, cell)
    else:
        sheet.write_string(row, column, value, cell)


def _write_request(sheet: Worksheet, formats: _Formats, values: Mapping[str, Value]) -> None:
    sheet.set_column(0, 0, 2)
    sheet.set_column(LABEL_COLUMN, LABEL_COLUMN, _LABEL_WIDTH)
    sheet.set_column(VALUE_COLUMN, VALUE_COLUMN, _VALUE_WIDTH)
    sheet.set_column(NOTE_COLUMN, NOTE_COLUMN, _NOTE_WIDTH)
    sheet.set_row(0, 26)
    sheet.write_string(0, LABEL_COLUMN, _TITLE, formats.title)
    sheet.set_row(1, 30)
    sheet.merge_range(1, LABEL_COLUMN, 1, NOTE_COLUMN, "", formats.small)
    sheet.write_string(1, LABEL_COLUMN, _SUBTITLE, formats.small)
    sheet.write_string(2, LABEL_COLUMN, "項目 / Field", formats.english)
    sheet.write_string(2, VALUE_COLUMN, "ご記入欄 / Entry", formats.english)
    sheet.write_string(2, NOTE_COLUMN, "説明 / Explanation", formats.english)
    for row, field in enumerate(FIELDS, FIRST_FIELD_ROW - 1):
        need = "(必須 / required) " if field.needed else ""
        explained = f"{need}{field.note_ja}\n{field.en}: {field.note_en}"
        sheet.set_row(row, 110 if field.key == "note" else _height_of(explained))
        label = formats.needed if field.needed else formats.label
        sheet.write_string(row, LABEL_COLUMN, field.ja, label)
        value = values.get(field.key)
        _put(sheet, row, VALUE_COLUMN, field.key, value, formats.entry(field.key))
        sheet.write_string(row, NOTE_COLUMN, explained, formats.note)
        _validate(sheet, field, row, VALUE_COLUMN, row)
    sheet.freeze_panes(FIRST_FIELD_ROW - 1, 0)
    # Without a password: it keeps labels in their places and hides nothing.
    sheet.protect("", {"format_rows": True, "format_columns": True})
    _set_print(sheet, landscape=False)


def _height_of(note: str) -> float:
    """The height in points of a row whose note is written in full. A spreadsheet program makes no
    room by itself in a row that was given a height, nor in one that it only opens.
    """
    # A width is counted in digits of 11 points; a Japanese character is as wide as two. One part in
    # ten is left for where words break.
    room = (_NOTE_WIDTH - 2) * 11 / _NOTE_POINTS * 0.9
    lines = sum(
        math.ceil(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) / room)
        for line in note.split("\n")
    )
    return max(lines, 2) * _NOTE_POINTS * 1.5 + 6


def _write_machines(
    sheet: Worksheet, formats: _Formats, machines: Sequence[Mapping[str, Value]]
) -> None:
    sheet.set_row(0, 24)
    for column, field in enumerate(COLUMNS):
        sheet.set_column(column, column, field.width, formats.entry(field.key))
        sheet.write_string(0, column, field.ja, formats.needed if field.needed else formats.label)
        sheet.write_string(1, column, field.en, formats.english)
        need = "必須 / required\n" if field.needed else ""
        sheet.write_comment(
            0, column, f"{need}{field.note_ja}\n{field.note_en}", {"author": "", "x_scale": 2.0}
        )
        _validate(sheet, field, FIRST_MACHINE_ROW - 1, column, _LAST_ROW - 1)
    for row, machine in enumerate(machines, FIRST_MACHINE_ROW - 1):
        for column, field in enumerate(COLUMNS):
            _put(sheet, row, column, field.key, machine.get(field.key), formats.entry(field.key))
    sheet.freeze_panes(FIRST_MACHINE_ROW - 1, 0)
    _set_print(sheet, landscape=True)
    sheet.repeat_rows(0, FIRST_MACHINE_ROW - 2)


def _validate(sheet: Worksheet, field: Field, first: int, column: int, last: int) -> None:
    """The list, the bounds and the hint of an entry. Excel bounds titles at 32 characters."""
    rule: dict[str, Any] = {
        "input_title": field.ja[:32],
        "input_message": f"{field.note_ja}\n{field.note_en}"[:255],
    }
    if field.key in CHOICES:
        listed = column_letter(list(CHOICES).index(field.key))
        source = f"='{CHOICE_SHEET}'!${listed}$2:${listed}${1 + len(CHOICES[field.key])}"
        # Other levels may be asked for; a person takes care of them.
        lenient = "warning" if field.key == "service_level" else "stop"
        rule |= {
            "validate": "list",
            "source": source,
            "error_type": lenient,
            "error_title": field.ja[:32],
            "error_message": "一覧からお選びください。 / Choose from the list.",
        }
    elif field.key in _NUMBERS:
        rule |= {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": 9999}
    else:
        rule |= {"validate": "any"}
    sheet.data_validation(first, column, last, column, rule)


def _write_choices(sheet: Worksheet) -> None:
    for column, (key, choices) in enumerate(CHOICES.items()):
        sheet.write_string(0, column, key)
        for row, words in enumerate(choices.values(), 1):
            sheet.write_string(row, column, words[0])
    sheet.hide()


def _write_mark(sheet: Worksheet, reference: UUID) -> None:
    for row, word in enumerate((MARK, VERSION, str(reference))):
        sheet.write_string(row, 0, word)
    sheet.very_hidden()


def _set_print(sheet: Worksheet, *, landscape: bool) -> None:
    sheet.set_paper(_A4)
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer("&L&9&A&R&9&P / &N")
