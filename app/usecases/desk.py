"""The desk's own calendar: filled from the holiday library, confirmed by the desk."""

from collections.abc import Iterable
from datetime import date, time
from typing import Literal

import holidays
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.desk import (
    add_national_holidays,
    confirm_years,
    delete_company_day,
    put_company_day,
    years_with_company_days,
)
from app.domain.errors import NotFound
from app.usecases.reads import Trace

# The library knows no holiday law beyond this year and would answer "none" without a word.
LAST_KNOWN_YEAR = 2099


async def fill_calendar(session: AsyncSession, years: Iterable[int]) -> int:
    """Add the Japanese national holidays of these years that are not in the calendar yet (CAL-2).

    Returns how many days were added. Days that are there stay as they are.
    """
    known = [year for year in years if year <= LAST_KNOWN_YEAR]
    days = holidays.country_holidays("JP", years=known, language="ja")
    return await add_national_holidays(session, sorted(days.items()))


async def confirm_company_years(session: AsyncSession, confirmed_by: str) -> None:
    """Confirm every year for which company days are known (CAL-3)."""
    await confirm_years(session, await years_with_company_days(session), confirmed_by)


async def set_closing_day(
    session: AsyncSession,
    trace: Trace,
    day: date,
    *,
    kind: Literal["closed", "short"],
    opens: time | None,
    closes: time | None,
    name: str,
) -> None:
    """Make a day a company closing or short day (CAL-2), whatever company day it was before."""
    await put_company_day(session, day, kind=kind, opens=opens, closes=closes, name=name)
    await trace.change("set", "closing_day", day.isoformat())


async def remove_closing_day(session: AsyncSession, trace: Trace, day: date) -> None:
    """Take a company day back. Raises NotFound when the day is none."""
    if not await delete_company_day(session, day):
        raise NotFound
    await trace.change("removed", "closing_day", day.isoformat())
