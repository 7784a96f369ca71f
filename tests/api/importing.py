"""Uploads as the desk makes them, and folders as the command line reads them."""

import asyncio
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from app.domain.import_files import FILES
from app.usecases.import_loading import FileResult
from app.usecases.imports import ImportResult, import_folder
from tests.conftest import Service

_keys = itertools.count(1)


def table(name: str, *rows: str) -> str:
    """A CSV file of the given rows."""
    return "\r\n".join([",".join(FILES[name].column_names), *rows, ""])


async def upload(
    service: Service,
    files: Mapping[str, str | bytes],
    *,
    caller: str = "desk",
    key: str | None = None,
    dry_run: bool = False,
    data: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """POST files under their names."""
    parts = [("files", (name, content, "text/csv")) for name, content in files.items()]
    sent = dict(headers or {})
    if not dry_run:
        sent["Idempotency-Key"] = key or f"import-{next(_keys)}"
    return await service.post(
        f"/v1/imports{'?dry_run=true' if dry_run else ''}",
        caller,
        files=parts,
        data=dict(data or {}),
        headers=sent,
    )


async def finished(service: Service, location: str, **headers: str) -> dict[str, Any]:
    """Follow a run until it is over."""
    for _ in range(300):
        answer = await service.get(location, "desk", headers=headers)
        assert answer.status_code == 200
        run: dict[str, Any] = answer.json()
        if run["state"] in {"completed", "failed"}:
            return run
        await asyncio.sleep(0.05)
    raise AssertionError("the import does not end")


async def imported(
    service: Service, files: Mapping[str, str | bytes], **options: Any
) -> dict[str, Any]:
    """Upload files and wait until they are loaded."""
    answer = await upload(service, files, **options)
    assert answer.status_code == 202, answer.text
    return await finished(service, answer.headers["location"])


def codes(run: Mapping[str, Any]) -> list[tuple[str, int, str | None, str]]:
    """What a run says of its rows."""
    return [
        (item["file"].removesuffix(".csv"), item["line"], item["column"], item["code"])
        for item in run["errors"]["items"]
    ]


def counts(file: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Inserted, updated, unchanged and refused rows of a file."""
    return file["inserted"], file["updated"], file["unchanged"], file["refused"]


def tally(result: FileResult) -> tuple[int, int, int, int]:
    """The same of the command line's result."""
    return result.inserted, result.updated, result.unchanged, result.refused


async def load(
    service: Service, folder: Path, files: Mapping[str, str | bytes], **options: Any
) -> ImportResult:
    """Write files into a folder and import it."""
    for name, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        await asyncio.to_thread((folder / name).write_bytes, raw)
    return await import_folder(
        service.database, folder, now=lambda: datetime(2026, 11, 25, 1, tzinfo=UTC), **options
    )


async def one(service: Service, query: str) -> tuple[Any, ...]:
    """One row as the owner sees it."""
    async with service.owner() as session:
        return tuple((await session.execute(text(query))).one())


BUSINESS_TABLES = (
    "customer",
    "partner",
    "serve",
    "product",
    "price",
    "equipment",
    "contract",
    "contract_line",
    "calendar_day",
)


async def fingerprint_of(service: Service) -> dict[str, str]:
    """Every row of every business table, down to the place and transaction that wrote it."""
    found: dict[str, str] = {}
    async with service.owner() as session:
        for name in BUSINESS_TABLES:
            found[name] = str(
                await session.scalar(
                    text(
                        f"SELECT md5(string_agg(ctid::text || xmin || r::text, ',' ORDER BY ctid))"
                        f" FROM {name} r"
                    )
                )
            )
    return found
