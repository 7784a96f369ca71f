"""One transaction of one request: what the database floor asks for, straight on the driver."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Executable, Insert
from sqlalchemy.engine import Result, ScalarResult
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.pool import Pool
from app.db.statements import (
    Outcome,
    Shape,
    arguments,
    changed,
    outcome,
    shape_of,
    together,
    translated,
)


class Transaction(AsyncSession):
    """A session for Core statements, which is all that this service uses of one.

    By type it is a session of SQLAlchemy, because the same functions of the database floor take
    one of those from the command line, and the owner's. What belongs to mapped classes is not
    there. It begins with its first statement; only `Database.transaction` ends it.
    """

    def __init__(self, pool: Pool) -> None:
        # Not SQLAlchemy's own __init__: it would build the session of the mapped classes.
        self._pool = pool
        self._connection: Any = None
        self._savepoints = 0
        # Rows that go out with the next statement: the text of each insert, and its values.
        self._rows: list[tuple[str, list[Any]]] = []

    async def driver(self) -> Any:
        """The connection of asyncpg, in the transaction: for COPY."""
        if self._connection is None:
            await self._run("")
        if self._rows:
            await self.send_rows()
        return self._connection

    async def keep(self, statement: Insert, values: Mapping[str, Any]) -> None:
        """Insert a row with the next statement, or with COMMIT: `insert_soon`."""
        shape, own, _ = shape_of(statement, tuple(sorted(values)), many=False)
        text, row = arguments(shape, own, values)
        if any(text == waiting for waiting, _ in self._rows):
            # The parts of one statement run in no order that is promised, and rows of one table
            # have one: what happened first is to be told first.
            await self.send_rows()
        self._rows.append((text, row))

    async def send_rows(self) -> None:
        """Insert the rows that were kept, all by one statement."""
        rows, self._rows = self._rows, []
        text = together(tuple(text for text, _ in rows))
        connection = self._connection or await self.driver()
        try:
            await connection.execute(text, *(value for _, values in rows for value in values))
        except Exception as failure:
            raise self._named(failure, text) from failure

    async def connection(self, *_: Any, **__: Any) -> Any:
        """What takes SQL as it is: this transaction."""
        return self

    async def exec_driver_sql(self, script: str, values: Sequence[Any] | None = None) -> Outcome:
        """Run SQL as it is, with the values for its `$1`. Without any it gives no rows, but it need
        not be prepared, and it begins the transaction on the same way to the server.
        """
        if values is None:
            return await self._run(script)
        connection = await self.driver()
        try:
            return outcome(Shape(None, script), await connection.fetch(script, *values))
        except Exception as failure:
            raise self._named(failure, script) from failure

    async def _run(self, script: str) -> Outcome:
        if self._rows:
            await self.send_rows()
        connection = self._connection
        if connection is None:
            connection = self._connection = await self._pool.take()
            script = f"BEGIN;{script}"
        try:
            return changed(await connection.execute(script))
        except Exception as failure:
            raise self._named(failure, script) from failure

    async def execute(
        self,
        statement: Executable,
        params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        **_: Any,
    ) -> Result[Any]:
        """Run a statement; with a list of parameters once for each. Raises what SQLAlchemy does."""
        if isinstance(params, Sequence):
            return await self._execute_many(statement, params)
        given = params or {}
        shape, own, collected = shape_of(statement, tuple(sorted(given)), many=False)
        text, values = arguments(shape, own, {**collected, **given} if collected else given)
        connection = self._connection
        if connection is None or self._rows:
            connection = await self.driver()
        try:
            if shape.returns_rows:
                return outcome(shape, await connection.fetch(text, *values))
            return changed(await connection.execute(text, *values))
        except Exception as failure:
            raise self._named(failure, text) from failure

    async def _execute_many(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]]
    ) -> Result[Any]:
        shape, own, _ = shape_of(statement, tuple(sorted(rows[0])), many=True)
        if shape.expanding:
            raise NotImplementedError("a statement whose text depends on its values, many times")
        values = [arguments(shape, own, row)[1] for row in rows]
        connection = await self.driver()
        try:
            await connection.executemany(shape.text, values)
        except Exception as failure:
            raise self._named(failure, shape.text) from failure
        return changed("")

    async def scalar(self, statement: Executable, params: Any = None, **_: Any) -> Any:
        """The first column of the first row; None without a row."""
        return (await self.execute(statement, params)).scalar()

    async def scalars(
        self, statement: Executable, params: Any = None, **_: Any
    ) -> ScalarResult[Any]:
        """The first column of all rows."""
        return (await self.execute(statement, params)).scalars()

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:  # type: ignore[override]
        """A savepoint: what raises in the block is undone, what came before it stays."""
        self._savepoints += 1
        name = f"part_{self._savepoints}"
        await self._run(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self._rows = []
            if not self._connection.is_closed():
                await self._run(f"ROLLBACK TO SAVEPOINT {name};RELEASE SAVEPOINT {name}")
            raise
        await self._run(f"RELEASE SAVEPOINT {name}")

    async def commit(self) -> None:
        """Commit, if anything was begun, and give the connection back."""
        if self._rows:
            await self.send_rows()
        connection = self._connection
        if connection is None:
            return
        try:
            status = await connection.execute("COMMIT")
        except Exception as failure:
            raise self._named(failure, "COMMIT") from failure
        # The server answers a COMMIT after a failed statement with this and no error.
        if status != "COMMIT":
            raise RuntimeError("a failed transaction was to be committed")
        self._give()

    async def rollback(self) -> None:
        """Undo what was begun, and give the connection back."""
        self._rows = []
        connection = self._connection
        if connection is None:
            return
        try:
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
        finally:
            self._give()

    def abandon(self) -> None:
        """End without waiting for anything: the pool drops a connection with a transaction."""
        if self._connection is not None:
            self._give()

    def _give(self) -> None:
        connection, self._connection = self._connection, None
        self._pool.give(connection)

    def _named(self, failure: Exception, text: str) -> Exception:
        return translated(failure, text, gone=self._connection.is_closed())


async def insert_soon(session: AsyncSession, statement: Insert, values: Mapping[str, Any]) -> None:
    """Insert a row whose outcome nobody waits for. It goes to the server together with others, in
    front of the next statement of this transaction or of its COMMIT; what it breaks is raised then.

    The statement is the same object with every call (a constant) and has no values of its own.
    """
    if isinstance(session, Transaction):
        await session.keep(statement, values)
    else:
        await session.execute(statement, values)
