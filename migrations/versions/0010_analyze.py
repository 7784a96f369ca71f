"""Let whoever imports bring the planner's figures up to date, without owning the tables.

Revision: 0010
Follows: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# A quick look at a few thousand rows is enough to choose between an index and a whole table; the
# server's own ANALYZE takes its full sample some minutes later.
FUNCTION = """
CREATE FUNCTION analyze_imported() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET default_statistics_target = 25
AS $$
BEGIN
  ANALYZE public.customer, public.product, public.equipment, public.contract, public.contract_line;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION analyze_imported() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION analyze_imported() TO desk")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("DROP FUNCTION analyze_imported()")
