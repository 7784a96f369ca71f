"""What stands before every command: the database that is meant, its shape, calendar and demo."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from app.db.engine import Database, RoleUrls, role_urls
from app.db.migrate import migrate
from app.demo import demo_files
from app.domain.calendar import jst_date
from app.embedded import running_cluster
from app.settings import Settings
from app.terminal import Bars, spotless, summary
from app.usecases.demo_quotes import seed_quotes
from app.usecases.desk import confirm_company_years, fill_calendar
from app.usecases.imports import import_folder

DATABASE_NAME = "renewal_desk"
HOLIDAY_YEARS_BACK, HOLIDAY_YEARS_AHEAD = 1, 6


@contextmanager
def database_urls(settings: Settings) -> Iterator[RoleUrls]:
    """The log-ins of the configured database, or of the embedded one, which is started and held."""
    if settings.database.url is not None:
        yield role_urls(settings.database.url, settings.database)
        return
    with running_cluster(settings.data_dir / "postgres") as cluster:
        asyncio.run(_ensure_database(cluster.url("postgres")))
        yield role_urls(cluster.url(DATABASE_NAME), settings.database)


async def _ensure_database(admin_url: str) -> None:
    engine = create_async_engine(admin_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            found = await connection.scalar(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": DATABASE_NAME}
            )
            if not found:
                await connection.execute(text(f"CREATE DATABASE {DATABASE_NAME}"))
    finally:
        await engine.dispose()


@asynccontextmanager
async def owner_session(urls: RoleUrls) -> AsyncIterator[AsyncSession]:
    """One transaction as the owner of the tables, for the command line only."""
    engine: AsyncEngine = create_async_engine(urls.owner, poolclass=NullPool)
    try:
        async with AsyncSession(engine) as session, session.begin():
            yield session
    finally:
        await engine.dispose()


@asynccontextmanager
async def open_database(urls: RoleUrls, settings: Settings) -> AsyncIterator[Database]:
    """The two engines, closed at the end."""
    database = Database(urls, settings.database)
    try:
        yield database
    finally:
        await database.close()


async def prepare(urls: RoleUrls, settings: Settings, now: datetime) -> None:
    """Bring the database to the newest shape and the calendar to the years ahead."""
    await migrate(urls)
    year = jst_date(now).year
    async with (
        open_database(urls, settings) as database,
        database.transaction("desk") as session,
    ):
        years = range(year - HOLIDAY_YEARS_BACK, year + HOLIDAY_YEARS_AHEAD)
        await fill_calendar(session, years)


async def seed(urls: RoleUrls, settings: Settings, now: datetime, *, only_empty: bool) -> bool:
    """Load the demo set; returns whether it was loaded. With `only_empty` a database that has
    customers is left alone.
    """
    async with open_database(urls, settings) as database:
        async with database.transaction("desk") as session:
            filled = await session.scalar(text("SELECT EXISTS (SELECT FROM customer)"))
        if filled and only_empty:
            return False
        with tempfile.TemporaryDirectory() as folder:
            write_demo(Path(folder), now)
            with Bars() as bars:
                result = await import_folder(
                    database, Path(folder), now=lambda: now, observer=bars.show
                )
        if not spotless(result):
            raise SystemExit(summary(result, "en"))
        async with database.transaction("desk") as session:
            await confirm_company_years(session, "demo set")
            await seed_quotes(session, now)
    return True


def write_demo(folder: Path, now: datetime) -> None:
    """Write the demo set as import files."""
    for name, content in demo_files(jst_date(now)).items():
        (folder / name).write_text(content, "utf-8")
