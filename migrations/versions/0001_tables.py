"""The tables of the foundation: customers, catalogues, contracts, calendar, imports, audit.

Revision: 0001
Follows: nothing
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=True),
        sa.Column("customer_ids", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("after", JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at", "id"], unique=False)
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=True),
        sa.Column("closes", sa.Time(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(kind = 'closed' AND opens IS NULL AND closes IS NULL)"
            " OR (kind = 'short' AND origin = 'company' AND opens < closes)",
            name=op.f("ck_calendar_day_hours"),
        ),
        sa.CheckConstraint("kind IN ('closed', 'short')", name=op.f("ck_calendar_day_kind")),
        sa.CheckConstraint(
            "origin IN ('national', 'company')", name=op.f("ck_calendar_day_origin")
        ),
        sa.PrimaryKeyConstraint("day", "origin", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "calendar_revision",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("singleton", name=op.f("ck_calendar_revision_singleton")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_calendar_revision")),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "confirmed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("confirmed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )
    op.create_table(
        "customer",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("corporate_number", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("contact_email", sa.Text(), nullable=True),
        sa.Column("ordering_portal", sa.Text(), server_default="none", nullable=False),
        sa.Column(
            "ordering_function", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("customer_id ~ '^[A-Z0-9-]{1,20}$'", name=op.f("ck_customer_code")),
        sa.CheckConstraint(
            "ordering_portal IN ('none', 'services_360', 'services_360_pro')",
            name=op.f("ck_customer_portal"),
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer")),
    )
    op.create_table(
        "desk_role",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="agent", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("role IN ('agent', 'lead')", name=op.f("ck_desk_role_role")),
        sa.PrimaryKeyConstraint("principal", name=op.f("pk_desk_role")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(
        "ix_idempotency_key_created_at", "idempotency_key", ["created_at"], unique=False
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'completed', 'failed')",
            name=op.f("ck_import_run_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index(
        "ix_import_run_waiting",
        "import_run",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "partner",
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("partner_id ~ '^[A-Z0-9-]{1,20}$'", name=op.f("ck_partner_code")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_partner")),
    )
    op.create_table(
        "product",
        sa.Column("product_number", sa.Text(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=True),
        sa.Column("end_of_sale", sa.Date(), nullable=True),
        sa.Column("last_new_enrollment", sa.Date(), nullable=True),
        sa.Column("last_renewal", sa.Date(), nullable=True),
        sa.Column("end_of_support", sa.Date(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("product_number", name=op.f("pk_product")),
    )
    op.create_index(
        "ix_product_updated_at_product_number",
        "product",
        ["updated_at", "product_number"],
        unique=False,
    )
    op.create_table(
        "revoked_token",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "revoked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_revoked_token")),
    )
    op.create_table(
        "contract",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("contract_number", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("service_level", sa.Text(), nullable=False),
        sa.Column("stated_start", sa.Date(), nullable=False),
        sa.Column("stated_end", sa.Date(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("line_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("support_service_serial", sa.Text(), nullable=True),
        sa.Column("billing", sa.Text(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "billing IN ('upfront', 'annual', 'quarterly', 'monthly')",
            name=op.f("ck_contract_billing"),
        ),
        sa.CheckConstraint(
            "contract_number ~ '^[A-Z0-9-]{4,20}$'", name=op.f("ck_contract_number")
        ),
        sa.CheckConstraint(
            "kind IN ('contract', 'package', 'post_warranty')", name=op.f("ck_contract_kind")
        ),
        sa.CheckConstraint("service_id ~ '^1[0-9]{11}$'", name=op.f("ck_contract_service_id")),
        sa.CheckConstraint("end_date >= start_date", name=op.f("ck_contract_period")),
        sa.CheckConstraint("stated_end >= stated_start", name=op.f("ck_contract_stated_period")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name=op.f("fk_contract_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "contract_number", name=op.f("pk_contract")),
    )
    op.create_index("ix_contract_contract_number", "contract", ["contract_number"], unique=False)
    op.create_index("ix_contract_end_date", "contract", ["end_date"], unique=False)
    op.create_index("ix_contract_service_id", "contract", ["service_id"], unique=False)
    op.create_index(
        "ix_contract_support_service_serial", "contract", ["support_service_serial"], unique=False
    )
    op.create_table(
        "equipment",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=False),
        sa.Column("product_number", sa.Text(), nullable=False),
        sa.Column("warranty_start", sa.Date(), nullable=True),
        sa.Column("warranty_end", sa.Date(), nullable=True),
        sa.Column("system_id", sa.Text(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("warranty_end >= warranty_start", name=op.f("ck_equipment_warranty")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name=op.f("fk_equipment_customer")
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "serial_number", "product_number", name=op.f("pk_equipment")
        ),
    )
    op.create_index(
        "ix_equipment_serial_number",
        "equipment",
        ["serial_number"],
        unique=False,
        postgresql_include=["customer_id", "product_number", "warranty_start", "warranty_end"],
    )
    op.create_table(
        "import_file",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("bytes_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("inserted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refused", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("warned", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'loaded', 'refused')", name=op.f("ck_import_file_state")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["import_run.id"],
            name=op.f("fk_import_file_import_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "position", name=op.f("pk_import_file")),
    )
    op.create_table(
        "membership",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="member", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("role IN ('member', 'owner')", name=op.f("ck_membership_role")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name=op.f("fk_membership_customer")
        ),
        sa.PrimaryKeyConstraint("principal", "customer_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_customer_id"), "membership", ["customer_id"], unique=False)
    op.create_table(
        "partner_client",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "octet_length(secret_hash) = 32", name=op.f("ck_partner_client_secret_hash")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.partner_id"], name=op.f("fk_partner_client_partner")
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_partner_client")),
    )
    op.create_index(
        op.f("ix_partner_client_partner_id"), "partner_client", ["partner_id"], unique=False
    )
    op.create_table(
        "price",
        sa.Column("product_number", sa.Text(), nullable=False),
        sa.Column("service_level", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("annual_price", sa.BigInteger(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("annual_price >= 0", name=op.f("ck_price_annual_price")),
        sa.ForeignKeyConstraint(
            ["product_number"], ["product.product_number"], name=op.f("fk_price_product")
        ),
        sa.PrimaryKeyConstraint(
            "product_number", "service_level", "valid_from", name=op.f("pk_price")
        ),
    )
    op.create_table(
        "serve",
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "scope IN ('contracts', 'quotes', 'orders')", name=op.f("ck_serve_scope")
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_serve_period")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer_id"], name=op.f("fk_serve_customer")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.partner_id"], name=op.f("fk_serve_partner")
        ),
        sa.PrimaryKeyConstraint("partner_id", "customer_id", "scope", name=op.f("pk_serve")),
    )
    op.create_index(op.f("ix_serve_customer_id"), "serve", ["customer_id"], unique=False)
    op.create_table(
        "contract_line",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("contract_number", sa.Text(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=False),
        sa.Column("product_number", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("service_level", sa.Text(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("annual_price", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("annual_price >= 0", name=op.f("ck_contract_line_annual_price")),
        sa.CheckConstraint("end_date >= start_date", name=op.f("ck_contract_line_period")),
        sa.CheckConstraint("line_number >= 1", name=op.f("ck_contract_line_line_number")),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_contract_line_quantity")),
        sa.ForeignKeyConstraint(
            ["customer_id", "contract_number"],
            ["contract.customer_id", "contract.contract_number"],
            name=op.f("fk_contract_line_contract"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "contract_number", "line_number", name=op.f("pk_contract_line")
        ),
    )
    op.create_index(
        "ix_contract_line_product_number", "contract_line", ["product_number"], unique=False
    )
    op.create_index(
        "ix_contract_line_serial_number",
        "contract_line",
        ["serial_number"],
        unique=False,
        postgresql_include=["customer_id", "contract_number", "product_number"],
        postgresql_where=sa.text("serial_number IS NOT NULL"),
    )
    op.create_table(
        "import_error",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), server_default="error", nullable=False),
        sa.CheckConstraint(
            "severity IN ('error', 'warning')", name=op.f("ck_import_error_severity")
        ),
        sa.ForeignKeyConstraint(
            ["import_id", "position"],
            ["import_file.import_id", "import_file.position"],
            name=op.f("fk_import_error_import_file"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "position", "number", name=op.f("pk_import_error")),
    )


def downgrade() -> None:
    op.drop_table("import_error")
    op.drop_table("contract_line")
    op.drop_table("serve")
    op.drop_table("price")
    op.drop_table("partner_client")
    op.drop_table("membership")
    op.drop_table("import_file")
    op.drop_table("equipment")
    op.drop_table("contract")
    op.drop_table("revoked_token")
    op.drop_table("product")
    op.drop_table("partner")
    op.drop_table("import_run")
    op.drop_table("idempotency_key")
    op.drop_table("desk_role")
    op.drop_table("customer")
    op.drop_table("calendar_year")
    op.drop_table("calendar_revision")
    op.drop_table("calendar_day")
    op.drop_table("audit")
