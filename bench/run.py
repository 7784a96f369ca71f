"""Measure this service against limits and peers in one run: `python bench/run.py [--quick]`.

What is compared, and why that is fair, is in bench/README.md. Nothing here fails because something
is slow: it prints ratios, says which goals are met, and writes bench/results/.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import asyncpg  # noqa: E402
import psutil  # noqa: E402

from app.auth_keys import load_keys  # noqa: E402
from app.cursors import make_cursor  # noqa: E402
from app.db.contracts import ContractFilter  # noqa: E402
from app.deps import utc_now  # noqa: E402
from app.domain.calendar import jst_date  # noqa: E402
from app.embedded import Cluster, running_cluster  # noqa: E402
from app.settings import load_settings  # noqa: E402
from bench import data, pgbench  # noqa: E402
from bench.machine import (  # noqa: E402
    PEERS_PYTHON,
    Cores,
    Server,
    call,
    cpu_seconds,
    free_port,
    load,
    make_peers_environment,
    stopped_at_the_end,
)
from bench.report import Goal, show, write  # noqa: E402

DATA = ROOT / "bench" / ".data"
SMALL = 10_000
CONNECTIONS = 32
BATCH_CONNECTIONS = 4
DJANGO_THREADS = 8

Measure = Callable[[int], dict[str, Any]]


@dataclass(frozen=True)
class Extent:
    """How long and how large a run is."""

    machines: int
    seconds: float
    rounds: int
    import_rows: int


@dataclass
class Run:
    """Everything that the measurements of one run share."""

    cluster: Cluster
    cores: Cores
    extent: Extent
    layout: data.Layout
    database: str
    folder: Path
    wanted: frozenset[str]
    postmaster: int
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)

    def rounds(self, group: str, targets: Mapping[str, Measure]) -> None:
        """Measure all targets by turns, so that what disturbs the machine disturbs them all."""
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in targets}
        for turn in range(self.extent.rounds):
            for name, measure in targets.items():
                found[name].append(measure(turn))
        for name, results in found.items():
            figure = {
                key: statistics.median(result[key] for result in results)
                for key in results[0]
                if isinstance(results[0][key], (int, float))
            }
            figure["rounds"] = [result.get("rate") for result in results]
            self.figures[f"{group}: {name}"] = figure
            print(
                f"  {group:<14} {name:<34} {figure['rate']:>10,.1f} /s" + told(figure),
                flush=True,
            )

    def database_cpu_seconds(self) -> float:
        return sum(cpu_seconds(one) for one in psutil.Process(self.postmaster).children())

    def goal(
        self,
        number: int,
        text: str,
        group: str,
        ours: str,
        other: str,
        bound: str,
        key: str = "rate",
    ) -> None:
        """A ratio of two figures against its bound, such as ">= 0.80"."""
        upper, lower = self.figures.get(f"{group}: {ours}"), self.figures.get(f"{group}: {other}")
        if upper is not None and lower is not None and lower[key]:
            self.goals.append(Goal(number, text, upper[key] / lower[key], bound))


# ------------------------------------------------------------------------------------ the servers


def service(run: Run, name: str, database: str, *, lane: bool = True) -> Server:
    """The service itself, as `renewal-desk serve` starts it."""
    port = free_port()
    environment = {
        "RENEWAL_DESK_DATABASE_URL": data.plain_url(run.cluster, database),
        "RENEWAL_DESK_DATA_DIR": str(DATA / "service"),
        "RENEWAL_DESK_PORT": str(port),
        "RENEWAL_DESK_LANE": "true" if lane else "false",
    }
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
    return Server(name, command, port, run.cores, environment)


def application(run: Run, name: str) -> Server:
    port = free_port()
    environment = {"BENCH_DATABASE_URL": data.plain_url(run.cluster, run.database)}
    command = [sys.executable, "-m", "bench.apps", name, str(port)]
    return Server(name, command, port, run.cores, environment)


def django(run: Run) -> Server:
    port = free_port()
    command = [
        *(PEERS_PYTHON, "-m", "gunicorn", "--chdir", ROOT / "bench" / "peers"),
        *("--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", str(DJANGO_THREADS)),
        *("--keep-alive", "60", "django_app:application"),
    ]
    environment = {"BENCH_DATABASE_URL": data.plain_url(run.cluster, run.database)}
    return Server("django", command, port, run.cores, environment)


# ------------------------------------------------------------------------------------ the requests


def request(method: str, path: str, headers: Mapping[str, str], body: str = "") -> str:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def identity(one: data.Asked | data.Batch, ours: bool) -> dict[str, str]:
    """A token for the service; the peers believe the principal as it is."""
    return {"Authorization": f"Bearer {one.token}"} if ours else {"X-Principal": one.principal}


def contract_requests(
    asked: Sequence[data.Asked], *, ours: bool, prefix: str = ""
) -> list[dict[str, Any]]:
    return [
        {
            "request": request("GET", f"{prefix}/v1/contracts/{one.contract}", identity(one, ours)),
            "expected": [one.contract],
        }
        for one in asked
    ]


def lookup_requests(
    asked: Sequence[tuple[data.Asked | data.Batch, Sequence[str], Sequence[str]]],
    *,
    ours: bool,
    prefix: str = "",
) -> list[dict[str, Any]]:
    return [
        {
            "request": request(
                "POST",
                f"{prefix}/v1/coverage-lookups",
                identity(one, ours),
                json.dumps(
                    {"items": [{"serial_number": serial} for serial in serials]},
                    separators=(",", ":"),
                ),
            ),
            "expected": expected,
        }
        for one, serials, expected in asked
    ]


def machine_requests(asked: Sequence[data.Asked], **options: Any) -> list[dict[str, Any]]:
    return lookup_requests(
        [(one, [one.serial], [one.serial, one.product]) for one in asked], **options
    )


def batch_requests(batches: Sequence[data.Batch], **options: Any) -> list[dict[str, Any]]:
    return lookup_requests([(one, one.serials, one.serials[::250]) for one in batches], **options)


def one_a_token(requests: Sequence[Mapping[str, Any]]) -> list[str]:
    found: dict[str, str] = {}
    for one in requests:
        for line in one["request"].split("\r\n"):
            if line.startswith("Authorization:"):
                found[line] = one["request"]
    return list(found.values())


def http(
    run: Run,
    server: Server,
    requests: list[dict[str, Any]],
    *,
    connections: int = CONNECTIONS,
    seconds: float | None = None,
) -> Measure:
    spec = {
        "name": server.name,
        "port": server.port,
        "connections": connections,
        "warmup": 0.4,
        "seconds": seconds or run.extent.seconds,
        "requests": requests,
        "forbidden": ['"status":"not_found"'],
        # A token is verified once a minute. Rounds are short and far apart: without this each would
        # begin with all tokens at once.
        "prelude": one_a_token(requests),
    }
    # Every token is verified and every connection opened before anything counts.
    load(run.cores, {**spec, "seconds": 0.1, "warmup": 1.0})

    def measure(turn: int) -> dict[str, Any]:
        server_before, database_before = server.cpu_seconds(), run.database_cpu_seconds()
        result = load(run.cores, {**spec, "offset": turn * 997})
        # What a request costs each side: on a busy machine a steadier figure than the rate.
        for name, spent in (
            ("server_us", server.cpu_seconds() - server_before),
            ("database_us", run.database_cpu_seconds() - database_before),
        ):
            result[name] = spent / max(1, result["answered"]) * 1e6
        return result

    return measure


# ------------------------------------------------------------------------------------ measurements


def measure_lookups(run: Run) -> None:
    """Goals 1, 3 and 9."""
    asked = data.questions(DATA / "service", run.layout, 4000)
    questions = run.folder / "questions.json"
    data.write_questions(questions, asked)
    env = {"BENCH_DATABASE_URL": data.plain_url(run.cluster, run.database)}
    pg_env = pgbench.environment(run.cluster, run.database)
    ours = service(run, "service", run.database)
    plain = service(run, "service without lane", run.database, lane=False)
    limit, static, orm = (application(run, name) for name in ("limit", "static", "orm"))
    peer = django(run)
    with stopped_at_the_end([ours, plain, limit, static, orm, peer]):
        for group, requests, script in (
            ("contract", contract_requests, pgbench.contract_script(run.layout)),
            ("machine", machine_requests, pgbench.machine_script(run.layout)),
        ):
            if group not in run.wanted:
                continue
            path = run.folder / f"{group}.sql"
            path.write_text(script, "utf-8")

            def raw(_: int, group: str = group) -> dict[str, Any]:
                command = [sys.executable, "-m", "bench.raw", group, questions]
                command.append(str(run.extent.seconds))
                result: dict[str, Any] = json.loads(call(command, run.cores, run.cores.server, env))
                if result["wrong"]:
                    raise SystemExit(f"the raw loop had {result['wrong']} wrong answers")
                return result

            def bench(_: int, path: Path = path) -> dict[str, Any]:
                seconds = run.extent.seconds
                return {
                    "rate": pgbench.rate(
                        run.cluster, run.cores, pg_env, [path], seconds, CONNECTIONS
                    )
                }

            theirs = requests(asked, ours=False)
            targets: dict[str, Measure] = {
                "service": http(run, ours, requests(asked, ours=True)),
                "raw asyncpg loop": raw,
                "pgbench, one row": bench,
                "bare ASGI + asyncpg": http(run, limit, theirs),
                "service, lane off": http(run, plain, requests(asked, ours=True)),
                "FastAPI + ORM": http(run, orm, theirs),
                "Django Ninja": http(run, peer, theirs),
                "Django REST framework": http(
                    run, peer, requests(asked, ours=False, prefix="/drf")
                ),
            }
            if group == "contract":
                targets["FastAPI, static answer"] = http(
                    run, static, [{**one, "expected": one["expected"]} for one in theirs]
                )
            run.rounds(group, targets)


def lookup_goals(run: Run) -> None:
    for group, what in (("contract", "contract by number"), ("machine", "coverage of one machine")):
        for other, bound in (
            ("raw asyncpg loop", ">= 0.80"),
            ("pgbench, one row", ">= 1.00"),
            ("bare ASGI + asyncpg", ">= 0.40"),
            ("FastAPI + ORM", ">= 20"),
            ("Django Ninja", ""),
            ("Django REST framework", ""),
        ):
            run.goal(1, f"{what} / {other}", group, "service", other, bound)
    for other, bound in (("FastAPI, static answer", ">= 0.48"), ("FastAPI + ORM", ">= 5")):
        run.goal(3, f"ordinary route / {other}", "contract", "service, lane off", other, bound)
    for group in ("contract", "machine"):
        figure = run.figures.get(f"{group}: service")
        if figure is not None:
            text = f"{group}: p99 / p50 at {CONNECTIONS} connections"
            run.goals.append(Goal(9, text, figure["p99"] / figure["p50"], "<= 3"))


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


def measure_growth(run: Run) -> None:
    """Goal 6: one connection, so that the time is that of a request and not of a queue."""
    small = data.Layout(SMALL)
    servers: dict[str, tuple[Server, data.Layout]] = {}
    for layout in (small, run.layout):
        name = f"{layout.machines:,} machines"
        database = data.make_database(run.cluster, layout)
        servers[name] = (service(run, name, database), layout)
    asyncio.run(commit_without_waiting(run))
    seconds = min(run.extent.seconds, 3.0)
    with stopped_at_the_end([server for server, _ in servers.values()]):
        made: dict[str, dict[str, Measure]] = {
            "p50 contract": {},
            "p50 machine": {},
            "p50 batch": {},
        }
        for name, (server, layout) in servers.items():
            asked = data.questions(DATA / "service", layout, 2000)
            batches = data.batches(DATA / "service", layout, 8)
            for group, requests in (
                ("p50 contract", contract_requests(asked, ours=True)),
                ("p50 machine", machine_requests(asked, ours=True)),
                ("p50 batch", batch_requests(batches, ours=True)),
            ):
                made[group][name] = http(run, server, requests, connections=1, seconds=seconds)
        for group, targets in made.items():
            run.rounds(group, targets)
        server, layout = servers[f"{run.layout.machines:,} machines"]
        first, last = page_requests(layout)
        pages = {
            "first page": http(run, server, first, connections=1, seconds=seconds),
            "deepest page": http(run, server, last, connections=1, seconds=seconds),
        }
        run.rounds("pages", pages)


async def commit_without_waiting(run: Run) -> None:
    """The desk's pages leave an audit row each: its wait for the disk would hide the difference."""
    connection = await asyncpg.connect(**data.connect_arguments(run.cluster, run.database))
    try:
        await connection.execute(
            f"ALTER ROLE desk IN DATABASE {run.database} SET synchronous_commit = off"
        )
    finally:
        await connection.close()


