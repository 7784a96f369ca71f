"""The lane behind the service's own server: answers in one piece are those that messages make.

Seen to fail: with the end of the headers left out of `lane_answers.answer`, and with
`http_server.write_whole` not looking at `keep_alive`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn

from app import http_server
from tests.conftest import NOW, Service

PATH = "/v1/contracts/JP-4410-0001"
MACHINE = b'{"items":[{"serial_number":"JPT8270P2A"}]}'


class Connection:
    """A plain client: it shows the bytes as they come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, service: Service, path: str = PATH, body: bytes = b"", **headers: str) -> None:
        """Send a request without waiting for its answer."""
        lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: x"]
        sent = {**service.tokens.of("customer"), **headers}
        if body:
            sent |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in sent.items()]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def receive(self) -> tuple[str, dict[str, str], bytes]:
        """Status line, headers and body of the next answer."""
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.rstrip("\r\n").split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            assert len(headers) == len(lines)
            length = int(headers.get("content-length", 0))
            return status, headers, await self.reader.readexactly(length)


@asynccontextmanager
async def served(service: Service) -> AsyncIterator[Connection]:
    """A connection to the server that `renewal-desk serve` starts, on this service."""
    config = uvicorn.Config(
        service.app, port=0, lifespan="off", access_log=False, server_header=False,
        log_level="warning", http=http_server.protocol(60), proxy_headers=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    # Signals are the test runner's.
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - nothing tells when it has but asking.
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield connection
    finally:
        connection.writer.close()
        server.should_exit = True
        await running


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each answer of the lane could be written in one piece."""
    seen: list[bool] = []
    write = http_server.write_whole

    def watched(*parts: object) -> bool:
        seen.append(write(*parts))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(http_server, "write_whole", watched)
    return seen


async def test_answers_in_one_piece_are_the_same(service: Service, whole: list[bool]) -> None:
    today = NOW.date().isoformat()
    await service.get(f"{PATH}?as_of={today}")
    async with served(service) as connection:
        for fast, slow in (
            ((PATH, b""), (f"{PATH}?as_of={today}", b"")),
            (
                ("/v1/coverage-lookups", MACHINE),
                ("/v1/coverage-lookups", MACHINE.replace(b"]", b'],"as_of":null')),
            ),
        ):
            answers = []
            for path, body in (fast, slow):
                connection.send(service, path, body, X_Request_Id="id-1")
                status, headers, content = await connection.receive()
                headers.pop("date")
                answers.append((status, headers, content))
            assert answers[0] == answers[1]
            assert answers[0][0] == "HTTP/1.1 200 OK"
            assert answers[0][1]["x-request-id"] == "id-1"
    assert whole == [True, True]


async def test_requests_in_a_row_are_answered_in_their_order(
    service: Service, whole: list[bool]
) -> None:
    await service.get(f"{PATH}?as_of=2026-11-25")
    paths = [PATH, "/v1/contracts/NONE-0000", "/v1/contracts/JP-4410-0002", PATH, "/livez"]
    async with served(service) as connection:
        for path in paths:
            connection.send(service, path)
        answers = [await connection.receive() for _ in paths]
    assert [status.split()[1] for status, _, _ in answers] == ["200", "404", "200", "200", "200"]
    assert [b"JP-4410-0002" in content for _, _, content in answers] == [False, False, True] + [
        False
    ] * 2
    assert whole == [True] * 3


async def test_a_connection_that_ends_with_its_answer_is_told_so(
    service: Service, whole: list[bool]
) -> None:
    await service.get(f"{PATH}?as_of=2026-11-25")
    async with served(service) as connection:
        connection.send(service, Connection="close")
        status, headers, content = await connection.receive()
        assert (status, headers["connection"]) == ("HTTP/1.1 200 OK", "close")
        assert b"JP-4410-0001" in content
        assert await connection.reader.read() == b""
    assert whole == [False]


async def test_an_answer_that_is_held_already_has_no_body(service: Service) -> None:
    await service.get(f"{PATH}?as_of=2026-11-25")
    async with served(service) as connection:
        connection.send(service)
        _, headers, _ = await connection.receive()
        connection.send(service, If_None_Match=headers["etag"])
        status, again, content = await connection.receive()
        assert (status, content) == ("HTTP/1.1 304 Not Modified", b"")
        assert again["etag"] == headers["etag"]
        # The connection is still in step.
        connection.send(service)
        assert (await connection.receive())[0] == "HTTP/1.1 200 OK"
