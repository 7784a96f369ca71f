"""Imports under faults: killed workers, two at once, a failing COMMIT, cut connections.

Each was seen to fail: the kill with the result written apart from the rows, the two workers without
the claim, the two imports without the loading lock, a full disk taken for the file's fault.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.db.imports import loading_database
from app.domain.errors import DatabaseUnavailable
from app.usecases.imports import import_folder, take_up_runs
from tests.api.importing import counts, load, one, table, tally, upload
from tests.conftest import NOW, Service
from tests.faults.import_worker import started

pytestmark = pytest.mark.fault

CUSTOMERS = table("customers", "C9001,検査機工株式会社,,,,,,")


def contracts(count: int) -> str:
    return table(
        "contracts",
        *(
            f"JP-9{n:07d},,C9001,contract,foundation_care_nbd,2026-04-01,2027-03-31,,annual"
            for n in range(count)
        ),
    )


def files(count: int = 50) -> dict[str, str | bytes]:
    return {"customers.csv": CUSTOMERS, "contracts.csv": contracts(count)}


@pytest.fixture
async def idle_service(own_service: Service) -> Service:
    """The service without its own worker."""
    own_service.app.state.stopping.set()
    await asyncio.sleep(0.1)
    return own_service


async def until(condition: Callable[[], Awaitable[Any]], what: str) -> None:
    for _ in range(600):
        if await condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"waited in vain: {what}")


async def run_state(service: Service) -> tuple[str, list[str]]:
    """The state of the uploaded run and of its files."""
    state, file_states = await one(
        service,
        "SELECT r.state, array_agg(f.state ORDER BY position) FROM import_run r JOIN import_file f"
        " ON f.import_id = r.id WHERE created_by <> 'command line' GROUP BY r.state",
    )
    return state, file_states


@asynccontextmanager
async def contracts_locked(service: Service) -> AsyncIterator[None]:
    """Nobody can merge contracts while the block runs."""
    async with service.owner() as session:
        await session.execute(text("LOCK TABLE contract IN EXCLUSIVE MODE"))
        yield


async def work_off(service: Service) -> list[Exception]:
    """Do once what the worker does; return its failures."""
    failures: list[Exception] = []
    loading = loading_database(service.database)
    try:
        await take_up_runs(
            loading,
            now=lambda: NOW,
            stopping=lambda: False,
            failed=lambda _, failure: failures.append(failure),
        )
    finally:
        await loading.close()
    return failures


async def test_a_killed_worker_loses_and_doubles_nothing(idle_service: Service) -> None:
    service = idle_service
    answer = await upload(service, files())
    assert answer.status_code == 202

    async def second_file_is_read() -> bool:
        return await run_state(service) == ("running", ["loaded", "running"])

    for _ in range(3):
        async with contracts_locked(service):
            with started(service, "worker") as worker:
                await until(second_file_is_read, "the second file")
                worker.kill()
        assert await run_state(service) == ("running", ["loaded", "running"])
        assert await one(
            service, "SELECT count(*) FROM contract WHERE contract_number LIKE 'JP-9000%'"
        ) == (0,)
    assert await work_off(service) == []
    run = (await service.get(answer.headers["location"], "desk")).json()
    assert run["state"] == "completed"
    assert [counts(file) for file in run["files"]] == [(1, 0, 0, 0), (50, 0, 0, 0)]
    assert await one(service, "SELECT count(*) FROM import_file WHERE content IS NOT NULL") == (0,)


async def test_a_living_workers_run_is_left_to_it(idle_service: Service) -> None:
    service = idle_service
    await upload(service, files())
    async with contracts_locked(service):
        first = asyncio.create_task(work_off(service))

        async def second_file_is_read() -> bool:
            return (await run_state(service))[1] == ["loaded", "running"]

        await until(second_file_is_read, "the second file")
        # Nothing to do for another one: it comes back at once.
        assert await asyncio.wait_for(work_off(service), 5) == []
        assert not first.done()
    assert await first == []
    assert await run_state(service) == ("completed", ["loaded", "loaded"])


async def test_progress_is_seen_while_a_file_loads(idle_service: Service) -> None:
    service = idle_service
    await upload(service, files())
    async with contracts_locked(service):
        working = asyncio.create_task(work_off(service))

        async def all_rows_are_read() -> bool:
            rows = await one(
                service,
                "SELECT rows_read FROM import_file WHERE state = 'running'"
                " UNION ALL SELECT -1 LIMIT 1",
            )
            return rows == (50,)

        await until(all_rows_are_read, "the progress")
    assert await working == []


async def test_two_imports_of_one_contract_make_one(idle_service: Service, tmp_path: Path) -> None:
    """The keys begin with the customer: only the loading lock keeps a number to one of them."""
    service = idle_service
    both = CUSTOMERS + "C9002,別の会社,,,,,,\r\n"
    folders = []
    for customer in ("C9001", "C9002"):
        folder = tmp_path / customer
        folder.mkdir()
        (folder / "customers.csv").write_text(both, "utf-8", newline="")
        content = contracts(2000).replace("C9001", customer)
        (folder / "contracts.csv").write_text(content, "utf-8", newline="")
        folders.append(folder)
    first, second = await asyncio.gather(
        *(import_folder(service.database, folder, now=lambda: NOW) for folder in folders)
    )
    assert sorted(tally(result.files[1]) for result in (first, second)) == [
        (0, 2000, 0, 0),
        (2000, 0, 0, 0),
    ]
    assert await one(
        service,
        "SELECT count(*), count(DISTINCT contract_number), count(DISTINCT customer_id)"
        " FROM contract WHERE contract_number LIKE 'JP-9000%'",
    ) == (2000, 2000, 1)


async def test_a_trial_does_not_wait_for_ever(idle_service: Service) -> None:
    service = idle_service
    async with service.owner() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(7201502)"))
        answer = await upload(service, files(), dry_run=True)
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert answer.headers["retry-after"]


async def test_a_commit_that_fails_leaves_the_file_unloaded(idle_service: Service) -> None:
    service = idle_service
    async with service.owner() as session:
        for statement in (
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$",
            "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON contract DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION fail()",
        ):
            await session.execute(text(statement))
    await upload(service, files())
    assert len(await work_off(service)) == 1
    assert await run_state(service) == ("running", ["loaded", "running"])
    async with service.owner() as session:
        await session.execute(text("DROP TRIGGER fail ON contract"))
    assert await work_off(service) == []
    assert await run_state(service) == ("completed", ["loaded", "loaded"])


async def test_a_run_that_always_fails_stops_no_other(idle_service: Service) -> None:
    service = idle_service
    async with service.owner() as session:
        await session.execute(
            text("ALTER TABLE contract ADD CONSTRAINT no CHECK (contract_number !~ '^JP-9000')")
        )
    poisoned = await upload(service, files())
    good = await upload(service, {"customers.csv": CUSTOMERS.replace("C9001", "C9002")})
    assert len(await work_off(service)) == 1
    run = (await service.get(poisoned.headers["location"], "desk")).json()
    assert run["state"] == "failed"
    assert [file["error"] for file in run["files"]] == [None, "internal_error"]
    assert [item["code"] for item in run["errors"]["items"]] == ["internal_error"]
    other = (await service.get(good.headers["location"], "desk")).json()
    assert other["state"] == "completed"


async def test_a_folder_whose_process_died_is_said_to_be_interrupted(
    idle_service: Service, tmp_path: Path
) -> None:
    service = idle_service
    (tmp_path / "customers.csv").write_text(CUSTOMERS, "utf-8", newline="")
    (tmp_path / "contracts.csv").write_text(contracts(50), "utf-8", newline="")
    async with contracts_locked(service):
        with started(service, "folder", str(tmp_path)) as process:

            async def reading() -> bool:
                found = await one(
                    service,
                    "SELECT count(*) FROM import_file WHERE state = 'running' AND rows_read = 50",
                )
                return found == (1,)

            await until(reading, "the second file")
            process.kill()
    await work_off(service)
    assert await one(
        service,
        "SELECT r.state, array_agg(f.error_code ORDER BY position) FROM import_run r"
        " JOIN import_file f ON f.import_id = r.id WHERE r.state <> 'completed' GROUP BY r.state",
    ) == ("failed", [None, "interrupted"])


async def test_a_connection_that_breaks_is_not_the_files_fault(
    idle_service: Service, tmp_path: Path
) -> None:
    service = idle_service

    async def cut() -> None:
        async def cut_one() -> bool:
            (cut,) = await one(
                service,
                "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'WITH changed%'",
            )
            return bool(cut)

        await until(cut_one, "the merge")

    async with contracts_locked(service):
        cutting = asyncio.create_task(cut())
        with pytest.raises(DatabaseUnavailable):
            await load(service, tmp_path, files())
        await cutting
    result = await load(service, tmp_path, files())
    assert [tally(file) for file in result.files] == [(0, 0, 1, 0), (50, 0, 0, 0)]
