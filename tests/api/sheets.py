"""Quote-request sheets as a customer fills them in, and how they are sent."""

import io
import itertools
import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import openpyxl

from app.domain.sheet_layout import (
    COLUMNS,
    FIRST_MACHINE_ROW,
    MACHINE_SHEET,
    REQUEST_SHEET,
    field_row,
)
from app.workbook_writing import MEDIA_TYPE, SheetValues, write_sheet
from tests.conftest import Service

PATH = "/v1/quote-request-sheets"
_keys = itertools.count(1)

RENEWAL: Mapping[str, Any] = {
    "kind": "renewal",
    "contract_number": "JP-4500-0002",
    "requester_name": "髙﨑 花子",
    "requester_email": "hanako@example.com",
}


def machine(serial: str = "JPDEMO0003", **changes: Any) -> dict[str, Any]:
    """A row of the machine sheet."""
    return {
        "product_number": "P19766-B21",
        "product_name": "DL360 Gen10",
        "serial_number": serial,
        "quantity": 1,
    } | changes


def machines(count: int) -> list[dict[str, Any]]:
    """So many rows, each of another machine."""
    return [machine(f"SHEET{number:05d}") for number in range(count)]


def sheet(
    rows: list[dict[str, Any]] | None = None,
    reference: uuid.UUID | None = None,
    **fields: Any,
) -> bytes:
    """A filled-in sheet; a field of None is left empty."""
    values = {**RENEWAL, **fields}
    return write_sheet(reference or uuid.uuid4(), SheetValues(values, rows or []))


def edited(content: bytes, cells: Mapping[tuple[str, str], Any]) -> bytes:
    """A sheet after somebody wrote into cells with a spreadsheet program, and saved it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for (name, at), value in cells.items():
        book[name][at].value = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def field_at(key: str) -> tuple[str, str]:
    """The cell of a field of the request sheet."""
    return REQUEST_SHEET, f"C{field_row(key)}"


def column_at(key: str, row: int = FIRST_MACHINE_ROW) -> tuple[str, str]:
    """The cell of a column of the machine sheet."""
    names = [field.key for field in COLUMNS]
    return MACHINE_SHEET, f"{chr(ord('A') + names.index(key))}{row}"


async def send(
    service: Service,
    content: bytes,
    caller: str = "customer",
    *,
    key: str | None = None,
    dry_run: bool = False,
    name: str = "sheet.xlsx",
    data: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Upload a sheet."""
    sent = dict(headers or {})
    if not dry_run:
        sent["Idempotency-Key"] = key or f"sheet-{next(_keys)}"
    return await service.post(
        f"{PATH}{'?dry_run=true' if dry_run else ''}",
        caller,
        files={"file": (name, content, MEDIA_TYPE)},
        data=dict(data or {}),
        headers=sent,
    )


def faults(answer: httpx.Response) -> list[tuple[str, str, str]]:
    """Sheet, cell and code of each place of a refusal."""
    return [
        (place.get("sheet", ""), place.get("cell", place["pointer"]), place["code"])
        for place in answer.json()["errors"]
    ]
