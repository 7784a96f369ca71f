"""Sets the printed documents with typst: PDF/A-3b, the same bytes for the same texts.

All texts go in as JSON, so nothing of them is read as markup. Only the fonts beside the templates
are used; nothing is fetched. What none of them can show becomes the printers' 〓, which is seen,
where a missing glyph would not be (docs/decisions/0009-printed-documents.md).
"""

import asyncio
import json
import re
import struct
import unicodedata
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import typst

from app.domain.errors import Overloaded
from app.domain.printed_documents import PrintedQuote

DocumentKind = Literal["quote", "answer_sheet"]

FOLDER: Final = Path(__file__).parent / "print"
SUBSTITUTE: Final = "〓"

# Documents with more rows than this are forgotten at once; the others wait for the ten after them.
MOST_REMEMBERED_LINES: Final = 100

_REGULAR_FONTS: Final = ("BIZUDPGothic-Regular.ttf", "NotoSansJP-Regular.ttf")
_COMPOSED = re.compile("[^\\W_][\u0300-\u036f\u3099\u309a]+")
_WHOLE_UNICODE_TABLE = 12
# typst drops from its memory what the last ten runs did not use.
_RUNS_REMEMBERED = 11


class PrintingFailed(RuntimeError):
    """typst refused a template or warned about it: a fault of this service."""


class Press:
    """Prints in threads of its own, few at a time, so that a rush of first downloads neither takes
    all processors nor all connections. `patience` is how long a caller waits, in seconds.
    """

    def __init__(self, *, at_once: int = 2, waiting: int = 6, patience: float = 20.0) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="press")
        self._most = at_once + waiting
        self._patience = patience
        self._jobs: set[Future[bytes]] = set()

    async def printed(self, kind: DocumentKind, quote: PrintedQuote, dated: datetime) -> bytes:
        """The PDF of a document, as `print_document` makes it.

        Raises Overloaded when too many wait already, or it takes too long: what was begun goes on
        to its end in its thread, because a thread cannot be ended, and counts until then.
        """
        if len(self._jobs) >= self._most:
            raise Overloaded
        job = self._threads.submit(print_document, kind, quote, dated)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job), self._patience)
        except TimeoutError:
            raise Overloaded from None

    def close(self) -> None:
        """Take no more, and drop what has not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def print_document(kind: DocumentKind, quote: PrintedQuote, dated: datetime) -> bytes:
    """The PDF of a document. `dated` is the instant that it carries as its own: with the same texts
    and the same instant the bytes are the same.

    Raises PrintingFailed. It takes some ten milliseconds a page: call it in a thread.
    """
    made = _compiled(
        kind, quote, format="pdf", pdf_standards="a-3b", timestamp=int(dated.timestamp())
    )
    assert isinstance(made, bytes)  # noqa: S101 — a PDF is one file.
    if len(quote.services) + len(quote.fees) > MOST_REMEMBERED_LINES:
        _forget()
    return made


def picture_pages(kind: DocumentKind, quote: PrintedQuote, *, ppi: float) -> list[bytes]:
    """The pages of a document as PNG pictures."""
    made = _compiled(kind, quote, format="png", ppi=ppi)
    return made if isinstance(made, list) else [made]


def showable(text: str) -> str:
    """A text as the fonts can show it: what is invisible is left out, what they lack is 〓."""
    composed = _COMPOSED.sub(lambda match: unicodedata.normalize("NFC", match.group()), text)
    return "".join(_shown(character) for character in composed)


def _shown(character: str) -> str:
    if ord(character) in covered():
        return character
    if character.isspace():
        return " "
    # Joiners, direction marks and the selectors of variants ask for nothing that can be seen.
    invisible = unicodedata.category(character) in {"Cc", "Cf"} or (
        "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    )
    return "" if invisible else SUBSTITUTE


@cache
def covered() -> frozenset[int]:
    """The code points that a document can show: those of the regular fonts."""
    return frozenset[int]().union(
        *(_characters(FOLDER / "fonts" / name) for name in _REGULAR_FONTS)
    )


def _characters(font: Path) -> frozenset[int]:
    """The code points of a font, read from the table of its character map that has them all."""
    data = font.read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    entries = (struct.unpack_from(">4sLLL", data, 12 + 16 * index) for index in range(tables))
    start = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, start + 2)
    for index in range(count):
        _, _, offset = struct.unpack_from(">HHL", data, start + 4 + 8 * index)
        at = start + offset
        if struct.unpack_from(">H", data, at) == (_WHOLE_UNICODE_TABLE,):
            (groups,) = struct.unpack_from(">L", data, at + 12)
            spans = (
                struct.unpack_from(">LLL", data, at + 16 + 12 * each) for each in range(groups)
            )
            return frozenset(code for first, last, _ in spans for code in range(first, last + 1))
    raise PrintingFailed(f"{font.name} has no character map of format 12")


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[FOLDER / "fonts"],
    )


def _compiled(kind: DocumentKind, quote: PrintedQuote, **output: Any) -> bytes | list[bytes]:
    data = _all_showable(asdict(quote))
    try:
        made, warnings = typst.compile_with_warnings(
            FOLDER / f"{kind}.typ",
            root=FOLDER,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"document": json.dumps(data, ensure_ascii=False)},
            **output,
        )
    except typst.TypstError as failure:
        raise PrintingFailed(failure.message) from failure
    if warnings or made is None:
        raise PrintingFailed("; ".join(warning.message for warning in warnings) or "nothing made")
    output_bytes: bytes | list[bytes] = made
    return output_bytes


def _forget() -> None:
    """Make typst drop what it remembers of a long document: 100 MB for 1,000 lines, kept for the
    next ten documents otherwise. Empty runs make it do so.
    """
    for _ in range(_RUNS_REMEMBERED):
        typst.compile(b"", font_paths=_fonts(), ignore_system_fonts=True)


def _all_showable(value: Any) -> Any:
    if isinstance(value, str):
        return showable(value)
    if isinstance(value, dict):
        return {name: _all_showable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_all_showable(each) for each in value]
    return value
