"""What the desk decided about a version and its lines: fees set or waived, prices of its own.

Revision: 0006
Follows: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("quote_version", "quote_line")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN decisions JSONB DEFAULT '{{}}' NOT NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN decisions")
