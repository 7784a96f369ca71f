"""What the service does by itself: quotes lapse, moved dates are noticed, old keys and
workbooks go.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import SYSTEM
from app.db import upkeep
from app.db.rate_limits import purge_rate_limits
from app.db.test_clock import ClockRow
from app.db.upkeep import LapsedQuote
from app.domain.calendar import jst_date
from app.domain.end_of_support import refused_after_move
from app.usecases.desk import fill_calendar
from app.usecases.reads import Trace
from app.usecases.test_clock import shown

# What one run takes on; the rest follows with the next run.
MOST = 1_000
KEYS_KEPT = timedelta(days=7)
LOG_KEPT = timedelta(days=30)
LIMITS_KEPT = timedelta(hours=1)
# Long enough to look what a sheet really said when its sender disputes what was read in it.
SHEETS_KEPT = timedelta(days=30)
# The national calendar is filled so many years ahead; the company's days are confirmed by the desk.
YEARS_AHEAD = 5


def trace_of(session: AsyncSession, now: datetime, task: str) -> Trace:
    """The trace of background work."""
    return Trace(session, SYSTEM, now, f"task-{task}")


async def lapse_quotes(session: AsyncSession, now: datetime, *, test_clock: bool) -> int:
    """Let issued quotes lapse whose limit has passed (QUO-1, DL-3), by each sandbox customer's own
    clock where the service has test clocks. Returns how many lapsed.
    """
    clocks = await upkeep.clocks_of_customers(session) if test_clock else {}
    lapsed: list[LapsedQuote] = list(
        await upkeep.lapse_quotes(
            session, today=jst_date(now), now=now, only=None, others=sorted(clocks), most=MOST
        )
    )
    for tenant, (frozen_at, shift) in clocks.items():
        today = jst_date(shown(ClockRow(tenant, frozen_at, shift), now))
        lapsed += await upkeep.lapse_quotes(
            session, today=today, now=now, only=tenant, others=[], most=MOST
        )
    trace = trace_of(session, now, "lapse_quotes")
    for each in lapsed:
        await trace.step(
            "lapsed",
            "quote",
            each.quote_number,
            each.customer_id,
            {"version": each.version, "effective_limit": each.effective_limit.isoformat()},
        )
    return len(lapsed)


async def recheck_end_of_support(
    session: AsyncSession, now: datetime, *, covers_last_day: bool
) -> int:
    """Flag open quotes and requests whose machines' end of support moved so that they would not be
    offered today as they were (EOS-5). `covers_last_day` is the setting of EOS-2. Returns how many
    were flagged.
    """
    trace = trace_of(session, now, "recheck_end_of_support")
    flagged = 0
    for line in await upkeep.list_touched_lines(session, MOST):
        refused = refused_after_move(
            line.kind, line.start, line.end, line.lifecycle, covers_last_day=covers_last_day
        )
        if line.flagged or not refused:
            continue
        flag = upkeep.flag_quote if line.object_type == "quote" else upkeep.flag_request
        if await flag(session, line, now):
            flagged += 1
            facts = {"product_number": line.product_number}
            if line.version is not None:
                facts["version"] = str(line.version)
            await trace.step("flagged", line.object_type, line.object_id, line.customer_id, facts)
    return flagged


async def fill_years_ahead(session: AsyncSession, now: datetime) -> int:
    """Fill the national holidays of the years ahead (CAL-2). Returns how many days were added."""
    year = jst_date(now).year
    return await fill_calendar(session, range(year, year + YEARS_AHEAD + 1))


async def purge(session: AsyncSession, now: datetime) -> int:
    """Delete what is kept no longer: keys of requests after 7 days, revocations of tokens that have
    expired, workbooks 30 days after they were read, the queue's own log after 30 days, allowances
    after an hour without a call. Returns how many keys, revocations and workbooks went.
    """
    gone = await upkeep.purge_keys(session, now - KEYS_KEPT, MOST * 10)
    gone += await upkeep.purge_revoked_tokens(session, now)
    gone += await upkeep.purge_sheets(session, now - SHEETS_KEPT, MOST)
    await upkeep.purge_job_log(session, now - LOG_KEPT)
    await purge_rate_limits(session, now - LIMITS_KEPT)
    return gone
