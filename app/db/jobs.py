"""The queue of background work: what waits, what runs, what was held after too many failures.

A job is put into the queue in the transaction that asks for it, so a refusal asks for nothing; it
leaves the queue in the transaction of its effect, so the effect happens once although the queue
gives a job again to somebody else when its worker dies.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, Self

import asyncpg
import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.settings import DBSettings
from pgqueuer.ports.driver import Driver, NotifyCallback
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Database, ReadSession

SETTINGS = DBSettings(db_schema="jobs")
CONNECT_SECONDS = 5


class SessionDriver(Driver):
    """Lets the queue's statements run in a transaction that is open already."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """The rows of a statement."""
        connection = await self._session.connection()
        rows = await connection.exec_driver_sql(query, args)
        return [dict(row._mapping) for row in rows]

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement."""
        connection = await self._session.connection()
        await connection.exec_driver_sql(query, args)
        return ""

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """A transaction listens to nothing."""
        raise NotImplementedError

    async def notify(self, channel: str, payload: str) -> None:
        """The trigger of the queue notifies."""
        raise NotImplementedError

    @property
    def shutdown(self) -> asyncio.Event:
        """A transaction ends by itself."""
        raise NotImplementedError

    @property
    def tm(self) -> TaskManager:
        """A transaction has no tasks."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


def queue_on(driver: Driver) -> Queries:
    """The queue's statements on a connection."""
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(settings=SETTINGS),
        qbq=QueryQueueBuilder(settings=SETTINGS),
        qbs=QuerySchedulerBuilder(settings=SETTINGS),
    )


@asynccontextmanager
async def open_queue(database: Database) -> AsyncIterator[Queries]:
    """The queue on a connection of its own, which also listens for new work."""
    url = database.urls.desk
    connection = await asyncpg.connect(
        host=url.query.get("host") or url.host,
        port=int(str(url.query.get("port") or url.port or 5432)),
        user=url.username,
        password=url.password,
        database=url.database,
        timeout=CONNECT_SECONDS,
        command_timeout=30,
        server_settings={"application_name": "renewal-desk queue", "timezone": "UTC"},
    )
    try:
        yield queue_on(AsyncpgDriver(connection))
    finally:
        # A connection that is broken already cannot say goodbye; it must not keep the process.
        await asyncio.shield(_closed(connection))


async def _closed(connection: Any) -> None:
    try:
        await connection.close(timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


async def enqueue(
    session: AsyncSession, task: str, payload: Mapping[str, Any], *, once_as: str | None = None
) -> None:
    """Put work into the queue, in this transaction. With `once_as` nothing is added while a job of
    that name waits or runs.

    `payload` holds ids only: everybody at the desk's rights can read the queue.
    """
    await queue_on(SessionDriver(session)).enqueue(
        task, orjson.dumps(payload), dedupe_key=once_as, on_conflict="skip"
    )


async def leave_queue(session: AsyncSession, job_id: int) -> bool:
    """Take a job out of the queue in the transaction of its effect; False when somebody else did
    so in the meantime. The last statement of that transaction, because it locks the job's row.
    """
    result = await session.execute(
        text("DELETE FROM jobs.pgqueuer WHERE id = :id RETURNING id"), {"id": job_id}
    )
    return result.first() is not None


class HeldJob(NamedTuple):
    """A job that failed too often and waits for a person. `failure` is the kind of error."""

    id: int
    task: str
    created: datetime
    failed: datetime
    attempts: int
    failure: str | None


async def list_held(session: ReadSession, limit: int) -> Sequence[HeldJob]:
    """At most `limit` held jobs, the oldest first."""
    rows = await session.execute(
        text(
            "SELECT q.id, q.entrypoint, q.created, q.updated, q.attempts + 1,"
            " (SELECT l.traceback ->> 'exception_message' FROM jobs.pgqueuer_log l"
            "   WHERE l.job_id = q.id AND l.traceback IS NOT NULL ORDER BY l.created DESC LIMIT 1)"
            " FROM jobs.pgqueuer q WHERE q.status = 'failed' ORDER BY q.id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [HeldJob(*row) for row in rows]


async def retry_held(session: AsyncSession, job_id: int) -> bool:
    """Give a held job back to the workers; False when there is none of that number."""
    result = await session.execute(
        text(
            "UPDATE jobs.pgqueuer SET status = 'queued', attempts = 0, execute_after = now(),"
            " updated = now() WHERE id = :id AND status = 'failed' RETURNING id"
        ),
        {"id": job_id},
    )
    return result.first() is not None
