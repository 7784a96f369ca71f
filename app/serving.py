"""Serving: one process that answers requests, or does the background work, until it is stopped."""

import argparse
import asyncio
import gc
import signal
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import FrameType
from typing import Any
from weakref import ref

import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.auth import Authenticator
from app.auth_keys import load_keys
from app.db.engine import Database, RoleUrls
from app.db.test_clock import add_sandbox
from app.deps import utc_now
from app.domain.errors import NotFound
from app.lane_answers import WHOLE
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
            http=WholeAnswers,
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


class WholeAnswers(HttpToolsProtocol):
    """HTTP/1.1 with an extension by which the lane hands over an answer in one piece. The messages
    of ASGI check and copy each header of each answer; those of the lane are made once.
    """

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # A weak one, because the cycle holds its scope: a ring of both would leave every request to
        # the garbage collector, which stops everything for 30 ms five times a second under load.
        extensions: Any = {WHOLE: partial(write_whole, ref(cycle))}
        cycle.scope["extensions"] = extensions
        super()._start_asgi_task(cycle, app)


def write_whole(
    held: "ref[RequestResponseCycle]", status: bytes, lines: bytes, last_lines: bytes, body: bytes
) -> bool:
    """Write an answer of known length to a connection that stays open; False when anything about it
    is unusual.
    """
    cycle = held()
    if (
        cycle is None
        or cycle.response_started
        or cycle.disconnected
        or cycle.waiting_for_100_continue
        or cycle.flow.write_paused
        or not cycle.keep_alive
    ):
        return False
    cycle.response_started = cycle.response_complete = True
    standing = [b"%b: %b\r\n" % header for header in cycle.default_headers]
    cycle.transport.write(b"".join((status, *standing, lines, last_lines, body)))
    cycle.message_event.set()
    cycle.on_response()
    return True


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
