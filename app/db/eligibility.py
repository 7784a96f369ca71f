"""The facts of machines for an eligibility check, and the checks themselves."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Date,
    Text,
    any_,
    bindparam,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer, visible_to
from app.db.lines import LINE_END, LINE_START, OF_CONTRACT
from app.db.tables import (
    caller_grant,
    contract,
    contract_line,
    customer,
    eligibility_check,
    equipment,
    price,
)
from app.domain.errors import NotFound


class HistoryRow(NamedTuple):
    """One period of cover of a machine, found by its serial number."""

    serial_number: str
    customer_id: str
    product_number: str | None
    kind: str
    start: date | None
    end: date | None
    annual_price: int | None
    system_id: str | None


def _history(*, portal: bool) -> CompoundSelect[Any]:
    wanted = select(
        func.unnest(bindparam("serial_numbers", type_=ARRAY(Text))).label("serial_number"),
        (bindparam("viewer", type_=Text) if portal else null().cast(Text)).label("viewer"),
    )
    asked = wanted.distinct().subquery("wanted")

    def seen(customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
        # Of a column and not of a parameter, so that it is asked of the rows that were found and
        # not of all rows of the customer.
        scope, today = bindparam("viewer_scope", type_=Text), bindparam("viewer_today", type_=Date)
        return visible_to(customer_id, asked.c.viewer if portal else None, scope, today)

    lines = (
        select(
            contract_line.c.serial_number,
            contract_line.c.customer_id,
            contract_line.c.product_number,
            contract.c.kind,
            LINE_START,
            LINE_END,
            contract_line.c.annual_price,
            null().cast(Text),
        )
        .select_from(asked)
        .join(contract_line, contract_line.c.serial_number == asked.c.serial_number)
        .join(contract, OF_CONTRACT)
        .where(seen(contract_line.c.customer_id))
    )
    machines = (
        select(
            equipment.c.serial_number,
            equipment.c.customer_id,
            equipment.c.product_number,
            literal("warranty", Text),
            equipment.c.warranty_start,
            equipment.c.warranty_end,
            null().cast(contract_line.c.annual_price.type),
            equipment.c.system_id,
        )
        .select_from(asked)
        .join(equipment, equipment.c.serial_number == asked.c.serial_number)
        .where(seen(equipment.c.customer_id))
    )
    return union_all(lines, machines)


_PORTAL_HISTORY = _history(portal=True)
_DESK_HISTORY = _history(portal=False)


async def list_history(
    session: AsyncSession, viewer: Viewer, serial_numbers: Sequence[str]
) -> list[HistoryRow]:
    """Everything that ever covered the machines with these serial numbers, as far as the viewer may
    see it; a machine without a known warranty has a row of kind warranty without dates.
    """
    parameters: dict[str, Any] = {"serial_numbers": list(serial_numbers)}
    statement = _DESK_HISTORY
    if viewer.principal is not None:
        statement = _PORTAL_HISTORY
        parameters |= {
            "viewer": viewer.principal,
            "viewer_scope": viewer.scope,
            "viewer_today": viewer.today,
        }
    # Of a thousand machines there are thousands, and the rules take each apart several times:
    # tuples make up for the making.
    return list(map(HistoryRow._make, await session.execute(statement, parameters)))


_PRICES = (
    select(price.c.product_number, price.c.service_level, price.c.annual_price)
    .ext(distinct_on(price.c.product_number, price.c.service_level))
    .where(
        price.c.product_number == any_(bindparam("numbers", type_=ARRAY(Text))),
        price.c.valid_from <= bindparam("day", type_=Date),
    )
    .order_by(price.c.product_number, price.c.service_level, price.c.valid_from.desc())
)


async def prices_on(
    session: AsyncSession, product_numbers: Sequence[str], day: date
) -> dict[tuple[str, str], int]:
    """The annual price (yen, without tax, per unit) of products by level, as valid on a day."""
    rows = await session.execute(_PRICES, {"numbers": list(product_numbers), "day": day})
    return {(row[0], row[1]): row[2] for row in rows}


async def customers_of(
    session: AsyncSession, viewer: Viewer, customer_id: str | None = None
) -> list[str]:
    """The first two customers that a viewer outside the desk may see, enough to know whether there
    is exactly one; or the given one, if it is among them. The desk has to say which.
    """
    if viewer.principal is None:
        known = select(customer.c.customer_id).where(customer.c.customer_id == customer_id)
        return list(await session.scalars(known))
    statement = (
        select(caller_grant.c.customer_id)
        .where(
            caller_grant.c.principal == viewer.principal,
            viewer.condition(caller_grant.c.customer_id),
        )
        .distinct()
        .limit(2)
    )
    if customer_id is not None:
        statement = statement.where(caller_grant.c.customer_id == customer_id)
    return list(await session.scalars(statement))


async def store_check(
    session: AsyncSession,
    *,
    check_id: uuid.UUID,
    customer_id: str,
    created_by: str,
    created_at: datetime,
    kind: str,
    outcome: str,
    start_date: date,
    valid_until: date,
    facts: Mapping[str, Any],
    answers: Mapping[str, bytes],
) -> None:
    """Keep a check as it was answered, in both languages (ELG-6)."""
    await session.execute(
        insert(eligibility_check).values(
            id=check_id,
            customer_id=customer_id,
            created_by=created_by,
            created_at=created_at,
            kind=kind,
            outcome=outcome,
            start_date=start_date,
            valid_until=valid_until,
            facts=dict(facts),
            answer_ja=answers["ja"],
            answer_en=answers["en"],
        )
    )


async def get_answer(
    session: AsyncSession, viewer: Viewer, check_id: uuid.UUID, language: str
) -> tuple[str, bytes]:
    """The customer and the stored answer of a check. Raises NotFound."""
    column = eligibility_check.c.answer_ja if language == "ja" else eligibility_check.c.answer_en
    row = (
        await session.execute(
            select(eligibility_check.c.customer_id, column).where(
                eligibility_check.c.id == check_id,
                viewer.condition(eligibility_check.c.customer_id),
            )
        )
    ).first()
    if row is None:
        raise NotFound
    return row[0], row[1]
