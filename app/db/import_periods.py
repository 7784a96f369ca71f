"""The period and the number of lines of a contract follow from its lines (TERM-4)."""

from sqlalchemy import Column, Insert, MetaData, Table, Text, Update, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable, DropTable

from app.db.tables import contract, contract_line

# The contracts that this file changed, themselves or by a line.
_touched = Table(
    "import_touched",
    MetaData(),
    Column("contract_number", Text),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


async def change_contracts(session: AsyncSession, updating: Update, inserting: Insert) -> list[int]:
    """Run an update and an insert of contracts or lines, derive the periods of the contracts they
    touched, and return how many rows each changed.
    """
    await session.execute(CreateTable(_touched))
    counts = [await _note(session, updating), await _note(session, inserting)]
    if any(counts):
        await session.execute(_derived())
    await session.execute(DropTable(_touched))
    return counts


async def _note(session: AsyncSession, change: Update | Insert) -> int:
    number = change.table.c.contract_number
    changed = change.returning(number).cte("changed")
    noted = insert(_touched).from_select(
        ["contract_number"], select(changed.c.contract_number).distinct()
    )
    counted = select(func.count()).select_from(changed).add_cte(noted.cte("noted"))
    return int(await session.scalar(counted) or 0)


def _derived() -> Update:
    """An empty date of a line is the contract's own; a contract without lines has its own too.

    Every touched contract is written, for a changed line is a change of the contract.
    """
    starts = func.coalesce(contract_line.c.start_date, contract.c.stated_start)
    ends = func.coalesce(contract_line.c.end_date, contract.c.stated_end)
    joined = contract.outerjoin(
        contract_line,
        (contract_line.c.customer_id == contract.c.customer_id)
        & (contract_line.c.contract_number == contract.c.contract_number),
    )
    facts = (
        select(
            contract.c.customer_id,
            contract.c.contract_number,
            func.min(starts).label("start_date"),
            func.max(ends).label("end_date"),
            func.count(contract_line.c.line_number).label("line_count"),
        )
        .select_from(joined)
        .where(contract.c.contract_number.in_(select(_touched.c.contract_number)))
        .group_by(contract.c.customer_id, contract.c.contract_number)
        .subquery("facts")
    )
    return (
        update(contract)
        .where(
            contract.c.customer_id == facts.c.customer_id,
            contract.c.contract_number == facts.c.contract_number,
        )
        .values(
            start_date=facts.c.start_date,
            end_date=facts.c.end_date,
            line_count=facts.c.line_count,
            updated_at=func.now(),
        )
    )
