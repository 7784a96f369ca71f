"""What callers have spent of their allowance, shared by all processes.

Nothing here outlives a crash of the database, and nothing needs to: who has no row has everything.
No index but the key's, so that an update need not touch any; the free space keeps it on its page.

Revision: 0013
Follows: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(
        "CREATE UNLOGGED TABLE rate_limit ("
        " key bytea NOT NULL,"
        " spent double precision NOT NULL,"
        " at timestamptz NOT NULL,"
        " granted integer NOT NULL,"
        " CONSTRAINT pk_rate_limit PRIMARY KEY (key)"
        ") WITH (fillfactor = 50)"
    )
    # Callers from outside the desk have no right on it at all (app/db/rate_limits.py).
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limit TO desk")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("DROP TABLE rate_limit")
