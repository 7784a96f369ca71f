"""Connections, transactions and the only `commit` of the service.

Two log-in roles stand behind two pools: `portal` for everybody outside the desk (row-level
security lets through only the customers of the transaction's context) and `desk`
(docs/decisions/0003-two-roles-and-row-level-security.md).
"""

import contextlib
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, NewType

import asyncpg
from asyncpg.exceptions import (
    CannotConnectNowError,
    ConnectionDoesNotExistError,
    InsufficientPrivilegeError,
    InvalidAuthorizationSpecificationError,
    InvalidCatalogNameError,
    PostgresConnectionError,
    TooManyConnectionsError,
)
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import DESK_ENTRY, PORTAL_ENTRY
from app.db.entries import Entry
from app.db.pool import Pool
from app.db.statements import DIALECT
from app.db.transaction import Transaction
from app.domain.errors import AlreadyExists, DatabaseUnavailable, DeskError, DraftExists
from app.settings import DatabaseSettings

Role = Literal["portal", "desk"]

ReadSession = NewType("ReadSession", AsyncSession)
"""A session of a caller who only reads: it cannot be handed to a function that writes."""

# Which refusal a broken constraint means. Only constraints that a caller's own input can break
# stand here; a break of any other one is a fault of the service and answers 500.
REFUSAL_OF_CONSTRAINT: Mapping[str, type[DeskError]] = {
    "pk_partner_client": AlreadyExists,
    "uq_quote_version_draft": DraftExists,
}


@dataclass(frozen=True, slots=True)
class RoleUrls:
    """The log-ins of one database: the owner (migrations, command line) and the two roles."""

    owner: URL
    portal: URL
    desk: URL


def role_password(owner: URL, role: Role) -> str | None:
    """The password of a role, derived from the owner's, so that every process knows it and nobody
    has to store it. None where the owner logs in without one (the embedded database).
    """
    if not owner.password:
        return None
    secret = str(owner.password).encode()
    return hmac.new(secret, f"renewal-desk role {role}".encode(), hashlib.sha256).hexdigest()


def role_urls(owner_url: str, settings: DatabaseSettings) -> RoleUrls:
    """The log-ins of the two roles: as set, or the owner's address with the role's own name."""
    owner = make_url(owner_url)

    def login(role: Role, configured: str | None) -> URL:
        return derived_login(owner, role) if configured is None else make_url(configured)

    return RoleUrls(owner, login("portal", settings.portal_url), login("desk", settings.desk_url))


def derived_login(owner: URL, role: Role) -> URL:
    """The owner's address with a role's own name and password."""
    return owner.set(username=role, password=role_password(owner, role))


def connector(
    url: URL, settings: DatabaseSettings, name: str, entry: Entry | None = None
) -> Callable[[], Awaitable[Any]]:
    """How to open a connection with bounded waits: a statement time, a lock time, an idle time; and
    with the statement that its transactions begin with.
    """
    milliseconds = str(int(settings.statement_timeout * 1000))

    async def connect() -> Any:
        connection = await asyncpg.connect(
            **address_of(url),
            timeout=5,
            command_timeout=settings.statement_timeout + 5,
            server_settings={
                "application_name": f"renewal-desk {name}",
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": milliseconds,
                "lock_timeout": "5000",
                "idle_in_transaction_session_timeout": "60000",
            },
        )
        for kind in ("json", "jsonb"):
            # Text both ways: SQLAlchemy's types make it and read it.
            await connection.set_type_codec(
                kind, encoder=str, decoder=json.loads, schema="pg_catalog", format="text"
            )
        if entry is not None:
            await connection.execute(entry.preparation())
        return connection

    return connect


def make_pool(url: URL, settings: DatabaseSettings, name: str, entry: Entry | None = None) -> Pool:
    """The connections of one log-in."""
    return Pool(connector(url, settings, name, entry), settings.pool_size, settings.pool_wait)


def address_of(url: URL) -> dict[str, Any]:
    """Where a database is and who logs in, as asyncpg is told it."""
    return DIALECT.create_connect_args(url)[1]  # type: ignore[no-any-return]


class Database:
    """The connections of a running service, of two log-in roles."""

    def __init__(self, urls: RoleUrls, settings: DatabaseSettings) -> None:
        self.urls = urls
        self.pools: Mapping[Role, Pool] = {
            "portal": make_pool(urls.portal, settings, "portal", PORTAL_ENTRY),
            "desk": make_pool(urls.desk, settings, "desk", DESK_ENTRY),
        }

    @asynccontextmanager
    async def transaction(self, role: Role) -> AsyncIterator[AsyncSession]:
        """One transaction of one request: committed at the end, rolled back when the block raises.

        Raises DatabaseUnavailable when the database does not answer, Overloaded when no connection
        becomes free in time, and the named refusal of a broken constraint.
        """
        session = Transaction(self.pools[role])
        try:
            yield session
            await session.commit()
        except Exception as failure:
            # A rollback on a dead connection fails too; the first failure is the one to report.
            with contextlib.suppress(Exception):
                await session.rollback()
            named = refusal_of(failure)
            if named is not None:
                raise named from failure
            raise
        finally:
            # Whoever was told to stop does not wait for a rollback.
            session.abandon()

    async def close(self) -> None:
        """Close all connections."""
        for pool in self.pools.values():
            await pool.close()


def refusal_of(failure: BaseException) -> DeskError | None:
    """The refusal that a failure of the database means, or None when it is none."""
    # A server that stopped takes its socket's file with it, a host that went takes its name.
    if isinstance(failure, (ConnectionError, TimeoutError, FileNotFoundError, socket.gaierror)):
        return DatabaseUnavailable()
    if isinstance(failure, IntegrityError):
        name = getattr(getattr(failure.orig, "__cause__", None), "constraint_name", None)
        refusal = REFUSAL_OF_CONSTRAINT.get(name) if name else None
        return refusal() if refusal else None
    if isinstance(failure, DBAPIError) and _is_gone(failure):
        return DatabaseUnavailable()
    return None


def trouble_at_start(failure: BaseException) -> str | None:
    """What stands between a command and its database, in PostgreSQL's own words and without any
    secret, for whoever set the address. None when the failure is of another kind.
    """
    cause = getattr(getattr(failure, "orig", None), "__cause__", None) or failure
    if isinstance(
        cause,
        (
            InvalidAuthorizationSpecificationError,
            InvalidCatalogNameError,
            InsufficientPrivilegeError,
        ),
    ):
        return f"PostgreSQL refuses: {cause}"
    if isinstance(cause, (ConnectionError, TimeoutError, socket.gaierror)):
        return f"PostgreSQL does not answer: {cause or type(cause).__name__}"
    return None


def _is_gone(failure: DBAPIError) -> bool:
    cause: Any = getattr(failure.orig, "__cause__", None)
    if isinstance(
        cause,
        (
            PostgresConnectionError,
            CannotConnectNowError,
            ConnectionDoesNotExistError,
            TooManyConnectionsError,
            OSError,
        ),
    ):
        return True
    sqlstate = str(getattr(cause, "sqlstate", "") or "")
    return (
        failure.connection_invalidated
        or sqlstate.startswith(("08", "57P"))
        or (isinstance(failure, (InterfaceError, OperationalError)) and not sqlstate)
    )
