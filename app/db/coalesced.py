"""Concurrent look-ups of many callers as one statement: the database's side of the fast lane.

While a connection is busy, questions gather; when it is free they go out together. The statements
are those of the ordinary way (`app.db.contracts`, `app.db.coverage`), in which each question
carries its own caller (the first wall). The transaction's context is the union of the customers
that the callers of the batch may see (the second wall; `app.db.contexts` says how it is known).
Only portal callers come here: desk and portal never share a statement.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import URL

from app.db.contexts import GRANTS, SCOPE, Compiled, Contexts, joined, shared
from app.db.contracts import PORTAL_CONTRACT
from app.db.coverage import PORTAL_COVERS

CONNECTIONS = 2
# More questions than this do not go out together, so that the first of them need not wait long.
MOST_TOGETHER = 64
# While one connection works, the next one waits for so many questions: a statement costs more than
# the questions in it, and whoever waits is taken along by the first one that is free.
ENOUGH_TOGETHER = 12
SECONDS = 5.0
BEGIN = "BEGIN READ ONLY"
# How long a lost connection is not tried again.
REOPEN_SECONDS = 1.0

CONTRACTS = shared(PORTAL_CONTRACT)
COVERS = shared(PORTAL_COVERS)


class Question(NamedTuple):
    """What a caller looks up: a contract number or a serial number, both normalised."""

    wanted: str
    principal: str
    token_id: str | None
    client_id: str | None


Answer = asyncio.Future[list[Any]]
Waiting = tuple[Question, date, Answer]


class Line(NamedTuple):
    """An open connection with its two statements, prepared."""

    connection: Any
    grants: Any
    statement: Any


class LaneClosed(Exception):
    """The lane cannot answer now; the ordinary way can, or knows the refusal."""


class Coalesced:
    """One statement on a few dedicated connections, and the questions that wait for one of them.

    `wanted` is the statement's parameter that holds what is looked up. Each row that the statement
    returns begins with `stands` and the position of its question in the batch.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Any]],
        statement: Compiled,
        wanted: str,
        contexts: Contexts,
    ) -> None:
        self._connect = connect
        self._statement = statement
        self._wanted = wanted
        self._contexts = contexts
        self._idle: list[Line] = []
        self._waiting: list[Waiting] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0
        self._opening = 0
        self._working = 0
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
            async with asyncio.timeout(SECONDS):
                connection = await self._connect()
                line = Line(
                    connection,
                    await connection.prepare(GRANTS.text),
                    await connection.prepare(self._statement.text),
                )
                # Preparing leaves the tables locked until the next message ends it.
                await connection.execute("SELECT")
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        finally:
            self._opening -= 1
        self._idle.append(line)
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
        for line in self._idle:
            await line.connection.close(timeout=SECONDS)
        self._idle.clear()

    def ask(self, question: Question, today: date) -> Answer:
        """The rows for one question, as a future; it holds LaneClosed when the statement failed.

        Raises LaneClosed when no connection is open.
        """
        if self._open < CONNECTIONS:
            self._reopen()
            if not self._open:
                raise LaneClosed
        answer: Answer = asyncio.get_running_loop().create_future()
        self._waiting.append((question, today, answer))
        self._start()
        return answer

    def _goes_out(self, others: int) -> bool:
        """Whether what waits goes out now. While `others` work it waits until it is enough for a
        statement of its own; the first of them that is free takes it along.
        """
        return len(self._waiting) >= ENOUGH_TOGETHER or (others == 0 and bool(self._waiting))

    def _start(self) -> None:
        if self._idle and self._goes_out(self._working):
            self._working += 1
            self._keep(asyncio.create_task(self._work(self._idle.pop())))

    async def _work(self, line: Line) -> None:
        """Answer what waits, batch by batch, and give the connection back. Whoever waits then is
        left to another one, which looks again before it stops.
        """
        batch: list[Waiting] = []
        begin = BEGIN
        try:
            while True:
                await self._gather()
                if self._goes_out(self._working - 1):
                    batch = self._next_batch()
                    async with asyncio.timeout(SECONDS):
                        await self._answer(line, begin, batch)
                    # The answers are out: a transaction that only read has nothing to lose.
                    begin = f"COMMIT; {BEGIN}"
                elif begin == BEGIN:
                    break
                else:
                    await line.connection.execute("COMMIT", timeout=SECONDS)
                    begin = BEGIN
        except Exception:
            # Whatever went wrong, nobody is left waiting: each caller goes the ordinary way,
            # which tells a refusal from a fault. The connection may hold anything now.
            self._working -= 1
            for _, _, answer in batch:
                if not answer.done():
                    answer.set_exception(LaneClosed())
            self._start()
            await self._replace(line)
        else:
            self._working -= 1
            self._idle.append(line)
        self._start()

    async def _gather(self) -> None:
        """Let what has arrived already be read from its sockets and join the questions."""
        before = 0
        while before < len(self._waiting) < ENOUGH_TOGETHER:
            before = len(self._waiting)
            await asyncio.sleep(0)

    def _next_batch(self) -> list[Waiting]:
        """The questions of one day that go out together; what is left keeps waiting."""
        waiting = self._waiting
        today = waiting[0][1]
        count = 1
        while count < min(len(waiting), MOST_TOGETHER) and waiting[count][1] == today:
            count += 1
        batch = waiting[:count]
        del waiting[:count]
        return batch

    async def _replace(self, line: Line) -> None:
        self._open -= 1
        line.connection.terminate()
        await self._add_connection()
        if not self._open:
            for _, _, answer in self._waiting:
                if not answer.done():
                    answer.set_exception(LaneClosed())
            self._waiting.clear()

    async def _answer(self, line: Line, begin: str, batch: Sequence[Waiting]) -> None:
        """One transaction: the context, the statement, and each answer to who asked."""
        questions = [question for question, _, _ in batch]
        rows = await self._read(line, begin, questions, batch[0][1])
        self.questions += len(batch)
        self.batches += 1
        by_position: list[list[Any]] = [[] for _ in batch]
        for row in rows:
            by_position[row[1] - 1].append(row)
        for (question, _, answer), found in zip(batch, by_position, strict=True):
            if not found:
                # Perhaps because the caller may see more by now than the context knew.
                self._contexts.forget(question.principal)
            if not answer.done():
                answer.set_result(found)

    async def _read(
        self, line: Line, begin: str, questions: Sequence[Question], today: date
    ) -> list[Any]:
        """The rows of a batch, in a context that was good in the snapshot that gave them.

        Raises LaneClosed when relations end faster than they can be read.
        """
        principals = [question.principal for question in questions]
        arguments = self._statement.arguments(
            {
                self._wanted: joined(question.wanted for question in questions),
                "principals": joined(principals),
                "token_ids": joined(question.token_id for question in questions),
                "client_ids": joined(question.client_id for question in questions),
                "scope": SCOPE,
                "today": today,
            }
        )
        context = self._contexts.remembered(principals, today)
        if context is not None:
            await line.connection.execute(f"{begin}; {context}")
            rows: list[Any] = await line.statement.fetch(*arguments)
            if not rows or rows[0][0]:
                return rows
            begin = f"ROLLBACK; {BEGIN}"
        await line.connection.execute(begin)
        grants = await line.grants.fetch(
            *GRANTS.arguments({"principals": principals, "scope": SCOPE, "today": today})
        )
        await line.connection.execute(self._contexts.learned(principals, today, grants))
        rows = await line.statement.fetch(*arguments)
        if rows and not rows[0][0]:
            raise LaneClosed
        return rows


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
