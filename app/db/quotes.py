"""Reading quotes, their versions and lines.

Drafts are the desk's only: for everybody else a version exists once it has been issued, and a quote
without such a version is absent.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_tables import quote, quote_line, quote_version
from app.db.tables import customer
from app.domain.errors import NotFound


class QuoteRow(NamedTuple):
    """One quote. `latest_version` counts drafts; `latest_issued` is the highest one that was ever
    issued, `version_count` how many the viewer may see. `revision` grows with every change of the
    quote or of any of its versions.
    """

    customer_id: str
    customer_name: str
    quote_number: str
    contract_number: str | None
    service_id: str | None
    latest_version: int
    merged_from: Sequence[str]
    split_from: str | None
    revision: int
    latest_issued: int | None
    version_count: int


class VersionRow(NamedTuple):
    """One version of a quote, as `app.db.quote_tables.quote_version` describes it. `decisions` are
    what the desk decided for the version: `{"fee": {"amount", "reason"}, "eligibility": …}`.
    """

    version: int
    state: str
    kind: str
    request_id: UUID | None
    change_request_id: UUID | None
    eligibility_check_id: UUID | None
    start_date: date
    end_date: date
    service_level: str
    addressee_kind: str
    addressee_name: str
    contact_name: str | None
    contact_email: str | None
    conditions: str | None
    stated_deadline: date | None
    deadline_approver: str | None
    deadline_reason: str | None
    valid_until: date | None
    issued_on: date | None
    issued_by: str | None
    order_deadline: date | None
    deadline_rule: str | None
    effective_limit: date | None
    subtotal: int
    tax: Sequence[Mapping[str, int]]
    total: int
    left_out: Sequence[Mapping[str, Any]]
    flags: Sequence[str]
    decisions: Mapping[str, Any]
    reason: str | None
    created_at: datetime
    updated_at: datetime


class QuoteLineRow(NamedTuple):
    """One line of a version: the service on a machine, or a fee. `decisions` are what the desk
    decided for it: `{"price": {"reason"}, "end_of_support": {"reason"}}`.
    """

    line_number: int
    kind: str
    product_number: str | None
    product_name: str
    serial_number: str | None
    quantity: int
    service_level: str | None
    start_date: date | None
    end_date: date | None
    annual_price: int | None
    unit_price: int
    amount: int
    tax_rate_bp: int
    contract_number: str | None
    contract_line_number: int | None
    flags: Sequence[str]
    decisions: Mapping[str, Any]


OF_QUOTE = and_(
    quote_version.c.customer_id == quote.c.customer_id,
    quote_version.c.quote_number == quote.c.quote_number,
)
"""The condition that joins a version to its quote."""

VERSION_COLUMNS = tuple(quote_version.c[name] for name in VersionRow._fields)
LINE_COLUMNS = tuple(quote_line.c[name] for name in QuoteLineRow._fields)


def shown_to(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that a viewer may see a version: the desk all, others what was issued."""
    return true() if viewer.principal is None else quote_version.c.issued_on.is_not(None)


def quote_columns(viewer: Viewer) -> tuple[ColumnElement[Any], ...]:
    """The columns of a QuoteRow, from `quote` joined with `customer`."""
    other = quote_version.alias("other")
    of_quote = and_(
        other.c.customer_id == quote.c.customer_id, other.c.quote_number == quote.c.quote_number
    )
    issued = other.c.issued_on.is_not(None)
    seen = true() if viewer.principal is None else issued
    highest = select(func.max(other.c.version)).where(of_quote, issued).correlate(quote)
    count = select(func.count()).select_from(other).where(of_quote, seen).correlate(quote)
    return (
        quote.c.customer_id,
        customer.c.name,
        quote.c.quote_number,
        quote.c.contract_number,
        quote.c.service_id,
        quote.c.latest_version,
        quote.c.merged_from,
        quote.c.split_from,
        quote.c.revision,
        highest.scalar_subquery(),
        count.scalar_subquery(),
    )


