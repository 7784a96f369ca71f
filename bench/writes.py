"""Goal 4: durable writes. One renewal asked for by contract number, with its key, its row, its
event and its audit entry in one transaction that is on the disk before the answer leaves.

pgbench runs the statements that the service was seen to send for one such request, as the role
`portal`, behind both walls; who asks, for which contract, and what must be new differ each time.
"""

import asyncio
import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import asyncpg
import httpx
import psutil

from app.auth_keys import load_keys
from app.db.callers import PORTAL_ENTRY
from app.db.engine import Database, role_urls
from app.db.pool import Pool
from app.db.statements import shape_of
from app.deps import utc_now
from app.domain.calendar import jst_date
from app.main import create_app
from app.observability import configure_logging
from app.settings import load_settings
from bench import data, pgbench
from bench.asking import contract_requests, identity, request
from bench.machine import Server, free_port, stopped_at_the_end
from bench.runs import CONNECTIONS, DATA, Run, http, one_a_token, service

GROUP = "quote requests"
OURS, SAME, ORM = "service", "pgbench, the same statements", "FastAPI + ORM"
MOST_A_SECOND = 6_000
CALLERS = 64
WRITTEN = ("quote_request", "quote_request_item", "event", "audit", "idempotency_key")

Statement = tuple[str, tuple[Any, ...]]


def renewable(questions: list[data.Asked]) -> list[data.Asked]:
    """Those whose contract is no package and still runs months after the data were made, of
    `CALLERS` callers: each caller's first request of a minute costs the server a verification.
    """

    def stands(asked: data.Asked) -> bool:
        number = int(asked.contract.partition("-")[2]) - data.FIRST_NUMBER
        return number % 10 != 0 and number * 7919 % 900 > 400

    callers = list(dict.fromkeys(one.principal for one in questions))[:CALLERS]
    return [one for one in questions if one.principal in callers and stands(one)]


def wish(asked: data.Asked) -> dict[str, Any]:
    return {
        "kind": "renewal",
        "identification": {"contract_number": asked.contract},
        "requester": {"name": "佐藤 花子", "email": "hanako.sato@example.com"},
    }


def write_requests(asked: list[data.Asked], count: int, *, ours: bool) -> list[dict[str, Any]]:
    """So many requests, each with a key that was never used."""
    # ASCII on the way, so that characters and bytes are as many.
    bodies = [json.dumps(wish(one), separators=(",", ":")) for one in asked]
    made = []
    for turn in range(count):
        one = asked[turn % len(asked)]
        headers = {**identity(one, ours), "Idempotency-Key": uuid.uuid4().hex}
        text = request("POST", "/v1/quote-requests", headers, bodies[turn % len(asked)])
        made.append({"request": text, "expected": [one.contract, '"state":"received"']})
    return made


# ------------------------------------------------------------------ what the service was seen to do


async def seen_statements(url: str, asked: data.Asked) -> tuple[list[Statement], str]:
    """The statements of one request, the third of its kind, and the id that its answer has."""
    configure_logging("warning")
    settings = load_settings(
        {
            "RENEWAL_DESK_DATABASE_URL": url,
            "RENEWAL_DESK_DATA_DIR": str(DATA / "service"),
            "RENEWAL_DESK_JOBS": "false",
        }
    )
    database = Database(role_urls(url, settings.database), settings.database)
    app = create_app(settings, database, load_keys(settings.data_dir), clock=utc_now)
    seen: list[Statement] = []
    take = Pool.take

    async def watched(pool: Pool) -> Any:
        connection = await take(pool)
        if pool is not database.pools["portal"]:
            return connection
        connection._query_loggers.clear()
        connection.add_query_logger(lambda query: seen.append((query.query, query.args)))
        return connection

    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {asked.token}"}
    Pool.take = watched  # type: ignore[method-assign]
    try:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://bench") as client,
        ):
            for _ in range(3):
                # The loggers are told soon after, by the event loop.
                await asyncio.sleep(0.1)
                seen.clear()
                answer = await client.post(
                    "/v1/quote-requests",
                    json=wish(asked),
                    headers={**headers, "Idempotency-Key": uuid.uuid4().hex},
                )
                if answer.status_code != 201:
                    raise SystemExit(f"a quote request was answered with {answer.text}")
            await asyncio.sleep(0.1)
            return list(seen), answer.json()["id"]
    finally:
        Pool.take = take  # type: ignore[method-assign]


def quoted(text: str) -> str:
    """A text as SQL that pgbench leaves alone: it takes a colon before a letter for a variable."""
    if ":" in text or "\\" in text:
        text = text.replace("\\", "\\005C").replace(":", "\\003A")
        return "U&'" + text.replace("'", "''") + "'"
    return "'" + text.replace("'", "''") + "'"


def literal(value: Any, known: dict[Any, str]) -> str:
    """A value that was seen, as SQL: what is new or another's each time by its expression."""
    match value:
        case None:
            return "NULL"
        case str() | int() if value in known:
            return f"({known[value]})"
        case bool() | int():
            return str(value)
        case bytes():
            return f"'\\x{value.hex()}'"
        case uuid.UUID():
            return "uuidv7()"
        case date() | datetime():
            return quoted(value.isoformat())
        case list() if len(value) == 1 and value[0] in known:
            return f"(ARRAY[{known[value[0]]}])"
        case list():
            return quoted("{" + ",".join(json.dumps(one) for one in value) + "}")
    return quoted(value)


def with_values(text: str, values: tuple[Any, ...], known: dict[Any, str]) -> str:
    return re.sub(r"\$(\d+)", lambda found: literal(values[int(found[1]) - 1], known), text)


