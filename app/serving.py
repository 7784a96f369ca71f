"""Serving: one process that answers requests, or does the background work, until it is stopped."""

import argparse
import asyncio
import gc
import signal
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from types import FrameType

import uvicorn

from app.auth import Authenticator
from app.auth_keys import load_keys
from app.db.engine import Database, RoleUrls
from app.db.test_clock import add_sandbox
from app.deps import utc_now
from app.domain.errors import NotFound
from app.http_server import protocol
from app.main import create_app
from app.preparation import database_urls, open_database, owner_session, prepare, seed
from app.settings import Settings
from app.terminal import welcome
from app.usecases.tokens import grant_customer_token, grant_desk_token, grant_partner_token
from app.worker import run_background


def serve(arguments: argparse.Namespace, settings: Settings) -> None:
    """Serve until stopped; the embedded database stands as long."""
    if arguments.test_clock:
        settings = replace(settings, test_clock=True)
    with database_urls(settings) as urls:
        now = utc_now()
        asyncio.run(prepare(urls, settings, now))
        if arguments.demo:
            asyncio.run(seed(urls, settings, now, only_empty=True))
            if settings.test_clock:
                asyncio.run(_demo_sandboxes(urls))
            if settings.auth.development_issuer:
                print(welcome(settings, asyncio.run(_demo_tokens(urls, settings, now))), flush=True)
        keys = load_keys(settings.data_dir)
        app = create_app(settings, Database(urls, settings.database), keys)
        # What exists now lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 50)
        config = uvicorn.Config(
            app,
            http=protocol(settings.http.request_seconds),
            host=settings.http.host,
            port=settings.http.port,
            access_log=False,
            server_header=False,
            # Nothing here asks for the caller's address or the scheme.
            proxy_headers=False,
            log_level="warning",
            timeout_graceful_shutdown=20,
        )
        # The server gives a SIGTERM on when it has shut down; as an exit it lets the database go.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        DrainingServer(config, app.state.stopping, settings.drain_seconds).run()


class DrainingServer(uvicorn.Server):
    """Says "not ready" as soon as it is told to stop, and stops after the time that a load balancer
    needs to see it.
    """

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event, seconds: int) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._seconds = seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take the signal: the first one starts the drain, the second one ends it."""
        if self._seconds == 0 or self._stopping.is_set():
            super().handle_exit(sig, frame)
            return
        self._stopping.set()
        loop = asyncio.get_running_loop()
        loop.call_later(self._seconds, super().handle_exit, sig, frame)


def worker_command(_arguments: argparse.Namespace, settings: Settings) -> None:
    """Do the background work only, without answering requests, until stopped."""

    async def run(urls: RoleUrls) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with open_database(urls, settings) as database:
            await run_background(database, replace(settings, jobs=True), stop, utc_now)

    with database_urls(settings) as urls:
        asyncio.run(prepare(urls, settings, utc_now()))
        asyncio.run(run(urls))


async def _demo_sandboxes(urls: RoleUrls) -> None:
    async with owner_session(urls) as session:
        for tenant in ("C0001", "P0001", "desk"):
            await add_sandbox(session, tenant)


async def _demo_tokens(urls: RoleUrls, settings: Settings, now: datetime) -> dict[str, str]:
    issuer = Authenticator(settings.auth, load_keys(settings.data_dir), utc_now)
    day = timedelta(days=1)
    try:
        async with owner_session(urls) as session:
            return {
                "customer": await grant_customer_token(session, issuer, "C0001", now, day),
                "partner": await grant_partner_token(session, issuer, "P0001", now, day),
                "desk": await grant_desk_token(session, issuer, now, day),
            }
    except NotFound:
        # The database was filled with something else than the demo set.
        return {}
