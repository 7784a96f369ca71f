"""Change requests: reading, inserting and changing them, and the contacts of contracts."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.engine import ReadSession
from app.db.quote_tables import change_request, contract_contact
from app.domain.errors import NotFound, PreconditionFailed


class ChangeRow(NamedTuple):
    """One change request. `changes` are records of `app.domain.change_records`, `warnings` codes;
    `quote_version` is the version that it is about and `answer_version` the one that answers it.
    """

    customer_id: str
    id: uuid.UUID
    state: str
    service_id: str | None
    contract_number: str | None
    quote_number: str | None
    quote_version: int | None
    answer_version: int | None
    requester_name: str
    requester_email: str
    changes: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    reason: str | None
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which change requests a list shows; identifiers are normalised."""

    state: str | None = None
    contract_number: str | None = None
    service_id: str | None = None
    quote_number: str | None = None
    customer_id: str | None = None


class ContactRow(NamedTuple):
    """Who is written to about a contract."""

    name: str
    email: str


_COLUMNS = tuple(change_request.c[name] for name in ChangeRow._fields)
_SELECT = select(*_COLUMNS)


async def get_change_request(
    session: AsyncSession | ReadSession, viewer: Viewer, change_id: uuid.UUID
) -> ChangeRow:
    """The change request with this id. Raises NotFound when the viewer may see none."""
    return await _one(session, _SELECT, viewer, change_id)


async def claim_change_request(
    session: AsyncSession, viewer: Viewer, change_id: uuid.UUID, held: int | None
) -> ChangeRow:
    """The change request with this id, locked until the transaction ends.

    Raises NotFound, and PreconditionFailed when it is no longer at the revision `held`; None stands
    for any.
    """
    row = await _one(session, _SELECT.with_for_update(of=change_request), viewer, change_id)
    if held is not None and row.revision != held:
        raise PreconditionFailed(pointer="if-match")
    return row


async def _one(
    session: AsyncSession | ReadSession, statement: Any, viewer: Viewer, change_id: uuid.UUID
) -> ChangeRow:
    row = (
        await session.execute(
            statement.where(
                change_request.c.id == change_id, viewer.condition(change_request.c.customer_id)
            )
        )
    ).first()
    if row is None:
        raise NotFound
    return ChangeRow(*row)


async def list_change_requests(
    session: ReadSession,
    viewer: Viewer,
    wanted: ChangeFilter,
    *,
    after: uuid.UUID | None,
    limit: int,
) -> list[ChangeRow]:
    """At most `limit` change requests before an id, the latest first: ids are made in order of
    time.
    """
    conditions = [
        change_request.c[name] == value
        for name in ("state", "contract_number", "service_id", "quote_number", "customer_id")
        if (value := getattr(wanted, name)) is not None
    ]
    if after is not None:
        conditions.append(change_request.c.id < after)
    rows = await session.execute(
        _SELECT.where(viewer.condition(change_request.c.customer_id), *conditions)
        .order_by(change_request.c.id.desc())
        .limit(limit)
    )
    return [ChangeRow(*row) for row in rows]


async def add_change_request(session: AsyncSession, row: ChangeRow) -> None:
    """Store a new change request."""
    values = {**row._asdict(), "changes": [dict(change) for change in row.changes]}
    await session.execute(insert(change_request).values(values))


async def change_change_request(
    session: AsyncSession, held: ChangeRow, values: Mapping[str, Any], now: datetime
) -> ChangeRow:
    """Change a change request as it was read, and return it as it is then.

    Raises PreconditionFailed when somebody else has changed it since.
    """
    row = (
        await session.execute(
            update(change_request)
            .where(
                change_request.c.customer_id == held.customer_id,
                change_request.c.id == held.id,
                change_request.c.revision == held.revision,
            )
            .values({**values, "revision": held.revision + 1, "updated_at": now})
            .returning(*_COLUMNS)
        )
    ).first()
    if row is None:
        raise PreconditionFailed(pointer="if-match")
    return ChangeRow(*row)


async def find_contact(
    session: AsyncSession, viewer: Viewer, customer_id: str, contract_number: str
) -> ContactRow | None:
    """Who is written to about a contract, as its customer last said; None where nobody was."""
    row = (
        await session.execute(
            select(contract_contact.c.name, contract_contact.c.email).where(
                viewer.condition(contract_contact.c.customer_id),
                contract_contact.c.customer_id == customer_id,
                contract_contact.c.contract_number == contract_number,
            )
        )
    ).first()
    return None if row is None else ContactRow(*row)


async def set_contact(
    session: AsyncSession,
    customer_id: str,
    contract_number: str,
    contact: ContactRow,
    *,
    updated_by: str,
    now: datetime,
) -> None:
    """Name the contact of a contract, in the place of an earlier one."""
    values = {**contact._asdict(), "updated_by": updated_by, "updated_at": now}
    await session.execute(
        upsert(contract_contact)
        .values(customer_id=customer_id, contract_number=contract_number, **values)
        .on_conflict_do_update(index_elements=["customer_id", "contract_number"], set_=values)
    )