def page_requests(layout: data.Layout) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The first and the last full page of the desk's list of all contracts."""
    principal, token = data.token_of(DATA / "service", "dev:desk")
    today = jst_date(utc_now())
    until = today + timedelta(days=load_settings({}).rules.expiring_days)
    meaning = f"contracts {principal} {asdict(ContractFilter(as_of=today, expiring_until=until))}"
    before = layout.contracts - 52
    key = (data.contract_number(before), data.customer_id(layout.customers - 1))
    secret = load_keys(DATA / "service").secret("cursors")
    cursor = make_cursor(secret, meaning, key)
    headers = {"Authorization": f"Bearer {token}"}

    def page(query: str, number: int) -> list[dict[str, Any]]:
        expected = [data.contract_number(number), '"next_cursor":"']
        return [{"request": request("GET", f"/v1/contracts{query}", headers), "expected": expected}]

    return page("?page_size=50", 0), page(f"?page_size=50&cursor={cursor}", before + 1)


def growth_goals(run: Run) -> None:
    large, small = f"{run.layout.machines:,} machines", f"{SMALL:,} machines"
    for group in ("p50 contract", "p50 machine", "p50 batch"):
        text = f"{group}: {large} / {SMALL:,}"
        run.goal(6, text, group, large, small, "<= 1.15", key="p50")
    run.goal(6, "p50: deepest page / first", "pages", "deepest page", "first page", "<= 1.3", "p50")


