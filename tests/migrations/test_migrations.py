"""Migrations (TRUST 20, small form): up and down leave no trace, and the tables are as declared.

Seen to fail: with `DROP VIEW` or `REVOKE` taken out of a downgrade, with a column and a CHECK
changed in `app.db.tables` alone, and with the lock taken out of `app.db.migrate.upgrade`.
"""

import asyncio
import sys
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection

from app.db.migrate import alembic_config
from app.db.quote_tables import metadata
from tests.conftest import Tokens, own_database
from tests.migrations.catalogue import TABLES, Ladder, Shape

REVISIONS = [
    script.revision
    for script in reversed(list(ScriptDirectory.from_config(alembic_config()).walk_revisions()))
]
BELOW = dict(zip(REVISIONS, ["base", *REVISIONS], strict=False))
MIGRATE = """
import asyncio, sys
from app.db.engine import role_urls
from app.db.migrate import migrate
from app.settings import load_settings
asyncio.run(migrate(role_urls(sys.argv[1], load_settings({}).database)))
"""


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
            MIGRATE,
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
