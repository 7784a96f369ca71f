"""Quotes that were split or merged from one another, and what they offer (QUO-6)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, any_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_tables import quote, quote_line, quote_version
from app.db.quotes import LINE_COLUMNS, QuoteLineRow, QuoteRow

# The two numbers of an advisory lock: what kind it is, and whose.
_ISSUE_LOCK = 0x51554F54

_OF_VERSION = and_(
    quote_line.c.customer_id == quote_version.c.customer_id,
    quote_line.c.quote_number == quote_version.c.quote_number,
    quote_line.c.version == quote_version.c.version,
)


async def lock_issues(session: AsyncSession, customer_id: str) -> None:
    """Let nobody else issue a quote of this customer until the transaction ends: what two quotes
    offer is compared, and no constraint can. It is taken after the quotes that are issued or
    superseded are claimed, so that nobody who holds it waits for one of them.
    """
    whose = func.hashtext(customer_id)
    await session.execute(select(func.pg_advisory_xact_lock(_ISSUE_LOCK, whose)))


async def list_standing_lines(
    session: AsyncSession, viewer: Viewer, owner: QuoteRow, today: date
) -> Sequence[tuple[str, QuoteLineRow]]:
    """The lines of all quotes from which this one was split or merged, that were split or merged
    from it, and so on, each with the number of its quote: of versions that can be ordered on this
    day or were. What the issue of this quote supersedes is not among them.
    """
    family = (
        select(quote.c.quote_number, quote.c.split_from, quote.c.merged_from)
        .where(
            viewer.condition(quote.c.customer_id),
            quote.c.customer_id == owner.customer_id,
            quote.c.quote_number == owner.quote_number,
        )
        .cte("family", recursive=True)
    )
    other = quote.alias("other")
    kin: ColumnElement[bool] = or_(
        other.c.split_from == family.c.quote_number,
        other.c.quote_number == family.c.split_from,
        other.c.quote_number == any_(family.c.merged_from),
        family.c.quote_number == any_(other.c.merged_from),
    )
    family = family.union(
        select(other.c.quote_number, other.c.split_from, other.c.merged_from).where(
            other.c.customer_id == owner.customer_id, kin
        )
    )
    can_be_ordered = and_(
        quote_version.c.state == "issued",
        quote_version.c.effective_limit >= today,
        quote_version.c.quote_number.not_in(owner.merged_from),
    )
    rows = await session.execute(
        select(quote_version.c.quote_number, *LINE_COLUMNS)
        .join(quote_line, _OF_VERSION)
        .where(
            viewer.condition(quote_version.c.customer_id),
            quote_version.c.customer_id == owner.customer_id,
            quote_version.c.quote_number.in_(select(family.c.quote_number)),
            quote_version.c.quote_number != owner.quote_number,
            or_(quote_version.c.state == "ordered", can_be_ordered),
        )
        .order_by(quote_version.c.quote_number, quote_line.c.line_number)
    )
    return [(row[0], QuoteLineRow(*row[1:])) for row in rows]
