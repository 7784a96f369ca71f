"""Products and their lifecycle dates, which are public (INQ-4)."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.products import find_products, get_product, list_products
from app.deps import Now, Reading, SpokenLanguage
from app.domain.calendar import jst_date
from app.domain.errors import InvalidCursor, InvalidFilter, InvalidInput, NotFound
from app.domain.identifiers import normalise_product_number
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, document, page, resource
from app.schemas.products import (
    AsOfQuery,
    Product,
    ProductAnswer,
    ProductLookup,
    ProductPage,
    ProductQuery,
    product_out,
    products_out,
    understood_products,
)
from app.strict import StrictRoute

router = APIRouter(tags=["products"], route_class=StrictRoute)


@router.get(
    "/v1/products",
    response_model=ProductPage,
    responses=problem_responses(InvalidFilter, InvalidCursor),
)
async def read_products(
    request: Request, query: Annotated[ProductQuery, Query()], session: Reading, now: Now
) -> Response:
    """The product catalogue, oldest change first, in pages.

    With `updated_since` it is a feed: whoever keeps the last cursor and comes back with it gets
    every product that changed since, and no other.
    """
    since = query.updated_since
    if since is not None and since.tzinfo is None:
        raise InvalidFilter(pointer="updated_since")
    meaning = f"products {query.family} {since}"
    secret = request.app.state.cursor_secret
    after: tuple[datetime, str] | None = None
    if query.cursor is not None:
        at, number = read_cursor(secret, meaning, query.cursor, 2)
        after = (datetime.fromisoformat(at), number)
    rows = await list_products(
        session,
        family=query.family,
        updated_since=None if since is None else since.astimezone(UTC),
        after=after,
        limit=query.page_size + 1,
    )
    shown, next_cursor = cut_page(
        secret,
        meaning,
        rows,
        query.page_size,
        lambda row: (row.updated_at.isoformat(), row.product_number),
    )
    today = query.as_of or jst_date(now)
    return page(request, [product_out(row, today) for row in shown], next_cursor)


@router.get(
    "/v1/products/{product_number}",
    response_model=Product,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_product(
    request: Request,
    product_number: Annotated[str, Path(description="The product number, in any case and width.")],
    query: Annotated[AsOfQuery, Query()],
    session: Reading,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """One product with its four lifecycle dates and its state on a day."""
    row = await get_product(session, normalise_product_number(product_number))
    return resource(request, product_out(row, query.as_of or jst_date(now)), language)


@router.post(
    "/v1/product-lookups",
    response_model=ProductAnswer,
    responses=problem_responses(InvalidInput),
)
async def look_up_products(
    lookup: Annotated[ProductLookup, Body()],
    session: Reading,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Up to 500 products in one call, each answer in the place of its question."""
    numbers = understood_products(lookup)
    found = await find_products(session, numbers)
    answer = products_out(numbers, found, lookup.as_of or jst_date(now), language)
    return document(answer, language)
