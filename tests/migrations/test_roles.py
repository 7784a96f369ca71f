"""Who provides the two roles: the owner where it may, else an administrator, who is told how.

On a cluster of its own, because roles belong to the whole server. It asks for no passwords, so what
became of them is read from the catalogue.

Seen to fail: with `not _can_login(connection, role)` taken for granted in `ensure_roles` (the first
GRANT failed with a text of PostgreSQL in place of the remedy); with the comparison of the address
taken out of it (a superuser's start set the password of a role whose address was set by hand); with
the question after InsufficientPrivilegeError taken out (a trace that showed the password).
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db.engine import RoleUrls, role_urls
from app.db.migrate import RolesMissing, migrate
from app.embedded import start_cluster
from app.settings import Settings
from tests.conftest import administer
from tests.folders import cluster_folder


@pytest.fixture
async def fresh() -> AsyncIterator[URL]:
    """The administrator of a server that has never seen this service."""
    with cluster_folder() as folder:
        holder = await asyncio.to_thread(
            start_cluster, folder / "pg", durable=False, progress=lambda _: None
        )
        try:
            yield make_url(holder.cluster.url("postgres"))
        finally:
            await asyncio.to_thread(holder.release)


async def database_of(server: URL, owner: str, rights: str = "") -> URL:
    """A new database's address for its own owner, who logs in with a password."""
    await administer(server, f"CREATE ROLE {owner} LOGIN {rights}")
    await administer(server, f"CREATE DATABASE {owner}_desk OWNER {owner}")
    return server.set(username=owner, password=f"of {owner}", database=f"{owner}_desk")


def urls_of(owner: URL, settings: Settings, **by_hand: Any) -> RoleUrls:
    """The addresses, those of the roles derived or set by hand."""
    address = owner.render_as_string(hide_password=False)
    return role_urls(address, replace(settings.database, **by_hand))


async def password_of(server: URL, role: str) -> str:
    """What the catalogue keeps of a role's password."""
    engine = create_async_engine(server, poolclass=NullPool)
    async with engine.connect() as connection:
        asked = text("SELECT rolpassword FROM pg_authid WHERE rolname = :role")
        kept = await connection.scalar(asked, {"role": role})
    await engine.dispose()
    return str(kept)


async def test_each_missing_role_is_told_with_its_remedy(fresh: URL, settings: Settings) -> None:
    urls = urls_of(await database_of(fresh, "plain"), settings)
    for role in ("portal", "desk"):
        with pytest.raises(RolesMissing) as told:
            await migrate(urls)
        words = str(told.value)
        assert words.startswith(
            f"The role {role} does not exist and is not for this log-in to make"
        )
        assert f"CREATE ROLE {role} LOGIN NOBYPASSRLS PASSWORD" in words
        assert f"RENEWAL_DESK_{role.upper()}_DATABASE_URL" in words
        await administer(fresh, f"CREATE ROLE {role} LOGIN NOBYPASSRLS")
    await migrate(urls)


async def test_an_owner_that_may_create_roles_creates_them(fresh: URL, settings: Settings) -> None:
    urls = urls_of(await database_of(fresh, "plain", "CREATEROLE"), settings)
    await migrate(urls)
    assert (await password_of(fresh, "portal")).startswith("SCRAM-SHA-256")
    # The second start may set them anew, because it made them.
    await migrate(urls)


async def test_roles_that_another_log_in_made_are_told_with_their_remedy(
    fresh: URL, settings: Settings
) -> None:
    await migrate(urls_of(await database_of(fresh, "first", "CREATEROLE"), settings))
    before = await password_of(fresh, "portal")
    second = await database_of(fresh, "second", "CREATEROLE")
    with pytest.raises(RolesMissing) as told:
        await migrate(urls_of(second, settings))
    words = str(told.value)
    assert words.startswith("The role portal was made by another log-in")
    assert "ALTER ROLE portal LOGIN NOBYPASSRLS PASSWORD '…'" in words
    assert "RENEWAL_DESK_PORTAL_DATABASE_URL" in words
    # The remedy helps, and takes nothing from the first.
    addresses = {
        f"{role}_url": second.set(username=role, password="by hand").render_as_string(
            hide_password=False
        )
        for role in ("portal", "desk")
    }
    await migrate(urls_of(second, settings, **addresses))
    assert await password_of(fresh, "portal") == before


async def test_a_superuser_leaves_roles_alone_whose_addresses_were_set_by_hand(
    fresh: URL, settings: Settings
) -> None:
    addresses = {
        f"{role}_url": fresh.set(username=role, password="by hand").render_as_string(
            hide_password=False
        )
        for role in ("portal", "desk")
    }
    owner = fresh.set(password="of the superuser")
    with pytest.raises(RolesMissing):
        await migrate(urls_of(owner, settings, **addresses))
    for role in ("portal", "desk"):
        await administer(fresh, f"CREATE ROLE {role} LOGIN NOBYPASSRLS PASSWORD 'by hand'")
    before = await password_of(fresh, "portal"), await password_of(fresh, "desk")
    await migrate(urls_of(owner, settings, **addresses))
    assert (await password_of(fresh, "portal"), await password_of(fresh, "desk")) == before
