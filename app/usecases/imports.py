"""Bring import files in: from a folder, from an upload, or for trial."""

import io
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.db import imports as db
from app.db.engine import Database
from app.db.import_merge import load_rows, take_loading_lock
from app.domain.errors import ImportRefused
from app.domain.import_files import FileRefused, find_file, position_of
from app.usecases.import_loading import (
    Clock,
    FileResult,
    Observer,
    Source,
    claimed,
    load_files,
    loaded_result,
    nobody,
    refused_result,
)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a whole import; `unknown_files` were not looked into."""

    import_id: uuid.UUID
    files: tuple[FileResult, ...]
    unknown_files: tuple[str, ...] = ()


async def import_folder(
    database: Database,
    folder: Path,
    *,
    now: Clock,
    encoding: str = "utf-8",
    created_by: str = "command line",
    observer: Observer = nobody,
) -> ImportResult:
    """Load every known file of a folder, in order of dependency, straight from the disk.

    Raises ImportRefused when there is no such folder. A refused file stops no other.
    """
    sources, unknown = _look_into(folder, encoding)
    import_id = db.new_import_id(now())
    loading = db.loading_database(database)
    try:
        # Claimed before it can be seen: a worker must not take it up.
        async with claimed(loading, import_id):
            async with loading.transaction("desk") as session:
                files = [db.NewFile(one.name, one.encoding, one.bytes_total) for one in sources]
                await db.store_run(session, import_id, files, created_by=created_by, now=now())
            results = await load_files(loading, import_id, sources, now=now, observer=observer)
    finally:
        await loading.close()
    return ImportResult(import_id, tuple(results), unknown)


def _look_into(folder: Path, encoding: str) -> tuple[list[Source], tuple[str, ...]]:
    """The files of a folder that are known, in order of dependency, and the names of the others."""
    if not folder.is_dir():
        raise ImportRefused(pointer="folder")
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    known = sorted(
        (path for path in paths if find_file(path.name)), key=lambda path: position_of(path.name)
    )
    sources = [
        Source(position, path.name, encoding, path.stat().st_size, _opener(path))
        for position, path in enumerate(known)
    ]
    return sources, tuple(path.name for path in paths if path not in known)


def _opener(path: Path) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: path.open("rb")


class _TriedOut(Exception):
    """Ends the transaction of a trial: nothing of it stays."""


async def try_files(database: Database, files: Sequence[db.NewFile]) -> tuple[FileResult, ...]:
    """Load files for trial, all in one transaction that is rolled back, and say what would be.

    Raises Overloaded when another import is loading.
    """
    results: list[FileResult] = []
    loading = db.loading_database(database)
    try:
        async with loading.transaction("desk") as session:
            await take_loading_lock(session, wait_seconds=3)
            for position, file in enumerate(files):
                source = source_of(position, file)
                try:
                    # A file that is refused half-way must not undo those before it.
                    async with session.begin_nested():
                        with source.open() as stream:
                            loaded = await load_rows(session, source.reader(stream))
                except FileRefused as refused:
                    results.append(refused_result(source, refused))
                else:
                    results.append(loaded_result(source, loaded))
            raise _TriedOut
    except _TriedOut:
        return tuple(results)
    finally:
        await loading.close()


def source_of(position: int, file: db.NewFile) -> Source:
    """Read a file from its stored bytes."""
    content = file.content or b""
    return Source(position, file.name, file.encoding, file.bytes_total, lambda: io.BytesIO(content))
