"""Load the files of one import run, one transaction each, and say meanwhile how far it is.

The transaction that loads a file also writes down what became of it: a process that dies leaves a
file loaded whole or not at all, and the run goes on at its first file that is not.
"""

import asyncio
import contextlib
import itertools
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from app.db import imports as db
from app.db.engine import Database
from app.db.import_merge import Loaded, load_rows, take_loading_lock
from app.domain.import_files import FileRefused, Issue, find_file
from app.domain.import_rows import RowReader

CHUNK_BYTES = 1 << 16
# How often an observer hears of the progress, and how often the database does.
TICK_SECONDS = 0.25
TICKS_PER_NOTE = 4
# An import that changed fewer rows changes no plan.
MANY_ROWS = 5_000

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far a file is. `state` is reading, merging, loaded or refused."""

    name: str
    state: str
    bytes_read: int
    bytes_total: int
    rows_read: int


Observer = Callable[[FileProgress], None]


def nobody(_: FileProgress) -> None:
    """Observe nothing."""


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of a file: `loaded`, or `refused` whole with a code."""

    name: str
    state: str
    error_code: str | None = None
    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    warned: int = 0
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A file to load: where it stands in its run, and how to read it once."""

    position: int
    name: str
    encoding: str
    bytes_total: int
    open: Callable[[], AbstractContextManager[BinaryIO]]

    def reader(self, stream: BinaryIO) -> RowReader:
        """Start to read the file. Raises FileRefused when its beginning is wrong already."""
        found = find_file(self.name)
        if found is None:
            raise FileRefused("unknown_file")
        return RowReader(*found, self.encoding, _chunks(stream))


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def loaded_result(source: Source, loaded: Loaded) -> FileResult:
    """Describe a file that was loaded."""
    return FileResult(
        source.name,
        "loaded",
        rows_read=loaded.rows_read,
        inserted=loaded.inserted,
        updated=loaded.updated,
        unchanged=loaded.unchanged,
        refused=loaded.refused,
        warned=loaded.warned,
        issues=loaded.issues,
    )


def refused_result(source: Source, refused: FileRefused) -> FileResult:
    """Describe a file that was refused whole."""
    issue = Issue(refused.line, refused.column, refused.code)
    return FileResult(source.name, "refused", refused.code, issues=(issue,))


@asynccontextmanager
async def claimed(loading: Database, import_id: uuid.UUID) -> AsyncIterator[bool]:
    """Hold the claim on a run, if nobody else does. It lives and dies with its connection."""
    async with loading.transaction("desk") as session:
        yield await db.claim_run(session, import_id)


async def load_files(
    loading: Database,
    import_id: uuid.UUID,
    sources: Sequence[Source],
    *,
    now: Clock,
    observer: Observer = nobody,
) -> list[FileResult]:
    """Load the files of a claimed run, one after another, and finish the run."""
    async with loading.transaction("desk") as session:
        await db.start_run(session, import_id, now())
    results = [await load_file(loading, import_id, source, observer) for source in sources]
    await finish(loading, import_id, results, now)
    return results


async def finish(
    loading: Database, import_id: uuid.UUID, results: Sequence[FileResult], now: Clock
) -> None:
    """Finish a run; after a large one, the planner's figures are brought up to date first."""
    if sum(result.inserted + result.updated for result in results) >= MANY_ROWS:
        # A courtesy like the progress: without it the answers are slower for a while, not wrong.
        with contextlib.suppress(Exception):
            async with loading.transaction("desk") as session:
                await db.analyze_imported(session)
    async with loading.transaction("desk") as session:
        await db.finish_run(session, import_id, now())


async def load_file(
    loading: Database, import_id: uuid.UUID, source: Source, observer: Observer = nobody
) -> FileResult:
    """Load one file of a run, or write down why it was refused whole."""
    try:
        loaded = await _load(loading, import_id, source, observer)
    except FileRefused as refused:
        result = refused_result(source, refused)
        async with loading.transaction("desk") as session:
            await db.refuse_file(session, import_id, source.position, refused.code, result.issues)
    else:
        result = loaded_result(source, loaded)
    observer(
        FileProgress(
            source.name, result.state, source.bytes_total, source.bytes_total, result.rows_read
        )
    )
    return result


async def give_up(loading: Database, import_id: uuid.UUID, position: int, code: str) -> None:
    """Refuse a file whole for a reason that is not in the file."""
    async with loading.transaction("desk") as session:
        await db.refuse_file(session, import_id, position, code, [Issue(1, None, code)])


async def _load(
    loading: Database, import_id: uuid.UUID, source: Source, observer: Observer
) -> Loaded:
    with source.open() as stream:
        async with loading.transaction("desk") as session:
            await take_loading_lock(session)
            if not await db.is_open(session, import_id, source.position):
                # Whoever holds the lock now is not the only one who believed to hold the run.
                raise FileRefused("interrupted")
            reader = source.reader(stream)
            async with _watched(loading, import_id, source, reader, observer):
                loaded = await load_rows(session, reader)
            await db.finish_file(session, import_id, source.position, loaded)
    return loaded


@asynccontextmanager
async def _watched(
    loading: Database, import_id: uuid.UUID, source: Source, reader: RowReader, observer: Observer
) -> AsyncIterator[None]:
    """Tell the observer and the database how far the reader is while the block runs."""
    over = asyncio.Event()

    async def watch() -> None:
        for tick in itertools.count():
            state = "reading" if reader.bytes_read < source.bytes_total else "merging"
            observer(
                FileProgress(
                    source.name, state, reader.bytes_read, source.bytes_total, reader.rows_read
                )
            )
            if tick % TICKS_PER_NOTE == 0:
                # Progress is a courtesy: a note that cannot be written must not stop the loading.
                with contextlib.suppress(Exception):
                    async with loading.transaction("desk") as session:
                        await db.note_progress(
                            session,
                            import_id,
                            source.position,
                            reader.bytes_read,
                            reader.rows_read,
                        )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), TICK_SECONDS)
                return

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        # Asked, not cancelled: a note is finished before the file's own last word.
        over.set()
        await watching
