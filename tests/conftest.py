"""What every test may ask for: a real PostgreSQL built by the migrations, and the service on it.

The server is the embedded one (in a folder of the user's own in memory, else under the temporary
folder, not durable) or the one of RENEWAL_DESK_DATABASE_URL. Each run builds one template by the
migrations and the demo set; a test that writes gets a copy of its own (`own_service`), tests that
only read share one (`service`).
"""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from app.auth import Authenticator
from app.auth_keys import SigningKeys, load_keys
from app.db.engine import Database, RoleUrls, role_urls
from app.embedded import running_cluster
from app.main import create_app
from app.preparation import owner_session, prepare, seed
from app.settings import Settings, load_settings
from app.usecases.tokens import grant_customer_token, grant_desk_token, grant_partner_token

# How long an example takes on a busy machine says nothing about what it shows.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

# The day of every test: a Wednesday, 10:00 in Japan, the desk is open.
NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)


# What the server of a run takes at most, with room to spare.
MEMORY_NEEDED = 4 << 30


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {
            "127.0.0.1",
            "::1",
            "localhost",
        }:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def server() -> Iterator[URL]:
    """The address of a database server, as its administrator."""
    configured = os.environ.get("RENEWAL_DESK_DATABASE_URL")
    if configured:
        yield make_url(configured).set(drivername="postgresql+asyncpg")
        return
    folder = quick_folder() / f"renewal-desk-tests-{os.getuid()}"
    settings = {"max_wal_size": "256MB", "min_wal_size": "80MB"}
    with running_cluster(
        folder, durable=False, settings=settings, progress=lambda _: None
    ) as cluster:
        yield make_url(cluster.url("postgres"))


def quick_folder() -> Path:
    """Where files cost least: a copy of a database is 500 of them, and a test that writes has one.
    On a disk it takes half a second, in memory a twentieth of that.
    """
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free > MEMORY_NEEDED:
        return memory
    return Path(tempfile.gettempdir())


def in_a_thread(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end from anywhere, also while an event loop runs in this thread."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


async def administer(server: URL, statement: str) -> None:
    """Run one statement that no transaction may hold."""
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@contextlib.contextmanager
def own_database(server: URL, template: str | None = None) -> Iterator[URL]:
    """A database for one purpose, dropped at the end."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    copied = f" TEMPLATE {template}" if template else ""
    in_a_thread(administer(server, f"CREATE DATABASE {name}{copied}"))
    try:
        yield server.set(database=name)
    finally:
        in_a_thread(administer(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings as by default, with a data folder of the run's own."""
    return load_settings(
        {
            "RENEWAL_DESK_DATA_DIR": str(tmp_path_factory.mktemp("data")),
            # Tests of background work start it themselves; in the others nothing moves by itself.
            "RENEWAL_DESK_JOBS": "false",
            # Several services of several test processes share one server and its connections.
            "RENEWAL_DESK_POOL_SIZE": "10",
            # A busy machine makes hundreds of look-ups at once wait; none may be shed for that.
            "RENEWAL_DESK_POOL_WAIT_SECONDS": "60",
            # Tests ask as often as they like; those of the limits set their own.
            "RENEWAL_DESK_CALLER_REQUESTS_PER_MINUTE": "0",
            "RENEWAL_DESK_PUBLIC_REQUESTS_PER_MINUTE": "0",
        }
    )


@pytest.fixture(scope="session")
def keys(settings: Settings) -> SigningKeys:
    """The signing keys of the run."""
    return load_keys(settings.data_dir)


@dataclass(frozen=True)
class Tokens:
    """Tokens of four callers: the tour's customer, another one, a partner, the desk."""

    customer: str
    other: str
    partner: str
    desk: str

    def of(self, caller: str) -> dict[str, str]:
        """The header of a caller; none for the public."""
        if caller == "public":
            return {}
        return {"Authorization": f"Bearer {getattr(self, caller)}"}


@pytest.fixture(scope="session")
def template(server: URL, settings: Settings, keys: SigningKeys) -> Iterator[tuple[str, Tokens]]:
    """A migrated database with the demo set of NOW, and tokens that are good in its copies."""
    with own_database(server) as url:
        urls = role_urls(url.render_as_string(hide_password=False), settings.database)

        async def build() -> Tokens:
            await prepare(urls, settings, NOW)
            await seed(urls, settings, NOW, only_empty=True)
            issuer = Authenticator(settings.auth, keys, lambda: NOW)
            week = timedelta(days=7)
            async with owner_session(urls) as session:
                return Tokens(
                    customer=await grant_customer_token(session, issuer, "C0001", NOW, week),
                    other=await grant_customer_token(session, issuer, "C0002", NOW, week),
                    partner=await grant_partner_token(session, issuer, "P0001", NOW, week),
                    desk=await grant_desk_token(session, issuer, NOW, week),
                )

        yield str(url.database), in_a_thread(build())


@dataclass
class Service:
    """The service on a database, reached over ASGI as over HTTP."""

    app: FastAPI
    client: httpx.AsyncClient
    tokens: Tokens
    database: Database
    urls: RoleUrls
    clock: "Clock"

    async def get(self, path: str, caller: str = "customer", **options: Any) -> httpx.Response:
        """GET as a caller."""
        return await self.send("GET", path, caller, **options)

    async def post(self, path: str, caller: str = "customer", **options: Any) -> httpx.Response:
        """POST as a caller."""
        return await self.send("POST", path, caller, **options)

    async def send(
        self, method: str, path: str, caller: str = "customer", **options: Any
    ) -> httpx.Response:
        """Any request as a caller; `headers` are added to its credentials."""
        headers = {**self.tokens.of(caller), **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[AsyncSession]:
        """One transaction past both walls, to arrange facts and to look behind the scenes."""
        async with owner_session(self.urls) as session:
            yield session


class Clock:
    """The service's clock, which stands until a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def started(
    url: URL, settings: Settings, keys: SigningKeys, tokens: Tokens
) -> AsyncIterator[Service]:
    """The service, started as a server starts it and stopped at the end."""
    urls = role_urls(url.render_as_string(hide_password=False), settings.database)
    database = Database(urls, settings.database)
    clock = Clock(NOW)
    app = create_app(settings, database, keys, clock=clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client,
    ):
        yield Service(app, client, tokens, database, urls, clock)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Tests run on asyncio, as the service does, in one event loop."""
    return ("asyncio", {})


@pytest.fixture(scope="session")
async def service(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> AsyncIterator[Service]:
    """The service on the demo set, shared by all tests that only read."""
    name, tokens = template
    with own_database(server, name) as url:
        async with started(url, settings, keys, tokens) as running:
            yield running


@pytest.fixture
async def own_service(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> AsyncIterator[Service]:
    """The service on a copy of the demo set that this test alone may change."""
    name, tokens = template
    with own_database(server, name) as url:
        async with started(url, settings, keys, tokens) as running:
            yield running
