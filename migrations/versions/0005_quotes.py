"""Quote requests, change requests, quotes, their documents and sheets, and the events.

Revision: 0005
Follows: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE event (
  customer_id TEXT NOT NULL,
  id UUID NOT NULL,
  position BIGINT GENERATED ALWAYS AS IDENTITY,
  transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
  type TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  actor TEXT NOT NULL,
  data JSONB DEFAULT '{}' NOT NULL,
  CONSTRAINT pk_event PRIMARY KEY (customer_id, id),
  CONSTRAINT ck_event_actor CHECK (actor IN ('customer', 'partner', 'desk', 'system')),
  CONSTRAINT fk_event_customer FOREIGN KEY(customer_id) REFERENCES customer (customer_id)
);

CREATE INDEX ix_event_object ON event (customer_id, object_type, object_id, position);

CREATE INDEX ix_event_position ON event (position);

CREATE TABLE quote_request (
  customer_id TEXT NOT NULL,
  id UUID NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  service_id TEXT,
  contract_number TEXT,
  support_service_serial TEXT,
  start_date DATE,
  end_date DATE,
  service_level TEXT,
  requester_name TEXT NOT NULL,
  requester_email TEXT NOT NULL,
  note TEXT,
  missing TEXT[] DEFAULT '{}' NOT NULL,
  warnings TEXT[] DEFAULT '{}' NOT NULL,
  flags TEXT[] DEFAULT '{}' NOT NULL,
  redirect TEXT,
  reason TEXT,
  eligibility_check_id UUID,
  quote_number TEXT,
  origin TEXT DEFAULT 'api' NOT NULL,
  sheet_reference UUID,
  revision INTEGER DEFAULT '1' NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_quote_request PRIMARY KEY (customer_id, id),
  CONSTRAINT uq_quote_request_customer_id_sheet_reference UNIQUE (customer_id, sheet_reference),
  CONSTRAINT ck_quote_request_kind CHECK (kind IN ('renewal', 'reenrollment', 'new_enrollment',
    'upgrade')),
  CONSTRAINT ck_quote_request_state CHECK (state IN ('received', 'needs_information',
    'in_progress', 'quoted', 'rejected', 'cancelled', 'redirected')),
  CONSTRAINT ck_quote_request_origin CHECK (origin IN ('api', 'sheet')),
  CONSTRAINT ck_quote_request_period CHECK (end_date >= start_date),
  CONSTRAINT fk_quote_request_customer FOREIGN KEY(customer_id) REFERENCES customer (customer_id)
);

CREATE INDEX ix_quote_request_contract_number ON quote_request (contract_number);

CREATE INDEX ix_quote_request_id ON quote_request (id);

CREATE TABLE quote_request_item (
  customer_id TEXT NOT NULL,
  request_id UUID NOT NULL,
  position INTEGER NOT NULL,
  product_number TEXT,
  product_name TEXT,
  serial_number TEXT,
  quantity INTEGER DEFAULT '1' NOT NULL,
  service_level TEXT,
  condition_state TEXT,
  declared_by TEXT,
  declared_on DATE,
  CONSTRAINT pk_quote_request_item PRIMARY KEY (customer_id, request_id, position),
  CONSTRAINT fk_quote_request_item_quote_request FOREIGN KEY(customer_id, request_id)
    REFERENCES quote_request (customer_id, id) ON DELETE CASCADE,
  CONSTRAINT ck_quote_request_item_quantity CHECK (quantity >= 1),
  CONSTRAINT ck_quote_request_item_condition_state CHECK (condition_state IN ('working',
    'unknown', 'not_working'))
);

CREATE INDEX ix_quote_request_item_product_number ON quote_request_item (product_number);

CREATE TABLE quote (
  customer_id TEXT NOT NULL,
  quote_number TEXT NOT NULL,
  contract_number TEXT,
  service_id TEXT,
  latest_version INTEGER DEFAULT '1' NOT NULL,
  merged_from TEXT[] DEFAULT '{}' NOT NULL,
  split_from TEXT,
  revision INTEGER DEFAULT '1' NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_quote PRIMARY KEY (customer_id, quote_number),
  CONSTRAINT ck_quote_number CHECK (quote_number ~ '^Q[0-9]{4}-[0-9]{7}$'),
  CONSTRAINT fk_quote_customer FOREIGN KEY(customer_id) REFERENCES customer (customer_id)
);

CREATE INDEX ix_quote_contract_number ON quote (contract_number);

CREATE INDEX ix_quote_quote_number ON quote (quote_number);

CREATE TABLE quote_version (
  customer_id TEXT NOT NULL,
  quote_number TEXT NOT NULL,
  version INTEGER NOT NULL,
  state TEXT DEFAULT 'draft' NOT NULL,
  kind TEXT NOT NULL,
  request_id UUID,
  change_request_id UUID,
  eligibility_check_id UUID,
  start_date DATE NOT NULL,
  end_date DATE NOT NULL,
  service_level TEXT NOT NULL,
  addressee_kind TEXT DEFAULT 'company' NOT NULL,
  addressee_name TEXT NOT NULL,
  contact_name TEXT,
  contact_email TEXT,
  conditions TEXT,
  stated_deadline DATE,
  deadline_approver TEXT,
  deadline_reason TEXT,
  valid_until DATE,
  issued_on DATE,
  issued_by TEXT,
  order_deadline DATE,
  deadline_rule TEXT,
  effective_limit DATE,
  subtotal BIGINT DEFAULT '0' NOT NULL,
  tax JSONB DEFAULT '[]' NOT NULL,
  total BIGINT DEFAULT '0' NOT NULL,
  left_out JSONB DEFAULT '[]' NOT NULL,
  flags TEXT[] DEFAULT '{}' NOT NULL,
  reason TEXT,
  created_by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_quote_version PRIMARY KEY (customer_id, quote_number, version),
  CONSTRAINT fk_quote_version_quote FOREIGN KEY(customer_id, quote_number)
    REFERENCES quote (customer_id, quote_number),
  CONSTRAINT ck_quote_version_state CHECK (state IN ('draft', 'issued', 'ordered', 'declined',
    'superseded', 'lapsed', 'withdrawn')),
  CONSTRAINT ck_quote_version_kind CHECK (kind IN ('renewal', 'reenrollment', 'new_enrollment',
    'upgrade')),
  CONSTRAINT ck_quote_version_version CHECK (version >= 1),
  CONSTRAINT ck_quote_version_period CHECK (end_date >= start_date),
  CONSTRAINT ck_quote_version_addressee_kind CHECK (addressee_kind IN ('company', 'person')),
  CONSTRAINT ck_quote_version_issued CHECK (state = 'draft' OR state = 'withdrawn'
    OR (issued_on IS NOT NULL AND order_deadline IS NOT NULL AND effective_limit IS NOT NULL)),
  CONSTRAINT ck_quote_version_stated_deadline CHECK (stated_deadline < start_date
    OR (deadline_approver IS NOT NULL AND deadline_reason IS NOT NULL))
);

CREATE INDEX ix_quote_version_limit ON quote_version (effective_limit) WHERE state = 'issued';

CREATE INDEX ix_quote_version_request_id ON quote_version (request_id);

CREATE UNIQUE INDEX uq_quote_version_draft ON quote_version (customer_id,
    quote_number) WHERE state = 'draft';

CREATE UNIQUE INDEX uq_quote_version_issued ON quote_version (customer_id,
    quote_number) WHERE state = 'issued';

CREATE TABLE quote_line (
  customer_id TEXT NOT NULL,
  quote_number TEXT NOT NULL,
  version INTEGER NOT NULL,
  line_number INTEGER NOT NULL,
  kind TEXT DEFAULT 'service' NOT NULL,
  product_number TEXT,
  product_name TEXT NOT NULL,
  serial_number TEXT,
  quantity INTEGER DEFAULT '1' NOT NULL,
  service_level TEXT,
  start_date DATE,
  end_date DATE,
  annual_price BIGINT,
  unit_price BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  tax_rate_bp INTEGER DEFAULT '1000' NOT NULL,
  contract_number TEXT,
  contract_line_number INTEGER,
  flags TEXT[] DEFAULT '{}' NOT NULL,
  CONSTRAINT pk_quote_line PRIMARY KEY (customer_id, quote_number, version, line_number),
  CONSTRAINT fk_quote_line_quote_version FOREIGN KEY(customer_id, quote_number,
    version) REFERENCES quote_version (customer_id, quote_number, version),
  CONSTRAINT ck_quote_line_kind CHECK (kind IN ('service', 'fee')),
  CONSTRAINT ck_quote_line_line_number CHECK (line_number >= 1),
  CONSTRAINT ck_quote_line_quantity CHECK (quantity >= 1),
  CONSTRAINT ck_quote_line_amount CHECK (amount = unit_price * quantity),
  CONSTRAINT ck_quote_line_period CHECK (end_date >= start_date),
  CONSTRAINT ck_quote_line_tax_rate CHECK (tax_rate_bp BETWEEN 0 AND 10000)
);

CREATE INDEX ix_quote_line_product_number ON quote_line (product_number);

CREATE INDEX ix_quote_line_serial_number ON quote_line (
    serial_number) WHERE serial_number IS NOT NULL;

CREATE TABLE quote_document (
  customer_id TEXT NOT NULL,
  quote_number TEXT NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  content BYTEA NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_quote_document PRIMARY KEY (customer_id, quote_number, version, kind),
  CONSTRAINT fk_quote_document_quote_version FOREIGN KEY(customer_id, quote_number,
    version) REFERENCES quote_version (customer_id, quote_number, version),
  CONSTRAINT ck_quote_document_kind CHECK (kind IN ('quote', 'answer_sheet')),
  CONSTRAINT ck_quote_document_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$')
);

CREATE TABLE change_request (
  customer_id TEXT NOT NULL,
  id UUID NOT NULL,
  state TEXT NOT NULL,
  service_id TEXT,
  contract_number TEXT,
  quote_number TEXT,
  quote_version INTEGER,
  answer_version INTEGER,
  requester_name TEXT NOT NULL,
  requester_email TEXT NOT NULL,
  changes JSONB NOT NULL,
  warnings TEXT[] DEFAULT '{}' NOT NULL,
  reason TEXT,
  revision INTEGER DEFAULT '1' NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_change_request PRIMARY KEY (customer_id, id),
  CONSTRAINT ck_change_request_state CHECK (state IN ('received', 'referred', 'applied',
    'answered', 'rejected', 'cancelled')),
  CONSTRAINT fk_change_request_customer FOREIGN KEY(customer_id) REFERENCES customer (customer_id)
);

CREATE INDEX ix_change_request_contract_number ON change_request (contract_number);

CREATE INDEX ix_change_request_id ON change_request (id);

CREATE TABLE contract_contact (
  customer_id TEXT NOT NULL,
  contract_number TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_contract_contact PRIMARY KEY (customer_id, contract_number),
  CONSTRAINT fk_contract_contact_contract FOREIGN KEY(customer_id, contract_number)
    REFERENCES contract (customer_id, contract_number) ON UPDATE CASCADE
);

CREATE TABLE sheet_upload (
  customer_id TEXT NOT NULL,
  id UUID NOT NULL,
  state TEXT DEFAULT 'queued' NOT NULL,
  reference UUID,
  sha256 TEXT NOT NULL,
  content BYTEA,
  rows_total INTEGER DEFAULT '0' NOT NULL,
  rows_done INTEGER DEFAULT '0' NOT NULL,
  errors JSONB DEFAULT '[]' NOT NULL,
  request_id UUID,
  context JSONB DEFAULT '{}' NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  finished_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_sheet_upload PRIMARY KEY (customer_id, id),
  CONSTRAINT ck_sheet_upload_state CHECK (state IN ('queued', 'running', 'completed', 'refused')),
  CONSTRAINT fk_sheet_upload_customer FOREIGN KEY(customer_id) REFERENCES customer (customer_id)
);

CREATE INDEX ix_sheet_upload_id ON sheet_upload (id);

CREATE INDEX ix_sheet_upload_waiting ON sheet_upload (created_at) WHERE state IN ('queued',
    'running');

CREATE TABLE sheet_row (
  customer_id TEXT NOT NULL,
  upload_id UUID NOT NULL,
  row_number INTEGER NOT NULL,
  state TEXT NOT NULL,
  errors JSONB DEFAULT '[]' NOT NULL,
  CONSTRAINT pk_sheet_row PRIMARY KEY (customer_id, upload_id, row_number),
  CONSTRAINT fk_sheet_row_sheet_upload FOREIGN KEY(customer_id, upload_id)
    REFERENCES sheet_upload (customer_id, id) ON DELETE CASCADE,
  CONSTRAINT ck_sheet_row_state CHECK (state IN ('accepted', 'warned', 'refused'))
)
"""

