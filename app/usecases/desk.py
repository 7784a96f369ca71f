"""The desk's own calendar: filled from the holiday library, confirmed by the desk."""

from collections.abc import Iterable

import holidays
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.desk import add_national_holidays, confirm_years, years_with_company_days

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
