"""What a change request is about: contracts, the open quotes on them, the machines in both."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, exists, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.lines import LINE_LEVEL, OF_CONTRACT
from app.db.quote_tables import quote, quote_line, quote_version
from app.db.tables import contract, contract_line, equipment
from app.domain.changes import CoveredMachine

# A service id stands for a handful of contracts; more of them are never told apart by one request.
_MOST_CONTRACTS = 100


class NamedContract(NamedTuple):
    """A contract that a change request names."""

    customer_id: str
    contract_number: str
    service_id: str | None
    service_level: str
    start_date: date
    end_date: date


class StandingQuote(NamedTuple):
    """A quote with its newest version that was ever issued."""

    customer_id: str
    quote_number: str
    contract_number: str | None
    service_id: str | None
    version: int
    state: str
    kind: str
    start_date: date
    end_date: date
    service_level: str
    effective_limit: date | None


async def find_contracts(
    session: AsyncSession,
    viewer: Viewer,
    *,
    contract_number: str | None,
    service_id: str | None,
    customer_id: str | None,
) -> list[NamedContract]:
    """The contracts with this number or this service id that the viewer may see, of one customer
    where that is given.
    """
    # Compared with NULL, a service id would find every contract without one.
    given = [
        column == value
        for column, value in (
            (contract.c.contract_number, contract_number),
            (contract.c.service_id, service_id),
        )
        if value is not None
    ]
    statement = (
        select(
            contract.c.customer_id,
            contract.c.contract_number,
            contract.c.service_id,
            contract.c.service_level,
            contract.c.start_date,
            contract.c.end_date,
        )
        .where(viewer.condition(contract.c.customer_id), or_(false(), *given))
        .order_by(contract.c.customer_id, contract.c.contract_number)
        .limit(_MOST_CONTRACTS)
    )
    if customer_id is not None:
        statement = statement.where(contract.c.customer_id == customer_id)
    return [NamedContract(*row) for row in await session.execute(statement)]


def _standing(viewer: Viewer) -> Select[Any]:
    newest = (
        select(func.max(quote_version.c.version))
        .where(
            quote_version.c.customer_id == quote.c.customer_id,
            quote_version.c.quote_number == quote.c.quote_number,
            quote_version.c.issued_on.is_not(None),
        )
        .correlate(quote)
        .scalar_subquery()
    )
    return (
        select(
            quote.c.customer_id,
            quote.c.quote_number,
            quote.c.contract_number,
            quote.c.service_id,
            quote_version.c.version,
            quote_version.c.state,
            quote_version.c.kind,
            quote_version.c.start_date,
            quote_version.c.end_date,
            quote_version.c.service_level,
            quote_version.c.effective_limit,
        )
        .join(
            quote_version,
            and_(
                quote_version.c.customer_id == quote.c.customer_id,
                quote_version.c.quote_number == quote.c.quote_number,
                quote_version.c.version == newest,
            ),
        )
        .where(viewer.condition(quote.c.customer_id))
    )


def _about(contract_numbers: Sequence[str]) -> Any:
    """A quote is about a contract that it names or whose lines it renews (QUO-6)."""
    return or_(
        quote.c.contract_number.in_(contract_numbers),
        exists().where(
            quote_line.c.customer_id == quote.c.customer_id,
            quote_line.c.quote_number == quote.c.quote_number,
            quote_line.c.version == quote_version.c.version,
            quote_line.c.contract_number.in_(contract_numbers),
        ),
    )


async def find_quote(
    session: AsyncSession,
    viewer: Viewer,
    quote_number: str,
    customer_id: str,
    contract_numbers: Sequence[str],
) -> StandingQuote | None:
    """The quote with this number, if it was ever issued and is about one of these contracts."""
    statement = _standing(viewer).where(
        quote.c.quote_number == quote_number,
        quote.c.customer_id == customer_id,
        _about(contract_numbers),
    )
    row = (await session.execute(statement)).first()
    return None if row is None else StandingQuote(*row)


async def list_quotes_in_hand(
    session: AsyncSession,
    viewer: Viewer,
    customer_id: str,
    contract_numbers: Sequence[str],
    today: date,
) -> list[StandingQuote]:
    """The quotes about these contracts that can be ordered on a day or have been ordered, the
    latest first.
    """
    statement = (
        _standing(viewer)
        .where(
            quote.c.customer_id == customer_id,
            _about(contract_numbers),
            or_(
                quote_version.c.state == "ordered",
                and_(quote_version.c.state == "issued", quote_version.c.effective_limit >= today),
            ),
        )
        .order_by(quote.c.quote_number.desc())
        .limit(_MOST_CONTRACTS)
    )
    return [StandingQuote(*row) for row in await session.execute(statement)]


def _machines(columns: Any, serial: Any, product: Any, customer_id: Any, source: Any) -> Any:
    """Machines with the system that they belong to, as far as it is known."""
    return (
        select(*columns, equipment.c.system_id)
        .select_from(source)
        .outerjoin(
            equipment,
            and_(
                equipment.c.customer_id == customer_id,
                equipment.c.serial_number == serial,
                equipment.c.product_number == product,
            ),
        )
        .distinct()
    )


async def list_quoted_machines(
    session: AsyncSession, viewer: Viewer, standing: StandingQuote
) -> tuple[CoveredMachine, ...]:
    """The machines of a quote's version."""
    line = quote_line.c
    statement = _machines(
        (line.serial_number, line.product_number, line.service_level),
        line.serial_number,
        line.product_number,
        line.customer_id,
        quote_line,
    ).where(
        viewer.condition(line.customer_id),
        line.customer_id == standing.customer_id,
        line.quote_number == standing.quote_number,
        line.version == standing.version,
        line.kind == "service",
    )
    rows = await session.execute(statement)
    return tuple(
        CoveredMachine(row[0], row[1], row[2] or standing.service_level, row[3]) for row in rows
    )


async def list_contracted_machines(
    session: AsyncSession, viewer: Viewer, named: NamedContract
) -> tuple[CoveredMachine, ...]:
    """The machines of a contract."""
    line = contract_line.c
    statement = _machines(
        (line.serial_number, line.product_number, LINE_LEVEL),
        line.serial_number,
        line.product_number,
        line.customer_id,
        contract_line.join(contract, OF_CONTRACT),
    ).where(
        viewer.condition(line.customer_id),
        line.customer_id == named.customer_id,
        line.contract_number == named.contract_number,
    )
    return tuple(CoveredMachine(*row) for row in await session.execute(statement))