def _quotes_with_versions(viewer: Viewer) -> Select[Any]:
    return (
        select(*quote_columns(viewer), *VERSION_COLUMNS)
        .select_from(quote)
        .join(customer, customer.c.customer_id == quote.c.customer_id)
        .join(quote_version, OF_QUOTE)
        .where(viewer.condition(quote.c.customer_id), shown_to(viewer))
    )


def _split(row: Any) -> tuple[QuoteRow, VersionRow]:
    width = len(QuoteRow._fields)
    return QuoteRow(*row[:width]), VersionRow(*row[width:])


async def get_quote(
    session: AsyncSession, viewer: Viewer, quote_number: str
) -> tuple[QuoteRow, VersionRow]:
    """A quote with its latest issued version; for the desk with its latest one where none was ever
    issued.

    Raises NotFound when there is none that the viewer may see.
    """
    statement = (
        _quotes_with_versions(viewer)
        .where(quote.c.quote_number == quote_number)
        # What was issued comes first, then the highest number.
        .order_by(quote_version.c.issued_on.is_(None), quote_version.c.version.desc())
        .limit(1)
    )
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound
    return _split(row)


async def get_version(
    session: AsyncSession, viewer: Viewer, quote_number: str, version: int
) -> tuple[QuoteRow, VersionRow]:
    """A quote with one of its versions. Raises NotFound when the viewer may see none of it."""
    statement = _quotes_with_versions(viewer).where(
        quote.c.quote_number == quote_number, quote_version.c.version == version
    )
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound
    return _split(row)


async def get_draft(
    session: AsyncSession, viewer: Viewer, quote_number: str
) -> tuple[QuoteRow, VersionRow]:
    """A quote with its draft. Raises NotFound without one, and for everybody but the desk."""
    statement = _quotes_with_versions(viewer).where(
        quote.c.quote_number == quote_number, quote_version.c.state == "draft"
    )
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound
    return _split(row)


async def find_version_in_state(
    session: AsyncSession, customer_id: str, quote_number: str, state: str
) -> VersionRow | None:
    """The version of a quote in a state of which a quote has one version at most: draft, issued."""
    statement = select(*VERSION_COLUMNS).where(
        quote_version.c.customer_id == customer_id,
        quote_version.c.quote_number == quote_number,
        quote_version.c.state == state,
    )
    row = (await session.execute(statement)).first()
    return None if row is None else VersionRow(*row)


async def list_versions(
    session: AsyncSession, viewer: Viewer, owner: QuoteRow, after: int, limit: int
) -> list[VersionRow]:
    """At most `limit` versions of a quote that the viewer may see, after a number, in order."""
    statement = (
        select(*VERSION_COLUMNS)
        .where(
            viewer.condition(quote_version.c.customer_id),
            shown_to(viewer),
            quote_version.c.customer_id == owner.customer_id,
            quote_version.c.quote_number == owner.quote_number,
            quote_version.c.version > after,
        )
        .order_by(quote_version.c.version)
        .limit(limit)
    )
    return [VersionRow(*row) for row in await session.execute(statement)]


async def list_quote_lines(
    session: AsyncSession, viewer: Viewer, owner: QuoteRow, version: int
) -> list[QuoteLineRow]:
    """All lines of a version that the viewer was shown, in order."""
    statement = (
        select(*LINE_COLUMNS)
        .where(
            viewer.condition(quote_line.c.customer_id),
            quote_line.c.customer_id == owner.customer_id,
            quote_line.c.quote_number == owner.quote_number,
            quote_line.c.version == version,
        )
        .order_by(quote_line.c.line_number)
    )
    return [QuoteLineRow(*row) for row in await session.execute(statement)]


def version_in(
    customer_id: str, quote_number: str, version: int, state: str
) -> tuple[ColumnElement[bool], ...]:
    """The conditions of one version as long as it is in a state: whoever changes it names both."""
    return (
        quote_version.c.customer_id == customer_id,
        quote_version.c.quote_number == quote_number,
        quote_version.c.version == version,
        quote_version.c.state == state,
    )
