"""Requests that do not come to their end: refused in time, and nobody else waits for them.

Seen to fail: with the clock never started, started anew by every piece (who drips goes on for
ever), not stopped by a whole request (a slow answer is cut), running while an earlier request is
answered, and with the bytes of the head not counted.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn

from app.http_server import HEAD_LIMIT, protocol
from tests.conftest import Service

from .raw_http import Wire

SECONDS = 0.5
LIVE = b"GET /livez HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /v1/coverage-lookups HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[Wire]:
    """A connection to a server with little patience."""
    config = uvicorn.Config(
        app, port=0, access_log=False, log_level="error", lifespan="off", http=protocol(SECONDS)
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 — the server tells it in no other way.
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        server.should_exit = True
        await running


@pytest.fixture
async def wire(service: Service) -> AsyncIterator[Wire]:
    async with served(service.app) as connection:
        yield connection
    assert service.database.pools["portal"].lent == 0


async def refused(wire: Wire, status: int, code: str) -> None:
    """The next answer is this refusal, and the connection ends."""
    answer = await wire.answer()
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    # What was still on its way when the server closed makes a reset of the end.
    with suppress(ConnectionError):
        assert await wire.end() == b""


async def test_who_says_nothing_is_not_waited_for(wire: Wire) -> None:
    assert await wire.end() == b""


@pytest.mark.parametrize("path", [b"/v1/coverage-lookups", b"/v1/product-lookups"])
async def test_a_body_that_does_not_come_is_refused(
    service: Service, wire: Wire, path: bytes
) -> None:
    token = b"Authorization: " + service.tokens.of("customer")["Authorization"].encode()
    start = POST.replace(b"/v1/coverage-lookups", path)
    await wire.send(start + token + b"\r\nContent-Length: 40\r\n\r\n")
    await refused(wire, 408, "request_timeout")


async def test_who_drips_is_refused_too(wire: Wire) -> None:
    await wire.send(LIVE + b"Accept-Language: en\r\n")

    async def drip() -> None:
        with suppress(ConnectionError):
            while True:
                await wire.send(b"A: b\r\n")
                await asyncio.sleep(SECONDS / 10)

    dripping = asyncio.create_task(drip())
    try:
        await refused(wire, 408, "request_timeout")
    finally:
        dripping.cancel()


async def test_a_head_without_end_is_refused(wire: Wire) -> None:
    await wire.send(LIVE + b"Accept-Language: en\r\nA: ")
    await asyncio.sleep(0.05)
    with suppress(ConnectionError):
        await wire.send(b"b" * (HEAD_LIMIT + 1))
    answer = await wire.answer()
    assert (answer.status, json.loads(answer.body)["title"]) == (431, "Headers too large")


async def test_a_connection_may_rest_between_requests(wire: Wire) -> None:
    for _ in range(2):
        for piece in (LIVE, b"A: b\r\n", b"\r\n"):
            await wire.send(piece)
            await asyncio.sleep(0.02)
        assert (await wire.answer()).status == 200
        await asyncio.sleep(SECONDS * 1.5)


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """An application that takes longer over an answer than a request may take to come."""
    await asyncio.sleep(SECONDS * 1.6)
    body = scope["path"].encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def test_an_answer_may_take_longer(service: Service) -> None:
    async with served(slow) as wire:
        await wire.send(POST + b"Content-Length: 2\r\n\r\n{}")
        assert (await wire.answer()).status == 200


async def test_who_comes_behind_another_request_has_its_own_time(service: Service) -> None:
    second = POST.replace(b"/v1/coverage-lookups", b"/second") + b"Content-Length: 2\r\n\r\n"
    async with served(slow) as wire:
        await wire.send(LIVE + b"\r\n" + second + b"{")
        assert (await wire.answer()).body == b"/livez"
        await wire.send(b"}")
        assert (await wire.answer()).body == b"/second"
        # One that stops behind another: what was asked before it is answered all the same.
        await wire.send(LIVE + b"\r\n" + b"GET /never HTTP/1.1\r\nHost: a\r\n")
        assert (await wire.answer()).body == b"/livez"
        assert await wire.end() == b""
