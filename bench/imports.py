"""The import of `contract_lines` as the command line does it, timed from inside.

python bench/imports.py FOLDER < nothing      (the database comes from the environment)
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from app.db.engine import Database, role_urls
from app.deps import utc_now
from app.settings import load_settings
from app.terminal import spotless
from app.usecases.imports import import_folder


async def run(folder: Path) -> dict[str, float]:
    settings = load_settings()
    database = Database(role_urls(str(settings.database.url), settings.database), settings.database)
    before = peak_mb()
    started = time.perf_counter()
    try:
        result = await import_folder(database, folder, now=utc_now)
    finally:
        await database.close()
    seconds = time.perf_counter() - started
    rows = sum(one.inserted for one in result.files)
    return {
        "seconds": seconds,
        "rows": rows,
        "good": spotless(result),
        "peak_mb": peak_mb(),
        "before_mb": before,
    }


def peak_mb() -> float:
    """The most memory that this program had. What getrusage tells begins with the memory of whoever
    started it.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    json.dump(asyncio.run(run(Path(sys.argv[1]))), sys.stdout)