# In the order of their making; dropped the other way round.
TENANT_TABLES = (
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
# What was written once and stays: nobody gets the right to change it.
KEPT = ("event", "quote_document")
# What callers outside the desk may write, besides reading what is theirs.
PORTAL_RIGHTS = {
    "event": "INSERT",
    "quote_request": "INSERT, UPDATE",
    "quote_request_item": "INSERT, DELETE",
    "quote": "UPDATE (revision, updated_at)",
    "quote_version": "UPDATE (state, reason, updated_at)",
    "quote_document": "INSERT",
    "change_request": "INSERT, UPDATE",
    "contract_contact": "INSERT, UPDATE",
    "sheet_upload": "INSERT, UPDATE",
    "sheet_row": "INSERT, DELETE",
}

SEEN = "customer_id = ANY (NULLIF(current_setting('app.customers', true), '')::text[])"
# The key of a request belongs to its caller, who is in the context as the SHA-256 of the principal:
# a name given by an identity provider is never written into a statement.
OWN_KEY = (
    "encode(sha256(convert_to(principal, 'UTF8')), 'hex')"
    " = NULLIF(current_setting('app.caller', true), '')"
)
# A clock belongs to a customer that the transaction may see, or to the caller itself.
OWN_CLOCK = (
    "tenant = ANY (NULLIF(current_setting('app.customers', true), '')::text[])"
    " OR encode(sha256(convert_to(tenant, 'UTF8')), 'hex')"
    " = NULLIF(current_setting('app.caller', true), '')"
)

FUNCTIONS = """
CREATE FUNCTION keep_issued_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.state = 'draft' THEN
      RETURN OLD;
    END IF;
  ELSIF OLD.state = 'draft' THEN
    RETURN NEW;
  ELSIF OLD.state IN ('issued', NEW.state)
    AND to_jsonb(NEW) - ARRAY['state', 'reason', 'flags', 'updated_at']
      = to_jsonb(OLD) - ARRAY['state', 'reason', 'flags', 'updated_at'] THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'an issued version is kept as it is'
    USING ERRCODE = '23000', CONSTRAINT = 'issued_version_is_kept';
END $$;

CREATE FUNCTION keep_issued_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  line quote_line := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  IF EXISTS (SELECT FROM quote_version v
              WHERE v.customer_id = line.customer_id AND v.quote_number = line.quote_number
                AND v.version = line.version AND v.state = 'draft') THEN
    RETURN line;
  END IF;
  RAISE EXCEPTION 'the lines of an issued version are kept as they are'
    USING ERRCODE = '23000', CONSTRAINT = 'issued_version_is_kept';
END $$;

CREATE FUNCTION keep_ended_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('rejected', 'cancelled', 'redirected', 'applied', 'answered')
    AND NEW.state <> OLD.state THEN
    RAISE EXCEPTION 'a request that ended stays ended'
      USING ERRCODE = '23000', CONSTRAINT = 'ended_request_is_kept';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER keep_issued BEFORE UPDATE OR DELETE ON quote_version
  FOR EACH ROW EXECUTE FUNCTION keep_issued_version();

CREATE TRIGGER keep_issued BEFORE INSERT OR UPDATE OR DELETE ON quote_line
  FOR EACH ROW EXECUTE FUNCTION keep_issued_lines();

CREATE TRIGGER keep_ended BEFORE UPDATE ON quote_request
  FOR EACH ROW EXECUTE FUNCTION keep_ended_request();

CREATE TRIGGER keep_ended BEFORE UPDATE ON change_request
  FOR EACH ROW EXECUTE FUNCTION keep_ended_request()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for statement in TABLES.split(";"):
        op.execute(statement.strip())
    op.execute("CREATE SEQUENCE quote_number AS bigint MAXVALUE 9999999 CYCLE")
    for statement in FUNCTIONS.split(";\n\n"):
        op.execute(statement.strip())
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY portal ON {table} TO portal USING ({SEEN}) WITH CHECK ({SEEN})")
        op.execute(f"CREATE POLICY desk ON {table} TO desk USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT ON {table} TO portal")
        rights = "SELECT, INSERT" if table in KEPT else "SELECT, INSERT, UPDATE, DELETE"
        op.execute(f"GRANT {rights} ON {table} TO desk")
    for table, rights in PORTAL_RIGHTS.items():
        op.execute(f"GRANT {rights} ON {table} TO portal")
    op.execute("GRANT USAGE ON SEQUENCE quote_number TO desk")
    for table, own in (("idempotency_key", OWN_KEY), ("test_clock", OWN_CLOCK)):
        # Without FORCE: the command line writes both as the owner, for which no policy stands.
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY desk ON {table} TO desk USING (true) WITH CHECK (true)")
        if table == "idempotency_key":
            op.execute(
                f"CREATE POLICY portal ON {table} TO portal USING ({own}) WITH CHECK ({own})"
            )
        else:
            op.execute(f"CREATE POLICY portal_read ON {table} FOR SELECT TO portal USING (true)")
            op.execute(f"CREATE POLICY portal ON {table} FOR UPDATE TO portal USING ({own})")
    op.execute("GRANT SELECT, INSERT ON idempotency_key TO portal")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("REVOKE ALL ON idempotency_key FROM portal")
    op.execute("DROP POLICY portal_read ON test_clock")
    for table in ("test_clock", "idempotency_key"):
        op.execute(f"DROP POLICY portal ON {table}")
        op.execute(f"DROP POLICY desk ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in reversed(TENANT_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE quote_number")
    for function in ("keep_ended_request", "keep_issued_lines", "keep_issued_version"):
        op.execute(f"DROP FUNCTION {function}()")
