"""The command line: `renewal-desk serve`, `migrate`, `import`, `seed`, `token` and the rest."""

import argparse
import asyncio
import gc
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

import uvicorn
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from app.auth import Authenticator
from app.auth_keys import load_keys
from app.db.engine import Database, RoleUrls, role_urls
from app.db.migrate import RolesMissing, migrate
from app.db.test_clock import add_sandbox
from app.demo import demo_files
from app.deps import utc_now
from app.domain.calendar import jst_date
from app.domain.errors import DeskError, NotFound
from app.embedded import running_cluster
from app.embedded_account import EmbeddedDatabaseError
from app.main import create_app
from app.observability import configure_logging
from app.settings import SettingError, Settings, load_settings
from app.terminal import Bars, spotless, summary, welcome
from app.usecases.desk import confirm_company_years, fill_calendar
from app.usecases.doctor import examine
from app.usecases.imports import import_folder
from app.usecases.tokens import (
    grant_customer_token,
    grant_desk_token,
    grant_partner_token,
    register_client,
    revoke_client,
    revoke_token,
)
from app.worker import run_imports

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
    await migrate(urls.owner)
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
    return True


def write_demo(folder: Path, now: datetime) -> None:
    """Write the demo set as import files."""
    for name, content in demo_files(jst_date(now)).items():
        (folder / name).write_text(content, "utf-8")


# ---------------------------------------------------------------------------------------- commands


def serve(arguments: argparse.Namespace, settings: Settings) -> None:
    """Serve until stopped; the embedded database stands as long."""
    if arguments.test_clock:
        settings = replace(settings, test_clock=True)
    with database_urls(settings) as urls:
        now = utc_now()
        asyncio.run(prepare(urls, settings, now))
        if arguments.demo:
            asyncio.run(seed(urls, settings, now, only_empty=True))
            if settings.test_clock:
                asyncio.run(_demo_sandboxes(urls))
            if settings.auth.development_issuer:
                print(welcome(settings, asyncio.run(_demo_tokens(urls, settings, now))), flush=True)
        keys = load_keys(settings.data_dir)
        app = create_app(settings, Database(urls, settings.database), keys)
        # What exists now lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 50)
        config = uvicorn.Config(
            app,
            host=settings.http.host,
            port=settings.http.port,
            access_log=False,
            server_header=False,
            log_level="warning",
            timeout_graceful_shutdown=20,
        )
        DrainingServer(config, app.state.stopping, settings.drain_seconds).run()


class DrainingServer(uvicorn.Server):
    """Says "not ready" as soon as it is told to stop, and stops after the time that a load balancer
    needs to see it.
    """

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event, seconds: int) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._seconds = seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take the signal: the first one starts the drain, the second one ends it."""
        if self._seconds == 0 or self._stopping.is_set():
            super().handle_exit(sig, frame)
            return
        self._stopping.set()
        loop = asyncio.get_running_loop()
        loop.call_later(self._seconds, super().handle_exit, sig, frame)


def worker_command(_arguments: argparse.Namespace, settings: Settings) -> None:
    """Do the background work only, without answering requests, until stopped."""

    async def run(urls: RoleUrls) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with open_database(urls, settings) as database:
            await run_imports(database, stop, utc_now)

    with database_urls(settings) as urls:
        asyncio.run(prepare(urls, settings, utc_now()))
        asyncio.run(run(urls))


def sandbox_command(arguments: argparse.Namespace, settings: Settings) -> None:
    """Make a tenant a sandbox, which may move its own clock on a service with test clocks."""

    async def run(urls: RoleUrls) -> None:
        async with owner_session(urls) as session:
            await add_sandbox(session, arguments.tenant)

    with database_urls(settings) as urls:
        asyncio.run(run(urls))
    print(f"{arguments.tenant} is a sandbox.")


async def _demo_sandboxes(urls: RoleUrls) -> None:
    async with owner_session(urls) as session:
        for tenant in ("C0001", "P0001", "desk"):
            await add_sandbox(session, tenant)


async def _demo_tokens(urls: RoleUrls, settings: Settings, now: datetime) -> dict[str, str]:
    issuer = Authenticator(settings.auth, load_keys(settings.data_dir), utc_now)
    day = timedelta(days=1)
    try:
        async with owner_session(urls) as session:
            return {
                "customer": await grant_customer_token(session, issuer, "C0001", now, day),
                "partner": await grant_partner_token(session, issuer, "P0001", now, day),
                "desk": await grant_desk_token(session, issuer, now, day),
            }
    except NotFound:
        # The database was filled with something else than the demo set.
        return {}


def migrate_command(_arguments: argparse.Namespace, settings: Settings) -> None:
    """Bring the database to the newest shape."""
    with database_urls(settings) as urls:
        asyncio.run(prepare(urls, settings, utc_now()))
    print("The database has the newest shape.")


def import_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """Import every known file of a folder; 1 when a row or a file was refused."""

    async def run(urls: RoleUrls) -> int:
        await prepare(urls, settings, utc_now())
        async with open_database(urls, settings) as database:
            with Bars() as bars:
                result = await import_folder(
                    database,
                    arguments.folder,
                    encoding=arguments.encoding,
                    now=utc_now,
                    observer=bars.show,
                )
        print(summary(result, arguments.language))
        return 0 if spotless(result) else 1

    with database_urls(settings) as urls:
        return asyncio.run(run(urls))


def seed_command(arguments: argparse.Namespace, settings: Settings) -> None:
    """Load the demo set."""
    with database_urls(settings) as urls:
        asyncio.run(prepare(urls, settings, utc_now()))
        loaded = asyncio.run(seed(urls, settings, utc_now(), only_empty=not arguments.again))
    print("The demo set is loaded." if loaded else "The database has customers: nothing was done.")


def token_command(arguments: argparse.Namespace, settings: Settings) -> None:
    """Print an access token of the development issuer."""
    lifetime = duration(arguments.expires)
    issuer = Authenticator(settings.auth, load_keys(settings.data_dir), utc_now)

    async def run(urls: RoleUrls) -> str:
        now = utc_now()
        async with owner_session(urls) as session:
            if arguments.desk:
                return await grant_desk_token(session, issuer, now, lifetime)
            if arguments.customer:
                return await grant_customer_token(
                    session, issuer, arguments.customer, now, lifetime
                )
            return await grant_partner_token(session, issuer, arguments.partner, now, lifetime)

    with database_urls(settings) as urls:
        print(asyncio.run(run(urls)))


def client_command(arguments: argparse.Namespace, settings: Settings) -> None:
    """Register a machine account of a partner and print its secret, once."""

    async def run(urls: RoleUrls) -> None:
        async with owner_session(urls) as session:
            client = await register_client(session, arguments.partner, utc_now())
        print(json.dumps({"client_id": client.client_id, "client_secret": client.secret}))

    with database_urls(settings) as urls:
        asyncio.run(run(urls))


def revoke_command(arguments: argparse.Namespace, settings: Settings) -> None:
    """Withdraw a token or a machine account, at once."""
    issuer = Authenticator(settings.auth, load_keys(settings.data_dir), utc_now)

    async def run(urls: RoleUrls) -> None:
        now = utc_now()
        async with owner_session(urls) as session:
            if arguments.client:
                await revoke_client(session, arguments.client, now)
                return
            known = issuer.read_own(arguments.token, now)
            if known is None:
                raise SystemExit("This is no token of this service that still stands.")
            await revoke_token(session, known.token_id, now, known.expires_at)

    with database_urls(settings) as urls:
        asyncio.run(run(urls))
    print("Revoked.")


def export_openapi(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write the API description, or with --check say whether the written one is current."""
    urls = role_urls("postgresql+asyncpg://nobody@/nothing", settings.database)
    with tempfile.TemporaryDirectory() as folder:
        keys = load_keys(Path(folder))
        app = create_app(settings, Database(urls, settings.database), keys)
    content = json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=False) + "\n"
    if not arguments.check:
        arguments.file.write_text(content, "utf-8")
        return 0
    current = arguments.file.exists() and arguments.file.read_text("utf-8") == content
    if not current:
        print(f"{arguments.file} is not current: run `renewal-desk export-openapi`.")
    return 0 if current else 1


