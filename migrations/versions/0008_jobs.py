"""The queue of background work: the tables of pgqueuer, in a schema of their own.

The library writes its own tables, so this migration asks it for them. A newer version of it that
wants other tables gets a migration that asks for the difference (`build_upgrade_queries`).

Revision: 0008
Follows: 0007
"""

import re

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain.settings import DBSettings

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("CREATE SCHEMA jobs")
    tables = QueryBuilderEnvironment(settings=DBSettings(db_schema="jobs"))
    # One statement at a time; the body of the function holds blank lines and semicolons, too.
    for statement in re.split(r";\n\n(?=CREATE )", tables.build_install_query(create_schema=False)):
        op.execute(statement.replace(":", r"\:"))
    op.execute("GRANT USAGE ON SCHEMA jobs TO portal, desk")
    op.execute("GRANT ALL ON ALL TABLES IN SCHEMA jobs TO desk")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO portal, desk")
    # Callers outside the desk put work into the queue, in the transaction that asks for it. What
    # waits there is none of their business: the rows that they read back are their own numbers.
    op.execute("GRANT INSERT ON jobs.pgqueuer, jobs.pgqueuer_log TO portal")
    read = "id, entrypoint, priority, dedupe_key, status"
    op.execute(f"GRANT SELECT ({read}) ON jobs.pgqueuer TO portal")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("DROP SCHEMA jobs CASCADE")
