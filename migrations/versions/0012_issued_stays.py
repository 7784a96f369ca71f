"""An issued version never becomes a draft again, so what keeps it as it is has no way around.

Revision: 0012
Follows: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE OR REPLACE FUNCTION keep_issued_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.state = 'draft' THEN
      RETURN OLD;
    END IF;
  ELSIF OLD.state = 'draft' THEN
    RETURN NEW;
  ELSIF OLD.state IN ('issued', NEW.state){condition}
    AND to_jsonb(NEW) - ARRAY['state', 'reason', 'flags', 'updated_at']
      = to_jsonb(OLD) - ARRAY['state', 'reason', 'flags', 'updated_at'] THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'an issued version is kept as it is'
    USING ERRCODE = '23000', CONSTRAINT = 'issued_version_is_kept';
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(FUNCTION.replace("{condition}", " AND NEW.state <> 'draft'"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(FUNCTION.replace("{condition}", ""))
