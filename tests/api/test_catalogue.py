"""What the database's own catalogue says of the second wall (TRUST 10).

Seen to fail: with FORCE left out for one table, with a portal policy of `true`, with the view
without security_invoker, with `GRANT UPDATE ON serve TO portal`, and with `unique=True` put on the
index of contract numbers.
"""

from typing import Any

import pytest
from sqlalchemy import Table, UniqueConstraint, text

from app.db.quote_tables import TENANT_TABLES
from app.db.tables import metadata
from tests.conftest import Service

# The tables whose rows belong to a customer: those whose primary key begins with it.
TENANTS = sorted(
    name
    for name, table in metadata.tables.items()
    if next(iter(table.primary_key.columns)).name == "customer_id"
)
CONTEXT = (
    "(customer_id = ANY ((NULLIF(current_setting('app.customers'::text, true), ''::text))::text[]))"
)
# What the portal may write. Every other right of it is SELECT.
PORTAL_WRITES = {
    ("audit", "INSERT"),
    ("revoked_token", "INSERT"),
    ("eligibility_check", "INSERT"),
    # Two columns, and only in a sandbox there is a row.
    ("test_clock", "UPDATE"),
    ("idempotency_key", "INSERT"),
    ("event", "INSERT"),
    ("quote_request", "INSERT"),
    ("quote_request", "UPDATE"),
    ("quote_request_item", "INSERT"),
    ("quote_request_item", "DELETE"),
    # The columns that a decline changes.
    ("quote", "UPDATE"),
    ("quote_version", "UPDATE"),
    ("quote_document", "INSERT"),
    ("change_request", "INSERT"),
    ("change_request", "UPDATE"),
    ("contract_contact", "INSERT"),
    ("contract_contact", "UPDATE"),
    ("sheet_upload", "INSERT"),
    ("sheet_upload", "UPDATE"),
    ("sheet_row", "INSERT"),
    ("sheet_row", "DELETE"),
}
# Tables with row security by the caller itself instead of by a customer.
OF_CALLERS = {"idempotency_key", "test_clock"}
READ_ONLY_TENANTS = {"customer", "equipment", "contract", "contract_line"}


async def rows_of(service: Service, statement: str) -> list[tuple[Any, ...]]:
    """What the catalogue says."""
    async with service.owner() as session:
        return [tuple(row) for row in await session.execute(text(statement))]


def test_every_table_with_a_customer_first_is_called_a_tenant_table() -> None:
    assert sorted(TENANT_TABLES) == TENANTS


async def test_tenant_tables_have_row_security_that_binds_their_owner_too(
    service: Service,
) -> None:
    found = await rows_of(
        service,
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relrowsecurity"
        " AND relforcerowsecurity AND relnamespace = 'public'::regnamespace ORDER BY 1",
    )
    assert [name for (name,) in found] == TENANTS


async def test_tenant_tables_have_exactly_the_two_policies(service: Service) -> None:
    found = await rows_of(
        service,
        "SELECT tablename::text, policyname::text, permissive, roles::text[], cmd, qual, with_check"
        " FROM pg_policies WHERE tablename NOT IN ('idempotency_key', 'test_clock')",
    )
    expected = set()
    for table in TENANTS:
        written = None if table in READ_ONLY_TENANTS else CONTEXT
        expected.add((table, "portal", "PERMISSIVE", "{portal}", "ALL", CONTEXT, written))
        expected.add((table, "desk", "PERMISSIVE", "{desk}", "ALL", "true", "true"))
    assert {(*row[:3], f"{{{','.join(row[3])}}}", *row[4:]) for row in found} == expected


async def test_what_belongs_to_a_caller_is_walled_by_the_caller(service: Service) -> None:
    found = await rows_of(
        service,
        "SELECT tablename::text, policyname::text, cmd, qual LIKE '%app.caller%' FROM pg_policies"
        " WHERE tablename IN ('idempotency_key', 'test_clock') AND roles = '{portal}'"
        " ORDER BY 1, 2",
    )
    assert found == [
        ("idempotency_key", "portal", "ALL", True),
        ("test_clock", "portal", "UPDATE", True),
        # Which clock a caller has is asked before its context is known.
        ("test_clock", "portal_read", "SELECT", False),
    ]
    walled = await rows_of(
        service,
        "SELECT relname FROM pg_class WHERE relname IN ('idempotency_key', 'test_clock')"
        " AND relrowsecurity ORDER BY 1",
    )
    assert {name for (name,) in walled} == OF_CALLERS


async def test_every_view_reads_with_the_rights_of_whoever_asks(service: Service) -> None:
    found = await rows_of(
        service,
        "SELECT relname, coalesce(reloptions, '{}') @> '{security_invoker=true}' FROM pg_class"
        " WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace",
    )
    assert found == [("caller_grant", True)]


