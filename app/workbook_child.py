"""The program that unpacks and parses an uploaded workbook, in a process of its own.

It is started by `app.workbook_reading`, by its path and isolated, so it imports nothing of the
service. Input: one line of JSON (`Wanted` there), then the workbook. Output: one JSON object,
either {"refused": code} or {"sheets": {name: [[row, [cell, …]], …]}}; a cell is null or
[kind, text]. Once its libraries are loaded it may open no file and no socket any more, and it has
little memory and little time.
"""

import codecs
import io
import json
import os
import re
import resource
import signal
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import DEFUSEDXML, load_workbook
from openpyxl.xml.functions import fromstring

_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_ROW = re.compile(rb"<(?:[A-Za-z0-9]+:)?row[\s/>]")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_KINDS = {"s": "s", "inlineStr": "s", "str": "s", "n": "n", "d": "d", "b": "b", "f": "f", "e": "e"}
_ENCODINGS = ("ascii", "cp437", "latin-1", "utf-8", "utf-16")
# What a spreadsheet program makes of an address that somebody typed or pasted. Nobody follows it
# here; every other way out of the file is refused.
_LINK = "/relationships/hyperlink"
_ADDRESSES = ("mailto:", "http://", "https://")
_CHUNK = 1 << 20
_OVERLAP = 64


class Refused(Exception):
    """The workbook is not read; the message is the code."""


def confine(memory: int, seconds: float) -> None:
    """Take away from this process what parsing does not need."""
    # These are loaded from disk at their first use.
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # The three that are open stay open; no further file or socket can be.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    whole = int(seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    # SIGPROF ends the process; it counts processor time, so a busy machine does no harm.
    signal.setitimer(signal.ITIMER_PROF, seconds)


def look_through(content: bytes, most_rows: int) -> None:
    """Go through every part once, as bytes, before a parser sees it. Raises Refused."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for part in archive.infolist():
            name = part.filename.lower()
            if not name.endswith((".xml", ".rels", ".vml")):
                continue
            rows, tail, begun = 0, b"", False
            with archive.open(part) as stream:
                while chunk := stream.read(_CHUNK):
                    if not begun:
                        check_encoding(chunk)
                        begun = True
                    text = tail + chunk
                    if _DECLARED.search(text):
                        raise Refused("dtd_not_allowed")
                    rows += len(_ROW.findall(chunk))
                    if rows > most_rows:
                        raise Refused("too_many_rows")
                    tail = chunk[-_OVERLAP:]
            if name.endswith(".rels"):
                check_relations(archive.read(part))


def check_relations(part: bytes) -> None:
    """Refuse relations that lead out of the file, but for links of cells to plain addresses."""
    for relation in fromstring(part).iter():
        said = {name.rpartition("}")[2]: value for name, value in relation.attrib.items()}
        if said.get("TargetMode", "Internal") == "Internal":
            continue
        plain_link = said.get("Type", "").endswith(_LINK)
        if not plain_link or not said.get("Target", "").lower().startswith(_ADDRESSES):
            raise Refused("external_links_not_allowed")


def check_encoding(head: bytes) -> None:
    """Refuse XML in which the signs that are searched for would be written otherwise."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00")) or head[1:2] == b"\x00":
        raise Refused("not_utf8")
    declared = _ENCODING.match(head.removeprefix(b"\xef\xbb\xbf"))
    if declared is not None and declared[1].lower() not in {b"utf-8", b"us-ascii"}:
        raise Refused("not_utf8")


def read(content: bytes, wanted: dict[str, Any]) -> dict[str, Any]:
    """The cells of the wanted sheets that are not empty. Raises Refused."""
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    if not book.sheetnames:
        # The strict variety of the format, which the library does not know.
        raise Refused("unreadable_workbook")
    left = wanted["most_characters"]
    sheets: dict[str, Any] = {}
    for name, (most_rows, most_columns) in wanted["sheets"].items():
        if name not in book.sheetnames:
            continue
        sheet = book[name]
        # What a workbook says of its own size is not believed.
        sheet.reset_dimensions()
        rows: list[Any] = []
        before: Any = None
        for number, row in enumerate(sheet.iter_rows(max_col=most_columns), 1):
            # All rows that the file leaves out are one object: a space in the last row of a
            # spreadsheet leaves out a million.
            if row is before:
                continue
            before = row
            cells = [cell_of(cell, wanted["longest_text"]) for cell in row]
            while cells and cells[-1] is None:
                cells.pop()
            if not cells:
                continue
            rows.append([number, cells])
            left -= sum(len(cell[1]) for cell in cells if cell is not None)
            if len(rows) > most_rows:
                break
            if left < 0:
                raise Refused("too_much_text")
        sheets[name] = rows
    return {"sheets": sheets}


def cell_of(cell: Any, longest: int) -> list[str] | None:
    """A cell as kind and text; a text that is too long is cut behind the limit, so that the reader
    sees that it is.
    """
    value = cell.value
    if value is None or value == "":
        return None
    kind = _KINDS.get(cell.data_type, "s")
    if isinstance(value, bool):
        return ["b", str(value).lower()]
    if isinstance(value, datetime | date):
        return ["d", value.isoformat()]
    if isinstance(value, time | timedelta):
        return ["n", "0"]
    if isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) < 1e15 else value
    text = str(value)[: longest + 1]
    if kind == "s":
        text = plain(text)
        if not text.strip(" \u00a0\u3000"):
            return None
    return [kind, text]


def plain(text: str) -> str:
    """A text without the escapes by which workbooks write characters that XML has not."""
    if "_x" not in text:
        return text
    decoded = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def main() -> None:
    """Read the workbook on standard input, write what stands in it to standard output."""
    head = sys.stdin.buffer.readline()
    content = sys.stdin.buffer.read()
    wanted = json.loads(head)
    if not DEFUSEDXML:
        raise SystemExit("defusedxml is missing")
    confine(wanted["memory"], wanted["seconds"])
    try:
        look_through(content, wanted["most_xml_rows"])
        answer = read(content, wanted)
    except Refused as refused:
        answer = {"refused": str(refused)}
    except MemoryError:
        answer = {"refused": "too_costly"}
    except Exception:
        # Whatever a parser says of a hostile file, it is one thing to the sender.
        answer = {"refused": "unreadable_workbook"}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    # Without tidying up what a hostile file has left in memory.
    os._exit(0)


if __name__ == "__main__":
    main()
