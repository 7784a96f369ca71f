"""Who may hold credentials: machine accounts of partners, memberships, desk roles, revocations.

What a caller may see with them is in app.db.callers.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Insert, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import ReadSession
from app.db.tables import desk_role, membership, partner_client, revoked_token
from app.domain.errors import NotFound


class ClientRow(NamedTuple):
    """A machine account of a partner. The secret itself is stored nowhere."""

    client_id: str
    partner_id: str
    secret_hash: bytes
    revoked_at: datetime | None


async def find_client(session: AsyncSession | ReadSession, client_id: str) -> ClientRow | None:
    """The machine account with this id, revoked or not."""
    columns = partner_client.c
    row = (
        await session.execute(
            select(
                columns.client_id, columns.partner_id, columns.secret_hash, columns.revoked_at
            ).where(columns.client_id == client_id)
        )
    ).one_or_none()
    return None if row is None else ClientRow(*row)


async def add_client(
    session: AsyncSession, client_id: str, partner_id: str, secret_hash: bytes, now: datetime
) -> None:
    """Store a machine account; one with the same id stays as it is.

    Raises NotFound when there is no such partner.
    """
    await _insert(
        session,
        insert(partner_client)
        .values(client_id=client_id, partner_id=partner_id, secret_hash=secret_hash, created_at=now)
        .on_conflict_do_nothing(),
        foreign_key="fk_partner_client_partner",
    )


async def end_client(session: AsyncSession, client_id: str, now: datetime) -> bool:
    """Withdraw a machine account and with it all of its tokens. False when there is none that
    still stands.
    """
    ended = await session.execute(
        update(partner_client)
        .where(partner_client.c.client_id == client_id, partner_client.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(partner_client.c.client_id)
    )
    return ended.first() is not None


async def add_membership(
    session: AsyncSession, principal: str, customer_id: str, now: datetime
) -> None:
    """Let a user act for a customer, if that is not so already.

    Raises NotFound when there is no such customer.
    """
    await _insert(
        session,
        insert(membership)
        .values(principal=principal, customer_id=customer_id, created_at=now)
        .on_conflict_do_nothing(),
        foreign_key="fk_membership_customer",
    )


async def add_desk_role(session: AsyncSession, principal: str, now: datetime) -> None:
    """Let a user work at the desk, if that is not so already."""
    await session.execute(
        insert(desk_role).values(principal=principal, created_at=now).on_conflict_do_nothing()
    )


async def remove_desk_role(session: AsyncSession, principal: str) -> bool:
    """End a user's work at the desk. False when the user did not work there."""
    removed = await session.execute(
        delete(desk_role).where(desk_role.c.principal == principal).returning(desk_role.c.principal)
    )
    return removed.first() is not None


async def add_revocation(
    session: AsyncSession, token_id: str, expires_at: datetime, now: datetime
) -> None:
    """Withdraw one token for good; `expires_at` is when the row is no longer needed."""
    await session.execute(
        insert(revoked_token)
        .values(token_id=token_id, expires_at=expires_at, revoked_at=now)
        .on_conflict_do_nothing()
    )


async def _insert(session: AsyncSession, statement: Insert, *, foreign_key: str) -> None:
    # The foreign key decides and not a look beforehand: row-level security hides customers from an
    # owner that is no superuser, and nothing can come between.
    try:
        async with session.begin_nested():
            await session.execute(statement)
    except IntegrityError as failure:
        cause = getattr(failure.orig, "__cause__", None)
        if getattr(cause, "constraint_name", None) == foreign_key:
            raise NotFound from failure
        raise
