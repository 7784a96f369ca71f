"""Load one import file: COPY into a temporary table, then one set-based merge.

Everything happens in the caller's transaction, so a file is loaded whole or not at all. Only one
import writes at a time: an advisory lock of the transaction guards what the tables' keys cannot,
that a contract number or a machine is there once and not once per customer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice

from asyncpg.exceptions import InterfaceError, PostgresConnectionError
from sqlalchemy import ColumnElement, Executable, Table, delete, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable, DropTable

from app.db.import_periods import change_contracts
from app.db.import_statements import (
    came_before,
    insert_missing,
    period_turned_round,
    unknown,
    update_changed,
)
from app.db.import_targets import TARGETS, Reference, Target
from app.db.statements import Outcome
from app.db.transaction import Transaction
from app.domain.errors import DatabaseUnavailable, Overloaded
from app.domain.import_files import Issue
from app.domain.import_rows import ERRORS_KEPT, WARNINGS_KEPT, RowReader

# Any fixed number: whoever loads a file holds it until the file's transaction ends.
LOADING_LOCK = 7_201_502
# So many rows are checked and written between two chances for other work of the process: about a
# millisecond.
SLICE = 200
LOCK_NOT_AVAILABLE = "55P03"
# asyncpg's own time limit of a statement does not fit the copying of a large file.
COPY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the rows of a file that was loaded."""

    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    refused: int
    warned: int
    issues: tuple[Issue, ...]


async def take_loading_lock(session: AsyncSession, wait_seconds: int = 0) -> None:
    """Wait until no other import loads, and keep it so until the transaction ends.

    Raises Overloaded when that takes longer than `wait_seconds`; 0 waits as long as it takes.
    """
    await session.execute(text(f"SET LOCAL lock_timeout = {wait_seconds * 1000:d}"))
    try:
        await session.execute(select(func.pg_advisory_xact_lock(LOADING_LOCK)))
    except DBAPIError as failure:
        if getattr(failure.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise Overloaded from failure
        raise
    # Sorting and hashing a million rows in the default 4 MB would go through the disk.
    await session.execute(text("SET LOCAL work_mem = '64MB'"))
    # The staged rows are looked at to choose a plan: a sample of 3,000 does, and 30,000 would take
    # a twentieth of the whole import.
    await session.execute(text("SET LOCAL default_statistics_target = 10"))


async def load_rows(session: AsyncSession, reader: RowReader) -> Loaded:
    """Load what `reader` reads. Raises FileRefused, before anything is merged, for a bad file."""
    target = TARGETS[reader.file.name]
    stage = target.stage([target.column(column.name) for column in reader.columns])
    await session.execute(CreateTable(stage))
    await _copy(session, stage, reader)
    await session.execute(text(f"ANALYZE {stage.name}"))
    found = _Findings(reader)
    await _refuse_rows(session, target, stage, found)
    staged = await _count(session, select(func.count()).select_from(stage))
    updated, inserted = await _merge(session, target, stage)
    await session.execute(DropTable(stage))
    return Loaded(
        rows_read=reader.rows_read,
        inserted=inserted,
        updated=updated,
        unchanged=staged - inserted - updated,
        refused=found.refused,
        warned=found.warned,
        issues=found.issues(),
    )


async def _copy(session: AsyncSession, stage: Table, reader: RowReader) -> None:
    assert isinstance(session, Transaction)  # noqa: S101 - narrows for mypy; files come by these
    driver = await session.driver()
    try:
        # An empty cell is NULL; a tab or a line end cannot stand in a cell that passed its check.
        await driver.copy_to_table(
            stage.name,
            source=_copy_text(reader.rows()),
            columns=[column.name for column in stage.c],
            format="text",
            null="",
            timeout=COPY_SECONDS,
        )
    except (PostgresConnectionError, InterfaceError) as failure:
        # The driver itself speaks here, so nobody translates its failures.
        raise DatabaseUnavailable from failure


async def _copy_text(rows: Iterator[str]) -> AsyncIterator[bytes]:
    while block := "\n".join(islice(rows, SLICE)):
        if "\\" in block:
            block = block.replace("\\", "\\\\")
        yield f"{block}\n".encode()
        await asyncio.sleep(0)


class _Findings:
    """What is wrong with the rows of a file: by their checks, and then by the database."""

    def __init__(self, reader: RowReader) -> None:
        self.refused = reader.refused
        self.warned = reader.warned
        self.errors = list(reader.errors)
        self.warnings = list(reader.warnings)

    def issues(self) -> tuple[Issue, ...]:
        """What is kept of it, in the order of the file."""
        return (
            *sorted(self.errors, key=_by_line)[:ERRORS_KEPT],
            *sorted(self.warnings, key=_by_line)[:WARNINGS_KEPT],
        )


def _by_line(issue: Issue) -> int:
    return issue.line


async def _count(session: AsyncSession, statement: Executable) -> int:
    return int(await session.scalar(statement) or 0)


async def _changed(session: AsyncSession, statement: Executable) -> int:
    result = await session.execute(statement)
    assert isinstance(result, Outcome)  # noqa: S101 - narrows for mypy; a Transaction gives this
    return result.rowcount


async def _refuse_rows(
    session: AsyncSession, target: Target, stage: Table, found: _Findings
) -> None:
    """Take rows out of the stage that came twice or rest on something unknown."""
    errors: list[tuple[str | None, str, ColumnElement[bool]]] = [
        (target.file_column(target.key[0]), "duplicate_row", came_before(target, stage))
    ]
    for reference in target.references:
        if reference.severity == "error":
            place = target.file_column(reference.column)
            errors.append((place, reference.code, unknown(reference, stage)))
    conflict = period_turned_round(target, stage)
    if conflict is not None:
        errors.append(("end_date", "period_conflict", conflict))
    for column, code, condition in errors:
        lines = await session.scalars(
            select(stage.c.line).where(condition).order_by(stage.c.line).limit(ERRORS_KEPT)
        )
        issues = [Issue(line, column, code) for line in lines]
        if issues:
            found.errors.extend(issues)
            found.refused += await _changed(session, delete(stage).where(condition))
    for reference in target.references:
        if reference.severity == "warning":
            await _warn_rows(session, reference, stage, found)


async def _warn_rows(
    session: AsyncSession, reference: Reference, stage: Table, found: _Findings
) -> None:
    condition = unknown(reference, stage)
    count = await _count(session, select(func.count()).select_from(stage).where(condition))
    if count == 0:
        return
    found.warned += count
    lines = await session.scalars(
        select(stage.c.line).where(condition).order_by(stage.c.line).limit(WARNINGS_KEPT)
    )
    found.warnings.extend(
        Issue(line, reference.column, reference.code, reference.severity) for line in lines
    )


async def _merge(session: AsyncSession, target: Target, stage: Table) -> tuple[int, int]:
    """Update rows that differ, insert rows that are missing; return how many of each."""
    source = target.source(stage)
    columns = [column.name for column in stage.c if column.name != "line"]
    updating = update_changed(target, source, columns)
    inserting = insert_missing(target, source, columns)
    if "contract_number" in target.table.c:
        updated, inserted = await change_contracts(session, updating, inserting)
    else:
        updated = await _changed(session, updating)
        inserted = await _changed(session, inserting)
    return updated, inserted
