"""Reading the product catalogue."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ARRAY, Text, any_, bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import product
from app.domain.errors import NotFound


class ProductRow(NamedTuple):
    """One product with its four lifecycle dates (None: unknown)."""

    product_number: str
    product_name: str
    family: str | None
    end_of_sale: date | None
    last_new_enrollment: date | None
    last_renewal: date | None
    end_of_support: date | None
    updated_at: datetime


_SELECT = select(
    product.c.product_number,
    product.c.product_name,
    product.c.family,
    product.c.end_of_sale,
    product.c.last_new_enrollment,
    product.c.last_renewal,
    product.c.end_of_support,
    product.c.updated_at,
)


_ONE = _SELECT.where(product.c.product_number == bindparam("wanted", type_=Text))
# An array and no list of values: the text is the same for any number of them.
_SEVERAL = _SELECT.where(product.c.product_number == any_(bindparam("several", type_=ARRAY(Text))))


async def get_product(session: AsyncSession, product_number: str) -> ProductRow:
    """The product with this number (upper case). Raises NotFound when there is none."""
    row = (await session.execute(_ONE, {"wanted": product_number})).first()
    if row is None:
        raise NotFound
    return ProductRow(*row)


async def find_products(
    session: AsyncSession, product_numbers: Sequence[str]
) -> dict[str, ProductRow]:
    """Those of these products that exist, by number."""
    rows = await session.execute(_SEVERAL, {"several": list(product_numbers)})
    return {row[0]: ProductRow(*row) for row in rows}


async def list_products(
    session: AsyncSession,
    *,
    family: str | None,
    updated_since: datetime | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[ProductRow]:
    """At most `limit` products after the key (time of change, number), oldest change first, so that
    a feed that goes on from its last cursor misses no later change.
    """
    statement = _SELECT.order_by(product.c.updated_at, product.c.product_number).limit(limit)
    if family is not None:
        statement = statement.where(product.c.family == family)
    if updated_since is not None:
        statement = statement.where(product.c.updated_at >= updated_since)
    if after is not None:
        statement = statement.where(tuple_(product.c.updated_at, product.c.product_number) > after)
    return [ProductRow(*row) for row in await session.execute(statement)]
