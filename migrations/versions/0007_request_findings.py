"""What a quote request was decided by: rules, findings on products, the period as it was asked for.

Revision: 0007
Follows: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(
        "ALTER TABLE quote_request ADD COLUMN rules TEXT[] DEFAULT '{}' NOT NULL,"
        " ADD COLUMN findings JSONB DEFAULT '[]' NOT NULL,"
        " ADD COLUMN wished JSONB DEFAULT '{}' NOT NULL,"
        " ADD COLUMN question TEXT"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(
        "ALTER TABLE quote_request DROP COLUMN question, DROP COLUMN wished,"
        " DROP COLUMN findings, DROP COLUMN rules"
    )
