"""Background work: what runs, and how often.

| task | when |
| --- | --- |
| load uploaded import files | at once when there are any; looked for every half second |

Every process of the service does it; what one has claimed no other takes (app/db/imports.py), and
what a killed one left goes on in another.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from datetime import datetime

from app.db.engine import Database
from app.db.imports import loading_database
from app.observability import frames_of, log
from app.usecases.imports import take_up_runs

LOOK_SECONDS = 0.5
# After a failure, so that a database that is away is not asked all the time.
PAUSE_SECONDS = 5.0


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
