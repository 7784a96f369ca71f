"""Measure this service against limits and peers in one run: `python bench/run.py [--quick]`.

What is compared, and why that is fair, is in bench/README.md. Nothing here fails because something
is slow: it prints ratios, says which goals are met, and writes bench/results/.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import asyncpg  # noqa: E402
import psutil  # noqa: E402

from app.embedded import Cluster, running_cluster  # noqa: E402
from bench import data  # noqa: E402
from bench.batches import batch_goals, measure_batches  # noqa: E402
from bench.decisions import decision_goals, measure_decisions  # noqa: E402
from bench.documents import document_goals, measure_documents  # noqa: E402
from bench.growth import growth_goals, measure_growth  # noqa: E402
from bench.loading import import_goals, measure_import  # noqa: E402
from bench.lookups import lookup_goals, measure_lookups  # noqa: E402
from bench.machine import Cores, make_peers_environment  # noqa: E402
from bench.report import show, write  # noqa: E402
from bench.runs import DATA, SMALL, Extent, Run  # noqa: E402
from bench.writes import measure_writes, write_goals  # noqa: E402

PARTS: dict[str, tuple[Callable[[Run], None], Callable[[Run], None]]] = {
    "lookups": (measure_lookups, lookup_goals),
    "batch": (measure_batches, batch_goals),
    "decisions": (measure_decisions, decision_goals),
    "writes": (measure_writes, write_goals),
    "documents": (measure_documents, document_goals),
    "import": (measure_import, import_goals),
    "growth": (measure_growth, growth_goals),
}


@contextmanager
def cluster_of_the_bench(cores: Cores) -> Iterator[tuple[Cluster, int]]:
    with running_cluster(DATA / "postgres", settings={"max_connections": "250"}) as cluster:
        postmaster = asyncio.run(postmaster_of(cluster))
        cores.pin_cluster(postmaster)
        yield cluster, postmaster


async def postmaster_of(cluster: Cluster) -> int:
    connection = await asyncpg.connect(**data.connect_arguments(cluster, "postgres"))
    try:
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        parent = psutil.Process(backend).parent()
    finally:
        await connection.close()
    if parent is None:
        raise SystemExit("PostgreSQL has no postmaster")
    return parent.pid


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about 3 minutes, 100,000 machines")
    parser.add_argument(
        "--scale", type=int, metavar="N", help="so many machines (default 1,000,000)"
    )
    parser.add_argument("--seconds", type=float, help="length of one round")
    parser.add_argument("--rounds", type=int, help="rounds of each measurement, interleaved")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[*PARTS, "contract", "machine"],
        help="only these parts; results are not written",
    )
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    # Settings of whoever calls are not those of the bench.
    for name in [name for name in os.environ if name.startswith("RENEWAL_DESK_")]:
        del os.environ[name]
    machines = asked.scale or (100_000 if asked.quick else 1_000_000)
    if machines < SMALL or machines % SMALL:
        raise SystemExit(f"--scale is a multiple of {SMALL:,}")
    extent = Extent(
        machines=machines,
        seconds=asked.seconds or (1.0 if asked.quick else 5.0),
        rounds=asked.rounds or (3 if asked.quick else 5),
        import_rows=min(machines, 1_000_000),
    )
    wanted = frozenset(asked.only or PARTS)
    if "lookups" in wanted:
        wanted |= {"contract", "machine"}
    elif wanted & {"contract", "machine"}:
        wanted |= {"lookups"}
    started = time.monotonic()
    make_peers_environment()
    DATA.mkdir(exist_ok=True)
    (DATA / "service").mkdir(exist_ok=True, mode=0o700)
    cores = Cores()
    load_before = os.getloadavg()[0]
    with (
        cluster_of_the_bench(cores) as (cluster, postmaster),
        tempfile.TemporaryDirectory(prefix="renewal-desk-bench-") as folder,
    ):
        layout = data.Layout(machines)
        print(f"Data: {machines:,} machines, {layout.contracts:,} contracts …", flush=True)
        database = data.make_database(cluster, layout)
        run = Run(cluster, cores, extent, layout, database, Path(folder), wanted, postmaster)
        for name, (measure, _) in PARTS.items():
            if name in wanted:
                measure(run)
    for name, (_, goals) in PARTS.items():
        if name in wanted:
            goals(run)
    about = {
        "machines": machines,
        "contracts": layout.contracts,
        "customers": layout.customers,
        "seconds": extent.seconds,
        "rounds": extent.rounds,
        "cores": cores.count,
        "load before": round(load_before, 1),
        "minutes": round((time.monotonic() - started) / 60, 1),
        "quick": asked.quick,
    }
    print()
    print(show(run.goals))
    if not asked.only:
        print(f"\nWritten to {write(run.goals, run.figures, about)}")


if __name__ == "__main__":
    main()
