"""Quote requests: reading, inserting and changing them, and what the database knows for them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.engine import ReadSession
from app.db.quote_tables import quote_request, quote_request_item
from app.db.transaction import insert_soon
from app.domain.errors import NotFound, PreconditionFailed


class QuoteRequestRow(NamedTuple):
    """One quote request. `missing`, `warnings` and `flags` are codes; `findings` is what the dates
    of products say; `wished` the period as it was asked for, `start_date` and `end_date` what it
    comes to (None: open).
    """

    customer_id: str
    id: uuid.UUID
    kind: str
    state: str
    service_id: str | None
    contract_number: str | None
    support_service_serial: str | None
    start_date: date | None
    end_date: date | None
    service_level: str | None
    requester_name: str
    requester_email: str
    note: str | None
    missing: Sequence[str]
    warnings: Sequence[str]
    flags: Sequence[str]
    rules: Sequence[str]
    findings: Sequence[Mapping[str, Any]]
    wished: Mapping[str, Any]
    redirect: str | None
    question: str | None
    reason: str | None
    eligibility_check_id: uuid.UUID | None
    quote_number: str | None
    origin: str
    sheet_reference: uuid.UUID | None
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime


class RequestItemRow(NamedTuple):
    """One machine of a quote request, in the place in which it was named."""

    position: int
    product_number: str | None
    product_name: str | None
    serial_number: str | None
    quantity: int
    service_level: str | None
    condition_state: str | None
    declared_by: str | None
    declared_on: date | None


_SELECT = select(*(quote_request.c[name] for name in QuoteRequestRow._fields))


async def get_quote_request(
    session: AsyncSession | ReadSession, viewer: Viewer, request_id: uuid.UUID
) -> QuoteRequestRow:
    """The quote request with this id. Raises NotFound when the viewer may see none."""
    return await _one(session, _SELECT, viewer, request_id)


async def claim_quote_request(
    session: AsyncSession, viewer: Viewer, request_id: uuid.UUID
) -> QuoteRequestRow:
    """The quote request with this id, locked until the transaction ends. Raises NotFound."""
    return await _one(session, _SELECT.with_for_update(of=quote_request), viewer, request_id)


async def _one(
    session: AsyncSession | ReadSession, statement: Any, viewer: Viewer, request_id: uuid.UUID
) -> QuoteRequestRow:
    row = (
        await session.execute(
            statement.where(
                quote_request.c.id == request_id, viewer.condition(quote_request.c.customer_id)
            )
        )
    ).first()
    if row is None:
        raise NotFound
    return QuoteRequestRow(*row)


async def list_request_items(
    session: AsyncSession | ReadSession, request: QuoteRequestRow
) -> list[RequestItemRow]:
    """The machines of a request that was read before, in their order."""
    rows = await session.execute(
        select(*(quote_request_item.c[name] for name in RequestItemRow._fields))
        .where(
            quote_request_item.c.customer_id == request.customer_id,
            quote_request_item.c.request_id == request.id,
        )
        .order_by(quote_request_item.c.position)
    )
    return [RequestItemRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests a list shows. `states` are any of them; instants are from (inclusive) and
    until (exclusive).
    """

    states: tuple[str, ...] = ()
    kind: str | None = None
    contract_number: str | None = None
    customer_id: str | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


async def list_quote_requests(
    session: ReadSession,
    viewer: Viewer,
    wanted: RequestFilter,
    *,
    after: uuid.UUID | None,
    limit: int,
) -> list[QuoteRequestRow]:
    """At most `limit` requests before an id, the latest first: ids are made in order of time."""
    conditions: list[ColumnElement[bool]] = [
        column == value
        for column, value in (
            (quote_request.c.kind, wanted.kind),
            (quote_request.c.contract_number, wanted.contract_number),
            (quote_request.c.customer_id, wanted.customer_id),
        )
        if value is not None
    ]
    if wanted.states:
        conditions.append(quote_request.c.state.in_(wanted.states))
    if wanted.created_from is not None:
        conditions.append(quote_request.c.created_at >= wanted.created_from)
    if wanted.created_until is not None:
        conditions.append(quote_request.c.created_at < wanted.created_until)
    if after is not None:
        conditions.append(quote_request.c.id < after)
    rows = await session.execute(
        _SELECT.where(viewer.condition(quote_request.c.customer_id), *conditions)
        .order_by(quote_request.c.id.desc())
        .limit(limit)
    )
    return [QuoteRequestRow(*row) for row in rows]


_INSERT = insert(quote_request)


async def add_quote_request(
    session: AsyncSession, request: QuoteRequestRow, items: Sequence[RequestItemRow]
) -> None:
    """Store a new request with its machines."""
    await insert_soon(session, _INSERT, request._asdict())
    await _add_items(session, request, items)


async def _add_items(
    session: AsyncSession, request: QuoteRequestRow, items: Sequence[RequestItemRow]
) -> None:
    if items:
        named = {"customer_id": request.customer_id, "request_id": request.id}
        await session.execute(
            insert(quote_request_item), [{**named, **item._asdict()} for item in items]
        )


async def change_quote_request(
    session: AsyncSession, held: QuoteRequestRow, changes: Mapping[str, Any], now: datetime
) -> QuoteRequestRow:
    """Change a request as it was read, and return it as it is then.

    Raises PreconditionFailed when somebody else has changed it since.
    """
    row = (
        await session.execute(
            update(quote_request)
            .where(
                quote_request.c.customer_id == held.customer_id,
                quote_request.c.id == held.id,
                quote_request.c.revision == held.revision,
            )
            .values({**changes, "revision": held.revision + 1, "updated_at": now})
            .returning(*(quote_request.c[name] for name in QuoteRequestRow._fields))
        )
    ).first()
    if row is None:
        raise PreconditionFailed(pointer="if-match")
    return QuoteRequestRow(*row)


async def replace_request_items(
    session: AsyncSession, request: QuoteRequestRow, items: Sequence[RequestItemRow]
) -> None:
    """Put other machines into the place of those that a request had."""
    await session.execute(
        quote_request_item.delete().where(
            quote_request_item.c.customer_id == request.customer_id,
            quote_request_item.c.request_id == request.id,
        )
    )
    await _add_items(session, request, items)
