"""Background jobs: asked for with their reason, done once, held when they cannot be (TRUST 4, small
form).

Seen to fail: with the answer of `leave_queue` not looked at in `Work.finishing`, and with the call
taken out (the stopped worker had a second effect, each time), with the job taken out of the queue
in a transaction of its own before that of the effect (killed workers lost more than a dozen jobs of
40, each time), with `enqueue` on a connection of its own (a refusal left a job), with `on_failure`
left at the library's default (the poisoned job was gone).
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from app import worker
from app.db.callers import customers_literal
from app.db.engine import ReadSession
from app.db.jobs import enqueue, list_held, retry_held
from app.worker import Task, Work, run_jobs
from tests.conftest import Service
from tests.faults.job_worker import GATE, leave_a_mark, started

pytestmark = pytest.mark.fault

JOBS = 40


async def ask(service: Service, *names: str, task: str = "mark") -> None:
    async with service.database.transaction("desk") as session:
        for name in names:
            await enqueue(session, task, {"name": name})


async def marks(service: Service) -> dict[str, int]:
    async with service.database.transaction("desk") as session:
        rows = await session.execute(
            text("SELECT object_id, count(*) FROM audit WHERE action = 'marked' GROUP BY 1")
        )
        return {row[0]: row[1] for row in rows}


async def waiting(service: Service) -> int:
    async with service.database.transaction("desk") as session:
        counted = await session.scalar(
            text("SELECT count(*) FROM jobs.pgqueuer WHERE status <> 'failed'")
        )
        return int(counted or 0)


async def until_done(service: Service) -> None:
    for _ in range(1_000):
        if await waiting(service) == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("waited in vain for the queue to be empty")


async def some_more_done(service: Service) -> None:
    """Wait until the worker is in the middle of it."""
    before = len(await marks(service))
    for _ in range(2_000):
        if len(await marks(service)) >= min(before + 5, JOBS):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain for a worker to work")


async def ready(worker: subprocess.Popen[str]) -> None:
    assert worker.stdout is not None
    await asyncio.to_thread(worker.stdout.readline)


async def until_at_the_gate(service: Service, wanted: dict[bool, int]) -> None:
    """Wait until so many transactions hold the gate (True) or wait for it (False)."""
    for _ in range(1_000):
        async with service.owner() as session:
            rows = await session.execute(
                text(
                    "SELECT granted, count(*) FROM pg_locks WHERE locktype = 'advisory' AND"
                    " objid = :gate AND database = (SELECT oid FROM pg_database WHERE datname ="
                    " current_database()) GROUP BY 1"
                ),
                {"gate": GATE},
            )
            if {row[0]: row[1] for row in rows} == wanted:
                return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain for a worker at the gate")


async def fail_after_asking(service: Service) -> None:
    async with service.database.transaction("desk") as session:
        await enqueue(session, "mark", {"name": "never"})
        raise RuntimeError


@asynccontextmanager
async def working(service: Service, tasks: dict[str, Task]) -> AsyncIterator[None]:
    """A worker in this process."""
    stop = asyncio.Event()
    settings = service.app.state.settings
    running = asyncio.create_task(run_jobs(service.database, settings, stop, service.clock, tasks))
    try:
        yield
    finally:
        stop.set()
        await running


async def test_a_refusal_asks_for_nothing(own_service: Service) -> None:
    with pytest.raises(RuntimeError):
        await fail_after_asking(own_service)
    assert await waiting(own_service) == 0


async def test_callers_outside_the_desk_ask_too_and_see_nothing_of_the_queue(
    own_service: Service,
) -> None:
    async with own_service.database.transaction("portal") as session:
        await session.execute(text(f"SET LOCAL app.customers = '{customers_literal(['C0001'])}'"))
        await enqueue(session, "mark", {"name": "from a customer"})
    assert await waiting(own_service) == 1
    with pytest.raises(Exception, match="permission denied"):
        async with own_service.database.transaction("portal") as session:
            await session.execute(text("SELECT payload FROM jobs.pgqueuer"))


async def test_one_name_waits_once(own_service: Service) -> None:
    for _ in range(3):
        async with own_service.database.transaction("desk") as session:
            await enqueue(session, "mark", {"name": "x"}, once_as="x")
    assert await waiting(own_service) == 1


async def test_a_poisoned_job_is_held_and_stops_nobody(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "FIRST_DELAY", timedelta(milliseconds=10))
    monkeypatch.setattr(worker, "MORE_TRIES", 2)
    monkeypatch.setattr(worker, "LOOK_AGAIN", timedelta(milliseconds=50))
    tries = 0
    mended = False

    async def poisoned(work: Work) -> None:
        nonlocal tries
        tries += 1
        if not mended:
            raise ValueError(f"secret of {work.payload}")
        await leave_a_mark(work)

    tasks: dict[str, Task] = {"mark": leave_a_mark, "poisoned": poisoned}
    await ask(own_service, "bad", task="poisoned")
    await ask(own_service, "a", "b", "c")
    async with working(own_service, tasks):
        await until_done(own_service)
        assert await marks(own_service) == {"a": 1, "b": 1, "c": 1}
        assert tries == 3
        async with own_service.database.transaction("desk") as session:
            held = await list_held(ReadSession(session), 10)
            assert [(job.task, job.attempts, job.failure) for job in held] == [
                ("poisoned", 3, "ValueError")
            ]
            log = await session.execute(text("SELECT traceback::text FROM jobs.pgqueuer_log"))
            assert "secret" not in "".join(row[0] or "" for row in log)
        mended = True
        async with own_service.database.transaction("desk") as session:
            assert await retry_held(session, held[0].id)
            assert not await retry_held(session, 0)
        await until_done(own_service)
    assert await marks(own_service) == {"a": 1, "b": 1, "c": 1, "bad": 1}


async def test_killed_workers_lose_nothing_and_double_nothing(own_service: Service) -> None:
    names = [f"job {n}" for n in range(JOBS)]
    await ask(own_service, *names)
    for _ in range(2):
        with started(own_service) as victim:
            await ready(victim)
            await some_more_done(own_service)
            victim.kill()
    with started(own_service):
        await until_done(own_service)
    assert await marks(own_service) == dict.fromkeys(names, 1)


async def test_a_stopped_worker_that_goes_on_has_no_second_effect(own_service: Service) -> None:
    """It is stopped in the transaction of its effect, until another one has done its job."""
    with started(own_service) as sleeper, started(own_service) as other:
        await ready(sleeper)
        await ready(other)
        os.kill(other.pid, signal.SIGSTOP)
        async with own_service.owner() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:gate)"), {"gate": GATE})
            await ask(own_service, "x")
            await until_at_the_gate(own_service, {False: 1, True: 1})
            os.kill(sleeper.pid, signal.SIGSTOP)
        os.kill(other.pid, signal.SIGCONT)
        await until_done(own_service)
        # What is left at the gate is the transaction of the stopped one.
        await until_at_the_gate(own_service, {True: 1})
        os.kill(sleeper.pid, signal.SIGCONT)
        await until_at_the_gate(own_service, {})
    assert await marks(own_service) == {"x": 1}
