"""The second wall: row-level security, the rights of the two roles, and what a caller may see.

Revision: 0002
Follows: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT_TABLES = ("customer", "equipment", "contract", "contract_line")
# What callers outside the desk may read besides the tenant tables: small shared catalogues.
CATALOGUES = (
    "partner",
    "serve",
    "membership",
    "partner_client",
    "revoked_token",
    "product",
    "price",
    "calendar_day",
    "calendar_year",
    "calendar_revision",
    "caller_grant",
)
DESK_TABLES = (
    *TENANT_TABLES,
    "partner",
    "serve",
    "revoked_token",
    "product",
    "price",
    "calendar_day",
    "calendar_year",
    "calendar_revision",
    "import_run",
    "import_file",
    "import_error",
    "idempotency_key",
)

GRANT_VIEW = """
CREATE VIEW caller_grant WITH (security_invoker = true) AS
SELECT principal, customer_id, NULL::text AS scope, NULL::date AS valid_from,
       NULL::date AS valid_to
  FROM membership
UNION ALL
SELECT partner_id, customer_id, scope, valid_from, valid_to
  FROM serve
"""

# The context is the list of customers that this transaction's caller may see. Without a context the
# setting is empty and nothing is visible.
PORTAL_POLICY = """
CREATE POLICY portal ON {table} TO portal
 USING (customer_id = ANY (NULLIF(current_setting('app.customers', true), '')::text[]))
"""

REVISION_FUNCTION = """
CREATE FUNCTION raise_calendar_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE calendar_revision SET revision = revision + 1;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(GRANT_VIEW)
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(PORTAL_POLICY.format(table=table))
        op.execute(f"CREATE POLICY desk ON {table} TO desk USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT ON {table} TO portal")
    for table in CATALOGUES:
        op.execute(f"GRANT SELECT ON {table} TO portal, desk")
    for table in DESK_TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO desk")
    op.execute("GRANT SELECT ON desk_role TO desk")
    op.execute("GRANT INSERT ON audit, revoked_token TO portal")
    op.execute("GRANT SELECT, INSERT ON audit TO desk")
    op.execute(
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO desk', current_database());"
        " END $$"
    )
    op.execute("INSERT INTO calendar_revision DEFAULT VALUES")
    op.execute(REVISION_FUNCTION)
    for table in ("calendar_day", "calendar_year"):
        op.execute(
            f"CREATE TRIGGER raise_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION raise_calendar_revision()"
        )


def downgrade() -> None:
    for table in ("calendar_day", "calendar_year"):
        op.execute(f"DROP TRIGGER raise_revision ON {table}")
    op.execute("DROP FUNCTION raise_calendar_revision()")
    op.execute("DELETE FROM calendar_revision")
    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM desk',"
        " current_database()); END $$"
    )
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM portal, desk")
    for table in TENANT_TABLES:
        op.execute(f"DROP POLICY portal ON {table}")
        op.execute(f"DROP POLICY desk ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP VIEW caller_grant")
