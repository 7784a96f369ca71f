"""Sandbox tenants and their clocks."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import membership, test_clock


class ClockRow(NamedTuple):
    """A sandbox tenant's clock: standing at an instant, or so many seconds off the real one."""

    tenant: str
    frozen_at: datetime | None
    shift_seconds: int


def _of(principal: str) -> ColumnElement[bool]:
    """The clocks of a principal: its own (a partner, the desk), or those of its customers."""
    return or_(
        test_clock.c.tenant == principal,
        test_clock.c.tenant.in_(
            select(membership.c.customer_id).where(membership.c.principal == principal)
        ),
    )


async def find_clock(session: AsyncSession, principal: str) -> ClockRow | None:
    """The clock of a sandbox tenant; None for a production tenant."""
    row = (
        await session.execute(
            select(test_clock.c.tenant, test_clock.c.frozen_at, test_clock.c.shift_seconds)
            .where(_of(principal))
            .order_by(test_clock.c.tenant)
            .limit(1)
        )
    ).first()
    return None if row is None else ClockRow(*row)


async def set_clock(
    session: AsyncSession, tenant: str, frozen_at: datetime | None, shift_seconds: int
) -> None:
    """Set the clock of a sandbox tenant."""
    await session.execute(
        update(test_clock)
        .where(test_clock.c.tenant == tenant)
        .values(frozen_at=frozen_at, shift_seconds=shift_seconds)
    )


async def add_sandbox(session: AsyncSession, tenant: str) -> None:
    """Make a tenant a sandbox (command line, as the owner of the tables)."""
    await session.execute(insert(test_clock).values(tenant=tenant).on_conflict_do_nothing())
