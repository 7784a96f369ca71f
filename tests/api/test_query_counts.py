"""Every list reads twice as many rows with as many statements (HOUSE, rule 9).

Seen to fail: with `list_files` called once for each run in `app.routers.imports`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from app.db.transaction import Transaction
from app.policy import POLICY
from tests.api.sheets import machines, send, sheet
from tests.conftest import Service

MOST_OF_ONE_LOOK_UP = 6


@contextmanager
def statements_of(service: Service) -> Iterator[list[str]]:
    """The statements that the service's requests send within the block, not its import worker."""
    sent: list[str] = []
    pools = list(service.database.pools.values())
    execute, as_it_is = Transaction.execute, Transaction.exec_driver_sql
    send_rows = Transaction.send_rows

    async def executed(self: Transaction, statement: Any, *rest: Any, **named: Any) -> Any:
        if self._pool in pools:
            sent.append(str(statement))
        return await execute(self, statement, *rest, **named)

    async def executed_as_it_is(self: Transaction, script: str, *rest: Any) -> Any:
        if self._pool in pools:
            sent.append(script)
        return await as_it_is(self, script, *rest)

    async def rows_sent(self: Transaction) -> None:
        if self._pool in pools:
            sent.append(f"{len(self._rows)} rows")
        await send_rows(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "execute", executed)
        patch.setattr(Transaction, "send_rows", rows_sent)
        patch.setattr(Transaction, "exec_driver_sql", executed_as_it_is)
        yield sent


