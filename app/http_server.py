"""HTTP/1.1 as uvicorn speaks it, with two limits of our own and an extension for the lane."""

import asyncio
from functools import partial
from typing import Any
from weakref import ref

import orjson
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.domain.languages import choose_language
from app.lane_answers import WHOLE
from app.observability import request_id_of
from app.problem_words import WORDS_OF_CODE
from app.problems import problem_of

# How many bytes of headers may come after the first piece of them, in which almost all come whole.
HEAD_LIMIT = 64 << 10


def protocol(request_seconds: float) -> Any:
    """What uvicorn makes for each connection. A request has so many seconds to come whole, from its
    first byte to its last; so has a connection to send the first one.
    """
    return partial(DeskProtocol, request_seconds=request_seconds)


class DeskProtocol(HttpToolsProtocol):
    """One connection: refuses heads without end and requests that do not come to theirs, and lets
    the lane hand over an answer in one piece. The messages of ASGI check and copy each header of
    each answer; those of the lane are made once.
    """

    def __init__(self, *, request_seconds: float, **made_by_uvicorn: Any) -> None:
        super().__init__(**made_by_uvicorn)
        self._request_seconds = request_seconds
        # Whether the headers, and the whole of a request, are still on their way.
        self._in_head = False
        self._on_its_way = True
        self._head_bytes = 0
        self._clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._come_whole()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. Most requests come in one piece, and of those nothing is watched."""
        began_before = self._in_head
        super().data_received(data)
        if self._on_its_way:
            self._head_bytes = self._head_bytes + len(data) if began_before else 0
            if self._in_head and self._head_bytes > HEAD_LIMIT:
                self._end_with("headers_too_large")
            elif not self.pipeline:
                self._watch()

    def on_response_complete(self) -> None:
        """An answer is out: a request that came behind the one before it is read on."""
        super().on_response_complete()
        if self._on_its_way:
            self._watch()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = self._on_its_way = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._come_whole()
        super().on_message_complete()

    def _watch(self) -> None:
        if self._clock is None:
            seconds, end = self._request_seconds, self._end_with
            self._clock = self.loop.call_later(seconds, end, "request_timeout")

    def _come_whole(self) -> None:
        self._on_its_way = False
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _end_with(self, code: str) -> None:
        """Refuse what is on its way, and close the connection when the answers before it are out.
        Nothing is said where its own answer has begun, or where no request has.
        """
        self._come_whole()
        cycle: Any = self.cycle
        pending = cycle is not None and not cycle.response_complete
        if pending and self._in_head:
            cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if self._in_head or (pending and not cycle.response_started):
            self.transport.write(_refusal(code, self.headers))
        if pending:
            # Whoever waits for the rest of the body is told that nobody sends it.
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # A weak one, because the cycle holds its scope: a ring of both would leave every request to
        # the garbage collector, which stops everything for 30 ms five times a second under load.
        extensions: Any = {WHOLE: partial(write_whole, ref(cycle))}
        cycle.scope["extensions"] = extensions
        super()._start_asgi_task(cycle, app)


def _refusal(code: str, headers: list[tuple[bytes, bytes]]) -> bytes:
    accepted = dict(headers).get(b"accept-language")
    language = choose_language(None if accepted is None else accepted.decode("latin-1"))
    request_id = request_id_of(None)
    words = WORDS_OF_CODE[code]
    body = orjson.dumps(problem_of(code, words, language, request_id))
    lines = [
        f"HTTP/1.1 {words.status} {words.title_en}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        f"content-language: {language}",
        f"x-request-id: {request_id}",
        "cache-control: no-store",
        "connection: close",
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


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