async def test_the_two_roles_can_do_nothing_but_log_in(service: Service) -> None:
    found = await rows_of(
        service,
        "SELECT rolname::text, rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole,"
        " rolreplication, (SELECT count(*) FROM pg_auth_members WHERE member = pg_roles.oid)"
        " FROM pg_roles WHERE rolname IN ('portal', 'desk') ORDER BY 1",
    )
    assert found == [
        (name, True, False, False, False, False, False, 0) for name in ("desk", "portal")
    ]


async def test_the_two_roles_own_nothing(service: Service) -> None:
    owned = await rows_of(
        service,
        " UNION ALL ".join(
            f"SELECT '{catalogue}' FROM {catalogue} JOIN pg_roles ON pg_roles.oid = {column}"
            " WHERE rolname IN ('portal', 'desk')"
            for catalogue, column in (
                ("pg_class", "relowner"),
                ("pg_proc", "proowner"),
                ("pg_namespace", "nspowner"),
                ("pg_type", "typowner"),
                ("pg_database", "datdba"),
            )
        ),
    )
    assert owned == []


async def test_the_portal_writes_what_is_listed_and_nothing_else(
    service: Service,
) -> None:
    found = await rows_of(
        service,
        "SELECT relname, privilege FROM pg_class, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE',"
        " 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN']) AS privilege"
        " WHERE relkind IN ('r', 'p', 'v', 'S') AND relnamespace = 'public'::regnamespace"
        " AND (relkind <> 'S' OR privilege = 'UPDATE')"
        " AND CASE WHEN relkind = 'S' THEN has_sequence_privilege('portal', oid, 'UPDATE')"
        " WHEN privilege = 'MAINTAIN' AND current_setting('server_version_num')::int < 170000"
        " THEN false ELSE has_table_privilege('portal', oid, privilege)"
        " OR (privilege IN ('INSERT', 'UPDATE', 'REFERENCES')"
        " AND has_any_column_privilege('portal', oid, privilege)) END",
    )
    assert set(found) == PORTAL_WRITES


async def test_the_portal_reads_no_secrets_of_the_desk(service: Service) -> None:
    """Desk roles, uploaded files and the audit trail are none of its business."""
    found = await rows_of(
        service,
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = 'public'::regnamespace"
        " AND NOT has_any_column_privilege('portal', oid, 'SELECT')",
    )
    assert {name for (name,) in found} >= {
        "audit", "desk_role", "import_run", "import_file", "import_error",
    }  # fmt: skip


async def test_nobody_but_the_owner_may_create_anything_in_the_schema(service: Service) -> None:
    found = await rows_of(
        service,
        "SELECT rolname FROM pg_roles WHERE rolname IN ('portal', 'desk')"
        " AND has_schema_privilege(oid, 'public', 'CREATE')",
    )
    assert found == []


async def test_one_function_of_ours_runs_with_its_owners_rights_and_on_a_path_of_its_own(
    service: Service,
) -> None:
    """ANALYZE is for the owner; the function takes nothing, gives nothing and is the desk's."""
    found = await rows_of(
        service,
        "SELECT proname, pronargs, prorettype::regtype::text, proconfig::text,"
        " has_function_privilege('portal', oid, 'EXECUTE') FROM pg_proc"
        " WHERE prosecdef AND pronamespace IN ('public'::regnamespace, 'jobs'::regnamespace)",
    )
    assert found == [
        (
            "analyze_imported",
            0,
            "void",
            '{"search_path=pg_catalog, public, pg_temp",default_statistics_target=25}',
            False,
        )
    ]


@pytest.mark.parametrize("name", TENANTS)
def test_keys_of_tenant_tables_carry_the_customer(name: str) -> None:
    """Primary and unique keys begin with it, foreign keys carry it to its own column there."""
    table: Table = metadata.tables[name]
    keys = [table.primary_key, *(c for c in table.constraints if isinstance(c, UniqueConstraint))]
    for key in keys:
        assert next(iter(key.columns)).name == "customer_id", key.name
    for foreign in table.foreign_key_constraints:
        pairs = {element.parent.name: element.column.name for element in foreign.elements}
        assert pairs["customer_id"] == "customer_id", foreign.name


async def test_no_unique_index_and_no_foreign_key_leaves_the_customer_out(
    service: Service,
) -> None:
    """The same of the database itself, whatever the migrations wrote."""
    listed = ", ".join(f"'{name}'::regclass" for name in TENANTS)
    unique = await rows_of(
        service,
        "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_attribute ON attrelid = indrelid"
        f" AND attnum = indkey[0] WHERE indisunique AND indrelid IN ({listed})"
        " AND attname <> 'customer_id'",
    )
    assert unique == []
    foreign = await rows_of(
        service,
        f"SELECT conname FROM pg_constraint WHERE contype = 'f' AND confrelid IN ({listed})"
        " AND NOT EXISTS (SELECT FROM pg_attribute AS own JOIN pg_attribute AS their"
        " ON their.attrelid = confrelid"
        " AND their.attnum = confkey[array_position(conkey, own.attnum)]"
        " WHERE own.attrelid = conrelid AND own.attnum = ANY (conkey)"
        " AND own.attname = 'customer_id' AND their.attname = 'customer_id')",
    )
    assert foreign == []
