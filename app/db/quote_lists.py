"""Lists of quotes: all of them, those that can still be ordered, and the deadline feed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_

from app.db.callers import Viewer
from app.db.engine import ReadSession
from app.db.quote_tables import quote, quote_line, quote_version
from app.db.quotes import OF_QUOTE, shown_to
from app.db.tables import customer
from app.domain.calendar import jst_date
from app.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class QuoteFilter:
    """Which quotes a list shows; identifiers are normalised. `today` is the day on which an issued
    version past its limit counts as lapsed; deadlines are those of the effective limit.
    """

    today: date
    state: str | None = None
    contract_number: str | None = None
    service_id: str | None = None
    customer_id: str | None = None
    request_id: Any = None
    deadline_from: date | None = None
    deadline_to: date | None = None


class ListedQuote(NamedTuple):
    """A quote with its standing version: the newest one that was ever issued, for the desk a draft
    where there is no other or where drafts are asked for.
    """

    customer_id: str
    customer_name: str
    quote_number: str
    contract_number: str | None
    service_id: str | None
    version: int
    state: str
    kind: str
    request_id: Any
    change_request_id: Any
    service_level: str
    start_date: date
    end_date: date
    issued_on: date | None
    stated_deadline: date | None
    deadline_approver: str | None
    deadline_reason: str | None
    valid_until: date | None
    order_deadline: date | None
    deadline_rule: str | None
    effective_limit: date | None
    subtotal: int
    total: int
    updated_at: datetime


_OF_QUOTE = {"customer_id", "quote_number", "contract_number", "service_id"}
_COLUMNS = tuple(
    customer.c.name.label("customer_name")
    if name == "customer_name"
    else (quote.c[name] if name in _OF_QUOTE else quote_version.c[name])
    for name in ListedQuote._fields
)


def _standing(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that a version is the standing one of its quote: the newest issued one; for the
    desk the newest one where none was issued.
    """
    version = quote_version.alias("other")
    newest = (
        select(
            func.coalesce(
                func.max(version.c.version).filter(version.c.issued_on.is_not(None)),
                func.max(version.c.version),
            )
        )
        .where(
            version.c.customer_id == quote.c.customer_id,
            version.c.quote_number == quote.c.quote_number,
        )
        .correlate(quote)
        .scalar_subquery()
    )
    return and_(quote_version.c.version == newest, shown_to(viewer))


def _listed(viewer: Viewer) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .select_from(quote)
        .join(customer, customer.c.customer_id == quote.c.customer_id)
        .join(quote_version, OF_QUOTE)
        .where(viewer.condition(quote.c.customer_id), shown_to(viewer))
    )


def _in_state(state: str, today: date) -> ColumnElement[bool]:
    """The same meaning as `app.domain.quote_states.effective_state` (DL-3, QUO-1)."""
    issued, limit = quote_version.c.state == "issued", quote_version.c.effective_limit
    if state == "issued":
        return and_(issued, limit >= today)
    if state == "lapsed":
        return or_(quote_version.c.state == "lapsed", and_(issued, limit < today))
    return quote_version.c.state == state


def _conditions(wanted: QuoteFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        column == value
        for column, value in (
            (quote.c.service_id, wanted.service_id),
            (quote.c.customer_id, wanted.customer_id),
            (quote_version.c.request_id, wanted.request_id),
        )
        if value is not None
    ]
    if wanted.contract_number is not None:
        conditions.append(
            or_(
                quote.c.contract_number == wanted.contract_number,
                # A merged quote renews lines of several contracts (QUO-6).
                exists().where(
                    quote_line.c.customer_id == quote_version.c.customer_id,
                    quote_line.c.quote_number == quote_version.c.quote_number,
                    quote_line.c.version == quote_version.c.version,
                    quote_line.c.contract_number == wanted.contract_number,
                ),
            )
        )
    if wanted.deadline_from is not None:
        conditions.append(quote_version.c.effective_limit >= wanted.deadline_from)
    if wanted.deadline_to is not None:
        conditions.append(quote_version.c.effective_limit <= wanted.deadline_to)
    if wanted.state is not None:
        conditions.append(_in_state(wanted.state, wanted.today))
    return conditions


