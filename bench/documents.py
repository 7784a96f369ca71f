"""Printed documents: from the rows of a quote to stored bytes, against typst alone."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import typst

from app.domain.printed_documents import PrintedQuote
from app.printing import FOLDER, print_document
from bench.runs import Run
from tests.printing.made_up import DATED, machines, made_up
from tests.printing.pdf_text import pages_of

OURS, ALONE = "service, rows to bytes", "typst alone, same page"
LENGTHS = {"one line": 1, "120 lines": 120}


def measure_documents(run: Run) -> None:
    """Every document is a new one, so that nothing of the last one is remembered."""
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FOLDER / "fonts"]
    )
    for words, lines in LENGTHS.items():
        rows = machines(lines)
        ready = made_up(rows)

        def ours(number: str, rows: Any = rows) -> bytes:
            pdf = print_document("quote", replace(made_up(rows), quote_number=number), DATED)
            hashlib.sha256(pdf).hexdigest()
            return pdf

        def alone(number: str, quote: PrintedQuote = ready) -> bytes:
            texts = json.dumps(asdict(replace(quote, quote_number=number)))
            pdf: bytes = typst.compile(
                FOLDER / "quote.typ",
                root=FOLDER,
                font_paths=fonts,
                ignore_system_fonts=True,
                sys_inputs={"document": texts},
                pdf_standards="a-3b",
                timestamp=int(DATED.timestamp()),
            )
            return pdf

        targets = {OURS: ours, ALONE: alone}
        run.rounds(
            f"pdf, {words}",
            {
                name: lambda turn, name=name, make=make: pages(run, f"{turn}{name}", make)
                for name, make in targets.items()
            },
        )


def pages(run: Run, name: str, make: Callable[[str], bytes]) -> dict[str, float]:
    """Pages in a second, and milliseconds for a page."""
    count = len(pages_of(make(f"{name} first")))
    started, made = time.perf_counter(), 0
    while (seconds := time.perf_counter() - started) < run.extent.seconds:
        make(f"{name} {made}")
        made += 1
    return {
        "rate": made * count / seconds,
        "ms a page": seconds * 1_000 / (made * count),
        "pages": count,
    }


def document_goals(run: Run) -> None:
    for words in LENGTHS:
        text = f"one page, {words}: service / typst alone"
        run.goal(8, text, f"pdf, {words}", OURS, ALONE, "<= 3.0", "ms a page")
