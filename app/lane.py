"""The fast lane: two look-ups answered in front of the framework, with the same bytes.

It answers what is plain (one contract, or the coverage of one machine, for a customer or partner
whose token was verified a moment ago) and only when the answer is found. Everything else, every
refusal included, goes the ordinary way, so no rule stands here twice.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth import Authenticator, Caller
from app.db.coalesced import CONTRACTS, COVERS, SCOPE, Coalesced, LaneClosed, Question, connector
from app.db.contracts import ContractRow
from app.db.coverage import CoverRow
from app.db.desk import CalendarMemory
from app.db.engine import Database
from app.domain.calendar import jst_date
from app.domain.languages import choose_language
from app.routers.answers import HEADERS, body_of, etag_of, matches, resource_headers
from app.schemas.contracts import contract_out
from app.schemas.coverage import coverage_out
from app.settings import Settings

CONTRACT_PATH = "/v1/contracts/"
COVERAGE_PATH = "/v1/coverage-lookups"
_NUMBER = re.compile(r"[A-Z0-9-]{4,20}")
_ONE_MACHINE = re.compile(
    rb'\s*\{\s*"items"\s*:\s*\[\s*\{\s*"serial_number"\s*:\s*"([A-Z0-9]{1,60})"\s*'
    rb'(?:,\s*"product_number"\s*:\s*"([A-Z0-9#-]{1,60})"\s*)?\}\s*\]\s*\}\s*'
)
_LONGEST_BODY = 400
_ONCE = frozenset({b"authorization", b"accept-language", b"if-none-match", b"content-type"})
# A request with one of these wants something that only the ordinary way knows.
_UNUSUAL = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"range"})


class Plain(NamedTuple):
    """The headers of a plain request, each at most once."""

    authorization: bytes
    language: str | None
    held: str | None
    content_type: bytes | None


class LaneReads:
    """The lane's connections: opened and closed with the service."""

    def __init__(self, database: Database) -> None:
        connect = connector(database.urls.portal)
        self.contracts = Coalesced(connect, CONTRACTS, "numbers")
        self.covers = Coalesced(connect, COVERS, "serial_numbers")

    async def open(self) -> None:
        """Open the connections."""
        await self.contracts.open()
        await self.covers.open()

    async def close(self) -> None:
        """Close the connections."""
        await self.contracts.close()
        await self.covers.close()


class Lane:
    """ASGI in front of the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        reads: LaneReads,
        settings: Settings,
        authenticator: Authenticator,
        calendar: CalendarMemory,
        clock: Callable[[], datetime],
    ) -> None:
        self.app = app
        self._contracts = reads.contracts
        self._covers = reads.covers
        self._expiring_days = settings.rules.expiring_days
        self._authenticator = authenticator
        self._calendar = calendar
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain look-up, or pass the request on."""
        if scope["type"] == "http" and not scope["query_string"]:
            path: str = scope["path"]
            if scope["method"] == "GET" and path.startswith(CONTRACT_PATH):
                if await self._contract(scope, send, path[len(CONTRACT_PATH) :]):
                    return
            elif scope["method"] == "POST" and path == COVERAGE_PATH:
                message = await receive()
                if await self._coverage(scope, send, message):
                    return
                receive = _replayed(message, receive)
        await self.app(scope, receive, send)

    def _caller(self, plain: Plain, now: datetime) -> Caller | None:
        """A customer or partner whose token is remembered and good for contracts."""
        caller = self._authenticator.remembered(plain.authorization, now.timestamp())
        if caller is None or caller.kind not in {"customer", "partner"}:
            return None
        return caller if caller.scopes is None or SCOPE in caller.scopes else None

    async def _contract(self, scope: Scope, send: Send, number: str) -> bool:
        plain = _plain(scope)
        if plain is None or _NUMBER.fullmatch(number) is None:
            return False
        now = self._clock()
        caller = self._caller(plain, now)
        if caller is None:
            return False
        today = jst_date(now)
        question = Question(number, caller.principal or "", caller.token_id, caller.client_id)
        try:
            rows = await self._contracts.ask(question, today)
        except LaneClosed:
            return False
        if not rows:
            return False
        row = ContractRow(*rows[0])
        if row.calendar_revision != self._calendar.revision:
            # The ordinary way reads the calendar anew; the lane is right again after it.
            return False
        language = choose_language(plain.language)
        body = body_of(
            contract_out(
                row,
                today=today,
                expiring_days=self._expiring_days,
                calendar=self._calendar.calendar,
                language=language,
            )
        )
        etag = etag_of(body)
        headers = resource_headers(etag, language)
        scope["lane"] = "/v1/contracts/{contract_number}"
        scope["caller_kind"] = caller.kind
        if plain.held is not None and matches(plain.held, etag):
            await _send(send, 304, headers, b"")
        else:
            await _send(send, 200, headers, body)
        return True

    async def _coverage(self, scope: Scope, send: Send, message: Message) -> bool:
        plain = _plain(scope)
        if (
            plain is None
            or plain.content_type != b"application/json"
            or message["type"] != "http.request"
            or message.get("more_body", False)
        ):
            return False
        content: bytes = message.get("body", b"")
        asked = _ONE_MACHINE.fullmatch(content) if len(content) <= _LONGEST_BODY else None
        now = self._clock()
        caller = self._caller(plain, now)
        if asked is None or caller is None:
            return False
        serial_number = asked[1].decode()
        product_number = asked[2].decode() if asked[2] is not None else None
        today = jst_date(now)
        question = Question(
            serial_number, caller.principal or "", caller.token_id, caller.client_id
        )
        try:
            rows = await self._covers.ask(question, today)
        except LaneClosed:
            return False
        if not rows:
            return False
        language = choose_language(plain.language)
        answer = coverage_out(
            [(serial_number, product_number)],
            [CoverRow(1, *row[1:]) for row in map(tuple, rows)],
            today=today,
            expiring_days=self._expiring_days,
            language=language,
        )
        scope["lane"] = COVERAGE_PATH
        scope["caller_kind"] = caller.kind
        await _send(send, 200, {**HEADERS, "Content-Language": language}, body_of(answer))
        return True


def _plain(scope: Scope) -> Plain | None:
    """The headers that matter here; None when the request is not plain."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _ONCE:
            if name in found:
                return None
            found[name] = value
        elif name in _UNUSUAL:
            return None
    authorization = found.get(b"authorization")
    if authorization is None:
        return None
    language, held = found.get(b"accept-language"), found.get(b"if-none-match")
    return Plain(
        authorization,
        None if language is None else language.decode("latin-1"),
        None if held is None else held.decode("latin-1"),
        found.get(b"content-type"),
    )


def _replayed(first: Message, receive: Receive) -> Receive:
    """`receive` with a message put back that was read already."""
    pending: list[Message] = [first]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    raw: list[tuple[bytes, bytes]] = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]
    if status != 304:
        raw.append((b"content-length", str(len(body)).encode()))
        raw.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