def transaction_script(
    layout: data.Layout, asked: data.Asked, seen: list[Statement], answered: str
) -> str:
    """The transaction that was seen, for pgbench."""
    customer = "'C' || (:c)::text"
    locks = {values[0] for text, values in seen if "pg_try_advisory_xact_lock" in text}
    keys = {values[1] for text, values in seen if "FROM idempotency_key" in text}
    known = {
        hashlib.sha256(asked.principal.encode()).hexdigest(): (
            f"encode(sha256(convert_to({pgbench.PRINCIPAL}, 'UTF8')), 'hex')"
        ),
        asked.principal: pgbench.PRINCIPAL,
        asked.principal.rpartition(":")[2]: customer,
        asked.contract: f"'JP-' || ({data.FIRST_NUMBER} + :i)::text",
        answered: "uuidv7()::text",
        **dict.fromkeys(keys, "(:r)::text"),
        **dict.fromkeys(locks, ":r"),
    }
    entry, _, _ = shape_of(PORTAL_ENTRY.statement, PORTAL_ENTRY.parameters, many=False)
    who = (uuid.uuid4().hex, 1, None, 1, asked.principal, "quotes", jst_date(utc_now()))
    texts = []
    for text, values in seen:
        if text == "COMMIT":
            continue
        if text.startswith("BEGIN;EXECUTE portal_entry("):
            # Both in one message, as the service sends them.
            entered = with_values(entry.text, who, known)
            texts.append(f"\\startpipeline\nBEGIN;\n{entered};\n\\endpipeline")
        else:
            texts.append(with_values(text, values, known) + ";")
    if len(texts) != len(seen) - 1 or not texts[0].startswith("\\startpipeline"):
        raise SystemExit("the service was not seen to run one transaction:\n" + "\n".join(texts))
    return (
        f"\\set i random(0, {layout.contracts - 1})\n"
        f"\\set c {layout.customer_sql(':i')}\n"
        "\\set r random(1, 4000000000000000000)\n" + "\n".join(texts) + "\nCOMMIT;\n"
    )


# ---------------------------------------------------------------------------------- the measurement


async def prepare_for_writes(run: Run) -> None:
    """Make sure that a commit waits for the disk, and begin with empty tables."""
    connection = await asyncpg.connect(**data.connect_arguments(run.cluster, run.database))
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            if await connection.fetchval(f"SHOW {setting}") != "on":
                raise SystemExit(f"{setting} is off: these writes would not be durable")
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(f"TRUNCATE {', '.join(WRITTEN)} CASCADE")
    finally:
        await connection.close()


def written(run: Run, table: str) -> int:
    async def counted() -> int:
        connection = await asyncpg.connect(**data.connect_arguments(run.cluster, run.database))
        try:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
        finally:
            await connection.close()

    return asyncio.run(counted())


def database_seconds(run: Run) -> float:
    """The processor time of the database, with that of connections which have ended."""
    ended = psutil.Process(run.postmaster).cpu_times()
    return float(ended.children_user + ended.children_system) + run.database_cpu_seconds()


def orm_server(run: Run) -> Server:
    port = free_port()
    environment = {"BENCH_DATABASE_URL": data.plain_url(run.cluster, run.database)}
    command = [sys.executable, "-m", "bench.writes_orm", str(port)]
    return Server("orm writes", command, port, run.cores, environment)


def measure_writes(run: Run) -> None:
    """Goal 4."""
    asyncio.run(prepare_for_writes(run))
    asked = renewable(data.questions(DATA / "service", run.layout, 4000))
    url = data.plain_url(run.cluster, run.database)
    seen, answered = asyncio.run(seen_statements(url, asked[0]))
    script = run.folder / "writes.sql"
    script.write_text(transaction_script(run.layout, asked[0], seen, answered), "utf-8")
    env = pgbench.environment(run.cluster, run.database, "portal")
    count = int(MOST_A_SECOND * (run.extent.seconds + 1))

    def same(_: int) -> dict[str, Any]:
        before, spent = written(run, "quote_request"), database_seconds(run)
        rate = pgbench.rate(run.cluster, run.cores, env, [script], run.extent.seconds, CONNECTIONS)
        made = written(run, "quote_request") - before
        if not made:
            raise SystemExit("pgbench wrote nothing")
        # What a transaction costs the database, beside the service's: steadier than the rates.
        return {
            "rate": rate,
            "server_us": 0.0,
            "database_us": (database_seconds(run) - spent) / made * 1e6,
        }

    def fresh(*, ours: bool) -> Iterator[list[dict[str, Any]]]:
        while True:
            yield write_requests(asked, count, ours=ours)

    ours, orm = service(run, "service", run.database), orm_server(run)
    known = one_a_token(contract_requests(asked, ours=True))
    once_only: dict[str, Any] = {"status": 201, "forbidden": ["idempotent-replayed"]}
    with stopped_at_the_end([ours, orm]):
        run.rounds(
            GROUP,
            {
                OURS: http(run, ours, fresh(ours=True), prelude=known, **once_only),
                SAME: same,
                ORM: http(run, orm, fresh(ours=False), prelude=[], **once_only),
            },
        )
    for table in ("event", "audit", "idempotency_key"):
        if written(run, table) != written(run, "quote_request"):
            raise SystemExit(f"not every quote request has its row in {table}")
    asyncio.run(prepare_for_writes(run))


def write_goals(run: Run) -> None:
    run.goal(4, "durable quote request / pgbench, same statements", GROUP, OURS, SAME, ">= 0.40")
    run.goal(4, "durable quote request / FastAPI + ORM", GROUP, OURS, ORM, ">= 6")
