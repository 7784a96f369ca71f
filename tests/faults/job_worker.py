"""Does jobs in a process of its own, so that a test can kill or stop it.

Run as `python -m tests.faults.job_worker URL`. The one task writes an audit entry; it is slow
enough to be caught in the middle.
"""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app import worker
from app.db.engine import Database, role_urls
from app.settings import load_settings
from app.worker import Work, run_jobs
from tests.conftest import Service

SILENCE = timedelta(seconds=1)
LOOK_AGAIN = timedelta(seconds=0.5)
# The number of an advisory lock: while a test holds it, no effect of a job gets done.
GATE = 4_711


@contextmanager
def started(service: Service) -> Iterator[subprocess.Popen[str]]:
    """A worker on the service's database; it never outlives the block."""
    url = service.urls.owner.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.job_worker", url], stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def now() -> datetime:
    return datetime(2026, 11, 25, 1, tzinfo=UTC)


async def leave_a_mark(work: Work) -> None:
    """The effect: one audit entry that names the job."""
    async with work.finishing() as session:
        await session.execute(
            text(
                "INSERT INTO audit (id, caller, action, object_type, object_id)"
                " VALUES (:id, 'system', 'marked', 'mark', :name)"
            ),
            {"id": uuid.uuid4(), "name": work.payload["name"]},
        )
        await session.execute(text("SELECT pg_advisory_xact_lock_shared(:gate)"), {"gate": GATE})
        await asyncio.sleep(0.02)


async def work(url: str) -> None:
    worker.SILENCE = SILENCE
    worker.LOOK_AGAIN = LOOK_AGAIN
    settings = load_settings({})
    database = Database(role_urls(url, settings.database), settings.database)
    sys.stdout.write("started\n")
    sys.stdout.flush()
    await run_jobs(database, settings, asyncio.Event(), now, {"mark": leave_a_mark})


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
