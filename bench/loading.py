"""Goal 5: a whole import against psql's own copying of the same file."""

import asyncio
import json
import sys
import time
from typing import Any

import asyncpg

from app.embedded import Cluster
from bench import data, pgbench
from bench.machine import call
from bench.report import Goal
from bench.runs import Measure, Run


def measure_import(run: Run) -> None:
    """Goal 5: the whole import of contract lines against psql's \\copy of the same file."""
    layout = data.Layout(run.extent.import_rows)
    folder = run.folder / "import"
    folder.mkdir()
    path = folder / "contract_lines.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("contract_number,line_number,product_number,product_name,serial_number,quantity,")
        out.write("service_level,start_date,end_date,annual_price\n")
        for m in range(layout.machines):
            out.write(
                f"{data.contract_number(m // data.LINES)},{m % data.LINES + 1},"
                f"P{10000 + m % data.PRODUCTS}-B21,Made-up Server,{data.serial_number(m)},1,,,,"
                f"{120000 + m % 1000}\n"
            )
    name = f"bench_import_v{data.VERSION}"
    environment = {"RENEWAL_DESK_DATABASE_URL": data.plain_url(run.cluster, name)}
    pg_env = pgbench.environment(run.cluster, name)
    psql = [pgbench.program(run.cluster, "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-c"]
    copy = f"\\copy {{}} FROM '{path}' WITH (FORMAT csv, HEADER true)"

    def fresh() -> None:
        asyncio.run(import_database(run.cluster, name, layout))

    def ours(_: int) -> dict[str, Any]:
        fresh()
        command = [sys.executable, "-m", "bench.imports", folder]
        result: dict[str, Any] = json.loads(call(command, run.cores, run.cores.server, environment))
        if not result["good"] or result["rows"] != layout.machines:
            raise SystemExit(f"the import went wrong: {result}")
        return {**result, "rate": result["rows"] / result["seconds"]}

    def copied(table: str) -> Measure:
        def measure(_: int) -> dict[str, Any]:
            call([*psql, f"TRUNCATE {table}"], run.cores, run.cores.server, pg_env)
            started = time.perf_counter()
            call([*psql, copy.format(table)], run.cores, run.cores.server, pg_env)
            return {"rate": layout.machines / (time.perf_counter() - started)}

        return measure

    fresh()
    run.rounds(
        "import",
        {
            "service, whole import": ours,
            "psql \\copy, plain table": copied("plain"),
            "psql \\copy, keys and indexes": copied("keyed"),
            "psql \\copy, a foreign key too": copied("referring"),
        },
    )
    asyncio.run(drop_database(run.cluster, name))


async def drop_database(cluster: Cluster, name: str) -> None:
    admin = await asyncpg.connect(**data.connect_arguments(cluster, "postgres"))
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await admin.close()


async def import_database(cluster: Cluster, name: str, layout: data.Layout) -> None:
    """A database with the contracts of the lines, and a plain table of the file's columns."""
    await drop_database(cluster, name)
    admin = await asyncpg.connect(**data.connect_arguments(cluster, "postgres"))
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    await data.migrate_database(cluster, name)
    connection = await asyncpg.connect(**data.connect_arguments(cluster, name))
    try:
        await data.fill_contracts(connection, layout)
        await connection.execute(
            "CREATE TABLE plain (contract_number text, line_number integer, product_number text,"
            " product_name text, serial_number text, quantity integer, service_level text,"
            " start_date date, end_date date, annual_price bigint)"
        )
        # The keys, indexes and checks that every loaded line has to be put into as well.
        await connection.execute(
            "CREATE TABLE keyed (LIKE plain,"
            " PRIMARY KEY (contract_number, line_number), CHECK (line_number >= 1),"
            " CHECK (quantity >= 1), CHECK (annual_price >= 0), CHECK (end_date >= start_date));"
            "CREATE INDEX ON keyed (serial_number) INCLUDE (contract_number, product_number);"
            "CREATE INDEX ON keyed (product_number)"
        )
        # And the foreign key, which is checked row by row, whoever loads.
        await connection.execute(
            "CREATE TABLE numbers AS SELECT DISTINCT contract_number FROM contract;"
            "ALTER TABLE numbers ADD PRIMARY KEY (contract_number);"
            "CREATE TABLE referring (LIKE keyed INCLUDING ALL,"
            " FOREIGN KEY (contract_number) REFERENCES numbers)"
        )
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def import_goals(run: Run) -> None:
    ours = "service, whole import"
    for other, bound in (
        ("psql \\copy, plain table", ">= 0.42"),
        ("psql \\copy, keys and indexes", ">= 0.42"),
        ("psql \\copy, a foreign key too", ""),
    ):
        run.goal(5, f"whole import / {other}", "import", ours, other, bound)
    figure = run.figures.get(f"import: {ours}")
    if figure is not None:
        text = f"peak memory of the import, MB ({run.extent.import_rows:,} rows)"
        run.goals.append(Goal(5, text, figure["peak_mb"], "<= 300"))
