"""Goal 2: a thousand machines in one call."""

from typing import Any

from app.deps import utc_now
from app.domain.calendar import jst_date
from bench import data, pgbench
from bench.asking import batch_requests
from bench.machine import stopped_at_the_end
from bench.runs import BATCH_CONNECTIONS, DATA, Run, application, django, http, service


def measure_batches(run: Run) -> None:
    """Goal 2."""
    batches = data.batches(DATA / "service", run.layout, 8)
    today = jst_date(utc_now()).isoformat()
    ours, orm, peer = service(run, "service", run.database), application(run, "orm"), django(run)
    folder = run.folder

    def bench(_: int) -> dict[str, Any]:
        return {
            "rate": pgbench.covers_rate(
                *(run.cluster, run.cores, run.database, folder, batches, today),
                *(run.extent.seconds, BATCH_CONNECTIONS),
            )
        }

    with stopped_at_the_end([ours, orm, peer]):
        theirs = batch_requests(batches, ours=False)
        options = {"connections": BATCH_CONNECTIONS}
        drf = batch_requests(batches, ours=False, prefix="/drf")
        run.rounds(
            "batch",
            {
                "service": http(run, ours, batch_requests(batches, ours=True), **options),
                "pgbench, the same SQL": bench,
                "FastAPI + ORM": http(run, orm, theirs, **options),
                "Django Ninja": http(run, peer, theirs, **options),
                "Django REST framework": http(run, peer, drf, **options),
            },
        )


def batch_goals(run: Run) -> None:
    for other, bound in (
        ("pgbench, the same SQL", ">= 0.95"),
        ("Django Ninja", ">= 3"),
        ("Django REST framework", ">= 3"),
        ("FastAPI + ORM", ""),
    ):
        run.goal(2, f"batch of 1,000 / {other}", "batch", "service", other, bound)
