"""Concurrent look-ups of many callers as one statement: the database's side of the fast lane.

While a connection is busy, questions gather; when it is free they go out together. The statements
are those of the ordinary way (`app.db.contracts`, `app.db.coverage`), in which each question
carries its own caller (the first wall). The transaction's context is the union of the customers
that the callers of the batch may see, read in the same transaction (the second wall). Only portal
callers come here: desk and portal never share a statement.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import ARRAY, URL, Date, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from app.db.callers import customers_literal, in_force
from app.db.contracts import PORTAL_CONTRACT
from app.db.coverage import PORTAL_COVERS
from app.db.tables import caller_grant

SCOPE = "contracts"
CONNECTIONS = 2
# More questions than this do not go out together, so that the first of them need not wait long.
MOST_TOGETHER = 64
SECONDS = 5.0
# How long a lost connection is not tried again.
REOPEN_SECONDS = 1.0


class Question(NamedTuple):
    """What a caller looks up: a contract number or a serial number, both normalised."""

    wanted: str
    principal: str
    token_id: str | None
    client_id: str | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as text with the names of its parameters in their order."""

    text: str
    names: tuple[str, ...]
    defaults: dict[str, Any]

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """The parameters in the order of the text."""
        known = {**self.defaults, **values}
        return [known[name] for name in self.names]


def compiled(statement: Any) -> Compiled:
    """Compile a Core statement for asyncpg once and for all."""
    made = statement.compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call]
    defaults = {name: value for name, value in made.params.items() if value is not None}
    return Compiled(str(made), tuple(made.positiontup or ()), defaults)


CONTRACTS = compiled(PORTAL_CONTRACT)
COVERS = compiled(PORTAL_COVERS)
UNION = compiled(
    select(func.array_agg(caller_grant.c.customer_id.distinct())).where(
        caller_grant.c.principal == any_(bindparam("principals", type_=ARRAY(Text))),
        in_force(bindparam("scope", type_=Text), bindparam("today", type_=Date)),
    )
)


class LaneClosed(Exception):
    """The lane cannot answer now; the ordinary way can, or knows the refusal."""


class Coalesced:
    """One statement on a few dedicated connections, and the questions that wait for one of them.

    `wanted` is the statement's parameter that holds what is looked up.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Any]],
        statement: Compiled,
        wanted: str,
    ) -> None:
        self._connect = connect
        self._statement = statement
        self._wanted = wanted
        self._idle: list[Any] = []
        self._waiting: list[tuple[Question, date, asyncio.Future[list[Any]]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0
        self._opening = 0
        self._next_try = 0.0
        self._closed = False
        self.questions = 0
        self.batches = 0

    async def open(self) -> None:
        """Open the connections; without a database the lane stays closed until there is one."""
        while self._open + self._opening < CONNECTIONS:
            if not await self._add_connection():
                return

    async def _add_connection(self) -> bool:
        self._opening += 1
        try:
            self._idle.append(await self._connect())
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        finally:
            self._opening -= 1
        self._open += 1
        return True

    def _reopen(self) -> None:
        """Open what is missing, in the background and not with every question."""
        now = asyncio.get_running_loop().time()
        if self._closed or self._open + self._opening >= CONNECTIONS or now < self._next_try:
            return
        self._next_try = now + REOPEN_SECONDS
        self._keep(asyncio.create_task(self.open()))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Finish what is running and close the connections."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=SECONDS)
        self._open = 0
        for connection in self._idle:
            await connection.close(timeout=SECONDS)
        self._idle.clear()

    async def ask(self, question: Question, today: date) -> list[Any]:
        """The rows for one question.

        Raises LaneClosed when no connection is open or the statement failed.
        """
        if self._open < CONNECTIONS:
            self._reopen()
        if not self._open:
            raise LaneClosed
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, today, answer))
        if self._idle:
            self._keep(asyncio.create_task(self._work(self._idle.pop())))
        return await answer

    async def _work(self, connection: Any) -> None:
        """Answer what waits, batch by batch, until nothing does."""
        while self._waiting:
            today = self._waiting[0][1]
            batch = [one for one in self._waiting[:MOST_TOGETHER] if one[1] == today]
            taken = {id(one) for one in batch}
            self._waiting = [one for one in self._waiting if id(one) not in taken]
            try:
                async with asyncio.timeout(SECONDS):
                    await self._answer(connection, batch, today)
            except Exception:
                # Whatever went wrong, nobody is left waiting: each caller goes the ordinary way,
                # which tells a refusal from a fault. The connection may hold anything now.
                for _, _, answer in batch:
                    if not answer.done():
                        answer.set_exception(LaneClosed())
                await self._replace(connection)
                return
        self._idle.append(connection)

    async def _replace(self, connection: Any) -> None:
        self._open -= 1
        connection.terminate()
        await self._add_connection()
        if not self._open:
            for _, _, answer in self._waiting:
                if not answer.done():
                    answer.set_exception(LaneClosed())
            self._waiting.clear()

    async def _answer(
        self,
        connection: Any,
        batch: Sequence[tuple[Question, date, asyncio.Future[list[Any]]]],
        today: date,
    ) -> None:
        """One transaction: who may see what, the context, the statement."""
        principals = list({question.principal for question, _, _ in batch})
        await connection.execute("BEGIN READ ONLY")
        customers = await connection.fetchval(
            UNION.text,
            *UNION.arguments({"principals": principals, "scope": SCOPE, "today": today}),
        )
        await connection.execute(
            f"SET LOCAL app.customers = '{customers_literal(customers or [])}'"
        )
        rows = await connection.fetch(
            self._statement.text,
            *self._statement.arguments(
                {
                    self._wanted: [question.wanted for question, _, _ in batch],
                    "principals": [question.principal for question, _, _ in batch],
                    "token_ids": [question.token_id for question, _, _ in batch],
                    "client_ids": [question.client_id for question, _, _ in batch],
                    "today": today,
                }
            ),
        )
        await connection.execute("COMMIT")
        self.questions += len(batch)
        self.batches += 1
        by_position: list[list[Any]] = [[] for _ in batch]
        for row in rows:
            by_position[row[0] - 1].append(row)
        for (_, _, answer), found in zip(batch, by_position, strict=True):
            if not answer.done():
                answer.set_result(found)


def connector(url: URL) -> Callable[[], Awaitable[Any]]:
    """How to open a connection of the lane, logged in as the portal."""

    async def connect() -> Any:
        return await asyncpg.connect(
            host=url.query.get("host") or url.host,
            port=int(str(url.query.get("port") or url.port or 5432)),
            user=url.username,
            password=url.password,
            database=url.database,
            timeout=SECONDS,
            command_timeout=SECONDS,
            server_settings={
                "application_name": "renewal-desk lane",
                "timezone": "UTC",
                "jit": "off",
                # A plan for every call would cost more than the call.
                "plan_cache_mode": "force_generic_plan",
                "idle_in_transaction_session_timeout": "10000",
            },
        )

    return connect
