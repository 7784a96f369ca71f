"""The tables. Tenant tables carry `customer_id` first in every key (docs/decisions/0004-keys.md).

Names of constraints are fixed by the convention below, because `app.db.engine` turns a broken
constraint into a named refusal by that name.
"""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Time,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

CUSTOMER_CODE = "^[A-Z0-9-]{1,20}$"
CONTRACT_TENANT_TABLES = ("customer", "equipment", "contract", "contract_line", "eligibility_check")


def _instant(name: str, *, default_now: bool = False) -> Column[datetime]:
    if default_now:
        return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())
    return Column(name, DateTime(timezone=True))


customer = Table(
    "customer",
    metadata,
    Column("customer_id", Text),
    Column("name", Text, nullable=False),
    Column("name_en", Text),
    Column("corporate_number", Text),
    Column("contact_name", Text),
    Column("contact_email", Text),
    Column("ordering_portal", Text, nullable=False, server_default="none"),
    Column("ordering_function", Boolean, nullable=False, server_default=text("false")),
    _instant("updated_at", default_now=True),
    PrimaryKeyConstraint("customer_id"),
    CheckConstraint(f"customer_id ~ '{CUSTOMER_CODE}'", name="code"),
    CheckConstraint(
        "ordering_portal IN ('none', 'services_360', 'services_360_pro')", name="portal"
    ),
)

partner = Table(
    "partner",
    metadata,
    Column("partner_id", Text),
    Column("name", Text, nullable=False),
    _instant("updated_at", default_now=True),
    PrimaryKeyConstraint("partner_id"),
    CheckConstraint(f"partner_id ~ '{CUSTOMER_CODE}'", name="code"),
)

