"""The command line: `renewal-desk serve`, `migrate`, `import`, `seed`, `token` and the rest."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from app.auth import Authenticator
from app.auth_keys import load_keys
from app.db.engine import Database, ReadSession, RoleUrls, role_urls, trouble_at_start
from app.db.jobs import list_held, retry_held
from app.db.migrate import RolesMissing
from app.db.test_clock import add_sandbox
from app.deps import utc_now
from app.domain.errors import DeskError
from app.embedded_account import EmbeddedDatabaseError
from app.main import create_app
from app.observability import configure_logging
from app.preparation import database_urls, open_database, owner_session, prepare, seed
from app.serving import serve, worker_command
from app.settings import SettingError, Settings, load_settings
from app.terminal import Bars, spotless, summary
from app.usecases.doctor import examine
from app.usecases.imports import import_folder
from app.usecases.tokens import (
    grant_customer_token,
    grant_desk_token,
    grant_partner_token,
    register_client,
    revoke_client,
    revoke_desk_role,
    revoke_token,
)

# ---------------------------------------------------------------------------------------- commands


def sandbox_command(arguments: argparse.Namespace, settings: Settings) -> None:
    """Make a tenant a sandbox, which may move its own clock on a service with test clocks."""

    async def run(urls: RoleUrls) -> None:
        async with owner_session(urls) as session:
            await add_sandbox(session, arguments.tenant)

    with database_urls(settings) as urls:
        asyncio.run(run(urls))
    print(f"{arguments.tenant} is a sandbox.")


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
    """Withdraw a token, a machine account or a desk role, at once."""
    issuer = Authenticator(settings.auth, load_keys(settings.data_dir), utc_now)

    async def run(urls: RoleUrls) -> None:
        now = utc_now()
        async with owner_session(urls) as session:
            if arguments.client:
                await revoke_client(session, arguments.client, now)
                return
            if arguments.desk:
                await revoke_desk_role(session, arguments.desk)
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


def jobs_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """List the jobs that failed too often and are held, or give one back to the workers."""

    async def run(urls: RoleUrls) -> int:
        async with (
            open_database(urls, settings) as database,
            database.transaction("desk") as session,
        ):
            if arguments.retry is not None:
                found = await retry_held(session, arguments.retry)
                print("It waits for a worker again." if found else "No held job has this number.")
                return 0 if found else 1
            held = await list_held(ReadSession(session), 100)
        for job in held:
            print(
                f"{job.id:>8}  {job.task:<24} {job.failure or '':<28} tries {job.attempts}"
                f"  asked for {job.created:%Y-%m-%d %H:%M}Z  failed {job.failed:%Y-%m-%d %H:%M}Z"
            )
        if not held:
            print("No job is held.")
        return 1 if held else 0

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
    which.add_argument("--desk", metavar="ISSUER|SUBJECT", help="end a user's work at the desk")
    made = add("export-openapi", export_openapi)
    made.add_argument("file", type=Path, nargs="?", default=Path("openapi/openapi.json"))
    made.add_argument("--check", action="store_true")
    add("doctor", doctor_command)
    made = add("jobs", jobs_command)
    made.add_argument("--retry", type=int, metavar="17", help="give this one back to the workers")
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
    except Exception as failure:
        trouble = trouble_at_start(failure)
        if trouble is None:
            raise
        sys.exit(trouble)
    sys.exit(status or 0)
