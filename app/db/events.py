"""Events: what happened to a customer's requests, changes and quotes, in the order it happened.

An event is written in the transaction of what it tells, so a refusal leaves none.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.audit import AuditEntry, add_audit
from app.db.callers import Viewer
from app.db.engine import ReadSession
from app.db.ids import new_id
from app.db.quote_tables import event
from app.db.transaction import insert_soon


class EventRow(NamedTuple):
    """One event: `type` is object.what_happened, `data` the facts of it."""

    id: uuid.UUID
    position: int
    type: str
    at: datetime
    actor: str
    data: Mapping[str, Any]


_INSERT = insert(event)


async def add_event(
    session: AsyncSession, customer_id: str, actor: str, data: Mapping[str, Any], entry: AuditEntry
) -> None:
    """Write an event together with its audit entry, in the transaction of what they tell."""
    values = {
        "customer_id": customer_id,
        "id": new_id(entry.at),
        "type": f"{entry.object_type}.{entry.action}",
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "at": entry.at,
        "actor": actor,
        "data": dict(data),
    }
    await insert_soon(session, _INSERT, values)
    await add_audit(session, entry)


async def list_history(
    session: ReadSession,
    viewer: Viewer,
    object_type: str,
    object_id: str,
    after: int | None,
    limit: int,
) -> Sequence[EventRow]:
    """At most `limit` events of one object, the earliest first, after a position."""
    statement = (
        select(event.c.id, event.c.position, event.c.type, event.c.at, event.c.actor, event.c.data)
        .where(
            event.c.object_type == object_type,
            event.c.object_id == object_id,
            viewer.condition(event.c.customer_id),
        )
        .order_by(event.c.position)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(event.c.position > after)
    return [EventRow(*row) for row in await session.execute(statement)]
