"""Reading contracts and their lines: one statement for one contract, keyset pages for lists."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy import Date as DateType
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer, token_stands, visible_to
from app.db.desk import revision_of_calendar
from app.db.lines import LINE_END, LINE_LEVEL, LINE_START, OF_CONTRACT
from app.db.tables import contract, contract_line, customer
from app.domain.errors import NotFound


class ContractRow(NamedTuple):
    """One contract as the statements of this module return it; `position` is its place in the call
    and `calendar_revision` the state of the desk calendar in the same snapshot.
    """

    position: int
    customer_id: str
    customer_name: str
    contract_number: str
    service_id: str | None
    kind: str
    service_level: str
    start_date: date
    end_date: date
    line_count: int
    support_service_serial: str | None
    billing: str | None
    updated_at: datetime
    calendar_revision: int


_COLUMNS = (
    contract.c.customer_id,
    customer.c.name.label("customer_name"),
    contract.c.contract_number,
    contract.c.service_id,
    contract.c.kind,
    contract.c.service_level,
    contract.c.start_date,
    contract.c.end_date,
    contract.c.line_count,
    contract.c.support_service_serial,
    contract.c.billing,
    contract.c.updated_at,
    revision_of_calendar().label("calendar_revision"),
)


def contracts_by_number(*, portal: bool) -> Select[Any]:
    """The statement that reads contracts by number, each for the caller that asks for it.

    Parameters are arrays of one length: `numbers`, and for the portal also `principals`,
    `token_ids`, `client_ids`; and the day `today` on which relations must stand. One caller's
    single look-up and a batch of many callers are the same statement.
    """
    columns: dict[str, Any] = {"contract_number": bindparam("numbers", type_=ARRAY(Text))}
    if portal:
        columns["principal"] = bindparam("principals", type_=ARRAY(Text))
        columns["token_id"] = bindparam("token_ids", type_=ARRAY(Text))
        columns["client_id"] = bindparam("client_ids", type_=ARRAY(Text))
    asked = (
        func.unnest(*columns.values())
        .table_valued(*columns, with_ordinality="position")
        .render_derived(name="asked")
    )
    statement = (
        select(asked.c.position, *_COLUMNS)
        .select_from(asked)
        .join(contract, contract.c.contract_number == asked.c.contract_number)
        .join(customer, customer.c.customer_id == contract.c.customer_id)
    )
    if portal:
        today = bindparam("today", type_=DateType)
        statement = statement.where(
            visible_to(
                contract.c.customer_id, asked.c.principal, literal("contracts", Text), today
            ),
            token_stands(asked.c.token_id, asked.c.client_id),
        )
    return statement


PORTAL_CONTRACT = contracts_by_number(portal=True)
DESK_CONTRACT = contracts_by_number(portal=False)


async def get_contract(session: AsyncSession, viewer: Viewer, contract_number: str) -> ContractRow:
    """The contract with this number (upper case).

    Raises NotFound when there is none that the viewer may see.
    """
    parameters: dict[str, Any] = {"numbers": [contract_number]}
    if viewer.principal is None:
        statement = DESK_CONTRACT
    else:
        statement = PORTAL_CONTRACT
        parameters |= {
            "principals": [viewer.principal],
            "token_ids": [viewer.token_id],
            "client_ids": [viewer.client_id],
            "today": viewer.today,
        }
    row = (await session.execute(statement, parameters)).first()
    if row is None:
        raise NotFound
    return ContractRow(*row)


@dataclass(frozen=True, slots=True)
class ContractFilter:
    """Which contracts a list shows; identifiers are normalised. `as_of` is the day on which the
    status is meant; `active` includes the expiring ones.
    """

    as_of: date
    expiring_until: date
    service_id: str | None = None
    contract_number: str | None = None
    serial_number: str | None = None
    product_number: str | None = None
    customer_id: str | None = None
    kind: str | None = None
    status: str | None = None
    ends_from: date | None = None
    ends_to: date | None = None


def _conditions(wanted: ContractFilter) -> list[Any]:
    conditions: list[Any] = []
    for column, value in (
        (contract.c.service_id, wanted.service_id),
        (contract.c.contract_number, wanted.contract_number),
        (contract.c.customer_id, wanted.customer_id),
        (contract.c.kind, wanted.kind),
    ):
        if value is not None:
            conditions.append(column == value)
    lines = [
        column == value
        for column, value in (
            (contract_line.c.serial_number, wanted.serial_number),
            (contract_line.c.product_number, wanted.product_number),
        )
        if value is not None
    ]
    if lines:
        conditions.append(
            exists().where(
                contract_line.c.customer_id == contract.c.customer_id,
                contract_line.c.contract_number == contract.c.contract_number,
                *lines,
            )
        )
    if wanted.ends_from is not None:
        conditions.append(contract.c.end_date >= wanted.ends_from)
    if wanted.ends_to is not None:
        conditions.append(contract.c.end_date <= wanted.ends_to)
    if wanted.status is not None:
        conditions.append(_status_condition(wanted))
    return conditions


def _status_condition(wanted: ContractFilter) -> Any:
    """The same meaning of a status as `app.domain.contracts.contract_status` (TERM-1)."""
    start, end, day = contract.c.start_date, contract.c.end_date, wanted.as_of
    return {
        "upcoming": start > day,
        "active": and_(start <= day, end >= day),
        "expiring": and_(start <= day, end >= day, end <= wanted.expiring_until),
        "expired": end < day,
    }[wanted.status or ""]


async def list_contracts(
    session: AsyncSession,
    viewer: Viewer,
    wanted: ContractFilter,
    *,
    after: tuple[str, str] | None,
    limit: int,
) -> list[ContractRow]:
    """At most `limit` contracts after the key (contract number, customer), in that order."""
    statement = (
        select(literal(0).label("position"), *_COLUMNS)
        .select_from(contract)
        .join(customer, customer.c.customer_id == contract.c.customer_id)
        .where(viewer.condition(contract.c.customer_id), *_conditions(wanted))
        .order_by(contract.c.contract_number, contract.c.customer_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(
            tuple_(contract.c.contract_number, contract.c.customer_id) > after
        )
    return [ContractRow(*row) for row in await session.execute(statement)]


class LineRow(NamedTuple):
    """One line of a contract; dates and level are those of the line, else of its contract."""

    line_number: int
    product_number: str | None
    product_name: str | None
    serial_number: str | None
    quantity: int
    service_level: str
    start_date: date
    end_date: date
    annual_price: int | None


async def list_lines(
    session: AsyncSession,
    viewer: Viewer,
    owner: ContractRow,
    *,
    after: int,
    limit: int,
) -> list[LineRow]:
    """At most `limit` lines of a contract after a line number, in order."""
    statement = (
        select(
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
        .join(contract, OF_CONTRACT)
        .where(
            viewer.condition(contract_line.c.customer_id),
            contract_line.c.customer_id == owner.customer_id,
            contract_line.c.contract_number == owner.contract_number,
            contract_line.c.line_number > after,
        )
        .order_by(contract_line.c.line_number)
        .limit(limit)
    )
    return [LineRow(*row) for row in await session.execute(statement)]
