"""What quotes are drafted from: lines of contracts, prices by date, requests and their checks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.lines import LINE_END, LINE_LEVEL, LINE_START, OF_CONTRACT
from app.db.quote_tables import quote
from app.db.tables import contract, contract_line, customer, eligibility_check, equipment, price
from app.domain.errors import NotFound
from app.domain.periods import Period
from app.domain.quotes import CheckFacts, ConsumedTerm


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


@dataclass(frozen=True, slots=True)
class LinesWanted:
    """Which lines of contracts are meant: those of some contracts by number, by service id, by
    support service serial, or those of some machines; of one customer where it is known.
    """

    contract_numbers: tuple[str, ...] = ()
    service_id: str | None = None
    support_service_serial: str | None = None
    serial_numbers: tuple[str, ...] = ()
    customer_id: str | None = None


async def list_contract_lines(
    session: AsyncSession, viewer: Viewer, wanted: LinesWanted
) -> list[ContractLineRow]:
    """The lines that are meant in any of these ways, by contract and line number."""
    ways: list[ColumnElement[bool]] = []
    if wanted.contract_numbers:
        ways.append(contract.c.contract_number.in_(set(wanted.contract_numbers)))
    if wanted.service_id is not None:
        ways.append(contract.c.service_id == wanted.service_id)
    if wanted.support_service_serial is not None:
        ways.append(contract.c.support_service_serial == wanted.support_service_serial)
    if wanted.serial_numbers:
        ways.append(contract_line.c.serial_number.in_(set(wanted.serial_numbers)))
    if not ways:
        return []
    statement = (
        select(*_SOURCE_COLUMNS)
        .join(contract, OF_CONTRACT)
        .join(customer, customer.c.customer_id == contract_line.c.customer_id)
        .where(viewer.condition(contract_line.c.customer_id), or_(*ways))
        .order_by(contract_line.c.contract_number, contract_line.c.line_number)
    )
    if wanted.customer_id is not None:
        statement = statement.where(contract_line.c.customer_id == wanted.customer_id)
    return [ContractLineRow(*row) for row in await session.execute(statement)]


class CustomerRow(NamedTuple):
    """Whom a quote is for."""

    customer_id: str
    name: str
    contact_name: str | None
    contact_email: str | None


async def get_customer(session: AsyncSession, viewer: Viewer, customer_id: str) -> CustomerRow:
    """A customer. Raises NotFound."""
    row = (
        await session.execute(
            select(
                customer.c.customer_id,
                customer.c.name,
                customer.c.contact_name,
                customer.c.contact_email,
            ).where(customer.c.customer_id == customer_id, viewer.condition(customer.c.customer_id))
        )
    ).first()
    if row is None:
        raise NotFound
    return CustomerRow(*row)


async def price_steps(
    session: AsyncSession, product_numbers: Iterable[str]
) -> dict[tuple[str, str], list[tuple[date, int]]]:
    """The annual prices (yen a unit, without tax) of products by level, each with the day from
    which it is in force.
    """
    rows = await session.execute(
        select(
            price.c.product_number, price.c.service_level, price.c.valid_from, price.c.annual_price
        ).where(price.c.product_number.in_(set(product_numbers)))
    )
    found: dict[tuple[str, str], list[tuple[date, int]]] = {}
    for number, level, valid_from, annual in rows:
        found.setdefault((number, level), []).append((valid_from, annual))
    return found


async def systems_of(
    session: AsyncSession, customer_id: str, serial_numbers: Iterable[str]
) -> dict[str, str]:
    """The system that each of a customer's machines belongs to, where it belongs to one."""
    rows = await session.execute(
        select(equipment.c.serial_number, equipment.c.system_id).where(
            equipment.c.customer_id == customer_id,
            equipment.c.serial_number.in_(set(serial_numbers)),
            equipment.c.system_id.is_not(None),
        )
    )
    return {row.serial_number: row.system_id for row in rows}


async def find_check_facts(
    session: AsyncSession, customer_id: str, check_id: UUID
) -> CheckFacts | None:
    """What a quote takes from a customer's eligibility check, as the check was answered (ELG-6)."""
    answer = await session.scalar(
        select(eligibility_check.c.answer_en).where(
            eligibility_check.c.customer_id == customer_id, eligibility_check.c.id == check_id
        )
    )
    if answer is None:
        return None
    told = orjson.loads(answer)
    asked = Period(date.fromisoformat(told["start_date"]), date.fromisoformat(told["end_date"]))
    return CheckFacts(
        outcome=told["outcome"],
        fee_outcome=told["fee"]["outcome"],
        fee_amount=told["fee"]["amount"],
        consumed=tuple(
            ConsumedTerm(item["serial_number"], item["product_number"], asked, new_end)
            for item in told["items"]
            if item["fee"]["new_end"] is not None
            and (new_end := date.fromisoformat(item["fee"]["new_end"])) < asked.end
        ),
    )


async def quotes_written_by(session: AsyncSession, principal: str) -> bool:
    """Whether there is a quote that this principal wrote."""
    return bool(await session.scalar(select(exists().where(quote.c.created_by == principal))))
