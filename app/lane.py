"""The fast lane: two look-ups answered in front of everything else, with the same bytes.

It answers what is plain (one contract, or the coverage of one machine, for a customer or partner
whose token was verified a moment ago) and only when the answer is found. Everything else, every
refusal included, goes the ordinary way, so no rule stands here twice. The rows are read each time;
what is remembered is only how rows of such values are written, on a day and in a language.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth import Authenticator, Caller
from app.db.coalesced import CONTRACTS, COVERS, Coalesced, LaneClosed, Question, connector
from app.db.contexts import SCOPE, Contexts
from app.db.contracts import ContractRow
from app.db.coverage import CoverRow
from app.db.desk import CalendarMemory
from app.db.engine import Database
from app.domain.calendar import jst_date, jst_midnight
from app.lane_answers import Answers, Plain, Written, answer, plain_of, replayed, status_for, write
from app.observability import frames_of, log, record, request_id_of
from app.rate_limits import RateLimits
from app.schemas.contracts import contract_out
from app.schemas.coverage import coverage_out
from app.settings import Settings

CONTRACT_PATH = "/v1/contracts/"
CONTRACT_ROUTE = "/v1/contracts/{contract_number}"
COVERAGE_PATH = "/v1/coverage-lookups"
_NUMBER = re.compile(r"[A-Z0-9-]{4,20}")
_ONE_MACHINE = re.compile(
    rb'\s*\{\s*"items"\s*:\s*\[\s*\{\s*"serial_number"\s*:\s*"([A-Z0-9]{1,60})"\s*'
    rb'(?:,\s*"product_number"\s*:\s*"([A-Z0-9#-]{1,60})"\s*)?\}\s*\]\s*\}\s*'
)
_LONGEST_BODY = 400
# What a row says of what was asked for, without `stands` and its position in the batch.
_VALUES = slice(2, None)


def _question(wanted: str, caller: Caller) -> Question:
    return Question(wanted, caller.principal or "", caller.token_id, caller.client_id)


class LaneReads:
    """The lane's connections: opened and closed with the service."""

    def __init__(self, database: Database) -> None:
        connect = connector(database.urls.portal)
        contexts = Contexts()
        self.contracts = Coalesced(connect, CONTRACTS, "numbers", contexts)
        self.covers = Coalesced(connect, COVERS, "serial_numbers", contexts)

    async def open(self) -> None:
        """Open the connections."""
        await self.contracts.open()
        await self.covers.open()

    async def close(self) -> None:
        """Close the connections."""
        await self.contracts.close()
        await self.covers.close()


class Lane:
    """ASGI in front of the application. What passes through is not touched; what is answered here
    gets its id, its metrics and its line in the log here.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        reads: LaneReads,
        settings: Settings,
        authenticator: Authenticator,
        calendar: CalendarMemory,
        clock: Callable[[], datetime],
        limits: RateLimits,
    ) -> None:
        self.app = app
        self._limits = limits
        self._contracts = reads.contracts
        self._covers = reads.covers
        self._expiring_days = settings.rules.expiring_days
        self._authenticator = authenticator
        self._calendar = calendar
        self._clock = clock
        self._written = Answers()
        # The Japanese day of the last request, and the first instants of it and of the next one.
        self._day = date.min
        self._day_begins = self._day_ends = datetime.min.replace(tzinfo=UTC)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain look-up, or pass the request on."""
        if scope["type"] == "http" and not scope["query_string"]:
            path: str = scope["path"]
            if scope["method"] == "GET" and path.startswith(CONTRACT_PATH):
                number = path[len(CONTRACT_PATH) :]
                if await self._answer(scope, send, CONTRACT_ROUTE, self._contract, number):
                    return
            elif scope["method"] == "POST" and path == COVERAGE_PATH:
                message = await receive()
                if await self._answer(scope, send, COVERAGE_PATH, self._coverage, message):
                    return
                receive = replayed(message, receive)
        await self.app(scope, receive, send)

    async def _answer(
        self,
        scope: Scope,
        send: Send,
        route: str,
        look_up: Callable[[Plain, Caller, date, Any], Awaitable[Written | None]],
        wanted: Any,
    ) -> bool:
        started = perf_counter()
        plain = plain_of(scope["headers"])
        if plain is None:
            return False
        now = self._clock()
        caller = self._caller(plain.authorization, now)
        if caller is None:
            return False
        told = self._limits.count_in_lane(scope, caller.principal or "", now)
        if told is None:
            return False
        try:
            written = await look_up(plain, caller, self._today(now), wanted)
        except LaneClosed:
            return False
        except Exception as failure:
            # The ordinary way is whole without the lane, and says what has to be said.
            log.error("lane_failed", failure=type(failure).__name__, frames=frames_of(failure))
            return False
        if written is None:
            return False
        request_id = request_id_of(plain.request_id)
        status = status_for(plain, written)
        try:
            await answer(scope, send, status, written, request_id, told)
        finally:
            seconds = perf_counter() - started
            record(scope["method"], route, status, seconds, request_id, caller.kind)
        return True

    def _today(self, now: datetime) -> date:
        if not self._day_begins <= now < self._day_ends:
            self._day = jst_date(now)
            self._day_begins = jst_midnight(self._day)
            self._day_ends = self._day_begins + timedelta(days=1)
        return self._day

    def _caller(self, authorization: bytes, now: datetime) -> Caller | None:
        """A customer or partner whose token is remembered and good for contracts."""
        caller = self._authenticator.remembered(authorization, now.timestamp())
        if caller is None or (caller.kind != "customer" and caller.kind != "partner"):
            return None
        return caller if caller.scopes is None or SCOPE in caller.scopes else None

    async def _contract(
        self, plain: Plain, caller: Caller, today: date, number: str
    ) -> Written | None:
        if _NUMBER.fullmatch(number) is None:
            return None
        rows = await self._contracts.ask(_question(number, caller), today)
        if not rows:
            return None
        key = (today, plain.language, rows[0][_VALUES])
        written: Written | None = self._written.get(key)
        if written is None:
            row = ContractRow(*rows[0][1:])
            if row.calendar_revision != self._calendar.revision:
                # The ordinary way reads the calendar anew; the lane is right again after it.
                return None
            payload = contract_out(
                row,
                today=today,
                expiring_days=self._expiring_days,
                calendar=self._calendar.calendar,
                language=plain.language,
            )
            written = write(payload, plain.language, tagged=True)
            self._written.put(key, written)
        return written

    async def _coverage(
        self, plain: Plain, caller: Caller, today: date, message: Message
    ) -> Written | None:
        content: bytes = message.get("body", b"")
        if (
            plain.content_type != b"application/json"
            or message["type"] != "http.request"
            or message.get("more_body", False)
            or len(content) > _LONGEST_BODY
        ):
            return None
        asked = _ONE_MACHINE.fullmatch(content)
        if asked is None:
            return None
        serial_number = asked[1].decode()
        product_number = asked[2].decode() if asked[2] is not None else None
        rows = await self._covers.ask(_question(serial_number, caller), today)
        if not rows:
            return None
        values = tuple(row[_VALUES] for row in rows)
        key = (today, plain.language, serial_number, product_number, values)
        written: Written | None = self._written.get(key)
        if written is None:
            payload = coverage_out(
                [(serial_number, product_number)],
                [CoverRow(1, *row) for row in values],
                today=today,
                expiring_days=self._expiring_days,
                language=plain.language,
            )
            written = write(payload, plain.language, tagged=False)
            self._written.put(key, written)
        return written