# Rows of each kind, once and then as many again; `{n}` makes them other ones.
ROWS = (
    "INSERT INTO product (product_number, product_name) SELECT 'COUNT-{n}-' || i, 'x'"
    " FROM generate_series(1, 20) AS i",
    "INSERT INTO contract (customer_id, contract_number, kind, service_level, stated_start,"
    " stated_end, start_date, end_date, line_count) SELECT 'C0002', 'AA-{n}-' || i, 'contract',"
    " 'foundation_care_nbd', '2026-01-01', '2027-12-31', '2026-01-01', '2027-12-31', 0"
    " FROM generate_series(1, 20) AS i",
    "INSERT INTO contract_line (customer_id, contract_number, line_number, serial_number)"
    " SELECT 'C0001', 'JP-4410-0001', {n} * 1000 + i, 'COUNT{n}' || i"
    " FROM generate_series(1, 20) AS i",
    "INSERT INTO import_run (id, created_by, state, finished_at) SELECT gen_random_uuid(), 'x',"
    " 'failed', now() FROM generate_series(1, 10) AS i",
    "INSERT INTO import_file (import_id, position, name, encoding, state, bytes_total) SELECT id,"
    " 10 + {n}, 'x', 'utf-8', 'refused', 0 FROM import_run",
    "INSERT INTO import_error (import_id, position, number, line, code) SELECT import_id, position,"
    " {n} * 100 + i, i, 'required' FROM import_file, generate_series(1, 5) AS i",
    "INSERT INTO quote_request (customer_id, id, kind, state, requester_name, requester_email,"
    " created_by) SELECT 'C0001', gen_random_uuid(), 'renewal', 'received', 'x', 'x', 'x'"
    " FROM generate_series(1, 20) AS i",
    "INSERT INTO quote_request (customer_id, id, kind, state, requester_name, requester_email,"
    " created_by) VALUES ('C0001', '0190a0a0-0000-7000-8000-00000000cafe', 'renewal', 'received',"
    " 'x', 'x', 'x') ON CONFLICT DO NOTHING",
    "INSERT INTO quote_request_item (customer_id, request_id, position) SELECT 'C0001',"
    " '0190a0a0-0000-7000-8000-00000000cafe', {n} * 100 + i FROM generate_series(1, 20) AS i",
    "INSERT INTO event (customer_id, id, type, object_type, object_id, actor) SELECT 'C0001',"
    " gen_random_uuid(), 'x', 'quote_request', '0190a0a0-0000-7000-8000-00000000cafe', 'desk'"
    " FROM generate_series(1, 20) AS i",
    "INSERT INTO sheet_upload (customer_id, id, reference, sha256, created_by) VALUES ('C0001',"
    " '0190a0a0-0000-7000-8000-00000000cafe', '0190a0a0-0000-7000-8000-00000000cafe', 'x', 'x')"
    " ON CONFLICT DO NOTHING",
    "INSERT INTO sheet_row (customer_id, upload_id, row_number, state, errors) SELECT 'C0001',"
    " '0190a0a0-0000-7000-8000-00000000cafe', {n} * 100 + i, 'refused', jsonb_build_array("
    "jsonb_build_object('sheet', 'x', 'cell', 'A3', 'code', 'required', 'severity', 'error'))"
    " FROM generate_series(1, 20) AS i",
    "INSERT INTO change_request (customer_id, id, state, requester_name, requester_email, changes,"
    " created_by) SELECT 'C0001', gen_random_uuid(), 'received', 'x', 'x', '[]', 'x'"
    " FROM generate_series(1, 20) AS i",
    "INSERT INTO change_request (customer_id, id, state, requester_name, requester_email, changes,"
    " created_by) VALUES ('C0001', '0190a0a0-0000-7000-8000-00000000cafe', 'received', 'x', 'x',"
    " '[]', 'x') ON CONFLICT DO NOTHING",
    "INSERT INTO event (customer_id, id, type, object_type, object_id, actor) SELECT 'C0001',"
    " gen_random_uuid(), 'x', 'change_request', '0190a0a0-0000-7000-8000-00000000cafe', 'desk'"
    " FROM generate_series(1, 20) AS i",
    "INSERT INTO audit (id, caller, action, object_type) SELECT gen_random_uuid(), 'desk', 'read',"
    " 'x' FROM generate_series(1, 20) AS i",
    "INSERT INTO fee_policy (code, version, effective_from, definition, created_by)"
    " SELECT 'COUNT-{n}-' || i, 1, '2031-01-01', '{{}}', 'x' FROM generate_series(1, 20) AS i",
    "INSERT INTO quote (customer_id, quote_number, created_by) SELECT 'C0002',"
    " 'Q202{n}-' || to_char(i, 'FM0000000'), 'x' FROM generate_series(1, 20) AS i",
    "INSERT INTO quote_version (customer_id, quote_number, version, state, kind, start_date,"
    " end_date, service_level, addressee_name, created_by, issued_on, order_deadline,"
    " effective_limit) SELECT 'C0002', 'Q202{n}-' || to_char(i, 'FM0000000'), 1, 'issued',"
    " 'renewal', '2027-04-01', '2028-03-31', 'x', 'x', 'x', '2026-11-25', '2027-03-31',"
    " '2027-03-31' FROM generate_series(1, 20) AS i",
    "INSERT INTO quote_version (customer_id, quote_number, version, state, kind, start_date,"
    " end_date, service_level, addressee_name, created_by, issued_on, order_deadline,"
    " effective_limit) SELECT 'C0002', 'Q2021-0000001', {n} * 100 + i, 'superseded',"
    " 'renewal', '2027-04-01', '2028-03-31', 'x', 'x', 'x', '2026-11-25', '2027-03-31',"
    " '2027-03-31' FROM generate_series(1, 20) AS i",
)
REQUEST_ID = "0190a0a0-0000-7000-8000-00000000cafe"
LISTS: dict[str, str] = {
    "/v1/products": "public",
    "/v1/contracts": "other",
    "/v1/contracts/{contract_number}/lines": "customer",
    "/v1/contracts/{contract_number}/lines.csv": "customer",
    "/v1/imports": "desk",
    "/v1/imports/{import_id}": "desk",
    "/v1/audit": "desk",
    "/v1/fee-policies": "desk",
    "/v1/quote-requests": "customer",
    "/v1/quote-requests/{request_id}": "customer",
    "/v1/quote-requests/{request_id}/history": "customer",
    "/v1/quotes": "other",
    "/v1/quotes/{quote_number}/versions": "other",
    "/v1/change-requests": "customer",
    "/v1/change-requests/{change_id}/history": "customer",
    "/v1/order-deadlines": "other",
    "/v1/order-deadlines.ics": "other",
    "/v1/quote-request-sheet.xlsx": "customer",
    "/v1/quote-request-sheets/{upload_id}": "customer",
    "/v1/quote-request-sheets/{upload_id}/errors.csv": "customer",
}
# GET routes that list no rows of a table that grows.
NO_LISTS = {
    "/", "/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/problems/{code}",
    "/.well-known/jwks.json", "/.well-known/oauth-authorization-server",
    "/v1/products/{product_number}", "/v1/contracts/{contract_number}",
    "/v1/fee-policies/{code}/versions/{version}", "/v1/eligibility-checks/{check_id}",
    "/v1/guide/faq", "/v1/guide/faq/{question_id}", "/v1/guide/flow", "/v1/guide/comparison",
    "/v1/guide/redirects", "/v1/guide/documents", "/v1/desk/status", "/v1/desk/calendar",
    "/v1/quotes/{quote_number}", "/v1/quotes/{quote_number}/versions/{version}",
    "/v1/quotes/{quote_number}/versions/{version}/diff",
    "/v1/quotes/{quote_number}/order-deadline",
    "/v1/quotes/{quote_number}/document.pdf",
    "/v1/quotes/{quote_number}/answer-sheet.pdf", "/v1/change-requests/{change_id}",
}  # fmt: skip


