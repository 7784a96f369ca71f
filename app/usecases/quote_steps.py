"""The steps of a quote after its issue: withdrawn, declined (QUO-1)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_writes import claim_quote, move_version
from app.db.quotes import (
    get_version,
)
from app.domain.calendar import jst_date
from app.domain.errors import (
    VersionNotLatest,
)
from app.domain.quote_states import (
    VersionAction,
    VersionState,
    effective_state,
    next_version_state,
)
from app.usecases.reads import Trace


async def withdraw_quote(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    held: int | None,
    version: int,
    reason: str,
    *,
    now: datetime,
) -> None:
    """Withdraw a draft or an issued version (QUO-1).

    Raises NotFound, PreconditionFailed, and WrongState for a version that has ended.
    """
    await _end(
        session, viewer, trace, quote_number, held, version, reason, VersionAction.WITHDRAW, now
    )


async def decline_quote(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    held: int | None,
    version: int,
    reason: str,
    *,
    now: datetime,
) -> None:
    """The customer declines an issued version (QUO-1).

    Raises NotFound, PreconditionFailed, VersionNotLatest for an earlier version than the latest,
    and WrongState for one that is not open any more.
    """
    await _end(
        session, viewer, trace, quote_number, held, version, reason, VersionAction.DECLINE, now
    )


async def _end(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    held: int | None,
    version: int,
    reason: str,
    action: VersionAction,
    now: datetime,
) -> None:
    quote, _ = await get_version(session, viewer, quote_number, version)
    await claim_quote(session, viewer, quote.customer_id, quote.quote_number, held, now)
    quote, row = await get_version(session, viewer, quote_number, version)
    if action is VersionAction.DECLINE and version != quote.latest_issued:
        latest = quote.latest_issued or quote.latest_version
        raise VersionNotLatest(facts={"latest_version": latest}, rules=("QUO-2",))
    before = effective_state(VersionState(row.state), row.effective_limit, jst_date(now))
    after = next_version_state(before, action)
    await move_version(
        session,
        customer_id=quote.customer_id,
        quote_number=quote.quote_number,
        version=version,
        from_state=before.value,
        to_state=after.value,
        reason=reason,
        now=now,
    )
    await trace.step(
        after.value, "quote", quote.quote_number, quote.customer_id, {"version": version}
    )