def doctor_command(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Ask the database for everything that must never be; 1 when something is."""

    async def run(urls: RoleUrls) -> int:
        async with (
            open_database(urls, settings) as database,
            database.transaction("desk") as session,
        ):
            findings = await examine(session)
        for finding in findings:
            print(f"{'ok  ' if finding.count == 0 else 'BAD '} {finding.name}: {finding.count}")
        return 1 if any(finding.count for finding in findings) else 0

    with database_urls(settings) as urls:
        return asyncio.run(run(urls))


# -------------------------------------------------------------------------------------- arguments


def duration(written: str) -> timedelta:
    """A time span written 90s, 15m, 8h or 30d."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    number, unit = written[:-1], written[-1:]
    if unit not in units or not number.isascii() or not number.isdigit():
        raise SystemExit("A time is written 90s, 15m, 8h or 30d.")
    return timedelta(seconds=int(number) * units[unit])


Command = Callable[[argparse.Namespace, Settings], int | None]


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    root = argparse.ArgumentParser(prog="renewal-desk", description=__doc__)
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=(command.__doc__ or "").split("\n")[0])
        made.set_defaults(command=command)
        return made

    made = add("serve", serve)
    made.add_argument("--demo", action="store_true", help="load the demo set when empty")
    made.add_argument(
        "--test-clock", action="store_true", help="let sandbox tenants move their own now"
    )
    add("worker", worker_command)
    made = add("sandbox", sandbox_command)
    made.add_argument("tenant", metavar="C0001", help="a customer, a partner, or desk")
    add("migrate", migrate_command)
    made = add("import", import_command)
    made.add_argument("folder", type=Path)
    made.add_argument("--encoding", choices=["utf-8", "cp932"], default="utf-8")
    made.add_argument("--language", choices=["ja", "en"], default="ja")
    made = add("seed", seed_command)
    made.add_argument("--again", action="store_true", help="also when the database has customers")
    made = add("token", token_command)
    who = made.add_mutually_exclusive_group(required=True)
    who.add_argument("--desk", action="store_true")
    who.add_argument("--customer", metavar="C0001")
    who.add_argument("--partner", metavar="P0001")
    made.add_argument("--expires", default="8h", metavar="8h", help="90s, 15m, 8h, 30d")
    made = add("client", client_command)
    made.add_argument("--partner", required=True, metavar="P0001")
    made = add("revoke", revoke_command)
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("--token")
    which.add_argument("--client")
    made = add("export-openapi", export_openapi)
    made.add_argument("file", type=Path, nargs="?", default=Path("openapi/openapi.json"))
    made.add_argument("--check", action="store_true")
    add("doctor", doctor_command)
    return root


def main() -> None:
    """Run one command; a person reads every failure that has a remedy in one line."""
    arguments = parser().parse_args()
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        status = arguments.command(arguments, settings)
    except (SettingError, EmbeddedDatabaseError, RolesMissing) as failure:
        sys.exit(str(failure))
    except DeskError as refusal:
        sys.exit(f"Refused: {refusal.code}")
    sys.exit(status or 0)
