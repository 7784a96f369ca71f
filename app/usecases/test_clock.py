"""The test clock: a sandbox tenant's own "now", so that deadlines and ends can be tested."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import Caller
from app.db.callers import name_caller
from app.db.engine import Database
from app.db.test_clock import ClockRow, find_clock, set_clock
from app.domain.errors import TestClockRefused
from app.usecases.reads import Trace

DESK_TENANT = "desk"


def tenant_name(caller: Caller) -> str:
    """What a caller's clock is looked up by: the desk as a whole, else its principal."""
    return DESK_TENANT if caller.kind == "desk" else caller.principal or ""


def shown(clock: ClockRow | None, now: datetime) -> datetime:
    """What a clock shows at the real instant `now`."""
    if clock is None:
        return now
    if clock.frozen_at is not None:
        return clock.frozen_at
    return now + timedelta(seconds=clock.shift_seconds)


async def tenant_now(database: Database, caller: Caller, now: datetime) -> datetime:
    """The instant by which a caller's request decides."""
    if caller.kind == "public":
        return now
    async with database.transaction("desk" if caller.kind == "desk" else "portal") as session:
        return shown(await find_clock(session, tenant_name(caller)), now)


async def move_clock(
    session: AsyncSession,
    trace: Trace,
    caller: Caller,
    *,
    to: datetime,
    frozen: bool,
    now: datetime,
) -> None:
    """Set the clock of the caller's tenant: standing, or running on from `to`.

    Raises TestClockRefused for a tenant that is no sandbox.
    """
    clock = await find_clock(session, tenant_name(caller))
    if clock is None:
        raise TestClockRefused
    await name_caller(session, tenant_name(caller))
    shift = 0 if frozen else round((to - now).total_seconds())
    await set_clock(session, clock.tenant, to if frozen else None, shift)
    await trace.change("moved", "test_clock", clock.tenant)


async def reset_clock(session: AsyncSession, trace: Trace, caller: Caller) -> None:
    """Let the clock of the caller's tenant show the real time again.

    Raises TestClockRefused for a tenant that is no sandbox.
    """
    clock = await find_clock(session, tenant_name(caller))
    if clock is None:
        raise TestClockRefused
    await name_caller(session, tenant_name(caller))
    await set_clock(session, clock.tenant, None, 0)
    await trace.change("reset", "test_clock", clock.tenant)
