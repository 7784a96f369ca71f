"""The test clock: a sandbox tenant's own now."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import URL

from app.auth_keys import SigningKeys
from app.db.test_clock import add_sandbox
from app.settings import Settings
from tests.conftest import Service, Tokens, own_database, started


@pytest.fixture
async def sandbox(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> AsyncIterator[Service]:
    """A service with test clocks on which C0001 is a sandbox, and C0002 is not."""
    name, tokens = template
    with own_database(server, name) as url:
        async with started(url, replace(settings, test_clock=True), keys, tokens) as running:
            async with running.owner() as session:
                await add_sandbox(session, "C0001")
            yield running


async def status_of(service: Service, caller: str) -> str:
    answer = await service.get("/v1/contracts/JP-4410-0001", caller)
    return str(answer.json()["status"])


async def test_a_sandbox_moves_its_own_now_and_nobody_elses(sandbox: Service) -> None:
    assert await status_of(sandbox, "customer") == "active"
    moved = await sandbox.send(
        "PUT", "/v1/test-clock", json={"now": "2027-03-31T15:30:00Z", "frozen": True}
    )
    assert moved.json() == {"now": "2027-03-31T15:30:00Z", "frozen": True}
    # CAL-6: half past midnight in Japan, the contract ended yesterday.
    assert await status_of(sandbox, "customer") == "expired"
    assert await status_of(sandbox, "desk") == "active"
    assert await status_of(sandbox, "partner") == "active"
    deadline = {"start_date": "2027-04-01"}
    own = await sandbox.post("/v1/order-deadline-calculations", "customer", json=deadline)
    public = await sandbox.post("/v1/order-deadline-calculations", "public", json=deadline)
    assert own.json()["state"] == "passed"
    assert public.json()["state"] == "open"
    assert (await sandbox.send("DELETE", "/v1/test-clock")).status_code == 204
    assert await status_of(sandbox, "customer") == "active"


async def test_a_clock_may_run_on_from_where_it_was_set(sandbox: Service) -> None:
    await sandbox.send(
        "PUT", "/v1/test-clock", json={"now": "2027-03-31T14:00:00Z", "frozen": False}
    )
    assert await status_of(sandbox, "customer") == "expiring"
    sandbox.clock.now = sandbox.clock.now.replace(hour=3)
    assert await status_of(sandbox, "customer") == "expired"


async def test_a_production_tenant_has_no_test_clock(sandbox: Service) -> None:
    answer = await sandbox.send(
        "PUT", "/v1/test-clock", "other", json={"now": "2027-03-31T14:00:00Z"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "test_clock_refused")


async def test_a_service_without_test_clocks_refuses_them(own_service: Service) -> None:
    async with own_service.owner() as session:
        await add_sandbox(session, "C0001")
    answer = await own_service.send("PUT", "/v1/test-clock", json={"now": "2027-03-31T14:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (403, "test_clock_refused")
