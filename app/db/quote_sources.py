"""What quotes are drafted from: lines of contracts, prices by date, requests and their checks."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.lines import LINE_END, LINE_LEVEL, LINE_START, OF_CONTRACT
from app.db.quote_tables import quote
from app.db.tables import contract, contract_line, customer


class ContractLineRow(NamedTuple):
    """A line of a contract with what a quote needs of the contract and its customer."""

    customer_id: str
    customer_name: str
    contact_name: str | None
    contact_email: str | None
    contract_number: str
    service_id: str | None
    line_number: int
    product_number: str | None
    product_name: str | None
    serial_number: str | None
    quantity: int
    service_level: str
    start_date: date
    end_date: date
    annual_price: int | None


_SOURCE_COLUMNS: tuple[ColumnElement[Any], ...] = (
    contract_line.c.customer_id,
    customer.c.name,
    customer.c.contact_name,
    customer.c.contact_email,
    contract_line.c.contract_number,
    contract.c.service_id,
    contract_line.c.line_number,
    contract_line.c.product_number,
    contract_line.c.product_name,
    contract_line.c.serial_number,
    contract_line.c.quantity,
    LINE_LEVEL,
    LINE_START,
    LINE_END,
    contract_line.c.annual_price,
)


async def list_contract_lines(
    session: AsyncSession, viewer: Viewer, contract_numbers: Sequence[str]
) -> list[ContractLineRow]:
    """All lines of some contracts, by contract and line number."""
    statement = (
        select(*_SOURCE_COLUMNS)
        .join(contract, OF_CONTRACT)
        .join(customer, customer.c.customer_id == contract_line.c.customer_id)
        .where(
            viewer.condition(contract_line.c.customer_id),
            contract_line.c.contract_number.in_(set(contract_numbers)),
        )
        .order_by(contract_line.c.contract_number, contract_line.c.line_number)
    )
    return [ContractLineRow(*row) for row in await session.execute(statement)]


async def quotes_written_by(session: AsyncSession, principal: str) -> bool:
    """Whether there is a quote that this principal wrote."""
    return bool(await session.scalar(select(exists().where(quote.c.created_by == principal))))
