"""From the bytes of a file to its records: decoding, lines, RFC 4180 quoting, JSON objects.

Everything is read as a stream. A record carries the number of the physical line on which it starts.
Not every departure from RFC 4180 is refused: line ends may be LF, blank lines are skipped, and a
quotation mark inside a field that does not begin with one stands for itself (`2.5" SFF`).
"""

import csv
import io
import json
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from app.domain.import_files import ENCODINGS, FileRefused

# No line of these files comes near; a file without line ends must not fill the memory.
LINE_LIMIT: Final = 1 << 20

Record = tuple[int, list[str] | str]
"""The line on which the record starts, and its cells or the code of why it cannot be read."""


def text_blocks(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Decode a file and yield it in blocks of whole lines.

    Raises FileRefused for another encoding, a NUL byte or a line without an end.
    """
    if encoding not in ENCODINGS:
        raise FileRefused("unknown_encoding")
    decoder = getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
    line, rest = 1, ""
    for chunk in chain(chunks, (b"",)):
        # Decoded as CP932 the mark of UTF-8 would become three letters of the first column.
        if line == 1 and not rest and encoding != "utf-8" and chunk.startswith(BOM_UTF8):
            raise FileRefused("wrong_encoding")
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


def csv_records(lines: Iterator[str]) -> Iterator[Record]:
    """Read CSV. A record whose quoting is broken within its line is given as `malformed_row`.

    Raises FileRefused when a quoted field swallows lines: what follows cannot be told apart.
    """
    reader = csv.reader(lines, strict=True)
    line = 1
    while True:
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as failure:
            if reader.line_num > line or "unexpected end of data" in str(failure):
                raise FileRefused("unclosed_quote", line) from None
            yield line, "malformed_row"
            line = reader.line_num + 1
        else:
            return


def _refuse_constant(_: str) -> None:
    raise ValueError


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
        parse_constant=_refuse_constant,
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
