"""Test clocks of sandbox tenants.

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "test_clock",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True)),
        sa.Column("shift_seconds", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_test_clock")),
    )
    op.execute("GRANT SELECT ON test_clock TO portal, desk")
    # Which tenants are sandboxes is said by the command line alone; a caller moves its clock only.
    op.execute("GRANT UPDATE (frozen_at, shift_seconds) ON test_clock TO portal, desk")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("test_clock")
