"""Bring a database to the newest shape: roles first, then the migrations, one process at a time."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db.engine import Role, role_password

# Any fixed number: whoever migrates holds it, so that two processes that start at once do not.
MIGRATION_LOCK = 7_201_501
TRIES = 10


class RolesMissing(Exception):
    """The two roles do not exist and this log-in may not create them; the text says what to do."""


def alembic_config() -> Config:
    """The configuration of alembic, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
    return config


def ensure_roles(connection: Connection, owner: URL) -> None:
    """Create the roles `portal` and `desk`, or set their passwords anew where this log-in may.

    Neither may bypass row-level security, own a table, create a database or a role.
    """
    may_create = connection.scalar(
        text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    )
    roles: tuple[Role, ...] = ("portal", "desk")
    for role in roles:
        if may_create:
            _settle_role(connection, role, role_password(owner, role))
        elif not _can_login(connection, role):
            raise RolesMissing(
                f"The role {role} does not exist and this log-in may not create it. Let an "
                f"administrator run: CREATE ROLE {role} LOGIN NOBYPASSRLS PASSWORD '…' — and set "
                f"RENEWAL_DESK_{role.upper()}_DATABASE_URL."
            )


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
        except DBAPIError:
            if attempt == TRIES - 1:
                raise
            time.sleep(0.1 * (attempt + 1))
        else:
            return


def upgrade(connection: Connection, owner: URL, revision: str = "head") -> None:
    """Run the migrations up to `revision` on an open connection, in one transaction."""
    # A transaction-level lock: it goes with the transaction, whatever happens to the process.
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    ensure_roles(connection, owner)
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take migrations back down to `revision` (tests and emergencies)."""
    config = alembic_config()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


async def migrate(owner: URL) -> None:
    """Bring the database at `owner` to the newest shape."""
    engine = create_async_engine(owner, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(upgrade, owner)
    finally:
        await engine.dispose()