def test_every_list_is_counted() -> None:
    assert set(LISTS) | NO_LISTS == {path for method, path in POLICY if method == "GET"}


async def add_rows(service: Service, number: int) -> str:
    """Add rows of every kind; returns the id of an import run."""
    async with service.owner() as session:
        for statement in ROWS:
            await session.execute(text(statement.format(n=number)))
        return str(
            await session.scalar(text("SELECT id FROM import_run ORDER BY created_at, id LIMIT 1"))
        )


async def test_twice_the_rows_take_the_same_statements(own_service: Service) -> None:
    counts: dict[str, list[int]] = {path: [] for path in LISTS}
    shown: dict[str, list[int]] = {path: [] for path in LISTS}
    for number in (1, 2):
        import_id = await add_rows(own_service, number)
        for path, caller in LISTS.items():
            target = path.format(
                contract_number="JP-4410-0001",
                import_id=import_id,
                request_id=REQUEST_ID,
                change_id=REQUEST_ID,
                quote_number="Q2021-0000001",
                upload_id=REQUEST_ID,
            )
            paged = "" if path.endswith((".csv", ".ics", "{request_id}")) else "?page_size=100"
            if path.endswith(".xlsx"):
                paged = "?contract_number=JP-4410-0001"
            # Once to fill what is remembered (tokens, the calendar).
            await own_service.get(target + paged, caller)
            with statements_of(own_service) as sent:
                answer = await own_service.get(target + paged, caller)
            assert answer.status_code == 200, path
            counts[path].append(len(sent))
            shown[path].append(len(answer.content))
    for path in LISTS:
        assert counts[path][0] == counts[path][1], path
        assert shown[path][0] < shown[path][1], f"{path} shows no more rows than before"


@pytest.mark.parametrize("caller", ["customer", "partner", "desk"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/contracts/JP-4410-0001?as_of=2026-11-25",
        "/v1/contracts/JP-4410-0001/lines",
        "/v1/contracts?contract_number=JP-4410-0001",
        "/v1/products/868703-B21",
    ],
)
async def test_one_look_up_takes_at_most_six(service: Service, path: str, caller: str) -> None:
    await service.get(path, caller)
    with statements_of(service) as sent:
        assert (await service.get(path, caller)).status_code == 200
    assert 0 < len(sent) <= MOST_OF_ONE_LOOK_UP, sent


@pytest.mark.parametrize("caller", ["customer", "partner", "desk"])
@pytest.mark.parametrize("count", [1, 2, 1000])
async def test_a_batch_takes_as_many_as_one_machine(
    service: Service, caller: str, count: int
) -> None:
    items = [{"serial_number": f"JPDEMO{number % 10 + 1:04d}"} for number in range(count)]
    body = {"items": items, "as_of": "2026-11-25"}
    with statements_of(service) as sent:
        assert (await service.post("/v1/coverage-lookups", caller, json=body)).status_code == 200
    expected = {"customer": 2, "partner": 2, "desk": 3}
    assert len(sent) == expected[caller], sent


@pytest.mark.parametrize("count", [1, 500])
async def test_product_look_ups_take_one(service: Service, count: int) -> None:
    body = {"product_numbers": ["868703-B21"] * count}
    with statements_of(service) as sent:
        assert (await service.post("/v1/product-lookups", "public", json=body)).status_code == 200
    assert len(sent) == 1, sent


@pytest.mark.parametrize("count", [1, 50])
async def test_an_eligibility_check_of_many_takes_as_many_as_one(
    service: Service, count: int
) -> None:
    item = {"serial_number": "JPDEMO0003", "service_level": "foundation_care_nbd"}
    body = {"kind": "reenrollment", "start_date": "2027-01-01", "items": [item] * count}
    with statements_of(service) as sent:
        answer = await service.post("/v1/eligibility-checks?dry_run=true", json=body)
    assert answer.status_code == 200
    assert len(sent) <= 8, sent


async def test_a_sheet_of_many_machines_takes_as_many_as_one_of_few(own_service: Service) -> None:
    taken = []
    for count in (1, 200):
        content = sheet(machines(count))
        with statements_of(own_service) as sent:
            assert (await send(own_service, content)).status_code == 201
        taken.append(len(sent))
    assert taken[0] == taken[1]
