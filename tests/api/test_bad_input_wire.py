"""What only a real socket can send: bodies in pieces, lengths that lie, requests inside requests.

The HTTP server refuses what is no HTTP in its own words (400, text/plain) and closes; everything
that reaches the service is refused as a problem document. After each case the server still answers.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

import pytest
import uvicorn
from prometheus_client import REGISTRY

from app.http_server import protocol
from tests.conftest import Service

from .raw_http import Wire
from .refusals import CANARY, nothing_stored

pytestmark = pytest.mark.anyio

HOST = b"Host: desk.test\r\n"
LIVE = b"GET /livez HTTP/1.1\r\n" + HOST
OLD = b"POST /v1/product-lookups HTTP/1.0\r\nContent-Type: application/json\r\n"
END = b" HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /v1/product-lookups HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
BODY = b'{"product_numbers":["' + CANARY.encode() + b'"]}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
SMUGGLED = b"0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"

# What the server itself refuses: it answers once, and nothing that follows is read as a request.
NO_HTTP: Mapping[str, bytes] = {
    "length and chunks": POST + LENGTH + CHUNKED + b"\r\n" + SMUGGLED,
    "chunks and length": POST + CHUNKED + b"Content-Length: 4\r\n\r\n" + SMUGGLED,
    "a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + SMUGGLED,
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n" + LENGTH + b"\r\n" + SMUGGLED,
    "chunks not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + SMUGGLED,
    "two codings": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n" + SMUGGLED,
    "vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + SMUGGLED,
    "two lengths": POST + LENGTH + b"Content-Length: 1\r\n\r\n" + BODY,
    "one length twice": POST + LENGTH + LENGTH + b"\r\n" + BODY,
    "a list of lengths": POST + b"Content-Length: 25, 25\r\n\r\n" + BODY,
    "length +25": POST + b"Content-Length: +25\r\n\r\n" + BODY,
    "length -1": POST + b"Content-Length: -1\r\n\r\n" + BODY,
    "length 0x19": POST + b"Content-Length: 0x19\r\n\r\n" + BODY,
    "length beyond all numbers": POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n" + BODY,
    "chunk beyond all numbers": POST + CHUNKED + b"\r\nFFFFFFFFFFFFFFFF1\r\n" + BODY,
    "negative chunk": POST + CHUNKED + b"\r\n-1\r\n" + BODY,
    "chunk without CR": POST + CHUNKED + b"\r\n%x\n" % len(BODY) + BODY + b"\r\n" + SMUGGLED,
    "lines without CR": b"GET /livez HTTP/1.1\nHost: a\n\n",
    "folded header": LIVE + b"A: b\r\n c\r\n\r\n",
    "NUL in a header": LIVE + b"A: b\0c\r\n\r\n",
    "a header without colon": LIVE + b"A b\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.0": b"GET /livez HTTP/3.0\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "CONNECT": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "unknown method": b"QQ /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "method in lower case": b"get /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    "blank in the path": b"GET /live z HTTP/1.1\r\nHost: a\r\n\r\n",
    "control character in the path": b"GET /livez\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
    "raw byte in the path": b"GET /v1/products/\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "raw Japanese in the query": "GET /v1/products?family=鯖 HTTP/1.1\r\n\r\n".encode(),
    "a line of 200 kB": b"GET /livez?" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
}  # fmt: skip

# What reaches the service.
REQUESTS: Mapping[str, tuple[bytes, int, str]] = {
    "length": (POST + LENGTH + b"\r\n" + BODY, 200, ""),
    "chunks": (POST + CHUNKED + b"\r\n" + CHUNKS, 200, ""),
    "length over the limit": (POST + b"Content-Length: 2000000\r\n\r\n", 413, "body_too_large"),
    "length of 19 nines": (
        POST + b"Content-Length: 9999999999999999999\r\n\r\n",
        413,
        "body_too_large",
    ),
    "over the limit and asking first": (
        POST + b"Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n",
        413,
        "body_too_large",
    ),
    "packed for its way": (
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS,
        415,
        "unsupported_media_type",
    ),
    "packed": (
        POST + b"Content-Encoding: gzip\r\n" + LENGTH + b"\r\n" + BODY,
        415,
        "unsupported_media_type",
    ),
    "length 0": (POST + b"Content-Length: 0\r\n\r\n", 422, "invalid_input"),
    "no chunk": (POST + CHUNKED + b"\r\n0\r\n\r\n", 422, "invalid_input"),
    "HTTP/1.0": (OLD + LENGTH + b"\r\n" + BODY, 200, ""),
    "HTTP/1.0 without a length": (OLD + b"\r\n", 422, "invalid_input"),
    "whole address": (b"GET http://evil.example/livez" + END, 200, ""),
    "no host": (b"GET /livez HTTP/1.1\r\n\r\n", 200, ""),
    "star": (b"OPTIONS *" + END, 404, "not_found"),
    "TRACE": (b"TRACE /livez" + END, 405, "method_not_allowed"),
    "broken percent": (b"GET /v1/products?family=%zz" + END, 422, "invalid_filter"),
    "NUL in the path": (b"GET /v1/products/A%00" + END, 404, "not_found"),
    "broken query name": (b"GET /livez?%C0=1" + END, 422, "unknown_parameter"),
}  # fmt: skip


@pytest.fixture(scope="module")
async def port(service: Service) -> AsyncIterator[int]:
    """The service on a loopback port, over the server that also runs it in earnest."""
    config = uvicorn.Config(
        service.app, port=0, access_log=False, log_level="error", lifespan="off",
        http=protocol(60),
    )  # fmt: skip
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 — the server tells it in no other way.
        await asyncio.sleep(0.01)
    faults = _faults()
    async with nothing_stored(service):
        yield server.servers[0].sockets[0].getsockname()[1]
    assert _faults() == faults
    server.should_exit = True
    await running


def _faults() -> float:
    """How many requests ended in a 500 so far."""
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "renewal_desk_requests_total" and sample.labels["status"] == "500"
    )


@pytest.fixture
async def wire(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield Wire(reader, writer)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    await _lives(port)


async def _lives(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wire = Wire(reader, writer)
    await wire.send(LIVE + b"\r\n")
    assert (await wire.answer()).status == 200
    writer.close()


@pytest.mark.parametrize("name", NO_HTTP)
async def test_what_is_no_http_is_refused_once_and_the_connection_ends(
    wire: Wire, name: str
) -> None:
    await wire.send(NO_HTTP[name])
    answer = await wire.answer()
    assert answer.status == 400
    assert CANARY.encode() not in answer.body
    assert b"HTTP/1.1" not in answer.body
    assert await wire.end() == b""


@pytest.mark.parametrize("name", REQUESTS)
async def test_requests_over_the_wire_are_answered_as_they_should(wire: Wire, name: str) -> None:
    request, status, code = REQUESTS[name]
    await wire.send(request)
    answer = await wire.answer()
    assert answer.status == status
    if code:
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.body)["code"] == code
        assert CANARY.encode() not in answer.body


@pytest.mark.parametrize("path", ["/v1/product-lookups", "/v1/coverage-lookups"])
async def test_a_body_without_a_length_is_refused_when_it_becomes_too_large(
    service: Service, wire: Wire, path: str
) -> None:
    token = service.tokens.of("customer")["Authorization"].encode()
    start = POST.replace(b"/v1/product-lookups", path.encode()) + CHUNKED
    await wire.send(start + b"Authorization: " + token + b"\r\n\r\n")
    for _ in range(20):
        await wire.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
    answer = await wire.answer()
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body)["code"] == "body_too_large"
    # What is left of the body is read and dropped, and the connection goes on in step.
    await wire.send(b"0\r\n\r\n" + LIVE + b"\r\n")
    assert (await wire.answer()).body == b'{"status":"alive"}'


async def test_a_caller_that_asks_first_is_told_to_go_on(wire: Wire) -> None:
    await wire.send(POST + LENGTH + b"Expect: 100-continue\r\n\r\n")
    assert (await wire.answer()).status == 100
    await wire.send(BODY)
    assert (await wire.answer()).status == 200


async def test_a_length_below_the_body_cuts_it_and_the_rest_is_no_request(wire: Wire) -> None:
    await wire.send(POST + b"Content-Length: 5\r\n\r\n" + BODY)
    answer = await wire.answer()
    assert answer.status == 400
    assert CANARY.encode() not in answer.body + await wire.end()


@pytest.mark.parametrize("path", ["/v1/product-lookups", "/v1/coverage-lookups"])
async def test_a_caller_that_goes_away_in_the_middle_of_its_body_is_no_fault(
    service: Service, port: int, path: str
) -> None:
    token = service.tokens.of("customer")["Authorization"].encode()
    start = POST.replace(b"/v1/product-lookups", path.encode())
    for framing in (b"Content-Length: 5000\r\n", CHUNKED):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(start + framing + b"Authorization: " + token + b"\r\n\r\n" + b"1000\r\n[")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()
        await asyncio.sleep(0.05)
    await _lives(port)


async def test_head_leaves_no_body_in_the_way_of_the_next_answer(wire: Wire) -> None:
    await wire.send(b"HEAD /livez HTTP/1.1\r\n" + HOST + b"\r\n" + LIVE + b"\r\n")
    head = (await wire.reader.readuntil(b"\r\n\r\n")).decode()
    assert "content-length: 18" in head
    answer = await wire.answer()
    assert (answer.status, answer.body) == (200, b'{"status":"alive"}')


async def test_a_body_on_get_is_skipped_and_the_connection_goes_on_in_step(wire: Wire) -> None:
    await wire.send(
        LIVE + CHUNKED + b"\r\n" + CHUNKS + LIVE + LENGTH + b"\r\n" + BODY + LIVE + b"\r\n"
    )
    for _ in range(3):
        assert (await wire.answer()).body == b'{"status":"alive"}'


async def test_a_web_socket_is_refused(wire: Wire) -> None:
    await wire.send(
        b"GET /v1/contracts HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert (await wire.answer()).status == 403
