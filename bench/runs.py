"""What the measurements of one run share: the servers, the load, the figures and the goals."""

import itertools
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from app.embedded import Cluster
from bench import data
from bench.machine import PEERS_PYTHON, ROOT, Cores, Server, cpu_seconds, free_port, load
from bench.report import Goal

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


def service(run: Run, name: str, database: str, *, lane: bool = True) -> Server:
    """The service itself, as `renewal-desk serve` starts it."""
    port = free_port()
    environment = {
        "RENEWAL_DESK_DATABASE_URL": data.plain_url(run.cluster, database),
        "RENEWAL_DESK_DATA_DIR": str(DATA / "service"),
        "RENEWAL_DESK_PORT": str(port),
        "RENEWAL_DESK_LANE": "true" if lane else "false",
        # Counted as in production, and never refused.
        "RENEWAL_DESK_CALLER_REQUESTS_PER_MINUTE": "100000000",
        "RENEWAL_DESK_PUBLIC_REQUESTS_PER_MINUTE": "100000000",
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
    requests: list[dict[str, Any]] | Iterator[list[dict[str, Any]]],
    *,
    connections: int = CONNECTIONS,
    seconds: float | None = None,
    status: int = 200,
    forbidden: Sequence[str] = ('"status":"not_found"',),
    prelude: list[str] | None = None,
) -> Measure:
    """The same requests in every round, or those that an iterator gives, new in every round."""
    renewed = requests if isinstance(requests, Iterator) else itertools.repeat(requests)
    spec = {
        "name": server.name,
        "port": server.port,
        "connections": connections,
        "warmup": 0.4,
        "seconds": seconds or run.extent.seconds,
        "status": status,
        "forbidden": forbidden,
        # A token is verified once a minute. Rounds are short and far apart: without this each would
        # begin with all tokens at once.
        "prelude": one_a_token(next(renewed)) if prelude is None else prelude,
    }
    # Every token is verified and every connection opened before anything counts.
    load(run.cores, {**spec, "requests": next(renewed), "seconds": 0.1, "warmup": 1.0})

    def measure(turn: int) -> dict[str, Any]:
        asked = {**spec, "requests": next(renewed), "offset": turn * 997}
        server_before, database_before = server.cpu_seconds(), run.database_cpu_seconds()
        result = load(run.cores, asked)
        # What a request costs each side: on a busy machine a steadier figure than the rate.
        for name, spent in (
            ("server_us", server.cpu_seconds() - server_before),
            ("database_us", run.database_cpu_seconds() - database_before),
        ):
            result[name] = spent / max(1, result["answered"]) * 1e6
        return result

    return measure


def told(figure: Mapping[str, Any]) -> str:
    text = ""
    if "p50" in figure:
        text += f"   p50 {figure['p50']:.2f} ms   p99 {figure['p99']:.2f} ms"
    if "server_us" in figure:
        text += f"   CPU {figure['server_us']:,.0f} + {figure['database_us']:,.0f} µs"
    return text
