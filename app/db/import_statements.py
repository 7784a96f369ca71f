"""The set-based statements of an import: which staged rows are refused, updated and inserted."""

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    Table,
    Update,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from app.db.import_targets import Reference, Target
from app.db.tables import contract, contract_line


def came_before(target: Target, stage: Table) -> ColumnElement[bool]:
    """Tell of a staged row that its key stands on an earlier line already."""
    keys = [stage.c[name] for name in target.key]
    twice = (
        select(*keys, func.min(stage.c.line).label("first_line"))
        .group_by(*keys)
        .having(func.count() > 1)
        .subquery("twice")
    )
    same = and_(*(twice.c[name] == stage.c[name] for name in target.key))
    return exists().where(same, stage.c.line > twice.c.first_line)


def unknown(reference: Reference, stage: Table) -> ColumnElement[bool]:
    """Tell of a staged row that it names something that its table does not have."""
    column = stage.c[reference.column]
    known = exists().where(reference.table.c[reference.column] == column)
    return and_(column.is_not(None), ~known)


def period_turned_round(target: Target, stage: Table) -> ColumnElement[bool] | None:
    """Tell of a staged row that a line which inherits one of its two dates would end before it
    starts (TERM-4); None where rows have no such dates.
    """
    if target.table is contract_line:
        line, header = stage, contract
        rows = exists().where(contract.c.contract_number == stage.c.contract_number)
    elif target.table is contract:
        # A line is found by the contract as it is stored: its customer may be about to change.
        line, header = contract_line, stage
        rows = exists().where(
            contract.c.contract_number == stage.c.contract_number,
            contract_line.c.customer_id == contract.c.customer_id,
            contract_line.c.contract_number == contract.c.contract_number,
        )
    else:
        return None
    return rows.where(
        line.c.start_date.is_(None) != line.c.end_date.is_(None),
        func.coalesce(line.c.start_date, header.c.stated_start)
        > func.coalesce(line.c.end_date, header.c.stated_end),
    )


def update_changed(target: Target, source: FromClause, columns: list[str]) -> Update:
    """Update the rows that are there and differ; equal rows are not written."""
    table = target.table
    values = {name: source.c[name] for name in columns if name not in target.key}
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in values.items()))
    statement = update(table).where(_same_row(target, source), differs).values(values)
    if "updated_at" in table.c:
        return statement.values(updated_at=func.now())
    return statement


def insert_missing(target: Target, source: FromClause, columns: list[str]) -> Insert:
    """Insert the rows that are not there yet, in the order of the file."""
    table = target.table
    values: dict[str, ColumnElement[object]] = {name: source.c[name] for name in columns}
    if target.owned:
        values["customer_id"] = source.c.customer_id
    for name, twin in target.also.items():
        values[name] = source.c[twin]
    for name, value in target.fixed.items():
        values[name] = literal(value, table.c[name].type)
    rows = select(*values.values()).where(~exists().where(_same_row(target, source)))
    statement = insert(table).from_select(list(values), rows.order_by(source.c.line))
    if target.guarded:
        return statement
    # Somebody at the desk may have written the same row since this statement began.
    changes = {name: statement.excluded[name] for name in columns if name not in target.key}
    changes["updated_at"] = statement.excluded.updated_at
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns), set_=changes
    )


def _same_row(target: Target, source: FromClause) -> ColumnElement[bool]:
    table = target.table
    keys = [table.c[name] == source.c[name] for name in target.key]
    if target.owned:
        keys.append(table.c.customer_id == source.c.customer_id)
    keys.extend(table.c[name] == value for name, value in target.fixed.items())
    return and_(*keys)
