"""Eligibility checks and fee policies.

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SEEN = "customer_id = ANY (NULLIF(current_setting('app.customers', true), '')::text[])"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "fee_policy",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date()),
        sa.Column("definition", JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_fee_policy")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_fee_policy_version")),
        sa.CheckConstraint("effective_to >= effective_from", name=op.f("ck_fee_policy_period")),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]{1,40}$'", name=op.f("ck_fee_policy_code")),
    )
    op.create_table(
        "eligibility_check",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("answer_ja", sa.LargeBinary(), nullable=False),
        sa.Column("answer_en", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_eligibility_check")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name=op.f("fk_eligibility_check_customer")
        ),
        sa.CheckConstraint(
            "kind IN ('reenrollment', 'new_enrollment', 'upgrade')",
            name=op.f("ck_eligibility_check_kind"),
        ),
    )
    op.create_index("ix_eligibility_check_id", "eligibility_check", ["id"])
    op.execute("ALTER TABLE eligibility_check ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE eligibility_check FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY portal ON eligibility_check TO portal USING ({SEEN}) WITH CHECK ({SEEN})"
    )
    op.execute("CREATE POLICY desk ON eligibility_check TO desk USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT ON eligibility_check TO portal, desk")
    op.execute("GRANT SELECT ON fee_policy TO portal")
    op.execute("GRANT SELECT, INSERT ON fee_policy TO desk")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("eligibility_check")
    op.drop_table("fee_policy")
