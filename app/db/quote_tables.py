"""The tables of quote requests, change requests, quotes and what is told about them.

All of them are tenant tables (docs/decisions/0004-keys.md). Issued versions of quotes and terminal
states are kept as they are by triggers of the migration, so that no statement can forget it.
"""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

from app.db.tables import CONTRACT_TENANT_TABLES
from app.db.tables import metadata as metadata


class XID8(UserDefinedType[int]):
    """The number of a transaction, as PostgreSQL counts them."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The name of the type."""
        return "xid8"


# So that alembic recognises the type when it compares tables with a database.
ischema_names["xid8"] = XID8


def _instant(name: str, *, needed: bool = False) -> Column[datetime]:
    default = func.now() if needed else None
    return Column(name, DateTime(timezone=True), nullable=not needed, server_default=default)


def _texts(name: str) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=False, server_default="{}")


REQUEST_STATES = (
    "received",
    "needs_information",
    "in_progress",
    "quoted",
    "rejected",
    "cancelled",
    "redirected",
)
VERSION_STATES = ("draft", "issued", "ordered", "declined", "superseded", "lapsed", "withdrawn")
CHANGE_STATES = ("received", "referred", "applied", "answered", "rejected", "cancelled")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


# What happened, in the transaction in which it happened. `position` orders the events of one
# object; a reader of the whole feed must also wait for `transaction_id` to be over, because
# positions are taken before commit.
event = Table(
    "event",
    metadata,
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("id", Uuid),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("transaction_id", XID8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("type", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    _instant("at", needed=True),
    Column("actor", Text, nullable=False),
    Column("data", JSONB, nullable=False, server_default="{}"),
    PrimaryKeyConstraint("customer_id", "id"),
    CheckConstraint("actor IN ('customer', 'partner', 'desk', 'system')", name="actor"),
    Index("ix_event_object", "customer_id", "object_type", "object_id", "position"),
    Index("ix_event_position", "position"),
)

# `missing` and `warnings` are codes; `redirect` is the code of the place to go (REQ-7). `revision`
# grows with every change and is what ETags are made of. `sheet_reference` is the number that a
# downloaded sheet carries, so that a sheet that is sent twice asks once. `wished` is what was
# asked for where other columns hold what it comes to (numbers, period, level); `findings` is what
# the dates of products say (EOS-4), `question` what the desk wants to know.
quote_request = Table(
    "quote_request",
    metadata,
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("id", Uuid),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("service_id", Text),
    Column("contract_number", Text),
    Column("support_service_serial", Text),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("service_level", Text),
    Column("requester_name", Text, nullable=False),
    Column("requester_email", Text, nullable=False),
    Column("note", Text),
    _texts("missing"),
    _texts("warnings"),
    _texts("flags"),
    _texts("rules"),
    Column("findings", JSONB, nullable=False, server_default="[]"),
    Column("wished", JSONB, nullable=False, server_default="{}"),
    Column("redirect", Text),
    Column("question", Text),
    Column("reason", Text),
    Column("eligibility_check_id", Uuid),
    Column("quote_number", Text),
    Column("origin", Text, nullable=False, server_default="api"),
    Column("sheet_reference", Uuid),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("created_by", Text, nullable=False),
    _instant("created_at", needed=True),
    _instant("updated_at", needed=True),
    PrimaryKeyConstraint("customer_id", "id"),
    UniqueConstraint("customer_id", "sheet_reference"),
    CheckConstraint(
        _one_of("kind", ("renewal", "reenrollment", "new_enrollment", "upgrade")), name="kind"
    ),
    CheckConstraint(_one_of("state", REQUEST_STATES), name="state"),
    CheckConstraint("origin IN ('api', 'sheet')", name="origin"),
    CheckConstraint("end_date >= start_date", name="period"),
    Index("ix_quote_request_id", "id"),
    Index("ix_quote_request_contract_number", "contract_number"),
)

quote_request_item = Table(
    "quote_request_item",
    metadata,
    Column("customer_id", Text),
    Column("request_id", Uuid),
    Column("position", Integer),
    Column("product_number", Text),
    Column("product_name", Text),
    Column("serial_number", Text),
    Column("quantity", Integer, nullable=False, server_default="1"),
    Column("service_level", Text),
    Column("condition_state", Text),
    Column("declared_by", Text),
    Column("declared_on", Date),
    PrimaryKeyConstraint("customer_id", "request_id", "position"),
    ForeignKeyConstraint(
        ["customer_id", "request_id"],
        ["quote_request.customer_id", "quote_request.id"],
        ondelete="CASCADE",
    ),
    CheckConstraint("quantity >= 1", name="quantity"),
    CheckConstraint(
        "condition_state IN ('working', 'unknown', 'not_working')", name="condition_state"
    ),
    Index("ix_quote_request_item_product_number", "product_number"),
)

# One quote with its versions. The number comes from the sequence quote_number, so it is the only
# one of its kind without a constraint over all customers.
quote = Table(
    "quote",
    metadata,
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("quote_number", Text),
    Column("contract_number", Text),
    Column("service_id", Text),
    Column("latest_version", Integer, nullable=False, server_default="1"),
    _texts("merged_from"),
    Column("split_from", Text),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("created_by", Text, nullable=False),
    _instant("created_at", needed=True),
    _instant("updated_at", needed=True),
    PrimaryKeyConstraint("customer_id", "quote_number"),
    CheckConstraint("quote_number ~ '^Q[0-9]{4}-[0-9]{7}$'", name="number"),
    Index("ix_quote_quote_number", "quote_number"),
    Index("ix_quote_contract_number", "contract_number"),
)

# Money is yen without tax, except `total`; `tax` is [{"rate_bp", "taxable", "tax"}]; `left_out` is
# what `app.domain.quotes.LeftOut` says (QUO-6).
# `decisions` are the desk's where no rule decides: {"fee": {"amount", "reason"}, "eligibility": …}.
# `order_deadline`, `deadline_rule` and `effective_limit` are what was reckoned when the version was
# issued (DL-1, DL-2, DL-5).
quote_version = Table(
    "quote_version",
    metadata,
    Column("customer_id", Text),
    Column("quote_number", Text),
    Column("version", Integer),
    Column("state", Text, nullable=False, server_default="draft"),
    Column("kind", Text, nullable=False),
    Column("request_id", Uuid),
    Column("change_request_id", Uuid),
    Column("eligibility_check_id", Uuid),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("service_level", Text, nullable=False),
    Column("addressee_kind", Text, nullable=False, server_default="company"),
    Column("addressee_name", Text, nullable=False),
    Column("contact_name", Text),
    Column("contact_email", Text),
    Column("conditions", Text),
    Column("stated_deadline", Date),
    Column("deadline_approver", Text),
    Column("deadline_reason", Text),
    Column("valid_until", Date),
    Column("issued_on", Date),
    Column("issued_by", Text),
    Column("order_deadline", Date),
    Column("deadline_rule", Text),
    Column("effective_limit", Date),
    Column("subtotal", BigInteger, nullable=False, server_default="0"),
    Column("tax", JSONB, nullable=False, server_default="[]"),
    Column("total", BigInteger, nullable=False, server_default="0"),
    Column("left_out", JSONB, nullable=False, server_default="[]"),
    _texts("flags"),
    Column("decisions", JSONB, nullable=False, server_default="{}"),
    Column("reason", Text),
    Column("created_by", Text, nullable=False),
    _instant("created_at", needed=True),
    _instant("updated_at", needed=True),
    PrimaryKeyConstraint("customer_id", "quote_number", "version"),
    ForeignKeyConstraint(
        ["customer_id", "quote_number"], ["quote.customer_id", "quote.quote_number"]
    ),
    CheckConstraint(_one_of("state", VERSION_STATES), name="state"),
    CheckConstraint(
        _one_of("kind", ("renewal", "reenrollment", "new_enrollment", "upgrade")), name="kind"
    ),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("end_date >= start_date", name="period"),
    CheckConstraint("addressee_kind IN ('company', 'person')", name="addressee_kind"),
    CheckConstraint(
        "state = 'draft' OR state = 'withdrawn' OR (issued_on IS NOT NULL"
        " AND order_deadline IS NOT NULL AND effective_limit IS NOT NULL)",
        name="issued",
    ),
    CheckConstraint(
        "stated_deadline < start_date"
        " OR (deadline_approver IS NOT NULL AND deadline_reason IS NOT NULL)",
        name="stated_deadline",
    ),
    Index(
        "uq_quote_version_draft",
        "customer_id",
        "quote_number",
        unique=True,
        postgresql_where=text("state = 'draft'"),
    ),
    Index(
        "uq_quote_version_issued",
        "customer_id",
        "quote_number",
        unique=True,
        postgresql_where=text("state = 'issued'"),
    ),
    Index("ix_quote_version_limit", "effective_limit", postgresql_where=text("state = 'issued'")),
    Index("ix_quote_version_request_id", "request_id"),
)

# A line of a version: the service on a machine, or a fee. `annual_price` is what `unit_price` was
# reckoned from; `contract_number` and `contract_line_number` are where the line comes from.
# `decisions` are the desk's: {"price": {"reason"}, "end_of_support": {"reason"}}; and
# {"term": {"consumed_days"}} is the eligibility check's (FEE-2).
quote_line = Table(
    "quote_line",
    metadata,
    Column("customer_id", Text),
    Column("quote_number", Text),
    Column("version", Integer),
    Column("line_number", Integer),
    Column("kind", Text, nullable=False, server_default="service"),
    Column("product_number", Text),
    Column("product_name", Text, nullable=False),
    Column("serial_number", Text),
    Column("quantity", Integer, nullable=False, server_default="1"),
    Column("service_level", Text),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("annual_price", BigInteger),
    Column("unit_price", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("tax_rate_bp", Integer, nullable=False, server_default="1000"),
    Column("contract_number", Text),
    Column("contract_line_number", Integer),
    _texts("flags"),
    Column("decisions", JSONB, nullable=False, server_default="{}"),
    PrimaryKeyConstraint("customer_id", "quote_number", "version", "line_number"),
    ForeignKeyConstraint(
        ["customer_id", "quote_number", "version"],
        ["quote_version.customer_id", "quote_version.quote_number", "quote_version.version"],
    ),
    CheckConstraint("kind IN ('service', 'fee')", name="kind"),
    CheckConstraint("line_number >= 1", name="line_number"),
    CheckConstraint("quantity >= 1", name="quantity"),
    CheckConstraint("amount = unit_price * quantity", name="amount"),
    CheckConstraint("end_date >= start_date", name="period"),
    CheckConstraint("tax_rate_bp BETWEEN 0 AND 10000", name="tax_rate"),
    Index("ix_quote_line_product_number", "product_number"),
    Index(
        "ix_quote_line_serial_number",
        "serial_number",
        postgresql_where=text("serial_number IS NOT NULL"),
    ),
)

# A printed document of a version, kept as it was made.
quote_document = Table(
    "quote_document",
    metadata,
    Column("customer_id", Text),
    Column("quote_number", Text),
    Column("version", Integer),
    Column("kind", Text),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _instant("created_at", needed=True),
    PrimaryKeyConstraint("customer_id", "quote_number", "version", "kind"),
    ForeignKeyConstraint(
        ["customer_id", "quote_number", "version"],
        ["quote_version.customer_id", "quote_version.quote_number", "quote_version.version"],
    ),
    CheckConstraint("kind IN ('quote', 'answer_sheet')", name="kind"),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
)

# `changes` are as they were asked for (REQ-2); `quote_version` is the version they are about and
# `answer_version` the one that answers them.
change_request = Table(
    "change_request",
    metadata,
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("id", Uuid),
    Column("state", Text, nullable=False),
    Column("service_id", Text),
    Column("contract_number", Text),
    Column("quote_number", Text),
    Column("quote_version", Integer),
    Column("answer_version", Integer),
    Column("requester_name", Text, nullable=False),
    Column("requester_email", Text, nullable=False),
    Column("changes", JSONB, nullable=False),
    _texts("warnings"),
    Column("reason", Text),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("created_by", Text, nullable=False),
    _instant("created_at", needed=True),
    _instant("updated_at", needed=True),
    PrimaryKeyConstraint("customer_id", "id"),
    CheckConstraint(_one_of("state", CHANGE_STATES), name="state"),
    Index("ix_change_request_id", "id"),
    Index("ix_change_request_contract_number", "contract_number"),
)

# Who is to be written to about a contract, as its customer last said (REQ-2).
contract_contact = Table(
    "contract_contact",
    metadata,
    Column("customer_id", Text),
    Column("contract_number", Text),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("updated_by", Text, nullable=False),
    _instant("updated_at", needed=True),
    PrimaryKeyConstraint("customer_id", "contract_number"),
    ForeignKeyConstraint(
        ["customer_id", "contract_number"],
        ["contract.customer_id", "contract.contract_number"],
        onupdate="CASCADE",
    ),
)

# A quote-request sheet that was sent. `content` is the file as it came, from which a reading that
# was cut short goes on; it is forgotten some time after the reading has ended
# (`app.usecases.upkeep`). `errors` are those of the whole sheet; each row has its own.
sheet_upload = Table(
    "sheet_upload",
    metadata,
    Column("customer_id", Text, ForeignKey("customer.customer_id")),
    Column("id", Uuid),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("reference", Uuid),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary),
    Column("rows_total", Integer, nullable=False, server_default="0"),
    Column("rows_done", Integer, nullable=False, server_default="0"),
    Column("errors", JSONB, nullable=False, server_default="[]"),
    Column("request_id", Uuid),
    Column("context", JSONB, nullable=False, server_default="{}"),
    Column("created_by", Text, nullable=False),
    _instant("created_at", needed=True),
    _instant("finished_at"),
    PrimaryKeyConstraint("customer_id", "id"),
    CheckConstraint("state IN ('queued', 'running', 'completed', 'refused')", name="state"),
    Index("ix_sheet_upload_id", "id"),
    Index("ix_sheet_upload_reference", "reference"),
    Index(
        "ix_sheet_upload_waiting",
        "created_at",
        postgresql_where=text("state IN ('queued', 'running')"),
    ),
)

sheet_row = Table(
    "sheet_row",
    metadata,
    Column("customer_id", Text),
    Column("upload_id", Uuid),
    Column("row_number", Integer),
    Column("state", Text, nullable=False),
    Column("errors", JSONB, nullable=False, server_default="[]"),
    PrimaryKeyConstraint("customer_id", "upload_id", "row_number"),
    ForeignKeyConstraint(
        ["customer_id", "upload_id"],
        ["sheet_upload.customer_id", "sheet_upload.id"],
        ondelete="CASCADE",
    ),
    CheckConstraint("state IN ('accepted', 'warned', 'refused')", name="state"),
)

# Every table that carries a customer, and so has row-level security.
TENANT_TABLES = (
    *CONTRACT_TENANT_TABLES,
    "event",
    "quote_request",
    "quote_request_item",
    "quote",
    "quote_version",
    "quote_line",
    "quote_document",
    "change_request",
    "contract_contact",
    "sheet_upload",
    "sheet_row",
)
