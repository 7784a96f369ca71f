"""A database's shape as rows that can be compared: what pg_catalog says, without numbers."""

from typing import Any

from sqlalchemy import URL, Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db.engine import role_urls
from app.db.migrate import downgrade, upgrade
from app.settings import load_settings

OURS = "relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic_version%'"

# The queue's own tables stand in a schema of their own; the declared tables know nothing of them.
EVERYWHERE = (
    "relnamespace::regnamespace::text IN ('public', 'jobs') AND relname NOT LIKE 'alembic_version%'"
)

TABLES = {
    "columns": f"""
        SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
               pg_get_expr(adbin, adrelid)
          FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
          LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped AND {OURS}""",
    "constraints": f"""
        SELECT relname, conname, contype, condeferrable, condeferred, pg_get_constraintdef(c.oid)
          FROM pg_constraint AS c JOIN pg_class ON pg_class.oid = conrelid
         WHERE contype <> 'n' AND {OURS}""",
    "indexes": f"""
        SELECT relname, pg_get_indexdef(pg_class.oid) FROM pg_class
         WHERE relkind = 'i' AND {OURS}""",
}
# The rights that PostgreSQL gives by default are written down only with the first grant, so that
# "nothing is written" has to count as they do.
WHOLE = {
    **TABLES,
    "relations": f"""
        SELECT relname, relkind, relrowsecurity, relforcerowsecurity, reloptions::text,
               CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) END,
               ARRAY(SELECT item::text FROM
                     unnest(coalesce(relacl, acldefault('r', relowner))) AS item ORDER BY 1)::text
          FROM pg_class WHERE relkind IN ('r', 'v', 'S') AND {EVERYWHERE}""",
    "column rights": f"""
        SELECT relname, attname, attacl::text FROM pg_attribute JOIN pg_class
            ON pg_class.oid = attrelid WHERE attacl IS NOT NULL AND {EVERYWHERE}""",
    "policies": "SELECT * FROM pg_policies",
    "functions": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc
         WHERE pronamespace::regnamespace::text IN ('public', 'jobs')""",
    "triggers": f"""
        SELECT relname, pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger JOIN pg_class
            ON pg_class.oid = tgrelid WHERE NOT tgisinternal AND {EVERYWHERE}""",
    "database": """
        SELECT item.grantee::regrole::text, item.privilege_type FROM pg_database,
               aclexplode(coalesce(datacl, acldefault('d', datdba))) AS item
         WHERE datname = current_database()""",
    "revision of the calendar": "SELECT count(*) FROM calendar_revision",
}

Shape = dict[str, list[tuple[str, ...]]]


def shape_of(connection: Connection, queries: dict[str, str]) -> Shape:
    """The rows of each query, in an order of their own."""
    shape: Shape = {}
    has_tables = connection.scalar(text("SELECT to_regclass('calendar_revision') IS NOT NULL"))
    for name, query in queries.items():
        if name == "revision of the calendar" and not has_tables:
            continue
        rows = connection.execute(text(query))
        shape[name] = sorted(tuple(map(str, row)) for row in rows)
    return shape


class Ladder:
    """A database that goes up and down its migrations; each step is one transaction."""

    def __init__(self, url: URL) -> None:
        self.url = url
        address = url.render_as_string(hide_password=False)
        self._urls = role_urls(address, load_settings({}).database)
        self._engine = create_async_engine(url, poolclass=NullPool)

    async def up(self, revision: str = "head") -> None:
        """Migrate up to a revision."""
        async with self._engine.begin() as connection:
            await connection.run_sync(upgrade, self._urls, revision)

    async def down(self, revision: str) -> None:
        """Migrate down to a revision."""
        async with self._engine.begin() as connection:
            await connection.run_sync(downgrade, revision)

    async def shape(self, queries: dict[str, str] | None = None) -> Shape:
        """What the catalogue says now."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(shape_of, WHOLE if queries is None else queries)

    async def run(self, work: Any) -> Any:
        """Run anything that takes a connection in one transaction."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)
