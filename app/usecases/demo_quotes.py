"""The demo set's quotes, drafted and issued as the desk would have done it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import Caller
from app.db.callers import Viewer
from app.db.desk import load_calendar
from app.db.quote_sources import quotes_written_by
from app.db.quotes import get_quote
from app.demo.quotes import DEMO_QUOTES, SPLIT_LINES, DemoQuote
from app.domain.calendar import DeskCalendar, jst_date
from app.domain.periods import end_of_term
from app.domain.quote_amending import Amendment
from app.usecases.quote_facts import QuoteSettings
from app.usecases.quote_issuing import issue_quote
from app.usecases.quote_merging import split_quote
from app.usecases.quote_origins import DraftWish
from app.usecases.quote_steps import decline_quote, withdraw_quote
from app.usecases.quote_versions import draft_next_version
from app.usecases.quotes import draft_quote
from app.usecases.reads import Trace

DEMO: Final = "demo set"
_SETTINGS: Final = QuoteSettings()
_TWO_YEARS: Final = 24


async def seed_quotes(session: AsyncSession, now: datetime) -> None:
    """Write the demo set's quotes, once only."""
    if await quotes_written_by(session, DEMO):
        return
    calendar = await load_calendar(session)
    for wanted in DEMO_QUOTES:
        await _seed_quote(session, wanted, calendar, now)


async def _seed_quote(
    session: AsyncSession, wanted: DemoQuote, calendar: DeskCalendar, now: datetime
) -> None:
    then = now - timedelta(days=wanted.days_ago)
    today = jst_date(then)
    desk = Viewer(None, None, None, "quotes", today)
    trace = Trace(session, Caller("desk", DEMO, None, None), then, "demo")
    valid = None if wanted.valid_days is None else today + timedelta(days=wanted.valid_days)
    wish = DraftWish(
        contract_numbers=(wanted.contract_number,),
        header={"conditions": wanted.conditions, "valid_until": valid},
    )
    number, version = await draft_quote(session, desk, trace, wish, settings=_SETTINGS, now=then)
    if wanted.fate == "draft":
        return
    if wanted.fate == "split":
        chosen = range(1, SPLIT_LINES + 1)
        number, version = await split_quote(
            session, desk, trace, number, None, chosen, settings=_SETTINGS, now=then
        )
    await issue_quote(
        session, desk, trace, number, None, calendar=calendar, settings=_SETTINGS, now=then
    )
    if wanted.fate == "withdrawn":
        reason = "価格改定のため、作成し直します。"
        await withdraw_quote(session, desk, trace, number, None, version, reason, now=now)
    elif wanted.fate == "declined":
        customer = replace(trace, caller=Caller("customer", DEMO, None, None), now=now)
        reason = "機器を入れ替えることになりました。"
        await decline_quote(session, desk, customer, number, None, version, reason, now=now)
    elif wanted.fate == "second_version":
        await _second_version(session, desk, trace, number, calendar, now)


async def _second_version(
    session: AsyncSession,
    desk: Viewer,
    trace: Trace,
    number: str,
    calendar: DeskCalendar,
    now: datetime,
) -> None:
    trace = replace(trace, now=now)
    _, first = await get_quote(session, desk, number)
    longer = Amendment(end=end_of_term(first.start_date, _TWO_YEARS))
    await draft_next_version(session, desk, trace, number, longer, settings=_SETTINGS, now=now)
    await issue_quote(
        session, desk, trace, number, None, calendar=calendar, settings=_SETTINGS, now=now
    )
