"""Goal 6: the same questions of few machines and of many."""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import asyncpg

from app.auth_keys import load_keys
from app.cursors import make_cursor
from app.db.contracts import ContractFilter
from app.deps import utc_now
from app.domain.calendar import jst_date
from app.settings import load_settings
from bench import data
from bench.asking import batch_requests, contract_requests, machine_requests, request
from bench.machine import Server, stopped_at_the_end
from bench.runs import DATA, SMALL, Measure, Run, http, service


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
