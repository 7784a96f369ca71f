"""Bring a database to the newest shape: roles first, then the migrations, one process at a time."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from asyncpg.exceptions import InsufficientPrivilegeError
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db.engine import Role, RoleUrls, derived_login, role_password

# Any fixed number: whoever migrates holds it, so that two processes that start at once do not.
MIGRATION_LOCK = 7_201_501
TRIES = 10


class RolesMissing(Exception):
    """A role is missing that this log-in may not provide; the text says what to do."""

    def __init__(self, role: Role, trouble: str, verb: str) -> None:
        super().__init__(
            f"The role {role} {trouble}. Let an administrator run: {verb} ROLE {role} LOGIN "
            f"NOBYPASSRLS PASSWORD '…' — and set RENEWAL_DESK_{role.upper()}_DATABASE_URL."
        )


def alembic_config() -> Config:
    """The configuration of alembic, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
    return config


def ensure_roles(connection: Connection, urls: RoleUrls) -> None:
    """Create the roles `portal` and `desk`, or set their passwords anew where this log-in may.

    Neither may bypass row-level security, own a table, create a database or a role. A role whose
    address was set by hand is the administrator's: it must be there, and its password stays.
    Raises RolesMissing.
    """
    may_create = connection.scalar(
        text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    )
    logins: tuple[tuple[Role, URL], ...] = (("portal", urls.portal), ("desk", urls.desk))
    for role, login in logins:
        if may_create and login == derived_login(urls.owner, role):
            _settle_role(connection, role, role_password(urls.owner, role))
        elif not _can_login(connection, role):
            raise RolesMissing(role, "does not exist and is not for this log-in to make", "CREATE")


def _can_login(connection: Connection, role: Role) -> bool:
    return bool(
        connection.scalar(
            text("SELECT rolcanlogin FROM pg_roles WHERE rolname = :role"), {"role": role}
        )
    )


def _settle_role(connection: Connection, role: Role, password: str | None) -> None:
    """Create a role, or set its password anew.

    Roles belong to the whole server and the migration lock to one database, so two databases of one
    server may do this at once; whoever loses the race tries again.
    """
    # A role's name and password cannot be parameters; both are ours and hold no quote.
    clause = f" PASSWORD '{password}'" if password else ""
    for attempt in range(TRIES):
        exists = _can_login(connection, role)
        if exists and password is None:
            return
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(
                    f"{'ALTER' if exists else 'CREATE'} ROLE {role} LOGIN{clause}"
                )
        except DBAPIError as failure:
            # Since PostgreSQL 16 only who made a role, or was given it to administer, may alter it.
            if isinstance(getattr(failure.orig, "__cause__", None), InsufficientPrivilegeError):
                trouble = "was made by another log-in, and this one may not set its password"
                raise RolesMissing(role, trouble, "ALTER") from None
            if attempt == TRIES - 1:
                raise
            time.sleep(0.1 * (attempt + 1))
        else:
            return


def upgrade(connection: Connection, urls: RoleUrls, revision: str = "head") -> None:
    """Run the migrations up to `revision` on an open connection, in one transaction."""
    # A transaction-level lock: it goes with the transaction, whatever happens to the process.
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    ensure_roles(connection, urls)
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take migrations back down to `revision` (tests and emergencies)."""
    config = alembic_config()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


async def migrate(urls: RoleUrls) -> None:
    """Bring a database to the newest shape, as its owner. Raises RolesMissing."""
    engine = create_async_engine(urls.owner, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(upgrade, urls)
    finally:
        await engine.dispose()
