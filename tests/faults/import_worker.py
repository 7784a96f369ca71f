"""Loads imports in a process of its own, so that a test can kill it or look at its memory.

Run as `python -m tests.faults.import_worker worker URL` or `… folder URL FOLDER`.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.db.engine import Database, role_urls
from app.settings import load_settings
from app.usecases.imports import import_folder
from app.worker import run_imports
from tests.conftest import Service


@contextmanager
def started(service: Service, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that works on the service's database; it never outlives the block."""
    task, *rest = arguments
    url = service.urls.owner.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.import_worker", task, url, *rest],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def now() -> datetime:
    return datetime(2026, 11, 25, 1, tzinfo=UTC)


def peak_megabytes() -> int:
    """The peak since this program began; what getrusage says is inherited from who forked it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


async def work(task: str, url: str, *folder: str) -> None:
    settings = load_settings({}).database
    database = Database(role_urls(url, settings), settings)
    if task == "worker":
        sys.stdout.write("started\n")
        sys.stdout.flush()
        await run_imports(database, asyncio.Event(), now)
    else:
        before = peak_megabytes()
        result = await import_folder(database, Path(folder[0]), now=now)
        inserted = sum(file.inserted for file in result.files)
        sys.stdout.write(f"{before} {peak_megabytes()} {inserted}\n")
    await database.close()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
