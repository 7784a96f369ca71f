"""An owner that may not create roles: told what to do, once for each role, and served after it.

On a cluster of its own, because roles belong to the whole server.

Seen to fail: with `not _can_login(connection, role)` taken for granted in `ensure_roles` (the first
GRANT failed with a text of PostgreSQL in place of the remedy).
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL, make_url

from app.db.engine import role_urls
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


async def test_each_missing_role_is_told_with_its_remedy(fresh: URL, settings: Settings) -> None:
    await administer(fresh, "CREATE ROLE plain LOGIN")
    await administer(fresh, "CREATE DATABASE desk OWNER plain")
    owner = fresh.set(username="plain", database="desk")
    address = owner.render_as_string(hide_password=False)
    for role in ("portal", "desk"):
        with pytest.raises(RolesMissing) as told:
            await migrate(role_urls(address, settings.database).owner)
        words = str(told.value)
        assert words.startswith(f"The role {role} does not exist and this log-in may not create it")
        assert f"CREATE ROLE {role} LOGIN NOBYPASSRLS PASSWORD" in words
        assert f"RENEWAL_DESK_{role.upper()}_DATABASE_URL" in words
        await administer(fresh, f"CREATE ROLE {role} LOGIN NOBYPASSRLS")
    await migrate(owner)


async def test_an_owner_that_may_create_roles_creates_them(fresh: URL) -> None:
    await administer(fresh, "CREATE ROLE plain LOGIN CREATEROLE")
    await administer(fresh, "CREATE DATABASE desk OWNER plain")
    for _ in range(2):
        await migrate(fresh.set(username="plain", database="desk"))