# Which partner works for which customer, in which matters and when: a shared catalogue.
serve = Table(
    "serve",
    metadata,
    Column("partner_id", Text, ForeignKey("partner.partner_id")),
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("scope", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
    _instant("updated_at", default_now=True),
    PrimaryKeyConstraint("partner_id", "customer_id", "scope"),
    CheckConstraint("scope IN ('contracts', 'quotes', 'orders')", name="scope"),
    CheckConstraint("valid_to >= valid_from", name="period"),
    Index(None, "customer_id"),
)

# Which user of an identity provider acts for which customer. `principal` is "issuer|subject".
membership = Table(
    "membership",
    metadata,
    Column("principal", Text),
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("role", Text, nullable=False, server_default="member"),
    _instant("created_at", default_now=True),
    PrimaryKeyConstraint("principal", "customer_id"),
    CheckConstraint("role IN ('member', 'owner')", name="role"),
    Index(None, "customer_id"),
)

desk_role = Table(
    "desk_role",
    metadata,
    Column("principal", Text),
    Column("role", Text, nullable=False, server_default="agent"),
    _instant("created_at", default_now=True),
    PrimaryKeyConstraint("principal"),
    CheckConstraint("role IN ('agent', 'lead')", name="role"),
)

# Machine accounts of partners. The secret has 256 random bits; only its SHA-256 is kept.
partner_client = Table(
    "partner_client",
    metadata,
    Column("client_id", Text),
    Column("partner_id", Text, ForeignKey("partner.partner_id"), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    _instant("created_at", default_now=True),
    _instant("revoked_at"),
    PrimaryKeyConstraint("client_id"),
    CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash"),
    Index(None, "partner_id"),
)

revoked_token = Table(
    "revoked_token",
    metadata,
    Column("token_id", Text),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    _instant("revoked_at", default_now=True),
    PrimaryKeyConstraint("token_id"),
)

product = Table(
    "product",
    metadata,
    Column("product_number", Text),
    Column("product_name", Text, nullable=False),
    Column("family", Text),
    Column("end_of_sale", Date),
    Column("last_new_enrollment", Date),
    Column("last_renewal", Date),
    Column("end_of_support", Date),
    _instant("updated_at", default_now=True),
    PrimaryKeyConstraint("product_number"),
    Index("ix_product_updated_at_product_number", "updated_at", "product_number"),
)

price = Table(
    "price",
    metadata,
    Column("product_number", Text, ForeignKey("product.product_number")),
    Column("service_level", Text),
    Column("valid_from", Date),
    Column("annual_price", BigInteger, nullable=False),
    _instant("updated_at", default_now=True),
    PrimaryKeyConstraint("product_number", "service_level", "valid_from"),
    CheckConstraint("annual_price >= 0", name="annual_price"),
)

equipment = Table(
    "equipment",
    metadata,
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("serial_number", Text),
    Column("product_number", Text),
    Column("warranty_start", Date),
    Column("warranty_end", Date),
    Column("system_id", Text),
    _instant("updated_at", default_now=True),
    PrimaryKeyConstraint("customer_id", "serial_number", "product_number"),
    CheckConstraint("warranty_end >= warranty_start", name="warranty"),
    Index(
        "ix_equipment_serial_number",
        "serial_number",
        postgresql_include=["customer_id", "product_number", "warranty_start", "warranty_end"],
    ),
)

# `stated_start` and `stated_end` are what the contract's own row says; `start_date`, `end_date` and
# `line_count` are derived from the lines whenever lines change (TERM-4), so that one lookup reads
# one row.
contract = Table(
    "contract",
    metadata,
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("contract_number", Text),
    Column("service_id", Text),
    Column("kind", Text, nullable=False),
    Column("service_level", Text, nullable=False),
    Column("stated_start", Date, nullable=False),
    Column("stated_end", Date, nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("line_count", Integer, nullable=False, server_default="0"),
    Column("support_service_serial", Text),
    Column("billing", Text),
    _instant("updated_at", default_now=True),
    PrimaryKeyConstraint("customer_id", "contract_number"),
    CheckConstraint("kind IN ('contract', 'package', 'post_warranty')", name="kind"),
    CheckConstraint("billing IN ('upfront', 'annual', 'quarterly', 'monthly')", name="billing"),
    CheckConstraint("stated_end >= stated_start", name="stated_period"),
    CheckConstraint("end_date >= start_date", name="period"),
    CheckConstraint("contract_number ~ '^[A-Z0-9-]{4,20}$'", name="number"),
    CheckConstraint("service_id ~ '^1[0-9]{11}$'", name="service_id"),
    Index("ix_contract_contract_number", "contract_number"),
    Index("ix_contract_service_id", "service_id"),
    Index("ix_contract_support_service_serial", "support_service_serial"),
    Index("ix_contract_end_date", "end_date"),
)

# An empty level or date is inherited from the contract's own row.
contract_line = Table(
    "contract_line",
    metadata,
    Column("customer_id", Text),
    Column("contract_number", Text),
    Column("line_number", Integer),
    Column("product_number", Text),
    Column("product_name", Text),
    Column("serial_number", Text),
    Column("quantity", Integer, nullable=False, server_default="1"),
    Column("service_level", Text),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("annual_price", BigInteger),
    PrimaryKeyConstraint("customer_id", "contract_number", "line_number"),
    ForeignKeyConstraint(
        ["customer_id", "contract_number"],
        ["contract.customer_id", "contract.contract_number"],
        onupdate="CASCADE",
    ),
    CheckConstraint("line_number >= 1", name="line_number"),
    CheckConstraint("quantity >= 1", name="quantity"),
    CheckConstraint("annual_price >= 0", name="annual_price"),
    CheckConstraint("end_date >= start_date", name="period"),
    Index(
        "ix_contract_line_serial_number",
        "serial_number",
        postgresql_include=["customer_id", "contract_number", "product_number"],
        postgresql_where=text("serial_number IS NOT NULL"),
    ),
    Index("ix_contract_line_product_number", "product_number"),
)

# Days on which the desk is closed or open for a part of the day (CAL-2). Saturdays and Sundays are
# not listed. One day may be a national holiday and a company closing day at once.
calendar_day = Table(
    "calendar_day",
    metadata,
    Column("day", Date),
    Column("origin", Text),
    Column("kind", Text, nullable=False),
    Column("opens", Time),
    Column("closes", Time),
    Column("name", Text, nullable=False),
    _instant("updated_at", default_now=True),
    PrimaryKeyConstraint("day", "origin"),
    CheckConstraint("origin IN ('national', 'company')", name="origin"),
    CheckConstraint("kind IN ('closed', 'short')", name="kind"),
    CheckConstraint(
        "(kind = 'closed' AND opens IS NULL AND closes IS NULL)"
        " OR (kind = 'short' AND origin = 'company' AND opens < closes)",
        name="hours",
    ),
)

# A year whose company days somebody confirmed (CAL-3). No row: unconfirmed.
calendar_year = Table(
    "calendar_year",
    metadata,
    Column("year", Integer, autoincrement=False),
    _instant("confirmed_at", default_now=True),
    Column("confirmed_by", Text, nullable=False),
    PrimaryKeyConstraint("year"),
)

# One row, raised by a trigger whenever calendar_day or calendar_year changes, so that a process can
# keep the calendar in memory and still never answer from an old one.
calendar_revision = Table(
    "calendar_revision",
    metadata,
    Column("singleton", Boolean, server_default=text("true")),
    Column("revision", BigInteger, nullable=False, server_default="1"),
    PrimaryKeyConstraint("singleton"),
    CheckConstraint("singleton", name="singleton"),
)

import_run = Table(
    "import_run",
    metadata,
    Column("id", Uuid),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("created_by", Text, nullable=False),
    _instant("created_at", default_now=True),
    _instant("started_at"),
    _instant("finished_at"),
    PrimaryKeyConstraint("id"),
    CheckConstraint("state IN ('queued', 'running', 'completed', 'failed')", name="state"),
    Index(
        "ix_import_run_waiting",
        "created_at",
        postgresql_where=text("state IN ('queued', 'running')"),
    ),
)

# One uploaded or read file of a run. `content` is kept until the file is loaded, so that a run
# that was cut short goes on where it stopped.
import_file = Table(
    "import_file",
    metadata,
    Column("import_id", Uuid, ForeignKey("import_run.id", ondelete="CASCADE")),
    Column("position", Integer),
    Column("name", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("content", LargeBinary),
    Column("bytes_total", BigInteger, nullable=False),
    Column("bytes_read", BigInteger, nullable=False, server_default="0"),
    Column("rows_read", BigInteger, nullable=False, server_default="0"),
    Column("inserted", BigInteger, nullable=False, server_default="0"),
    Column("updated", BigInteger, nullable=False, server_default="0"),
    Column("unchanged", BigInteger, nullable=False, server_default="0"),
    Column("refused", BigInteger, nullable=False, server_default="0"),
    Column("warned", BigInteger, nullable=False, server_default="0"),
    Column("error_code", Text),
    PrimaryKeyConstraint("import_id", "position"),
    CheckConstraint("state IN ('queued', 'running', 'loaded', 'refused')", name="state"),
)

import_error = Table(
    "import_error",
    metadata,
    Column("import_id", Uuid),
    Column("position", Integer),
    Column("number", Integer),
    Column("line", BigInteger, nullable=False),
    Column("column", Text),
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False, server_default="error"),
    PrimaryKeyConstraint("import_id", "position", "number"),
    ForeignKeyConstraint(
        ["import_id", "position"],
        ["import_file.import_id", "import_file.position"],
        ondelete="CASCADE",
    ),
    CheckConstraint("severity IN ('error', 'warning')", name="severity"),
)

# Fee policies as the desk wrote them: a version is never changed, a better one is the next version.
fee_policy = Table(
    "fee_policy",
    metadata,
    Column("code", Text),
    Column("version", Integer),
    Column("effective_from", Date, nullable=False),
    Column("effective_to", Date),
    Column("definition", JSONB, nullable=False),
    Column("created_by", Text, nullable=False),
    _instant("created_at", default_now=True),
    PrimaryKeyConstraint("code", "version"),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("effective_to >= effective_from", name="period"),
    CheckConstraint("code ~ '^[A-Za-z0-9._-]{1,40}$'", name="code"),
)

# Sandbox tenants (a customer, a partner, or "desk") and the clock that they set. A tenant without a
# row is a production tenant and has no test clock.
test_clock = Table(
    "test_clock",
    metadata,
    Column("tenant", Text),
    _instant("frozen_at"),
    Column("shift_seconds", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("tenant"),
)

# A check as it was answered, in both languages, byte for byte, with the facts that it rests on
# (ELG-6).
eligibility_check = Table(
    "eligibility_check",
    metadata,
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("id", Uuid),
    Column("created_by", Text, nullable=False),
    _instant("created_at", default_now=True),
    Column("kind", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("start_date", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("answer_ja", LargeBinary, nullable=False),
    Column("answer_en", LargeBinary, nullable=False),
    PrimaryKeyConstraint("customer_id", "id"),
    CheckConstraint("kind IN ('reenrollment', 'new_enrollment', 'upgrade')", name="kind"),
    Index("ix_eligibility_check_id", "id"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Uuid),
    _instant("at", default_now=True),
    Column("caller", Text, nullable=False),
    Column("principal", Text),
    Column("action", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("object_id", Text),
    Column("customer_ids", ARRAY(Text), nullable=False, server_default="{}"),
    Column("request_id", Text),
    Column("before", JSONB),
    Column("after", JSONB),
    PrimaryKeyConstraint("id"),
    Index("ix_audit_at", "at", "id"),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("principal", Text),
    Column("key", Text),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _instant("created_at", default_now=True),
    PrimaryKeyConstraint("principal", "key"),
    Index("ix_idempotency_key_created_at", "created_at"),
)

# What callers have spent of their allowance at an instant (app/domain/rate_limits.py). The key is a
# keyed digest: neither names nor addresses stand here.
rate_limit = Table(
    "rate_limit",
    metadata,
    Column("key", LargeBinary),
    Column("spent", Double, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("granted", Integer, nullable=False),
    PrimaryKeyConstraint("key"),
    prefixes=["UNLOGGED"],
)

# What a caller may see, in one place: the customers of a user by membership (every matter), those
# of a partner by `serve` (one matter, within dates). The view is made by the first migration and is
# read with the rights of whoever asks (security_invoker).
caller_grant = Table(
    "caller_grant",
    MetaData(),
    Column("principal", Text),
    Column("customer_id", Text),
    Column("scope", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
)
