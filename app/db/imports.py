"""Import runs and their files: what came in, how far it is, what became of it.

Every function here is one or two statements. A run is alive while its worker's transaction holds
the run's advisory lock; a killed worker's lock goes with its connection, whatever happened to it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Database
from app.db.import_merge import Loaded
from app.db.tables import import_error, import_file, import_run
from app.domain.errors import DeskError
from app.domain.import_files import Issue
from app.settings import DatabaseSettings

OPEN_STATES = ("queued", "running")
# The first number of the two that make the lock of a run; any fixed one.
_RUN_LOCKS = 72_015
# A large file is merged in one statement; a day is only there to end what nobody waits for.
_STATEMENT_SECONDS = 24 * 3600.0
# Classes of SQLSTATE: connection, deadlock, resources, locks, operator, system.
_PASSING_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file of a new run. Without `content` it is read from elsewhere and cannot be resumed."""

    name: str
    encoding: str
    bytes_total: int
    content: bytes | None = None


class OpenFile(NamedTuple):
    """A file of a run that waits for being loaded."""

    position: int
    name: str
    encoding: str
    bytes_total: int


def loading_database(database: Database) -> Database:
    """Connections for loading beside those of the service: few, and without its time limits."""
    settings = DatabaseSettings(
        url=None,
        portal_url=None,
        desk_url=None,
        pool_size=3,
        pool_wait=30,
        statement_timeout=_STATEMENT_SECONDS,
    )
    return Database(database.urls, settings)


def may_pass(failure: Exception) -> bool:
    """Tell whether the same work may succeed later: the database was away, full or busy."""
    if isinstance(failure, DeskError):
        return True
    state = getattr(failure, "sqlstate", None) or getattr(
        getattr(failure, "orig", None), "sqlstate", None
    )
    return str(state or "")[:2] in _PASSING_CLASSES


async def store_run(
    session: AsyncSession,
    import_id: uuid.UUID,
    files: Sequence[NewFile],
    *,
    created_by: str,
    now: datetime,
) -> None:
    """Store a queued run with its files, in the order in which they will be loaded."""
    await session.execute(
        insert(import_run).values(id=import_id, created_by=created_by, created_at=now)
    )
    for position, file in enumerate(files):
        await session.execute(
            insert(import_file).values(
                import_id=import_id,
                position=position,
                name=file.name,
                encoding=file.encoding,
                bytes_total=file.bytes_total,
                content=file.content,
            )
        )


async def claim_run(session: AsyncSession, import_id: uuid.UUID) -> bool:
    """Claim a run for as long as the session's transaction lives; False when somebody has it."""
    await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    number = func.hashtext(str(import_id))
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(_RUN_LOCKS, number))))


async def list_open_runs(session: AsyncSession) -> Sequence[uuid.UUID]:
    """List the runs that are not finished, the oldest first."""
    return (
        await session.scalars(
            select(import_run.c.id)
            .where(import_run.c.state.in_(OPEN_STATES))
            .order_by(import_run.c.created_at, import_run.c.id)
        )
    ).all()


async def start_run(session: AsyncSession, import_id: uuid.UUID, now: datetime) -> None:
    """Say that the run is being worked on."""
    await session.execute(
        update(import_run)
        .where(import_run.c.id == import_id, import_run.c.state.in_(OPEN_STATES))
        .values(state="running", started_at=func.coalesce(import_run.c.started_at, now))
    )


async def finish_run(session: AsyncSession, import_id: uuid.UUID, now: datetime) -> None:
    """Say that the run is over: failed when a file was refused whole, else completed."""
    refused = (
        select(import_file.c.position)
        .where(import_file.c.import_id == import_id, import_file.c.state == "refused")
        .exists()
    )
    state = "failed" if await session.scalar(select(refused)) else "completed"
    await session.execute(
        update(import_run)
        .where(import_run.c.id == import_id, import_run.c.state.in_(OPEN_STATES))
        .values(state=state, finished_at=now)
    )


async def list_open_files(session: AsyncSession, import_id: uuid.UUID) -> list[OpenFile]:
    """List the files of a run that are neither loaded nor refused yet."""
    rows = await session.execute(
        select(
            import_file.c.position,
            import_file.c.name,
            import_file.c.encoding,
            import_file.c.bytes_total,
        )
        .where(import_file.c.import_id == import_id, import_file.c.state.in_(OPEN_STATES))
        .order_by(import_file.c.position)
    )
    return [OpenFile(*row) for row in rows]


async def find_content(session: AsyncSession, import_id: uuid.UUID, position: int) -> bytes | None:
    """Find the stored bytes of a file; None where they were never stored or are gone."""
    return await session.scalar(
        select(import_file.c.content).where(
            import_file.c.import_id == import_id, import_file.c.position == position
        )
    )


async def is_open(session: AsyncSession, import_id: uuid.UUID, position: int) -> bool:
    """Tell whether a file still waits for being loaded."""
    state = await session.scalar(
        select(import_file.c.state).where(
            import_file.c.import_id == import_id, import_file.c.position == position
        )
    )
    return state in OPEN_STATES


async def analyze_imported(session: AsyncSession) -> None:
    """Tell the planner how many rows the large tables have now. Until the server does so by itself,
    some minutes after a first import, it would plan for empty ones.
    """
    await session.execute(select(func.analyze_imported()))


async def note_progress(
    session: AsyncSession, import_id: uuid.UUID, position: int, bytes_read: int, rows_read: int
) -> None:
    """Say how far a file is. What is said too late about a finished file is not written."""
    await session.execute(
        update(import_file)
        .where(
            import_file.c.import_id == import_id,
            import_file.c.position == position,
            import_file.c.state.in_(OPEN_STATES),
        )
        .values(state="running", bytes_read=bytes_read, rows_read=rows_read)
    )


async def finish_file(
    session: AsyncSession, import_id: uuid.UUID, position: int, loaded: Loaded
) -> None:
    """Write down what became of a loaded file; its bytes are not needed any more."""
    await session.execute(
        update(import_file)
        .where(import_file.c.import_id == import_id, import_file.c.position == position)
        .values(
            state="loaded",
            content=None,
            bytes_read=import_file.c.bytes_total,
            rows_read=loaded.rows_read,
            inserted=loaded.inserted,
            updated=loaded.updated,
            unchanged=loaded.unchanged,
            refused=loaded.refused,
            warned=loaded.warned,
        )
    )
    await _store_issues(session, import_id, position, loaded.issues)


async def refuse_file(
    session: AsyncSession, import_id: uuid.UUID, position: int, code: str, issues: Sequence[Issue]
) -> None:
    """Write down why nothing of a file was loaded."""
    changed = await session.scalar(
        update(import_file)
        .where(
            import_file.c.import_id == import_id,
            import_file.c.position == position,
            import_file.c.state.in_(OPEN_STATES),
        )
        .values(state="refused", content=None, error_code=code)
        .returning(import_file.c.position)
    )
    if changed is not None:
        await _store_issues(session, import_id, position, issues)


async def _store_issues(
    session: AsyncSession, import_id: uuid.UUID, position: int, issues: Sequence[Issue]
) -> None:
    if issues:
        rows = [
            {"import_id": import_id, "position": position, "number": number, **issue._asdict()}
            for number, issue in enumerate(issues)
        ]
        await session.execute(insert(import_error), rows)