def measure_import(run: Run) -> None:
    """Goal 5: the whole import of contract lines against psql's \\copy of the same file."""
    layout = data.Layout(run.extent.import_rows)
    folder = run.folder / "import"
    folder.mkdir()
    path = folder / "contract_lines.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("contract_number,line_number,product_number,product_name,serial_number,quantity,")
        out.write("service_level,start_date,end_date,annual_price\n")
        for m in range(layout.machines):
            out.write(
                f"{data.contract_number(m // data.LINES)},{m % data.LINES + 1},"
                f"P{10000 + m % data.PRODUCTS}-B21,Made-up Server,{data.serial_number(m)},1,,,,"
                f"{120000 + m % 1000}\n"
            )
    name = f"bench_import_v{data.VERSION}"
    environment = {"RENEWAL_DESK_DATABASE_URL": data.plain_url(run.cluster, name)}
    pg_env = pgbench.environment(run.cluster, name)
    psql = [pgbench.program(run.cluster, "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-c"]
    copy = f"\\copy {{}} FROM '{path}' WITH (FORMAT csv, HEADER true)"

    def fresh() -> None:
        asyncio.run(import_database(run.cluster, name, layout))

    def ours(_: int) -> dict[str, Any]:
        fresh()
        command = [sys.executable, "-m", "bench.imports", folder]
        result: dict[str, Any] = json.loads(call(command, run.cores, run.cores.server, environment))
        if not result["good"] or result["rows"] != layout.machines:
            raise SystemExit(f"the import went wrong: {result}")
        return {**result, "rate": result["rows"] / result["seconds"]}

    def copied(table: str) -> Measure:
        def measure(_: int) -> dict[str, Any]:
            call([*psql, f"TRUNCATE {table}"], run.cores, run.cores.server, pg_env)
            started = time.perf_counter()
            call([*psql, copy.format(table)], run.cores, run.cores.server, pg_env)
            return {"rate": layout.machines / (time.perf_counter() - started)}

        return measure

    fresh()
    run.rounds(
        "import",
        {
            "service, whole import": ours,
            "psql \\copy, plain table": copied("plain"),
            "psql \\copy, keys and indexes": copied("keyed"),
        },
    )
    asyncio.run(drop_database(run.cluster, name))


async def drop_database(cluster: Cluster, name: str) -> None:
    admin = await asyncpg.connect(**data.connect_arguments(cluster, "postgres"))
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await admin.close()


async def import_database(cluster: Cluster, name: str, layout: data.Layout) -> None:
    """A database with the contracts of the lines, and a plain table of the file's columns."""
    await drop_database(cluster, name)
    admin = await asyncpg.connect(**data.connect_arguments(cluster, "postgres"))
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    await data.migrate_database(cluster, name)
    connection = await asyncpg.connect(**data.connect_arguments(cluster, name))
    try:
        await data.fill_contracts(connection, layout)
        await connection.execute(
            "CREATE TABLE plain (contract_number text, line_number integer, product_number text,"
            " product_name text, serial_number text, quantity integer, service_level text,"
            " start_date date, end_date date, annual_price bigint)"
        )
        # The keys, indexes and checks that every loaded line has to be put into as well.
        await connection.execute(
            "CREATE TABLE keyed (LIKE plain,"
            " PRIMARY KEY (contract_number, line_number), CHECK (line_number >= 1),"
            " CHECK (quantity >= 1), CHECK (annual_price >= 0), CHECK (end_date >= start_date));"
            "CREATE INDEX ON keyed (serial_number) INCLUDE (contract_number, product_number);"
            "CREATE INDEX ON keyed (product_number)"
        )
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def import_goals(run: Run) -> None:
    ours = "service, whole import"
    for other in ("psql \\copy, plain table", "psql \\copy, keys and indexes"):
        run.goal(5, f"whole import / {other}", "import", ours, other, ">= 0.42")
    figure = run.figures.get(f"import: {ours}")
    if figure is not None:
        text = f"peak memory of the import, MB ({run.extent.import_rows:,} rows)"
        run.goals.append(Goal(5, text, figure["peak_mb"], "<= 300"))


# ------------------------------------------------------------------------------------------ the run

PARTS: dict[str, tuple[Callable[[Run], None], Callable[[Run], None]]] = {
    "lookups": (measure_lookups, lookup_goals),
    "batch": (measure_batches, batch_goals),
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


def told(figure: Mapping[str, Any]) -> str:
    text = ""
    if "p50" in figure:
        text += f"   p50 {figure['p50']:.2f} ms   p99 {figure['p99']:.2f} ms"
    if "server_us" in figure:
        text += f"   CPU {figure['server_us']:,.0f} + {figure['database_us']:,.0f} µs"
    return text


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
