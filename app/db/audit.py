"""The audit trail: who did or read what, when, of which customers."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import any_, insert, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.ids import new_id
from app.db.tables import audit
from app.db.transaction import insert_soon


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry: `action` is read or the name of a change, `object_id` its own number."""

    at: datetime
    caller: str
    principal: str | None
    action: str
    object_type: str
    object_id: str | None
    customer_ids: tuple[str, ...]
    request_id: str | None


_INSERT = insert(audit)


async def add_audit(session: AsyncSession, entry: AuditEntry) -> None:
    """Write an entry in the transaction of what it tells."""
    values = {
        "id": new_id(entry.at),
        "at": entry.at,
        "caller": entry.caller,
        "principal": entry.principal,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "customer_ids": list(entry.customer_ids),
        "request_id": entry.request_id,
    }
    await insert_soon(session, _INSERT, values)


async def list_audit(
    session: AsyncSession,
    *,
    customer_id: str | None,
    object_type: str | None,
    object_id: str | None,
    after: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> Sequence[tuple[uuid.UUID, AuditEntry]]:
    """At most `limit` entries, the latest first, before the key (instant, id)."""
    statement = select(audit).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit)
    if customer_id is not None:
        statement = statement.where(literal(customer_id) == any_(audit.c.customer_ids))
    if object_type is not None:
        statement = statement.where(audit.c.object_type == object_type)
    if object_id is not None:
        statement = statement.where(audit.c.object_id == object_id)
    if after is not None:
        statement = statement.where(tuple_(audit.c.at, audit.c.id) < after)
    rows = await session.execute(statement)
    return [
        (
            row.id,
            AuditEntry(
                row.at,
                row.caller,
                row.principal,
                row.action,
                row.object_type,
                row.object_id,
                tuple(row.customer_ids),
                row.request_id,
            ),
        )
        for row in rows
    ]
