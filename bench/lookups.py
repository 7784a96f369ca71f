"""Goals 1, 3 and 9: one contract, one machine."""

import json
import sys
from pathlib import Path
from typing import Any

from bench import data, pgbench
from bench.asking import contract_requests, machine_requests
from bench.machine import call, stopped_at_the_end
from bench.report import Goal
from bench.runs import CONNECTIONS, DATA, Measure, Run, application, django, http, service


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
