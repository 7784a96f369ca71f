"""pgbench and psql: what the database does without anything of ours."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.db.callers import customers_literal
from app.db.contexts import compiled
from app.db.coverage import PORTAL_COVERS
from app.embedded import Cluster
from bench.apps import CONTRACT_SQL, MACHINE_SQL
from bench.data import FIRST_NUMBER, LINES, Batch, Layout
from bench.machine import Cores, call

COVERS = compiled(PORTAL_COVERS)
# Written so, because pgbench takes a colon before a letter for a variable, even in a string.
PRINCIPAL = "U&'renewal-desk|dev\\003AC' || (:c)::text"


def program(cluster: Cluster, name: str) -> Path:
    return cluster.binaries / name


def environment(cluster: Cluster, database: str, user: str | None = None) -> dict[str, str]:
    return {
        "PGHOST": str(cluster.socket_dir),
        "PGPORT": str(cluster.port),
        "PGUSER": user or cluster.superuser,
        "PGDATABASE": database,
        "PGOPTIONS": "-c jit=off",
    }


def contract_script(layout: Layout) -> str:
    """The contract look-up that the limits run, as one statement a transaction."""
    number = f"'JP-' || ({FIRST_NUMBER} + :i)::text"
    return (
        f"\\set i random(0, {layout.contracts - 1})\n"
        f"\\set c {layout.customer_sql(':i')}\n"
        + CONTRACT_SQL.format(number=number, principal=PRINCIPAL).strip()
        + ";\n"
    )


def machine_script(layout: Layout) -> str:
    serial = f"'SN' || ({FIRST_NUMBER} + :m)::text"
    return (
        f"\\set m random(0, {layout.machines - 1})\n"
        f"\\set i :m / {LINES}\n"
        f"\\set c {layout.customer_sql(':i')}\n"
        + MACHINE_SQL.format(serial=serial, principal=PRINCIPAL).strip()
        + ";\n"
    )


def rate(
    cluster: Cluster,
    cores: Cores,
    env: Mapping[str, str],
    scripts: Sequence[Path],
    seconds: float,
    clients: int,
    variables: Mapping[str, str] | None = None,
) -> float:
    """Transactions a second, prepared."""
    command: list[str | Path] = [program(cluster, "pgbench"), "--no-vacuum", "-M", "prepared"]
    command += ["-c", str(clients), "-j", "1", "-T", str(max(1, round(seconds)))]
    for name, value in (variables or {}).items():
        command += ["-D", f"{name}={value}"]
    for script in scripts:
        command += ["-f", script]
    printed = call(command, cores, cores.server, env)
    found = re.search(r"tps = ([0-9.]+) \(without initial", printed)
    if found is None or "number of failed transactions: 0 " not in printed:
        raise SystemExit(f"pgbench said:\n{printed}")
    return float(found[1])


def covers_script(folder: Path, batch: int) -> Path:
    """The service's own statement for a batch (`app.db.coverage`), its parameters given as
    variables of pgbench.
    """
    values = {
        "serial_numbers": f":serials{batch}",
        "principals": f":principals{batch}",
        "token_ids": ":nothing",
        "client_ids": ":nothing",
        "today": ":today",
    }
    text = COVERS.text
    for position, name in reversed(list(enumerate(COVERS.names, 1))):
        value = values.get(name) or "'" + str(COVERS.defaults[name]) + "'"
        text = re.sub(rf"\${position}\b", lambda _, value=value: value, text)  # type: ignore[misc]
    path = folder / f"covers{batch}.sql"
    path.write_text(text + ";\n", "utf-8")
    return path


def covers_rate(
    cluster: Cluster,
    cores: Cores,
    database: str,
    folder: Path,
    batches: Sequence[Batch],
    today: str,
    seconds: float,
    clients: int,
) -> float:
    """Batches a second of that statement alone, as the role `portal`, behind both walls; the
    context is set once at the log-in, so no transaction around it costs anything.
    """
    variables = {"today": today, "nothing": "{" + ",".join(["NULL"] * 1000) + "}"}
    for number, batch in enumerate(batches):
        variables[f"serials{number}"] = "{" + ",".join(batch.serials) + "}"
        variables[f"principals{number}"] = "{" + ",".join([f'"{batch.principal}"'] * 1000) + "}"
    customers = sorted({batch.principal.rpartition(":")[2] for batch in batches})
    env = environment(cluster, database, "portal")
    env["PGOPTIONS"] += (
        f" -c app.customers={customers_literal(customers)} -c plan_cache_mode=force_generic_plan"
    )
    scripts = [covers_script(folder, number) for number in range(len(batches))]
    return rate(cluster, cores, env, scripts, seconds, clients, variables)
