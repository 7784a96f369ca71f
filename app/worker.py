"""Background work: what runs, and how often.

| task | when |
| --- | --- |
| load uploaded import files | at once when there are any; looked for every half second |
| everything in SCHEDULE | at its minutes, in one process of all |
| every other task of TASKS | when a request asked for it (`app.db.jobs.enqueue`) |

Every process of the service does it; what one has claimed no other takes, and what a killed one
left goes on in another. A task runs at least once and has its effect once: it leaves the queue in
the transaction of its effect (`Work.finishing`). One that fails is tried again, later each time;
after the last try it is held, stops nobody, and waits for `renewal-desk jobs --retry`.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
from pgqueuer import PgQueuer
from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor
from pgqueuer.models import Job, Schedule
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Database
from app.db.imports import loading_database
from app.db.jobs import enqueue, leave_queue, open_queue
from app.observability import frames_of, log
from app.schemas.eligibility import check_bytes
from app.settings import Settings
from app.usecases.eligibility import eligibility_settings
from app.usecases.imports import take_up_runs
from app.usecases.sheet_jobs import read_upload
from app.usecases.sheets import READ_SHEET
from app.usecases.upkeep import fill_years_ahead, lapse_quotes, purge, recheck_end_of_support

# Minutes of cron in UTC; Japan is nine hours ahead, so 15:00 is midnight there.
SCHEDULE: Mapping[str, str] = {
    "lapse_quotes": "*/5 * * * *",
    "recheck_end_of_support": "*/10 * * * *",
    "fill_calendar": "15 18 * * *",
    "purge": "30 18 * * *",
}


@dataclass(frozen=True, slots=True)
class Work:
    """One job as its task sees it."""

    database: Database
    settings: Settings
    job_id: int
    payload: Mapping[str, Any]
    now: datetime

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[AsyncSession]:
        """The transaction of the job's effect, which also takes it out of the queue. Rolled back
        when another worker has done the job in the meantime.
        """
        with contextlib.suppress(DoneElsewhere):
            async with self.database.transaction("desk") as session:
                yield session
                if not await leave_queue(session, self.job_id):
                    raise DoneElsewhere


class DoneElsewhere(Exception):
    """Another worker has done the job."""


class JobFailed(Exception):
    """A try of a job failed; the text is the kind of failure, never what it was about."""


Task = Callable[[Work], Awaitable[None]]


async def _lapse_quotes(work: Work) -> None:
    async with work.finishing() as session:
        await lapse_quotes(session, work.now, test_clock=work.settings.test_clock)


async def _recheck_end_of_support(work: Work) -> None:
    async with work.finishing() as session:
        await recheck_end_of_support(
            session, work.now, covers_last_day=work.settings.rules.covers_last_day
        )


async def _fill_calendar(work: Work) -> None:
    async with work.finishing() as session:
        await fill_years_ahead(session, work.now)


async def _purge(work: Work) -> None:
    async with work.finishing() as session:
        await purge(session, work.now)


async def _read_sheet(work: Work) -> None:
    # It does its work in transactions of its own, in the name of whoever sent the sheet; done again
    # it finds it done.
    await read_upload(
        work.database,
        str(work.payload["customer_id"]),
        uuid.UUID(str(work.payload["upload_id"])),
        work.now,
        settings=eligibility_settings(work.settings),
        write_check=check_bytes,
    )
    async with work.finishing():
        pass


TASKS: Mapping[str, Task] = {
    READ_SHEET: _read_sheet,
    "lapse_quotes": _lapse_quotes,
    "recheck_end_of_support": _recheck_end_of_support,
    "fill_calendar": _fill_calendar,
    "purge": _purge,
}

LOOK_SECONDS = 0.5
# After a failure, so that a database that is away is not asked all the time.
PAUSE_SECONDS = 5.0
AT_ONCE = 4
# The library counts tries after the first: five in all, over about a quarter of an hour.
MORE_TRIES = 4
FIRST_DELAY = timedelta(seconds=15)
# New work is told; what only time brings (a next try, a worker that died) is found by looking.
LOOK_AGAIN = timedelta(seconds=10)
# A job whose worker gives no sign for so long is given to another one.
SILENCE = timedelta(seconds=30)

# It logs what failed with its texts, which may hold anything; this module logs without them.
logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)


async def run_background(
    database: Database, settings: Settings, stop: asyncio.Event, now: Callable[[], datetime]
) -> None:
    """Do all background work until `stop` is set; what is being done then is done to its end."""
    work = [run_imports(database, stop, now)]
    if settings.jobs:
        work.append(run_jobs(database, settings, stop, now))
    await asyncio.gather(*work)


async def run_jobs(
    database: Database,
    settings: Settings,
    stop: asyncio.Event,
    now: Callable[[], datetime],
    tasks: Mapping[str, Task] = TASKS,
) -> None:
    """Do the jobs of the queue until `stop` is set. A database that goes away is waited for."""
    while not stop.is_set():
        try:
            async with open_queue(database) as queue:
                queuer = PgQueuer(queue.driver, queries=queue)
                _register(queuer, database, settings, now, tasks)
                stopping = asyncio.create_task(_pass_on(stop, queuer.shutdown))
                try:
                    await queuer.run(
                        dequeue_timeout=LOOK_AGAIN,
                        batch_size=AT_ONCE // 2,
                        max_concurrent_tasks=AT_ONCE,
                        shutdown_on_listener_failure=True,
                        heartbeat_timeout=SILENCE,
                    )
                finally:
                    stopping.cancel()
        except Exception as failure:
            log.error("queue_failed", failure=type(failure).__name__, frames=frames_of(failure))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)


async def _pass_on(stop: asyncio.Event, shutdown: asyncio.Event) -> None:
    await stop.wait()
    shutdown.set()


def _register(
    queuer: PgQueuer,
    database: Database,
    settings: Settings,
    now: Callable[[], datetime],
    tasks: Mapping[str, Task],
) -> None:
    """Tell the queue which tasks there are, and when to ask for those of the schedule."""

    async def run(task: Task, job: Job) -> None:
        payload = orjson.loads(job.payload) if job.payload else {}
        try:
            await task(Work(database, settings, int(job.id), payload, now()))
        except Exception as failure:
            kind = type(failure).__name__
            log.error(
                "job_held" if job.attempts >= MORE_TRIES else "job_failed",
                task=job.entrypoint,
                failure=kind,
                frames=frames_of(failure),
            )
            raise JobFailed(kind) from None

    async def ask(name: str, _schedule: Schedule) -> None:
        async with database.transaction("desk") as session:
            await enqueue(session, name, {}, once_as=name)

    retried = partial(
        DatabaseRetryEntrypointExecutor, max_attempts=MORE_TRIES, initial_delay=FIRST_DELAY
    )
    for name, task in tasks.items():
        queuer.entrypoint(name, accepts_context=False, on_failure="hold", executor_factory=retried)(
            partial(run, task)
        )
    for name in SCHEDULE.keys() & tasks.keys():
        queuer.schedule(name, SCHEDULE[name], accepts_context=False)(partial(ask, name))


async def run_imports(database: Database, stop: asyncio.Event, now: Callable[[], datetime]) -> None:
    """Load uploads until `stop` is set; a file that is being loaded then is loaded to its end."""
    loading = loading_database(database)
    troubled = False

    def failed(import_id: uuid.UUID | None, failure: Exception) -> None:
        nonlocal troubled
        troubled = True
        log.error(
            "import_failed",
            import_id=str(import_id),
            failure=type(failure).__name__,
            frames=frames_of(failure),
        )

    try:
        while not stop.is_set():
            troubled = False
            try:
                await take_up_runs(loading, now=now, stopping=stop.is_set, failed=failed)
            except Exception as failure:
                failed(None, failure)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_SECONDS if troubled else LOOK_SECONDS)
    finally:
        await loading.close()
