"""Products and their lifecycle on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from app.db.products import ProductRow
from app.domain.identifiers import normalise_product_number, product_number_warnings
from app.domain.languages import Language
from app.domain.products import LifecycleState, lifecycle_state
from app.schemas.contracts import coded_warnings
from app.schemas.wire import (
    AS_ASKED,
    CodedText,
    Cursor,
    Day,
    InstantOut,
    PageSize,
    Plain,
    Strict,
    StrictQuery,
    instant,
)

MOST_PRODUCTS = 500


class ProductQuery(StrictQuery):
    """Filters of the product list, oldest change first: a feed that goes on from its cursor."""

    family: Annotated[
        str | None, Plain, Field(max_length=100, description="The product family, exactly.")
    ] = None
    updated_since: Annotated[
        datetime | None,
        Field(
            description="Changed at this instant or later (RFC 3339).", json_schema_extra=AS_ASKED
        ),
    ] = None
    as_of: Annotated[Day | None, Field(description="Default today (JST).")] = None
    page_size: PageSize = 50
    cursor: Cursor = None


class AsOfQuery(StrictQuery):
    """The day on which an answer is meant."""

    as_of: Annotated[Day | None, Field(description="Default today (JST).")] = None


class Product(TypedDict):
    """A product and its four lifecycle dates; null means unknown and is never guessed."""

    product_number: Annotated[str, Field(examples=["868703-B21"])]
    product_name: str
    family: str | None
    end_of_sale: Day | None
    last_new_enrollment: Day | None
    last_renewal: Day | None
    end_of_support: Day | None
    state: Annotated[LifecycleState, Field(description="On the day asked for (EOS-1, EOS-3).")]
    updated_at: InstantOut
    rules: list[str]


class ProductPage(TypedDict):
    """A page of products."""

    items: list[Product]
    next_cursor: str | None


class ProductLookup(Strict):
    """Up to 500 product numbers."""

    product_numbers: Annotated[
        list[Annotated[str, Plain, Field(min_length=1, max_length=60)]],
        Field(min_length=1, max_length=MOST_PRODUCTS, examples=[["868703-B21"]]),
    ]
    as_of: Annotated[Day | None, Field(description="Default today (JST).")] = None


class ProductFound(TypedDict):
    """The answer for one product number, in the place of its question."""

    product_number: Annotated[str, Field(description="As understood.")]
    found: bool
    product: Product | None
    warnings: list[CodedText]


class ProductAnswer(TypedDict):
    """One answer a product number, in the order of the questions."""

    items: list[ProductFound]


def product_out(row: ProductRow, today: date) -> Product:
    """The answer for one product on a day."""
    return {
        "product_number": row.product_number,
        "product_name": row.product_name,
        "family": row.family,
        "end_of_sale": row.end_of_sale,
        "last_new_enrollment": row.last_new_enrollment,
        "last_renewal": row.last_renewal,
        "end_of_support": row.end_of_support,
        "state": lifecycle_state(row.end_of_sale, row.end_of_support, today),
        "updated_at": instant(row.updated_at),
        "rules": ["EOS-3" if row.end_of_support is None else "EOS-1"],
    }


def products_out(
    asked: Sequence[str], found: Mapping[str, ProductRow], today: date, language: Language
) -> ProductAnswer:
    """The answers for product numbers (normalised), each in its place."""
    items: list[ProductFound] = []
    for number in asked:
        row = found.get(number)
        warnings = () if row is not None else product_number_warnings(number)
        items.append(
            {
                "product_number": number,
                "found": row is not None,
                "product": None if row is None else product_out(row, today),
                "warnings": coded_warnings(warnings, language),
            }
        )
    return {"items": items}


def understood_products(lookup: ProductLookup) -> list[str]:
    """The product numbers as they are stored: half-width, upper case."""
    return [normalise_product_number(number) for number in lookup.product_numbers]
