"""The desk calendar in the database, and in memory while its revision stands."""

from collections.abc import Iterable
from datetime import date, time

from sqlalchemy import ScalarSelect, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import calendar_day, calendar_revision, calendar_year
from app.domain.calendar import DeskCalendar, OpenInterval

_REVISION = select(calendar_revision.c.revision)
REASON_OF_ORIGIN = {"national": "national_holiday", "company": "company_closing"}


def revision_of_calendar() -> ScalarSelect[int]:
    """The calendar's revision as a column of any other statement."""
    return select(calendar_revision.c.revision).scalar_subquery()


class CalendarMemory:
    """The calendar of one process, read anew as soon as its revision in the database moves.

    The revision is read in the transaction that decides, so no answer comes from an old calendar.
    """

    def __init__(self) -> None:
        self.revision: int = -1
        self.calendar: DeskCalendar = DeskCalendar(closed={})

    async def current(self, session: AsyncSession) -> DeskCalendar:
        """The calendar as it stands in this transaction."""
        return await self.at(session, await session.scalar(_REVISION) or 0)

    async def at(self, session: AsyncSession, revision: int) -> DeskCalendar:
        """The calendar, when this transaction has just read its revision with something else."""
        if revision != self.revision:
            calendar = await load_calendar(session)
            self.calendar, self.revision = calendar, revision
        return self.calendar


async def load_calendar(session: AsyncSession) -> DeskCalendar:
    """Read the whole calendar: closed days, short days and confirmed years."""
    days = await session.execute(
        select(
            calendar_day.c.day,
            calendar_day.c.origin,
            calendar_day.c.kind,
            calendar_day.c.opens,
            calendar_day.c.closes,
        ).order_by(calendar_day.c.day, calendar_day.c.origin)
    )
    closed: dict[date, str] = {}
    short: dict[date, tuple[OpenInterval, ...]] = {}
    for day, origin, kind, opens, closes in days:
        if kind == "closed":
            # A day that is both is closed for the nation first: "company" sorts before "national".
            closed[day] = REASON_OF_ORIGIN[origin]
        else:
            short[day] = (OpenInterval(opens, closes),)
    years = await session.scalars(select(calendar_year.c.year))
    return DeskCalendar(closed=closed, short_days=short, confirmed_years=frozenset(years))


async def add_national_holidays(session: AsyncSession, holidays: Iterable[tuple[date, str]]) -> int:
    """Add national holidays that are not in the calendar yet; returns how many were added.

    Days that stand there already are kept as they are: a promised deadline must not move because a
    library changed its mind.
    """
    rows = [
        {"day": day, "origin": "national", "kind": "closed", "name": name} for day, name in holidays
    ]
    if not rows:
        return 0
    statement = insert(calendar_day).values(rows).on_conflict_do_nothing()
    added = await session.execute(statement.returning(calendar_day.c.day))
    return len(added.all())


async def confirm_years(session: AsyncSession, years: Iterable[int], confirmed_by: str) -> None:
    """Record that the company days of these years are complete (CAL-3)."""
    rows = [{"year": year, "confirmed_by": confirmed_by} for year in years]
    if rows:
        await session.execute(insert(calendar_year).values(rows).on_conflict_do_nothing())


async def years_with_company_days(session: AsyncSession) -> list[int]:
    """The years for which at least one company day is known."""
    year = func.extract("year", calendar_day.c.day)
    found = await session.scalars(
        select(year).where(calendar_day.c.origin == "company").distinct().order_by(year)
    )
    return [int(value) for value in found]


async def names_of_days(session: AsyncSession, first: date, last: date) -> dict[date, str]:
    """The names of holidays and company days between two days, both inclusive."""
    rows = await session.execute(
        select(calendar_day.c.day, calendar_day.c.name)
        .where(calendar_day.c.day.between(first, last))
        .order_by(calendar_day.c.day, calendar_day.c.origin)
    )
    return {row.day: row.name for row in rows}


async def put_company_day(
    session: AsyncSession,
    day: date,
    *,
    kind: str,
    opens: time | None,
    closes: time | None,
    name: str,
) -> None:
    """Store a company day, in the place of the one that stands there."""
    values = {"kind": kind, "opens": opens, "closes": closes, "name": name}
    await session.execute(
        insert(calendar_day)
        .values(day=day, origin="company", **values)
        .on_conflict_do_update(
            index_elements=["day", "origin"], set_={**values, "updated_at": func.now()}
        )
    )


async def delete_company_day(session: AsyncSession, day: date) -> bool:
    """Remove a company day; False when there is none."""
    removed = await session.execute(
        delete(calendar_day)
        .where(calendar_day.c.day == day, calendar_day.c.origin == "company")
        .returning(calendar_day.c.day)
    )
    return removed.first() is not None
