"""What can be renewed: contracts by the numbers of a request, and by its machines."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Select, Text, bindparam, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer, visible
from app.db.engine import ReadSession
from app.db.lines import OF_CONTRACT
from app.db.tables import contract, contract_line, product
from app.domain.end_of_support import Lifecycle
from app.domain.quote_requests import KnownContract

_CONTRACT = (
    contract.c.customer_id,
    contract.c.contract_number,
    contract.c.service_id,
    contract.c.support_service_serial,
    contract.c.kind,
    contract.c.service_level,
    contract.c.start_date,
    contract.c.end_date,
)
_DATES = (
    product.c.end_of_sale,
    product.c.last_new_enrollment,
    product.c.last_renewal,
    product.c.end_of_support,
)


class ContractProduct(NamedTuple):
    """A contract and one product on it; `lifecycle` is None for a product that is not in the
    catalogue, `product_number` for a contract without lines.
    """

    contract: KnownContract
    product_number: str | None
    lifecycle: Lifecycle | None


async def list_contract_products(
    session: AsyncSession | ReadSession,
    viewer: Viewer,
    numbers: Mapping[str, str],
    customer_id: str | None,
) -> list[ContractProduct]:
    """The contracts that bear any of these numbers (by the name of the column), each once for
    every product on it, as far as the viewer may see them.
    """
    given = {f"by_{name}": value for name, value in numbers.items()}
    if customer_id is not None:
        given["of_customer"] = customer_id
    statement = _contract_products(tuple(numbers), customer_id is not None, viewer.portal)
    size = len(_CONTRACT)
    return [
        ContractProduct(
            KnownContract(*row[:size]),
            row[size],
            None if row[size + 1] is None else Lifecycle(*row[size + 2 :]),
        )
        for row in await session.execute(statement, viewer.values(**given))
    ]


@cache
def _contract_products(numbers: tuple[str, ...], of_customer: bool, portal: bool) -> Select[Any]:
    named = [contract.c[name] == bindparam(f"by_{name}", type_=Text) for name in numbers]
    statement = (
        select(*_CONTRACT, contract_line.c.product_number, product.c.product_number, *_DATES)
        .distinct()
        .select_from(contract)
        .outerjoin(contract_line, OF_CONTRACT)
        .outerjoin(product, product.c.product_number == contract_line.c.product_number)
        .where(or_(false(), *named), visible(contract.c.customer_id, portal=portal))
    )
    if of_customer:
        statement = statement.where(contract.c.customer_id == bindparam("of_customer", type_=Text))
    return statement


class MachineContract(NamedTuple):
    """A line of a contract, by which a machine is found."""

    serial_number: str | None
    product_number: str | None
    contract: KnownContract


async def list_machine_contracts(
    session: AsyncSession | ReadSession,
    viewer: Viewer,
    serial_numbers: Sequence[str],
    licences: Sequence[str],
    customer_id: str | None,
) -> list[MachineContract]:
    """The contracts that machines are on, by serial number, and those that licences (product
    numbers without a serial) are on, as far as the viewer may see them.
    """
    serials = bindparam("serial_numbers", list(serial_numbers), type_=ARRAY(Text))
    numbers = bindparam("licences", list(licences), type_=ARRAY(Text))
    statement = (
        select(contract_line.c.serial_number, contract_line.c.product_number, *_CONTRACT)
        .select_from(contract_line)
        .join(contract, OF_CONTRACT)
        .where(
            or_(
                contract_line.c.serial_number == func.any(serials),
                (contract_line.c.product_number == func.any(numbers))
                & contract_line.c.serial_number.is_(None),
            ),
            viewer.condition(contract_line.c.customer_id),
        )
    )
    if customer_id is not None:
        statement = statement.where(contract_line.c.customer_id == customer_id)
    rows: Sequence[Any] = (await session.execute(statement)).all()
    return [MachineContract(row[0], row[1], KnownContract(*row[2:])) for row in rows]
