"""Transactions on the driver: values, results, failures, and that nothing is left in a connection.

Seen to fail: with the pool not looking whether a connection is idle (after a cancellation the next
one found a failed transaction, or what the one before had set), without `abandon` (a cancelled
one's connection stayed lent), with a rollback in its place (it was lent again instead of cut), with
COMMIT's own answer not looked at, and without the JSON codecs (values came back as text; without
them for the service too, it does not start). Of rows that wait: with their parameters not counted
on, with COMMIT not sending them, with a rollback that does not forget them, and with those of one
table in one statement.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from asyncpg.exceptions import DivisionByZeroError
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Time,
    Uuid,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable, DropTable

from app.db.engine import make_pool, refusal_of
from app.db.pool import Pool
from app.db.statements import Outcome
from app.db.transaction import Transaction, insert_soon
from app.domain.errors import Overloaded
from app.settings import Settings
from tests.conftest import Service

KEPT = Table(
    "kept",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("word", Text, unique=True),
    Column("count", Integer),
    Column("large", BigInteger),
    Column("amount", Numeric),
    Column("day", Date),
    Column("at", DateTime(timezone=True)),
    Column("clock", Time),
    Column("flag", Boolean),
    Column("bytes", LargeBinary),
    Column("words", ARRAY(Text)),
    Column("facts", JSONB),
    prefixes=["TEMPORARY"],
)
FULL: dict[str, Any] = {
    "id": uuid.UUID(int=1),
    "word": "語 ' : $1 %s \\",
    "count": -7,
    "large": 2**40,
    "amount": Decimal("12345678901234567890.000000001"),
    "day": date(2026, 11, 25),
    "at": datetime(2026, 11, 25, 1, 2, 3, 456789, tzinfo=UTC),
    "clock": time(23, 59),
    "flag": True,
    "bytes": b"\x00\xff",
    "words": ["a", "語", '"{},'],
    "facts": {"nested": [1, None, {"語": "\u2028"}], "large": 2**60},
}
EMPTY = {**dict.fromkeys(FULL), "id": uuid.UUID(int=2)}


@pytest.fixture
async def pool(service: Service, settings: Settings) -> AsyncIterator[Pool]:
    """Two connections of the owner, so that a temporary table can be made."""
    few = replace(settings.database, pool_size=2, pool_wait=0.2)
    made = make_pool(service.urls.owner, few, "test")
    yield made
    assert made.lent == 0
    await made.close()


@pytest.fixture
async def kept(pool: Pool) -> AsyncIterator[Transaction]:
    """A transaction in which the table stands; nothing of it stays."""
    transaction = Transaction(pool)
    await transaction.execute(CreateTable(KEPT))
    yield transaction
    await transaction.rollback()


async def test_values_of_every_type_come_back_as_they_went(kept: Transaction) -> None:
    await kept.execute(insert(KEPT).values(**FULL))
    await kept.execute(insert(KEPT), EMPTY)
    rows = (await kept.execute(select(KEPT).order_by(KEPT.c.id))).all()
    assert [dict(row._mapping) for row in rows] == [FULL, EMPTY]
    for value, sent in zip(rows[0], FULL.values(), strict=True):
        assert isinstance(value, type(sent))


async def test_rows_answer_by_name_by_place_and_by_column(kept: Transaction) -> None:
    await kept.execute(insert(KEPT), [FULL, EMPTY])
    statement = select(KEPT.c.word, KEPT.c.count.label("n")).where(KEPT.c.id == FULL["id"])
    row: Any = (await kept.execute(statement)).one()
    assert (row.word, row.n, row[1], tuple(row)) == (FULL["word"], -7, -7, (FULL["word"], -7))
    assert row._mapping[KEPT.c.word] == FULL["word"]
    assert await kept.scalar(select(func.count()).select_from(KEPT)) == 2
    assert (await kept.scalars(select(KEPT.c.count).order_by(KEPT.c.id))).all() == [-7, None]
    assert (await kept.execute(select(KEPT).where(KEPT.c.count == 9))).first() is None
    assert await kept.scalar(text("SELECT word AS w FROM kept WHERE count = :n"), {"n": 9}) is None
    named = (await kept.execute(text("SELECT word AS w FROM kept WHERE count = -7"))).one()
    assert named.w == FULL["word"]


async def test_sql_as_it_is_runs_in_the_transaction(kept: Transaction) -> None:
    await kept.execute(insert(KEPT), FULL)
    connection = await kept.connection()
    await connection.exec_driver_sql("SET LOCAL app.customers = '{C1}'")
    rows = await connection.exec_driver_sql(
        "SELECT word AS w, current_setting('app.customers') FROM kept WHERE count = $1", (-7,)
    )
    assert [tuple(row) for row in rows] == [(FULL["word"], "{C1}")]
    await kept.rollback()
    assert await kept.scalar(text("SELECT current_setting('app.customers', true)")) in {None, ""}


async def test_one_shape_serves_many_values(kept: Transaction) -> None:
    """A statement is compiled once; the values of the first one must not stay in it."""
    for count in range(5):
        await kept.execute(insert(KEPT).values(id=uuid.UUID(int=count), word=f"w{count}"))
    for count in range(5):
        wanted = select(KEPT.c.word).where(KEPT.c.id == uuid.UUID(int=count)).limit(count + 1)
        assert await kept.scalar(wanted) == f"w{count}"
    for words in ({"w1"}, {"w1", "w2", "w4"}, set[str]()):
        found = await kept.scalars(select(KEPT.c.word).where(KEPT.c.word.in_(words)))
        assert set(found) == words
    asked = select(KEPT.c.word).where(KEPT.c.word == bindparam("w", type_=Text))
    assert [await kept.scalar(asked, {"w": f"w{n}"}) for n in (3, 0)] == ["w3", "w0"]
    assert await kept.scalar(asked.params(w="w2")) == "w2"
    with pytest.raises(StatementError):
        await kept.execute(asked)


async def test_changes_are_counted(kept: Transaction) -> None:
    await kept.execute(insert(KEPT), [FULL, EMPTY])
    changed = await kept.execute(update(KEPT).values(count=1))
    assert isinstance(changed, Outcome)
    assert changed.rowcount == 2
    removed = await kept.execute(delete(KEPT).where(KEPT.c.word.is_(None)).returning(KEPT.c.id))
    assert removed.scalars().all() == [EMPTY["id"]]


async def test_a_savepoint_undoes_its_own_part_only(kept: Transaction) -> None:
    await kept.execute(insert(KEPT), FULL)

    async def doubled() -> None:
        async with kept.begin_nested():
            await kept.execute(insert(KEPT), EMPTY)
            await kept.execute(insert(KEPT), FULL)

    with pytest.raises(IntegrityError) as caught:
        await doubled()
    cause: Any = caught.value.orig
    assert cause.__cause__.constraint_name == "kept_pkey"
    assert cause.sqlstate == "23505"
    # What a caller sent stands neither in the failure's words nor in its statement.
    assert FULL["word"] not in str(caught.value)
    assert refusal_of(caught.value) is None
    assert await kept.scalar(select(func.count()).select_from(KEPT)) == 1


async def test_a_failed_transaction_is_not_committed_in_silence(pool: Pool) -> None:
    transaction = Transaction(pool)
    with pytest.raises(DBAPIError) as caught:
        await transaction.execute(text("SELECT 1 / 0"))
    assert isinstance(caught.value.orig.__cause__, DivisionByZeroError)  # type: ignore[union-attr]
    with pytest.raises(RuntimeError, match="failed transaction"):
        await transaction.commit()
    await transaction.rollback()


async def count_of(service: Service, name: str) -> int:
    """How many connections of this name the server still has."""
    async with service.owner() as session:
        found = await session.scalar(
            text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name"),
            {"name": name},
        )
    return int(found or 0)


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(30)", "SELECT 1"])
async def test_who_is_cancelled_leaves_no_transaction(
    service: Service, settings: Settings, statement: str
) -> None:
    """In the middle of a statement, and between two: the connection is cut, the next one works."""
    database = type(service.database)(
        service.urls, replace(settings.database, pool_size=1, pool_wait=1)
    )
    started = asyncio.Event()
    servers = []

    async def work() -> None:
        async with database.transaction("portal") as session:
            assert isinstance(session, Transaction)
            driver = await session.driver()
            servers.append(driver.get_server_pid())
            await driver.execute("SET application_name = 'goes away'")
            started.set()
            await session.execute(text(statement))
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await started.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert database.pools["portal"].lent == 0
    async with database.transaction("portal") as session:
        assert await session.scalar(text("SHOW application_name")) == "renewal-desk portal"
        assert await session.scalar(text("SELECT pg_backend_pid()")) not in servers
    await database.close()
    async with asyncio.timeout(5):
        # Nothing tells when the server has noticed but asking.
        while await count_of(service, "goes away"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_connection_that_is_not_idle_is_not_lent_again(pool: Pool) -> None:
    connection = await pool.take()
    await connection.execute("BEGIN")
    pool.give(connection)
    again = await pool.take()
    assert again is not connection
    pool.give(again)
    assert await pool.take() is again
    pool.give(again)


async def test_whoever_waits_too_long_for_a_connection_is_told_so(pool: Pool) -> None:
    lent = [await pool.take() for _ in range(2)]
    with pytest.raises(Overloaded):
        await pool.take()
    waiting = asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    pool.give(lent.pop())
    lent.append(await waiting)
    for connection in lent:
        pool.give(connection)


async def test_what_belongs_to_mapped_classes_is_not_there(pool: Pool) -> None:
    session: AsyncSession = Transaction(pool)
    with pytest.raises(AttributeError):
        session.add(object())


# Alike but for their texts, so that they can wait for each other.
INSERT, *OTHERS = [insert(KEPT).prefix_with(f"/* {number} */") for number in range(3)]
WORDS = select(KEPT.c.word).order_by(KEPT.c.id)


def a_row(number: int, word: str | None = None) -> dict[str, Any]:
    return {"id": uuid.UUID(int=number), "word": word or f"$1 {number}", "flag": None}


async def test_rows_that_wait_go_out_together_before_the_next_statement(kept: Transaction) -> None:
    seen: list[str] = []
    connection = await kept.driver()
    connection.add_query_logger(lambda query: seen.append(query.query))
    for number, statement in enumerate((INSERT, *OTHERS, INSERT, *OTHERS), start=1):
        await insert_soon(kept, statement, a_row(number))
    assert (await kept.scalars(WORDS)).all() == [f"$1 {number}" for number in range(1, 7)]
    await asyncio.sleep(0)
    assert [text.count("INTO kept") for text in seen] == [3, 3, 0]
    for run in (
        lambda: kept.exec_driver_sql("UPDATE kept SET flag = true"),
        lambda: kept.execute(update(KEPT).values(flag=True)),
        lambda: kept.execute(update(KEPT).where(KEPT.c.id == bindparam("i")), [{"i": None}]),
    ):
        await insert_soon(kept, INSERT, a_row(9))
        changed: Any = await run()  # type: ignore[no-untyped-call]
        assert changed.rowcount in {7, -1}
        await kept.execute(delete(KEPT).where(KEPT.c.id == uuid.UUID(int=9)))


async def test_rows_of_one_table_are_inserted_in_their_order(kept: Transaction) -> None:
    await kept.execute(text("ALTER TABLE kept ADD COLUMN place bigserial"))
    for number in (3, 1, 2):
        await insert_soon(kept, INSERT, a_row(number))
    words = await kept.scalars(text("SELECT word FROM kept ORDER BY place"))
    assert words.all() == ["$1 3", "$1 1", "$1 2"]


async def test_commit_stores_the_rows_that_wait_and_rollback_forgets_them(pool: Pool) -> None:
    # A temporary table stays with its connection, which is the one that is lent again.
    first = Transaction(pool)
    await first.execute(CreateTable(KEPT))
    await first.commit()
    for number, end in ((1, Transaction.commit), (2, Transaction.rollback)):
        transaction = Transaction(pool)
        await insert_soon(transaction, INSERT, a_row(number))
        await end(transaction)
        await transaction.commit()
    last = Transaction(pool)
    assert (await last.scalars(WORDS)).all() == ["$1 1"]
    await last.execute(DropTable(KEPT))
    await last.commit()


async def test_a_row_that_waits_belongs_to_its_savepoint(kept: Transaction) -> None:
    await insert_soon(kept, INSERT, a_row(1))
    with contextlib.suppress(ZeroDivisionError):
        async with kept.begin_nested():
            await insert_soon(kept, INSERT, a_row(2))
            raise ZeroDivisionError
    async with kept.begin_nested():
        await insert_soon(kept, INSERT, a_row(3))
    assert (await kept.scalars(WORDS)).all() == ["$1 1", "$1 3"]


async def test_what_a_waiting_row_breaks_is_raised_with_the_next_statement(
    kept: Transaction,
) -> None:
    await insert_soon(kept, INSERT, a_row(1, "same"))
    await insert_soon(kept, INSERT, a_row(2, "same"))
    with pytest.raises(IntegrityError):
        await kept.scalar(select(func.now()))
