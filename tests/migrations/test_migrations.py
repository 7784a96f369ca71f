"""Migrations (TRUST 20, small form): up and down leave no trace, and the tables are as declared.

Seen to fail: with one `DROP POLICY` and the `REVOKE` taken out of the downgrades, with a column and
a CHECK changed in `app.db.tables` alone, and with the lock taken out of `app.db.migrate.upgrade`.
"""

import asyncio
import sys
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text

from app.db.engine import role_urls
from app.db.migrate import RolesMissing, alembic_config, ensure_roles
from app.db.tables import metadata
from app.settings import Settings
from tests.conftest import Service, Tokens, own_database
from tests.migrations.catalogue import TABLES, Ladder, Shape

REVISIONS = [
    script.revision
    for script in reversed(list(ScriptDirectory.from_config(alembic_config()).walk_revisions()))
]
BELOW = dict(zip(REVISIONS, ["base", *REVISIONS], strict=False))
MIGRATE = "import asyncio, sys; from sqlalchemy import make_url; from app.db.migrate import migrate"


@pytest.fixture
def empty(server: URL) -> Iterator[Ladder]:
    """A database with nothing in it."""
    with own_database(server) as url:
        yield Ladder(url)


def changes(before: Shape, after: Shape) -> dict[str, set[tuple[str, ...]]]:
    """What only one of two shapes has."""
    names = before.keys() | after.keys()
    found = {name: set(before.get(name, [])) ^ set(after.get(name, [])) for name in names}
    return {name: rows for name, rows in found.items() if rows}


async def test_up_down_and_up_again_leave_the_same_catalogue(empty: Ladder) -> None:
    nothing = await empty.shape()
    await empty.up()
    whole = await empty.shape()
    await empty.down("base")
    assert changes(nothing, await empty.shape()) == {}
    await empty.up()
    assert changes(whole, await empty.shape()) == {}


async def test_each_migration_steps_up_and_down_by_itself(empty: Ladder) -> None:
    for revision in REVISIONS:
        before = await empty.shape()
        await empty.up(revision)
        after = await empty.shape()
        assert changes(before, after) != {}, revision
        await empty.down(BELOW[revision])
        assert changes(before, await empty.shape()) == {}, revision
        await empty.up(revision)
        assert changes(after, await empty.shape()) == {}, revision


async def test_a_filled_database_steps_down_and_up_too(
    server: URL, template: tuple[str, Tokens]
) -> None:
    with own_database(server, template[0]) as url:
        ladder = Ladder(url)
        whole = await ladder.shape()
        for revision in reversed(REVISIONS[1:]):
            await ladder.down(BELOW[revision])
        await ladder.up()
        # A copy of a database does not take the rights on the database itself along.
        assert set(changes(whole, await ladder.shape())) <= {"database"}


async def test_the_tables_are_what_the_migrations_made(empty: Ladder, server: URL) -> None:
    """Columns, types, defaults, CHECKs, keys and indexes, in PostgreSQL's own words."""
    await empty.up()
    with own_database(server) as url:
        declared = Ladder(url)
        await declared.run(metadata.create_all)
        assert changes(await declared.shape(TABLES), await empty.shape(TABLES)) == {}


async def test_alembic_would_write_no_migration(empty: Ladder) -> None:
    await empty.up()

    def compared(connection: Connection) -> list[object]:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "autogenerate_plugins": [
                "alembic.autogenerate.*",
                "alembic.ext.checkconstraint_byname",
            ],
        }
        context = MigrationContext.configure(connection, opts=options)
        return [repr(one) for one in compare_metadata(context, metadata)]

    assert await empty.run(compared) == []


async def test_processes_that_migrate_at_once_do_it_once(empty: Ladder) -> None:
    url = empty.url.render_as_string(hide_password=False)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            f"{MIGRATE}; asyncio.run(migrate(make_url(sys.argv[1])))",
            url,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    answers = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    after = await empty.shape()
    await empty.up()
    assert changes(after, await empty.shape()) == {}


async def test_a_migration_that_fails_leaves_nothing(
    empty: Ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = await empty.shape()

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("alembic.op.create_index", fails)
    with pytest.raises(ZeroDivisionError):
        await empty.up()
    assert changes(nothing, await empty.shape()) == {}


async def test_missing_roles_that_may_not_be_created_are_told_with_the_remedy(
    server: URL, service: Service, settings: Settings
) -> None:
    """The roles belong to the whole server, so they are renamed within a transaction only."""
    owner = role_urls(server.render_as_string(hide_password=False), settings.database).owner
    for role in ("portal", "desk"):

        def without(connection: Connection, role: str = role) -> str:
            connection.execute(text("CREATE ROLE somebody"))
            connection.execute(text(f"ALTER ROLE {role} RENAME TO {role}_away"))
            connection.execute(text("SET LOCAL ROLE somebody"))
            with pytest.raises(RolesMissing) as told:
                ensure_roles(connection, owner)
            connection.rollback()
            return str(told.value)

        words = await Ladder(service.urls.owner).run(without)
        assert words.startswith(f"The role {role} does not exist and this log-in may not create it")
        assert f"CREATE ROLE {role} LOGIN NOBYPASSRLS PASSWORD" in words
        assert f"RENEWAL_DESK_{role.upper()}_DATABASE_URL" in words


async def test_a_log_in_that_may_not_create_roles_takes_those_there_are(
    service: Service, settings: Settings
) -> None:
    def with_roles(connection: Connection) -> None:
        connection.execute(text("CREATE ROLE somebody"))
        connection.execute(text("SET LOCAL ROLE somebody"))
        ensure_roles(connection, service.urls.owner)
        connection.rollback()

    await Ladder(service.urls.owner).run(with_roles)
