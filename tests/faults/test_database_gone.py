"""The database goes and comes back (TRUST 19, small form): 503 meanwhile, no restart needed.

Seen to fail: with a missing socket taken out of `refusal_of` (500 in the place of 503), with /livez
asking the database, with the lane not opening its connections anew, and with a rate limit that
refuses when it cannot be asked.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text

from app.auth import Authenticator
from app.auth_keys import SigningKeys
from app.db.engine import role_urls
from app.embedded import Holder, start_cluster
from app.preparation import owner_session, prepare, seed
from app.settings import LimitSettings, Settings
from app.usecases.tokens import grant_customer_token, grant_desk_token
from tests.conftest import NOW, Service, Tokens, administer, started
from tests.folders import cluster_folder

LOOKUP = "/v1/contracts/JP-4410-0001"
MACHINE = {"items": [{"serial_number": "JPDEMO0001"}]}
AWAY_SECONDS = 5.0


@pytest.fixture
async def alone(settings: Settings, keys: SigningKeys) -> AsyncIterator[tuple[Service, Path]]:
    """A service on a cluster of its own, and the folder of that."""
    with cluster_folder() as outside:
        folder = outside / "pg"
        held = [await asyncio.to_thread(hold, folder)]
        try:
            url = make_url(held[0].cluster.url("postgres"))
            await administer(url, "CREATE DATABASE gone")
            url = url.set(database="gone")
            tokens = await filled(url, settings, keys)
            # With limits: what cannot be asked about them is no reason for a 429.
            limited = replace(settings, limits=LimitSettings(6_000, 600, 0))
            async with started(url, limited, keys, tokens) as service:
                service.app.state.held = held
                yield service, folder
        finally:
            await asyncio.to_thread(held[0].release)


async def filled(url: URL, settings: Settings, keys: SigningKeys) -> Tokens:
    """Load the demo set; returns the tokens of a customer and of the desk."""
    urls = role_urls(url.render_as_string(hide_password=False), settings.database)
    await prepare(urls, settings, NOW)
    await seed(urls, settings, NOW, only_empty=True)
    issuer = Authenticator(settings.auth, keys, lambda: NOW)
    day = timedelta(days=1)
    async with owner_session(urls) as session:
        customer = await grant_customer_token(session, issuer, "C0001", NOW, day)
        return Tokens(customer, "", "", await grant_desk_token(session, issuer, NOW, day))


async def stop(service: Service) -> None:
    """Stop the database."""
    await asyncio.to_thread(service.app.state.held[0].release)


async def start(service: Service, folder: Path) -> None:
    """Start the database again."""
    service.app.state.held[0] = await asyncio.to_thread(hold, folder)


def hold(folder: Path) -> Holder:
    """Start the cluster, or start it again."""
    return start_cluster(folder, durable=False, progress=lambda _: None)


async def test_the_service_outlives_its_database(alone: tuple[Service, Path]) -> None:
    service, folder = alone
    for caller in ("customer", "desk"):
        # The second time the customer is answered by the lane.
        for _ in range(2):
            assert (await service.get(LOOKUP, caller)).status_code == 200
    assert (await service.get("/readyz", "public")).status_code == 200

    await stop(service)
    try:
        for method, path, caller, body in (
            ("GET", LOOKUP, "customer", None),
            ("GET", LOOKUP, "desk", None),
            ("GET", "/v1/contracts", "customer", None),
            ("GET", "/v1/products", "public", None),
            ("POST", "/v1/coverage-lookups", "customer", MACHINE),
        ):
            begun = time.monotonic()
            answer = await service.send(method, path, caller, json=body)
            assert time.monotonic() - begun < AWAY_SECONDS
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"].isdigit()
            assert answer.json()["code"] == "database_unavailable"
        assert (await service.get("/livez", "public")).status_code == 200
        begun = time.monotonic()
        assert (await service.get("/readyz", "public")).status_code == 503
        assert time.monotonic() - begun < 3
    finally:
        await start(service, folder)

    assert await becomes_ready(service) < 5
    for caller in ("customer", "desk"):
        for _ in range(3):
            assert (await service.get(LOOKUP, caller)).status_code == 200
    assert (await service.get("/livez", "public")).status_code == 200


async def becomes_ready(service: Service) -> float:
    """How many seconds it takes until the service says that it is ready."""
    begun = time.monotonic()
    async with asyncio.timeout(10):
        # Nothing tells when the database is back but asking.
        while (await service.get("/readyz", "public")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return time.monotonic() - begun


async def test_the_lane_comes_back_too(alone: tuple[Service, Path]) -> None:
    """A lane that lost its connections while there was nothing to connect to opens them again."""
    service, folder = alone
    await service.get(LOOKUP)
    await service.get(LOOKUP)
    await stop(service)
    for _ in range(4):
        assert (await service.get(LOOKUP)).status_code == 503
    await start(service, folder)
    await becomes_ready(service)
    lane = service.app.state.lane.contracts
    before = lane.questions
    async with asyncio.timeout(10):
        while lane.questions == before:
            assert (await service.get(LOOKUP)).status_code == 200
            await asyncio.sleep(0.2)


async def test_a_killed_backend_costs_one_answer_at_most(own_service: Service) -> None:
    """The pool's connections die between two requests; the next ones open new ones."""
    for _ in range(3):
        await own_service.get("/v1/contracts")
    async with own_service.owner() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'renewal-desk portal' AND datname = current_database()"
            )
        )
    statuses = [(await own_service.get("/v1/contracts")).status_code for _ in range(20)]
    assert set(statuses) <= {200, 503}
    assert statuses[-5:] == [200] * 5
