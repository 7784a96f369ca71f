"""Bring import files in: from a folder, from an upload, or for trial."""

import asyncio
import io
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import imports as db
from app.db.engine import Database
from app.db.ids import new_id
from app.db.import_merge import load_rows, take_loading_lock
from app.db.import_reads import FileRow, IssueRow, RunRow
from app.domain.errors import ImportRefused
from app.domain.import_files import FileRefused, find_file, position_of
from app.usecases.import_loading import (
    Clock,
    FileResult,
    Observer,
    Source,
    claimed,
    finish,
    give_up,
    load_file,
    load_files,
    loaded_result,
    nobody,
    refused_result,
)
from app.usecases.reads import Trace

# How long a trial waits for an import that is loading before its caller is asked to come again.
TRIAL_WAIT_SECONDS = 3


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
    import_id = new_id(now())
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
    """Ends a trial: nothing of it stays."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of files, in the shape of a run that was."""

    run: RunRow
    files: tuple[FileRow, ...]
    issues: tuple[IssueRow, ...]


async def try_files(
    session: AsyncSession, files: Sequence[db.NewFile], *, created_by: str, now: datetime
) -> Trial:
    """Load files for trial, all under one savepoint that is rolled back, and say what would be.

    Raises Overloaded when another import is loading.
    """
    results: list[FileResult] = []
    try:
        # The lock goes with the savepoint too.
        async with session.begin_nested():
            await take_loading_lock(session, wait_seconds=TRIAL_WAIT_SECONDS)
            for position, file in enumerate(files):
                results.append(await _try_file(session, _stored(position, file)))
            raise _TriedOut
    except _TriedOut:
        return _trial_of(files, results, created_by, now)


async def _try_file(session: AsyncSession, source: Source) -> FileResult:
    try:
        # A file that is refused half-way must not undo those before it.
        async with session.begin_nested():
            with source.open() as stream:
                loaded = await load_rows(session, source.reader(stream))
    except FileRefused as refused:
        return refused_result(source, refused)
    return loaded_result(source, loaded)


def _trial_of(
    files: Sequence[db.NewFile], results: Sequence[FileResult], created_by: str, now: datetime
) -> Trial:
    failed = any(result.state == "refused" for result in results)
    rows = [
        FileRow(
            position=position,
            name=file.name,
            encoding=file.encoding,
            state=result.state,
            bytes_total=file.bytes_total,
            bytes_read=file.bytes_total,
            rows_read=result.rows_read,
            inserted=result.inserted,
            updated=result.updated,
            unchanged=result.unchanged,
            refused=result.refused,
            warned=result.warned,
            error_code=result.error_code,
        )
        for position, (file, result) in enumerate(zip(files, results, strict=True))
    ]
    issues = [
        IssueRow(position, number, result.name, *issue)
        for position, result in enumerate(results)
        for number, issue in enumerate(result.issues)
    ]
    state = "failed" if failed else "completed"
    return Trial(RunRow(None, state, created_by, now, now, now), tuple(rows), tuple(issues))


async def examine_upload(files: Sequence[db.NewFile]) -> None:
    """Look whether files can be read at all: header, encoding, NUL bytes, line ends.

    Raises ImportRefused with a place for each file that cannot.
    """
    places: list[tuple[str, str]] = []
    for position, file in enumerate(files):
        # In a thread, because it goes through every byte.
        refused = await asyncio.to_thread(_fault_of, _stored(position, file))
        if refused is not None:
            column = f"/{refused.column}" if refused.column else ""
            places.append((f"/files/{file.name}{column}", refused.code))
    if places:
        raise ImportRefused(places=places)


def _fault_of(source: Source) -> FileRefused | None:
    try:
        with source.open() as stream:
            source.reader(stream).look_through()
    except FileRefused as refused:
        return refused
    return None


async def accept_upload(
    session: AsyncSession,
    trace: Trace,
    files: Sequence[db.NewFile],
    *,
    created_by: str,
    now: datetime,
) -> uuid.UUID:
    """Store an upload to be loaded soon, and record who sent it; return its id."""
    import_id = new_id(now)
    await db.store_run(session, import_id, files, created_by=created_by, now=now)
    await trace.change("import", "import", str(import_id))
    return import_id


Failed = Callable[[uuid.UUID, Exception], None]


async def take_up_runs(
    loading: Database,
    *,
    now: Clock,
    stopping: Callable[[], bool],
    failed: Failed,
) -> None:
    """Load every run that waits or whose worker died, the oldest first.

    A run that fails does not stop the others: `failed` is told, and the run is taken up again.
    """
    async with loading.transaction("desk") as session:
        waiting = await db.list_open_runs(session)
    for import_id in waiting:
        if stopping():
            return
        try:
            async with claimed(loading, import_id) as mine:
                if mine:
                    await _resume(loading, import_id, now, stopping, failed)
        except Exception as failure:
            failed(import_id, failure)


async def _resume(
    loading: Database,
    import_id: uuid.UUID,
    now: Clock,
    stopping: Callable[[], bool],
    failed: Failed,
) -> None:
    """Go on with a claimed run at its first file that is neither loaded nor refused."""
    async with loading.transaction("desk") as session:
        await db.start_run(session, import_id, now())
        files = await db.list_open_files(session, import_id)
    results: list[FileResult] = []
    for file in files:
        if stopping():
            return
        async with loading.transaction("desk") as session:
            content = await db.find_content(session, import_id, file.position)
        if content is None:
            # It was read from a disk by a process that is gone.
            await give_up(loading, import_id, file.position, "interrupted")
            continue
        stored = db.NewFile(file.name, file.encoding, file.bytes_total, content)
        try:
            results.append(await load_file(loading, import_id, _stored(file.position, stored)))
        except Exception as failure:
            if db.may_pass(failure):
                raise
            # It would fail the same way for ever.
            failed(import_id, failure)
            await give_up(loading, import_id, file.position, "internal_error")
    await finish(loading, import_id, results, now)


def _stored(position: int, file: db.NewFile) -> Source:
    """Read a file from its stored bytes."""
    content = file.content or b""
    return Source(position, file.name, file.encoding, file.bytes_total, lambda: io.BytesIO(content))
