"""From the bytes of a file to its records: decoding, lines, RFC 4180 quoting, JSON objects.

Everything is read as a stream. A record carries the number of the physical line on which it starts.
Not every departure from RFC 4180 is refused: line ends may be LF, blank lines are skipped, and a
quotation mark inside a field that does not begin with one stands for itself (`2.5" SFF`).
"""

import csv
import io
import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from app.domain.import_files import ENCODINGS, FileRefused

# No line of these files comes near; a file without line ends must not fill the memory.
LINE_LIMIT: Final = 1 << 20

Record = tuple[int, list[str] | str | re.Match[str]]
"""The line on which the record starts, and its cells: as they are, as a line that a plain pattern
matched, or the code of why it cannot be read.
"""


def text_blocks(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Decode a file and yield it in blocks of whole lines.

    Raises FileRefused for another encoding, a NUL byte or a line without an end.
    """
    if encoding not in ENCODINGS:
        raise FileRefused("unknown_encoding")
    decoder = getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
    line, rest = 1, ""
    for chunk in chain(chunks, (b"",)):
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as failure:
            before = failure.object[: failure.start].count(b"\n")
            raise FileRefused("wrong_encoding", line + before) from None
        if "\0" in text:
            raise FileRefused("nul_byte", line + text.count("\n", 0, text.index("\0")))
        head, newline, tail = text.rpartition("\n")
        if newline:
            yield rest + head + newline
            rest = tail
        else:
            rest += text
        line += text.count("\n")
        if len(rest) > LINE_LIMIT:
            raise FileRefused("line_too_long", line)
    if rest:
        yield rest


def lines_of(blocks: Iterable[str]) -> Iterator[str]:
    """Cut blocks into physical lines, each with its line end."""
    return chain.from_iterable(io.StringIO(block, newline="\n") for block in blocks)


def csv_record(text: str, lines: Iterator[str], line: int) -> tuple[list[str] | str, int]:
    """Read the CSV record that begins with the line `text` and may go on in `lines`.

    Returns its cells, or `malformed_row` when its quoting is broken within the line; and how many
    lines it took. Raises FileRefused when a quoted field swallows lines: what follows cannot be
    told apart.
    """
    reader = csv.reader(chain((text,), lines), strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error as failure:
        if reader.line_num > 1 or "unexpected end of data" in str(failure):
            raise FileRefused("unclosed_quote", line) from None
        return "malformed_row", 1


def csv_records(lines: Iterator[str], line: int, plain: re.Pattern[str] | None) -> Iterator[Record]:
    """Read CSV from the line number `line` on.

    A line that `plain` matches is given as its match, which costs a third of taking it apart.
    """
    matches = plain.fullmatch if plain is not None else _never
    for text in lines:
        match = matches(text)
        if match is not None:
            yield line, match
            line += 1
            continue
        cells, used = csv_record(text, lines, line)
        if cells:
            yield line, cells
        line += used


def _never(_: str) -> None:
    return None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _cell(value: object) -> str:
    """Write a JSON value as the cell of a table: numbers arrive as text already."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    raise ValueError


def json_records(lines: Iterable[str], columns: Sequence[str]) -> Iterator[Record]:
    """Read one JSON object a line; its members are the columns, an absent one is unknown."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_object,
        parse_int=str,
        parse_float=str,
    )
    known = set(columns)
    for line, text in enumerate(lines, 1):
        if text.isspace():
            continue
        try:
            members = decoder.decode(text)
            if not isinstance(members, dict):
                raise ValueError
            if not known.issuperset(members):
                yield line, "unknown_column"
                continue
            yield line, [_cell(members.get(name)) for name in columns]
        except (ValueError, RecursionError):
            yield line, "malformed_row"
