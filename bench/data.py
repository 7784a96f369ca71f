"""The bench's own cluster and its data: made once per size, the same for everybody measured."""

import asyncio
import json
import random
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from app.auth import Authenticator
from app.auth_keys import load_keys
from app.db.engine import role_urls
from app.deps import utc_now
from app.domain.calendar import jst_date
from app.embedded import Cluster
from app.preparation import prepare
from app.settings import load_settings

# Raise it when the shape of the data changes: databases of other versions are dropped.
VERSION = 3
LINES = 5
LARGE_CONTRACTS = 400
SMALL_CONTRACTS = 20
PRODUCTS = 65
FIRST_NUMBER = 10_000_000
CALLERS = 400


@dataclass(frozen=True)
class Layout:
    """How machines, contracts and customers lie. Two machines of five belong to large customers of
    2,000 machines each, the others to small ones of 100. Contract `i` has machines 5 i to 5 i + 4.
    """

    machines: int

    @property
    def contracts(self) -> int:
        return self.machines // LINES

    @property
    def large(self) -> int:
        return max(1, self.machines // 5000)

    @property
    def customers(self) -> int:
        return self.large + (self.contracts - self.large * LARGE_CONTRACTS) // SMALL_CONTRACTS

    def contracts_of(self, customer: int) -> range:
        if customer < self.large:
            first = customer * LARGE_CONTRACTS
            return range(first, first + LARGE_CONTRACTS)
        first = self.large * LARGE_CONTRACTS + (customer - self.large) * SMALL_CONTRACTS
        return range(first, first + SMALL_CONTRACTS)

    def customer_sql(self, contract: str) -> str:
        """The number of a contract's customer, as an expression that SQL and pgbench both know."""
        border = self.large * LARGE_CONTRACTS
        return (
            f"CASE WHEN {contract} < {border} THEN {contract} / {LARGE_CONTRACTS}"
            f" ELSE {self.large} + ({contract} - {border}) / {SMALL_CONTRACTS} END"
        )


def contract_number(contract: int) -> str:
    return f"JP-{FIRST_NUMBER + contract}"


def serial_number(machine: int) -> str:
    return f"SN{FIRST_NUMBER + machine}"


def customer_id(customer: int) -> str:
    return f"C{customer}"


def database_name(layout: Layout) -> str:
    return f"bench_{layout.machines}_v{VERSION}"


def plain_url(cluster: Cluster, database: str) -> str:
    return cluster.url(database).replace("postgresql+asyncpg", "postgresql")


def connect_arguments(cluster: Cluster, database: str, user: str | None = None) -> dict[str, Any]:
    return {
        "host": str(cluster.socket_dir),
        "port": cluster.port,
        "user": user or cluster.superuser,
        "database": database,
    }


def make_database(cluster: Cluster, layout: Layout) -> str:
    """Make and fill the database of this size unless it is there; return its name."""
    return asyncio.run(_make(cluster, layout))


async def _make(cluster: Cluster, layout: Layout) -> str:
    name = database_name(layout)
    admin = await asyncpg.connect(**connect_arguments(cluster, "postgres"))
    try:
        found = {row[0] for row in await admin.fetch("SELECT datname FROM pg_database")}
        for other in found:
            if other.startswith("bench_") and not other.endswith(f"_v{VERSION}"):
                await admin.execute(f'DROP DATABASE "{other}" WITH (FORCE)')
        if name in found:
            await migrate_database(cluster, name)
            return name
        making = f"making_{name}"
        await admin.execute(f"DROP DATABASE IF EXISTS {making} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {making}")
        await migrate_database(cluster, making)
        connection = await asyncpg.connect(**connect_arguments(cluster, making))
        try:
            await _fill(connection, layout)
        finally:
            await connection.close()
        await admin.execute(f"ALTER DATABASE {making} RENAME TO {name}")
        await admin.execute("CHECKPOINT")
    finally:
        await admin.close()
    return name


async def migrate_database(cluster: Cluster, name: str) -> None:
    settings = load_settings({"RENEWAL_DESK_DATABASE_URL": plain_url(cluster, name)})
    urls = role_urls(str(settings.database.url), settings.database)
    await prepare(urls, settings, utc_now())


async def fill_contracts(connection: Any, layout: Layout) -> None:
    """Customers, products and contracts; what equipment and lines refer to."""
    # Generated rows keep the foreign keys by construction; checking each would take most of the
    # time.
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        f"""
        INSERT INTO customer (customer_id, name)
          SELECT 'C' || c, '株式会社お客様' || c FROM generate_series(0, {layout.customers - 1}) c;
        INSERT INTO product (product_number, product_name, family, end_of_support)
          SELECT 'P' || (10000 + p) || '-B21', 'Made-up Server Gen' || p, 'Made-up',
                 CASE WHEN p % 5 = 0 THEN NULL ELSE current_date + 300 + 40 * p END
            FROM generate_series(0, {PRODUCTS - 1}) p;
        INSERT INTO contract (customer_id, contract_number, service_id, kind, service_level,
                              stated_start, stated_end, start_date, end_date, line_count, billing)
          SELECT 'C' || ({layout.customer_sql("i")}), 'JP-' || ({FIRST_NUMBER} + i),
                 (100000000000 + i)::text, CASE i % 10 WHEN 0 THEN 'package' ELSE 'contract' END,
                 'foundation_care_24x7', ends - 364, ends, ends - 364, ends, {LINES}, 'annual'
            FROM (SELECT i, current_date - 200 + (i * 7919) % 900 AS ends
                    FROM generate_series(0, {layout.contracts - 1}) i) made;
        """
    )


