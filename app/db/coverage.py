"""Everything that covers machines, by serial number: one statement for any number of them."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ARRAY,
    CompoundSelect,
    Date,
    Select,
    TableValuedAlias,
    Text,
    bindparam,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer, token_stands, visible_to
from app.db.lines import LINE_END, LINE_LEVEL, LINE_START, OF_CONTRACT
from app.db.tables import contract, contract_line, equipment, product


class CoverRow(NamedTuple):
    """One period of cover of one machine of the call; `position` counts from 1. A machine without a
    known warranty has a row of kind warranty without dates.
    """

    position: int
    customer_id: str
    product_number: str | None
    product_name: str | None
    end_of_support: date | None
    kind: str
    contract_number: str | None
    service_level: str | None
    start: date | None
    end: date | None


def _asked(portal: bool) -> TableValuedAlias:
    columns: dict[str, Any] = {"serial_number": bindparam("serial_numbers", type_=ARRAY(Text))}
    if portal:
        columns["principal"] = bindparam("principals", type_=ARRAY(Text))
        columns["token_id"] = bindparam("token_ids", type_=ARRAY(Text))
        columns["client_id"] = bindparam("client_ids", type_=ARRAY(Text))
    return (
        func.unnest(*columns.values())
        .table_valued(*columns, with_ordinality="position")
        .render_derived(name="asked")
    )


def _for_callers(statement: Select[Any], asked: TableValuedAlias, customer_id: Any) -> Select[Any]:
    today = bindparam("today", type_=Date)
    return statement.where(
        visible_to(customer_id, asked.c.principal, literal("contracts", Text), today),
        token_stands(asked.c.token_id, asked.c.client_id),
    )


def covers_by_serial(*, portal: bool) -> CompoundSelect[Any]:
    """The statement that reads all cover of machines by serial number, each for its caller.

    Parameters are arrays of one length: `serial_numbers`, and for the portal also `principals`,
    `token_ids`, `client_ids`; and the day `today` on which relations must stand. A batch of one
    caller and coalesced look-ups of many are the same statement.
    """
    asked = _asked(portal)
    lines = (
        select(
            asked.c.position,
            contract_line.c.customer_id,
            contract_line.c.product_number,
            func.coalesce(product.c.product_name, contract_line.c.product_name),
            product.c.end_of_support,
            contract.c.kind,
            contract.c.contract_number,
            LINE_LEVEL,
            LINE_START,
            LINE_END,
        )
        .select_from(asked)
        .join(contract_line, contract_line.c.serial_number == asked.c.serial_number)
        .join(contract, OF_CONTRACT)
        .outerjoin(product, product.c.product_number == contract_line.c.product_number)
    )
    warranties = (
        select(
            asked.c.position,
            equipment.c.customer_id,
            equipment.c.product_number,
            product.c.product_name,
            product.c.end_of_support,
            literal("warranty", Text),
            null().cast(Text),
            null().cast(Text),
            equipment.c.warranty_start,
            equipment.c.warranty_end,
        )
        .select_from(asked)
        .join(equipment, equipment.c.serial_number == asked.c.serial_number)
        .outerjoin(product, product.c.product_number == equipment.c.product_number)
    )
    if portal:
        lines = _for_callers(lines, asked, contract_line.c.customer_id)
        warranties = _for_callers(warranties, asked, equipment.c.customer_id)
    return union_all(lines, warranties)


PORTAL_COVERS = covers_by_serial(portal=True)
DESK_COVERS = covers_by_serial(portal=False)


async def list_covers(
    session: AsyncSession, viewer: Viewer, serial_numbers: Sequence[str]
) -> Sequence[CoverRow]:
    """All cover that the viewer may see of the machines with these serial numbers."""
    parameters: dict[str, Any] = {"serial_numbers": list(serial_numbers)}
    statement = DESK_COVERS
    if viewer.principal is not None:
        statement = PORTAL_COVERS
        count = len(serial_numbers)
        parameters |= {
            "principals": [viewer.principal] * count,
            "token_ids": [viewer.token_id] * count,
            "client_ids": [viewer.client_id] * count,
            "today": viewer.today,
        }
    rows = (await session.execute(statement, parameters)).all()
    # Read by place, as `coverage_out` does, they are CoverRows; making two thousand real ones would
    # take a twentieth of the time of the call.
    return cast("Sequence[CoverRow]", rows)
