"""The rows of one import file, checked one by one; what is wrong is collected beside them.

What needs the database (is this customer known, did this key come twice) is decided later, for all
rows at once (app/db/import_merge.py).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from app.domain.import_cells import CellRefused, Check
from app.domain.import_files import FileColumn, FileRefused, ImportFile, Issue
from app.domain.import_plain import plain_line
from app.domain.import_records import (
    Record,
    csv_record,
    csv_records,
    json_records,
    lines_of,
    text_blocks,
)

# What is kept of a file's issues; all are counted.
ERRORS_KEPT: Final = 1_000
WARNINGS_KEPT: Final = 100
# Enough for the dates, products and levels of a large file.
REMEMBERED: Final = 16_384
LONGEST_REMEMBERED: Final = 300
TAB: Final = "\t"

Answer = TypeVar("Answer")


class RowReader:
    """Reads a file once, as a stream. The counters may be looked at while it is being read."""

    def __init__(self, file: ImportFile, form: str, encoding: str, chunks: Iterable[bytes]) -> None:
        self.file = file
        self.bytes_read = 0
        self.rows_read = 0
        self.refused = 0
        self.warned = 0
        self.errors: list[Issue] = []
        self.warnings: list[Issue] = []
        lines = lines_of(text_blocks(self._counted(chunks), encoding))
        self._records: Iterator[Record]
        if form == "csv":
            header, line = _header(lines)
            self.columns = file.columns_in_order(header)
            self._records = csv_records(lines, line, plain_line(file, self.columns))
        else:
            self.columns = file.columns
            self._records = json_records(lines, file.column_names)

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.bytes_read += len(chunk)
            yield chunk

    def look_through(self) -> None:
        """Read to the end without looking into rows. Raises FileRefused for a bad file."""
        for _ in self._records:
            pass

    def rows(self) -> Iterator[str]:
        """Yield every good row: its line number, then its cells in the order of `columns`, with
        tabs between them.

        This loop is the hot place of an import. Whatever is wrong leaves it for `_explain`.
        """
        columns, width = self.columns, len(self.columns)
        checks = [_remembering(column) for column in columns]
        # Of columns that repeat, an empty cell is refused with the check already.
        filled = [i for i, column in enumerate(columns) if column.required and not column.repeats]
        first, last = self._period()
        warners = [
            (place, _Memory(column.warn).__getitem__ if column.repeats else column.warn)
            for place, column in enumerate(columns)
            if column.warn is not None
        ]
        row_check = self.file.row_check
        for line, cells in self._records:
            self.rows_read += 1
            if isinstance(cells, re.Match):
                whole, start, end = cells.groups()
                if not end or start <= end:
                    yield f"{line}\t{whole.replace(',', TAB)}"
                    continue
                cells = whole.split(",")
            if len(cells) != width or isinstance(cells, str):
                self._refuse(line, [(None, cells if isinstance(cells, str) else "column_count")])
                continue
            try:
                row = [check(cell) for check, cell in zip(checks, cells, strict=True)]
            except CellRefused:
                self._refuse(line, self._explain(cells))
                continue
            wrong = row_check is not None or (row[last] < row[first] and row[last])
            for place in filled:
                wrong = wrong or not row[place]
            if wrong and (problems := self._explain(cells)):
                self._refuse(line, problems)
                continue
            for place, warn in warners:
                if row[place] and (codes := warn(row[place])):
                    self._warn(line, columns[place].name, codes)
            yield f"{line}\t{TAB.join(row)}"

    def _period(self) -> tuple[int, int]:
        """The places of the two ends of the file's period; without one, a place with itself."""
        if self.file.period is None:
            return 0, 0
        places = {column.name: place for place, column in enumerate(self.columns)}
        return places[self.file.period[0]], places[self.file.period[1]]

    def _explain(self, cells: list[str]) -> list[tuple[str | None, str]]:
        """Say everything that is wrong with a row, in the order of its columns."""
        problems: list[tuple[str | None, str]] = []
        row: dict[str, str] = {}
        for column, cell in zip(self.columns, cells, strict=True):
            value, code = _checked(column, cell)
            row[column.name] = value
            if code:
                problems.append((column.name, code))
        if problems:
            return problems
        if self.file.period is not None:
            start, end = self.file.period
            if row[end] and row[end] < row[start]:
                problems.append((end, "end_before_start"))
        if self.file.row_check is not None:
            problems.extend(self.file.row_check(row))
        return problems

    def _refuse(self, line: int, problems: list[tuple[str | None, str]]) -> None:
        self.refused += 1
        room = ERRORS_KEPT - len(self.errors)
        self.errors.extend(Issue(line, column, code) for column, code in problems[:room])

    def _warn(self, line: int, column: str, codes: tuple[str, ...]) -> None:
        self.warned += len(codes)
        room = WARNINGS_KEPT - len(self.warnings)
        self.warnings.extend(Issue(line, column, code, "warning") for code in codes[:room])


class _Memory(dict[str, Answer]):
    """Remembers what a function answered to a text; a lookup is much cheaper than a check.

    It is emptied when it is full, so that a file that never repeats itself cannot fill the memory.
    """

    def __init__(self, function: Callable[[str], Answer]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str) -> Answer:
        answer = self._function(text)
        if len(self) >= REMEMBERED:
            self.clear()
        if len(text) <= LONGEST_REMEMBERED:
            self[text] = answer
        return answer


def _header(lines: Iterator[str]) -> tuple[list[str], int]:
    """The cells of the first record, and the number of the line after it."""
    line = 1
    for text in lines:
        cells, used = csv_record(text, lines, line)
        if isinstance(cells, str):
            raise FileRefused("malformed_header", line)
        line += used
        if cells:
            return cells, line
    raise FileRefused("empty_file")


def _remembering(column: FileColumn) -> Check:
    """The check of a column as the hot loop calls it."""
    if not column.repeats:
        return column.check

    def check(text: str) -> str:
        value, code = _checked(column, text)
        if code is not None:
            raise CellRefused(code)
        return value

    return _Memory(check).__getitem__


def _checked(column: FileColumn, cell: str) -> tuple[str, str | None]:
    """The value of a cell and the code of what is wrong with it."""
    try:
        value = column.check(cell)
    except CellRefused as refused:
        return "", refused.code
    return value, "required" if column.required and not value else None