async def _fill(connection: Any, layout: Layout) -> None:
    await fill_contracts(connection, layout)
    owner = layout.customer_sql(f"(m / {LINES})")
    principal = _issuer().principal_of("dev:C")
    await connection.execute(
        f"""
        INSERT INTO membership (principal, customer_id)
          SELECT '{principal}' || c, 'C' || c FROM generate_series(0, {layout.customers - 1}) c;
        INSERT INTO desk_role (principal) VALUES ('{_issuer().principal_of("dev:desk")}');
        INSERT INTO equipment (customer_id, serial_number, product_number, warranty_start,
                               warranty_end)
          SELECT 'C' || ({owner}), 'SN' || ({FIRST_NUMBER} + m),
                 'P' || (10000 + m % {PRODUCTS}) || '-B21',
                 current_date - 1500 + m % 900, current_date - 405 + m % 900
            FROM generate_series(0, {layout.machines - 1}) m;
        INSERT INTO contract_line (customer_id, contract_number, line_number, product_number,
                                   product_name, serial_number, annual_price)
          SELECT 'C' || ({owner}), 'JP-' || ({FIRST_NUMBER} + m / {LINES}), m % {LINES} + 1,
                 'P' || (10000 + m % {PRODUCTS}) || '-B21', 'Made-up Server',
                 'SN' || ({FIRST_NUMBER} + m), 120000 + m % 1000
            FROM generate_series(0, {layout.machines - 1}) m;
        """,
        timeout=3600,
    )
    await connection.execute("VACUUM (ANALYZE, FREEZE)", timeout=3600)


# ------------------------------------------------------------------------------------ who asks what


@dataclass(frozen=True)
class Asked:
    """One request's meaning: who asks for which contract and which machine."""

    principal: str
    token: str
    contract: str
    serial: str
    product: str


def _issuer(data_dir: Path | None = None) -> Authenticator:
    settings = load_settings({})
    if data_dir is None:
        return Authenticator(settings.auth, None, utc_now)  # type: ignore[arg-type]
    return Authenticator(settings.auth, load_keys(data_dir), utc_now)


@dataclass(frozen=True)
class Batch:
    """A batch of 1,000 machines of one customer."""

    principal: str
    token: str
    serials: list[str]


def questions(data_dir: Path, layout: Layout, count: int, seed: int = 7) -> list[Asked]:
    """Random contracts and machines, each asked for by the customer that owns it; `CALLERS`
    customers, so that every token is among those that the service remembers.
    """
    chance = random.Random(seed)
    customers = chance.sample(range(layout.customers), min(CALLERS, layout.customers))
    tokens = {one: token_of(data_dir, f"dev:C{one}") for one in customers}
    made = []
    for _ in range(count):
        owner = chance.choice(customers)
        contract = chance.choice(layout.contracts_of(owner))
        machine = contract * LINES + chance.randrange(LINES)
        principal, token = tokens[owner]
        made.append(
            Asked(
                principal,
                token,
                contract_number(contract),
                serial_number(machine),
                f"P{10000 + machine % PRODUCTS}-B21",
            )
        )
    return made


def batches(data_dir: Path, layout: Layout, count: int, seed: int = 11) -> list[Batch]:
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        owner = chance.randrange(layout.large)
        principal, token = token_of(data_dir, f"dev:C{owner}")
        contracts = layout.contracts_of(owner)
        machines = range(contracts[0] * LINES, (contracts[-1] + 1) * LINES)
        made.append(
            Batch(principal, token, [serial_number(m) for m in chance.sample(machines, 1000)])
        )
    return made


def wished(serials: list[str]) -> dict[str, Any]:
    """The body of an eligibility check of these machines."""
    today = jst_date(utc_now())
    working = {"state": "working", "declared_by": "Sato", "declared_on": today.isoformat()}
    level = "foundation_care_24x7"
    return {
        "kind": "reenrollment",
        "start_date": (today + timedelta(days=30)).isoformat(),
        "items": [
            {"serial_number": serial, "service_level": level, "operating_condition": working}
            for serial in serials
        ],
    }


def put_policy(cluster: Cluster, database: str, definition: dict[str, Any]) -> None:
    """Have a fee policy in force, once."""

    async def put() -> None:
        connection = await asyncpg.connect(**connect_arguments(cluster, database))
        try:
            await connection.execute(
                "INSERT INTO fee_policy (code, version, effective_from, definition, created_by)"
                " VALUES ($1, 1, DATE '2020-01-01', $2::jsonb, 'bench') ON CONFLICT DO NOTHING",
                definition["code"],
                json.dumps(definition),
            )
        finally:
            await connection.close()

    asyncio.run(put())


def token_of(data_dir: Path, subject: str) -> tuple[str, str]:
    """A principal and a token of it."""
    issuer = _issuer(data_dir)
    kind: Any = "desk" if subject == "dev:desk" else "customer"
    token = issuer.issue(kind=kind, subject=subject, now=utc_now(), lifetime=timedelta(hours=12))
    return issuer.principal_of(subject), token


def write_questions(path: Path, asked: list[Asked]) -> None:
    """For the limits that read no HTTP."""
    path.write_text(json.dumps([asdict(one) for one in asked]), "utf-8")