async def list_quotes(
    session: ReadSession,
    viewer: Viewer,
    wanted: QuoteFilter,
    *,
    after: tuple[str, str] | None,
    limit: int,
) -> list[ListedQuote]:
    """At most `limit` quotes after the key (quote number, customer), in that order."""
    statement = (
        _listed(viewer)
        .where(*_conditions(wanted))
        .order_by(quote.c.quote_number, quote.c.customer_id)
        .limit(limit)
    )
    # A quote has one draft at most, which stands beside what was issued before it.
    if wanted.state != "draft":
        statement = statement.where(_standing(viewer))
    if after is not None:
        statement = statement.where(tuple_(quote.c.quote_number, quote.c.customer_id) > after)
    return [ListedQuote(*row) for row in await session.execute(statement)]


async def list_open_deadlines(
    session: ReadSession,
    viewer: Viewer,
    *,
    today: date,
    until: date | None,
    customer_id: str | None,
    after: tuple[date, str] | None,
    limit: int,
) -> list[ListedQuote]:
    """At most `limit` quotes that can be ordered today, up to a limit on or before `until`, the
    nearest first, after the key (effective limit, quote number).
    """
    statement = (
        _listed(viewer)
        .where(quote_version.c.state == "issued", quote_version.c.effective_limit >= today)
        .order_by(quote_version.c.effective_limit, quote.c.quote_number)
        .limit(limit)
    )
    if until is not None:
        statement = statement.where(quote_version.c.effective_limit <= until)
    if customer_id is not None:
        statement = statement.where(quote.c.customer_id == customer_id)
    if after is not None:
        statement = statement.where(
            tuple_(quote_version.c.effective_limit, quote.c.quote_number) > after
        )
    return [ListedQuote(*row) for row in await session.execute(statement)]


async def list_feed(
    session: ReadSession,
    viewer: Viewer,
    *,
    now: datetime,
    kept: timedelta,
    customer_id: str | None,
    limit: int,
) -> Sequence[ListedQuote]:
    """At most `limit` quotes for the deadline feed: first those that can be ordered, the nearest
    limit first, then what could until so long ago.
    """
    since = now - kept
    open_now = and_(
        quote_version.c.state == "issued", quote_version.c.effective_limit >= jst_date(now)
    )
    statement = (
        _listed(viewer)
        .where(
            quote_version.c.issued_on.is_not(None),
            _standing(viewer),
            or_(
                and_(
                    quote_version.c.state == "issued",
                    quote_version.c.effective_limit >= jst_date(since),
                ),
                quote_version.c.updated_at > since,
            ),
        )
        .order_by(open_now.desc(), quote_version.c.effective_limit, quote.c.quote_number)
        .limit(limit)
    )
    if customer_id is not None:
        statement = statement.where(quote.c.customer_id == customer_id)
    return [ListedQuote(*row) for row in await session.execute(statement)]


async def get_listed_quote(session: ReadSession, viewer: Viewer, quote_number: str) -> ListedQuote:
    """A quote with its standing version. Raises NotFound when the viewer may see none."""
    statement = _listed(viewer).where(_standing(viewer), quote.c.quote_number == quote_number)
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound
    return ListedQuote(*row)


async def find_version_before(
    session: ReadSession, viewer: Viewer, quote_number: str, version: int
) -> int | None:
    """The newest version before another one that was issued; None where there is none."""
    found: int | None = await session.scalar(
        select(func.max(quote_version.c.version)).where(
            viewer.condition(quote_version.c.customer_id),
            quote_version.c.quote_number == quote_number,
            quote_version.c.version < version,
            quote_version.c.issued_on.is_not(None),
        )
    )
    return found
