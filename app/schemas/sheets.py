"""Quote-request sheets on the wire: the upload of one, its rows and their faults."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.db.sheets import SheetRowRow, UploadRow
from app.domain.languages import Language
from app.domain.sheet_texts import sheet_text
from app.problem_words import WORDS_OF_CODE
from app.schemas.wire import (
    Cursor,
    IdentifierOut,
    InstantOut,
    PageSize,
    Plain,
    StrictQuery,
    instant,
)

UploadState = Literal["queued", "running", "completed", "refused"]


class SheetQuery(StrictQuery):
    """What a sheet is filled in with."""

    contract_number: Annotated[
        str | None,
        Plain,
        Field(
            max_length=60,
            description="The contract to renew: the sheet comes with its numbers, its machines and "
            "the period that follows.",
            examples=["JP-4500-0002"],
        ),
    ] = None


class SheetUploadQuery(StrictQuery):
    """A page of the rows of an upload."""

    page_size: PageSize = 100
    cursor: Cursor = None


class SheetFault(TypedDict):
    """What is wrong or unusual at one cell; what stands there is not repeated."""

    sheet: Annotated[str, Field(description="Empty for the file as a whole.")]
    cell: Annotated[str, Field(description="Such as `C7`; empty for the file as a whole.")]
    code: str
    severity: Literal["error", "warning"]
    text: Annotated[str, Field(description="The same in words, in the language asked for.")]


class SheetRow(TypedDict):
    """What became of one row of the machine sheet."""

    row: Annotated[int, Field(description="The row of the sheet, as spreadsheet programs count.")]
    state: Literal["accepted", "warned", "refused"]
    errors: list[SheetFault]


class SheetRowPage(TypedDict):
    """A page of rows, in the order of the sheet."""

    items: list[SheetRow]
    next_cursor: str | None


class SheetUpload(TypedDict):
    """An uploaded quote-request sheet: how far it is read, and the quote request that it became.

    One row in error refuses the whole sheet; correct it and send it again.
    """

    id: IdentifierOut
    state: UploadState
    customer_id: str
    reference: Annotated[
        IdentifierOut,
        Field(description="What the sheet carries: sent again, it asks no second time."),
    ]
    rows_total: int
    rows_done: int
    request_id: Annotated[
        IdentifierOut | None, Field(description="The quote request, once there is one.")
    ]
    created_at: InstantOut
    finished_at: InstantOut | None
    errors: Annotated[
        list[SheetFault], Field(description="Faults of the file and of the request sheet.")
    ]
    rows: SheetRowPage


def upload_out(
    upload: UploadRow,
    rows: Sequence[SheetRowRow],
    next_cursor: str | None,
    language: Language,
) -> SheetUpload:
    """The answer for one upload with a page of its rows."""
    return {
        "id": str(upload.id),
        "state": upload.state,  # type: ignore[typeddict-item]  # held to these by a CHECK
        "customer_id": upload.customer_id,
        "reference": str(upload.reference),
        "rows_total": upload.rows_total,
        "rows_done": upload.rows_done,
        "request_id": None if upload.request_id is None else str(upload.request_id),
        "created_at": instant(upload.created_at),
        "finished_at": None if upload.finished_at is None else instant(upload.finished_at),
        "errors": [_fault_out(fault, language) for fault in upload.errors],
        "rows": {
            "items": [
                {
                    "row": row.row_number,
                    "state": row.state,  # type: ignore[typeddict-item]  # held by a CHECK
                    "errors": [_fault_out(fault, language) for fault in row.errors],
                }
                for row in rows
            ],
            "next_cursor": next_cursor,
        },
    }


def _fault_out(fault: Mapping[str, str], language: Language) -> SheetFault:
    return {
        "sheet": fault["sheet"],
        "cell": fault["cell"],
        "code": fault["code"],
        "severity": fault["severity"],  # type: ignore[typeddict-item]  # written by one place
        "text": _words_of(fault["code"], language),
    }


def _words_of(code: str, language: Language) -> str:
    """A fault in words; a refusal of the whole sheet has those of its problem document."""
    words = WORDS_OF_CODE.get(code)
    if words is None:
        return sheet_text(code, language)
    return words.detail_ja if language == "ja" else words.detail_en


def errors_csv(upload: UploadRow, rows: Sequence[SheetRowRow]) -> bytes:
    """All faults of an upload as CSV (RFC 4180, UTF-8 with a BOM, so that spreadsheet programs read
    it), in both languages. Nothing that was sent is repeated, so no cell can be a formula; one that
    began as one would be made a text all the same.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("sheet", "cell", "severity", "code", "日本語", "English"))
    for fault in (*upload.errors, *(fault for row in rows for fault in row.errors)):
        line = (
            fault["sheet"],
            fault["cell"],
            fault["severity"],
            fault["code"],
            _words_of(fault["code"], "ja"),
            _words_of(fault["code"], "en"),
        )
        writer.writerow(plain_cell(value) for value in line)
    return text.getvalue().encode("utf-8-sig")


def plain_cell(text: str) -> str:
    """A cell that no spreadsheet program takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
