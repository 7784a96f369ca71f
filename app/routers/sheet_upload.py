"""Read an uploaded quote-request sheet: one file of a multipart form, parsed before the transaction
of the request begins, so that a hostile file holds no connection to the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from app.deps import CurrentCaller
from app.domain.errors import InvalidInput, WorkbookRefused
from app.domain.identifiers import is_customer_code, normalise
from app.domain.sheet_reading import Reading, read_sheet
from app.routers.import_upload import WholeParser, check_multipart
from app.workbook_reading import read_workbook

SHEET_LIMIT = 5 << 20
_FIELD_LIMIT = 100

SHEET_BODY: Mapping[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "The quote-request sheet as `.xlsx`, at most 5 MiB.",
                        },
                        "customer_id": {
                            "type": "string",
                            "maxLength": 40,
                            "description": "Whose request it is, where the caller speaks for "
                            "several customers and the sheet does not tell.",
                        },
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True)
class UploadedSheet:
    """A sheet as it came, and what was read in it."""

    content: bytes
    customer_id: str | None
    reading: Reading


async def read_sheet_upload(request: Request, caller: CurrentCaller) -> UploadedSheet:
    """Read the sheet of an upload. `caller` is asked for so that nobody else's file is parsed.

    Raises UnsupportedMedia, DuplicateParameter, InvalidInput, WorkbookRefused,
    SheetOfAnotherVersion, SheetTooLong and Overloaded; faults of cells are in the reading.
    """
    check_multipart(request)
    content, customer_id = await _read_form(request)
    reading = read_sheet(await read_workbook(content))
    return UploadedSheet(content, customer_id, reading)


SentSheet = Annotated[UploadedSheet, Depends(read_sheet_upload)]


async def _read_form(request: Request) -> tuple[bytes, str | None]:
    parser = WholeParser(
        request.headers,
        request.stream(),
        max_files=1,
        max_fields=1,
        max_part_size=_FIELD_LIMIT,
    )
    try:
        form = await parser.parse()
        if not parser.whole:
            raise WorkbookRefused(places=[("", "malformed_multipart")])
        places = [
            (f"/{name}" if name in {"file", "customer_id"} else "", code)
            for name, code in _faults(form.multi_items())
        ]
        if places:
            raise WorkbookRefused(places=places)
        file = form["file"]
        content = await file.read() if isinstance(file, UploadFile) else b""
        return content, _customer(form.get("customer_id"))
    except (MultiPartException, ClientDisconnect, UnicodeError):
        raise WorkbookRefused(places=[("", "malformed_multipart")]) from None
    finally:
        parser.close()


def _faults(items: list[tuple[str, UploadFile | str]]) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    names = [name for name, _ in items]
    for name, part in items:
        if name not in {"file", "customer_id"}:
            faults.append((name, "unknown_field"))
        elif isinstance(part, UploadFile) != (name == "file"):
            faults.append((name, "not_a_file" if name == "file" else "not_text"))
    faults += [(name, "duplicate_field") for name in ("customer_id",) if names.count(name) > 1]
    if "file" not in names:
        faults.append(("file", "required"))
    return faults


def _customer(written: UploadFile | str | None) -> str | None:
    if written is None or isinstance(written, UploadFile):
        return None
    customer_id = normalise(written)
    if not is_customer_code(customer_id):
        raise InvalidInput(places=[("/customer_id", "wrong_shape")])
    return customer_id
