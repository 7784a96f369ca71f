"""Read import runs back: the list, one run with its files, and its issues in pages."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_

from app.db.engine import ReadSession
from app.db.tables import import_error, import_file, import_run
from app.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class RunRow:
    """An import run. `state` is queued, running, completed or failed. A trial has no id."""

    id: uuid.UUID | None
    state: str
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a run and how far it is. `state` is queued, running, loaded or refused."""

    position: int
    name: str
    encoding: str
    state: str
    bytes_total: int
    bytes_read: int
    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    refused: int
    warned: int
    error_code: str | None


@dataclass(frozen=True, slots=True)
class IssueRow:
    """What is wrong at one place of a file; `position` and `number` are its key within the run."""

    position: int
    number: int
    file: str
    line: int
    column: str | None
    code: str
    severity: str


_RUN = [import_run.c[name] for name in RunRow.__slots__]
_FILE = [import_file.c[name] for name in FileRow.__slots__]


async def list_runs(
    session: ReadSession, *, after: uuid.UUID | None, limit: int
) -> Sequence[RunRow]:
    """List at most `limit` runs, the latest first: their ids rise with time."""
    statement = select(*_RUN).order_by(import_run.c.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(import_run.c.id < after)
    return [RunRow(*row) for row in await session.execute(statement)]


async def get_run(session: ReadSession, import_id: uuid.UUID) -> RunRow:
    """Get one run. Raises NotFound."""
    row = (await session.execute(select(*_RUN).where(import_run.c.id == import_id))).first()
    if row is None:
        raise NotFound
    return RunRow(*row)


async def list_files(
    session: ReadSession, import_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[FileRow]]:
    """List the files of some runs, in the order in which they are loaded."""
    files: dict[uuid.UUID, list[FileRow]] = {import_id: [] for import_id in import_ids}
    rows = await session.execute(
        select(import_file.c.import_id, *_FILE)
        .where(import_file.c.import_id.in_(import_ids))
        .order_by(import_file.c.import_id, import_file.c.position)
    )
    for import_id, *values in rows:
        files[import_id].append(FileRow(*values))
    return files


async def list_issues(
    session: ReadSession, import_id: uuid.UUID, *, after: tuple[int, int] | None, limit: int
) -> Sequence[IssueRow]:
    """List at most `limit` issues of a run after the key (position, number)."""
    key = tuple_(import_error.c.position, import_error.c.number)
    statement = (
        select(
            import_error.c.position,
            import_error.c.number,
            import_file.c.name,
            import_error.c.line,
            import_error.c.column,
            import_error.c.code,
            import_error.c.severity,
        )
        .join(import_file)
        .where(import_error.c.import_id == import_id)
        .order_by(import_error.c.position, import_error.c.number)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(key > after)
    return [IssueRow(*row) for row in await session.execute(statement)]
