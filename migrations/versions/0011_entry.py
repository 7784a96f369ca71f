"""How a transaction is entered: what the caller's rows say becomes the context, or a refusal.

`SET LOCAL` takes no parameters, so a function writes it out. It decides nothing of its own: who may
see what stands in the statement that calls it (app.db.callers).

Revision: 0011
Follows: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ENTER_PORTAL = """
CREATE FUNCTION enter_portal(stands boolean, customers text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF stands IS NOT TRUE THEN
    RAISE EXCEPTION 'the token was withdrawn' USING ERRCODE = 'RD401';
  END IF;
  EXECUTE format('SET LOCAL app.customers = %L', coalesce(customers, '{}')::text);
END $$
"""
ENTER_DESK = """
CREATE FUNCTION enter_desk(stands boolean, held_role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF stands IS NOT TRUE THEN
    RAISE EXCEPTION 'the token was withdrawn' USING ERRCODE = 'RD401';
  END IF;
  IF held_role IS NULL THEN
    RAISE EXCEPTION 'no role at the desk' USING ERRCODE = 'RD403';
  END IF;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(ENTER_PORTAL)
    op.execute(ENTER_DESK)
    op.execute("REVOKE ALL ON FUNCTION enter_portal(boolean, text[]) FROM PUBLIC")
    op.execute("REVOKE ALL ON FUNCTION enter_desk(boolean, text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION enter_portal(boolean, text[]) TO portal")
    op.execute("GRANT EXECUTE ON FUNCTION enter_desk(boolean, text) TO desk")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("DROP FUNCTION enter_portal(boolean, text[])")
    op.execute("DROP FUNCTION enter_desk(boolean, text)")
