"""The parties of the matrix: who they are, whose objects are theirs, and what they may see.

What a party may see is written down here from the arranged facts and never asked of the service.
Every customer's file holds a canary with its own code, and no answer may show a foreign one.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from app.auth import Authenticator
from app.demo.parties import ENDED_RELATION, FUTURE_RELATION, SERVED
from app.usecases.tokens import (
    grant_customer_token,
    grant_partner_token,
    revoke_client,
    revoke_token,
)
from tests.conftest import NOW, Service

WEEK = timedelta(days=7)
CANARY = re.compile(r"CANARY-(C[0-9]{4})-")
DELETED, ABSENT = "JP-9999-GONE", "JP-9999-NONE"
DELETED_SERIAL, ABSENT_SERIAL = "JPGONE0001", "JPNONE0001"
DELETED_CHECK = UUID("0190a0a0-0000-7000-8000-00000000dead")
QUOTE = "'Q2020-000' || substr(customer_id, 2)"
QUOTES_BEGIN = ("/v1/quote", "/v1/change-requests", "/v1/order-deadlines")
"""Paths of operations in the matter of quotes."""
REQUEST_ID = "md5('request' || customer_id)::uuid"
DELETED_REQUEST = UUID("0190a0a0-0000-7000-8000-00000000de1e")
CHECK_ID = "md5('check' || customer_id)::uuid"
OTHER_SCOPE = "C0017"
"""A customer whom partner P0003 serves in quotes and orders, but not in contracts."""

P0001_SERVES = frozenset(
    f"C{index:04d}"
    for index in SERVED["P0001"]
    if f"C{index:04d}" not in {ENDED_RELATION[1], FUTURE_RELATION[1]}
)
P0001_QUOTES = frozenset(
    customer for customer in P0001_SERVES if SERVED["P0001"][int(customer[1:])] > 1
)
P0003_SERVES = frozenset(f"C{index:04d}" for index in SERVED["P0003"]) - {OTHER_SCOPE}
P0003_QUOTES = frozenset(
    f"C{index:04d}" for index, scopes in SERVED["P0003"].items() if scopes > 1
) | {OTHER_SCOPE}


@dataclass(frozen=True)
class Files:
    """What a customer's file holds, and what a request can name."""

    customer_id: str
    contract_number: str
    serial_number: str
    product_number: str
    service_id: str
    check_id: str
    quote_number: str
    request_id: str


@dataclass(frozen=True)
class Party:
    """A caller: `home` is the customer whose objects are its own in the matrix (whether it may see
    them is what the matrix says), `sees` the customers that it may see, and `sees_in_quotes` where
    the matter of quotes opens others.
    """

    name: str
    token: str | None
    home: str
    sees: frozenset[str] | None
    sees_in_quotes: frozenset[str] | None = None

    def may_see(self, customer_id: str, path: str = "") -> bool:
        """None stands for all: the desk."""
        quotes = path.startswith(QUOTES_BEGIN) and self.sees_in_quotes is not None
        seen = self.sees_in_quotes if quotes else self.sees
        return seen is None or customer_id in seen


@dataclass(frozen=True)
class World:
    """The parties, and the files of the customers that they ask for."""

    parties: Mapping[str, Party]
    files: Mapping[str, Files]

    def objects(self, party: Party) -> dict[str, Files]:
        """The objects that a party asks for, in the order of the matrix."""
        own = self.files[party.home]
        return {
            "own": own,
            "others": self.files["C0001" if party.name == "other" else "C0002"],
            "deleted": Files(
                "C9998",
                DELETED,
                DELETED_SERIAL,
                "868703-B21",
                "199999999998",
                str(DELETED_CHECK),
                "Q2020-0009998",
                str(DELETED_REQUEST),
            ),
            "absent": Files(
                "C9999",
                ABSENT,
                ABSENT_SERIAL,
                "868703-B21",
                "199999999999",
                str(uuid4()),
                "Q2020-0009999",
                str(uuid4()),
            ),
        }


async def arrange(service: Service) -> World:
    """Put canaries into every customer's file, delete one contract, end what has to be ended, and
    give every party its token.
    """
    async with service.database.transaction("desk") as session:
        for statement in (
            "UPDATE customer SET name = 'CANARY-' || customer_id || '-' || name,"
            " name_en = 'CANARY-' || customer_id || '-EN',"
            " contact_name = 'CANARY-' || customer_id || '-CONTACT',"
            " contact_email = 'CANARY-' || customer_id || '-@example.com'",
            "UPDATE contract SET support_service_serial = 'CANARY-' || customer_id || '-SAR'",
            "UPDATE contract_line SET product_name = 'CANARY-' || customer_id || '-LINE'",
            "UPDATE contract SET service_id = '1' || lpad(substr(customer_id, 2), 11, '0')",
            f"DELETE FROM serve WHERE partner_id = 'P0003' AND customer_id = '{OTHER_SCOPE}'"
            " AND scope = 'contracts'",
            "INSERT INTO contract (customer_id, contract_number, kind, service_level, stated_start,"
            f" stated_end, start_date, end_date) VALUES ('C0001', '{DELETED}', 'contract',"
            " 'foundation_care_nbd', '2026-01-01', '2027-12-31', '2026-01-01', '2027-12-31')",
            "INSERT INTO contract_line (customer_id, contract_number, line_number, serial_number)"
            f" VALUES ('C0001', '{DELETED}', 1, '{DELETED_SERIAL}')",
            f"DELETE FROM contract_line WHERE contract_number = '{DELETED}'",
            f"DELETE FROM contract WHERE contract_number = '{DELETED}'",
            "INSERT INTO eligibility_check (customer_id, id, created_by, kind, outcome, start_date,"
            " valid_until, facts, answer_ja, answer_en) SELECT customer_id,"
            f" {CHECK_ID}, 'x', 'upgrade', 'eligible', '2027-01-01', '2027-01-01', '{{}}',"
            " convert_to('{\"a\":\"CANARY-' || customer_id || '-CHECK\"}', 'UTF8'),"
            " convert_to('{\"a\":\"CANARY-' || customer_id || '-CHECK\"}', 'UTF8') FROM customer",
            "INSERT INTO quote_request (customer_id, id, kind, state, requester_name,"
            f" requester_email, created_by) SELECT customer_id, {REQUEST_ID}, 'renewal',"
            " 'received', 'CANARY-' || customer_id || '-REQUESTER', 'x@example.com', 'x'"
            " FROM customer",
            "INSERT INTO quote_request_item (customer_id, request_id, position, product_name)"
            f" SELECT customer_id, {REQUEST_ID}, 1, 'CANARY-' || customer_id || '-ITEM'"
            " FROM customer",
            "INSERT INTO quote_request (customer_id, id, kind, state, requester_name,"
            f" requester_email, created_by) VALUES ('C0001', '{DELETED_REQUEST}', 'renewal',"
            " 'received', 'x', 'x@example.com', 'x')",
            f"DELETE FROM quote_request WHERE id = '{DELETED_REQUEST}'",
            "INSERT INTO event (customer_id, id, type, object_type, object_id, actor, data)"
            " SELECT customer_id, gen_random_uuid(), 'quote_request.created', 'quote_request',"
            f" {REQUEST_ID}::text, 'customer', jsonb_build_object('a', 'CANARY-' || customer_id ||"
            " '-EVENT') FROM customer, generate_series(1, 2)",
            # An upload has the id of the customer's request, which is no id of an upload elsewhere.
            "INSERT INTO sheet_upload (customer_id, id, state, reference, sha256, created_by)"
            f" SELECT customer_id, {REQUEST_ID}, 'refused', {REQUEST_ID}, 'x', 'x' FROM customer",
            "INSERT INTO sheet_row (customer_id, upload_id, row_number, state, errors)"
            f" SELECT customer_id, {REQUEST_ID}, 3, 'refused', jsonb_build_array("
            "jsonb_build_object('sheet', 'CANARY-' || customer_id || '-SHEET', 'cell', 'A3',"
            " 'code', 'required', 'severity', 'error')) FROM customer",
            "INSERT INTO change_request (customer_id, id, state, requester_name, requester_email,"
            f" changes, created_by) SELECT customer_id, {REQUEST_ID}, 'received', 'CANARY-' ||"
            " customer_id || '-ASKED', 'x@example.com', '[]', 'x' FROM customer",
            "INSERT INTO event (customer_id, id, type, object_type, object_id, actor, data)"
            " SELECT customer_id, gen_random_uuid(), 'change_request.created', 'change_request',"
            f" {REQUEST_ID}::text, 'customer', jsonb_build_object('a', 'CANARY-' || customer_id ||"
            " '-CHANGED') FROM customer, generate_series(1, 2)",
            "INSERT INTO quote (customer_id, quote_number, created_by)"
            f" SELECT customer_id, {QUOTE}, 'x' FROM customer",
            "INSERT INTO quote_version (customer_id, quote_number, version, kind, start_date,"
            " end_date, service_level, addressee_name, created_by, request_id) SELECT customer_id,"
            f" {QUOTE}, 1, 'renewal', '2027-04-01', '2028-03-31', 'foundation_care_nbd', 'CANARY-'"
            f" || customer_id || '-ADDRESSEE', 'x', {REQUEST_ID} FROM customer",
            "INSERT INTO quote_line (customer_id, quote_number, version, line_number, product_name,"
            f" unit_price, amount) SELECT customer_id, {QUOTE}, 1, 1, 'CANARY-' || customer_id ||"
            " '-QUOTED', 0, 0 FROM customer",
            "UPDATE quote_version SET state = 'issued', issued_on = '2026-11-25', order_deadline ="
            " '2027-03-31', effective_limit = '2027-03-31', deadline_rule = 'DL-1'"
            " WHERE quote_number LIKE 'Q2020-%'",
        ):
            await session.execute(text(statement))
        rows = await session.execute(
            text(
                "SELECT DISTINCT ON (customer_id) customer_id, contract_number, serial_number,"
                f" product_number, service_id, {CHECK_ID}::text, {QUOTE}, {REQUEST_ID}::text"
                " FROM contract_line JOIN contract USING (customer_id, contract_number)"
                " WHERE serial_number NOT IN (SELECT serial_number FROM equipment"
                " GROUP BY serial_number HAVING count(*) > 1)"
                " ORDER BY customer_id, contract_number, line_number"
            )
        )
        files = {row.customer_id: Files(*row) for row in rows}
        # What is asked for and quoted is named by the contract, so that a filter can find it.
        for table, key in (
            ("quote", "quote_number = :quote_number"),
            ("quote_request", "id = :request_id"),
            ("change_request", "id = :request_id"),
        ):
            more = ", quote_number = :quote_number" if table == "change_request" else ""
            await session.execute(
                text(
                    f"UPDATE {table} SET contract_number = :contract_number, service_id ="
                    f" :service_id{more} WHERE customer_id = :customer_id AND {key}"
                ),
                [asdict(one) for one in files.values()],
            )
    return World({party.name: party for party in await _parties(service)}, files)


async def _parties(service: Service) -> list[Party]:
    issuer: Authenticator = service.app.state.authenticator
    tokens = service.tokens

    def signed(**claims: Any) -> str:
        return issuer.issue(now=NOW, lifetime=WEEK, **claims)

    narrowed = signed(
        kind="partner",
        subject="dev-P0001",
        partner_id="P0001",
        client_id="dev-P0001",
        scopes=("quotes", "orders"),
    )
    async with service.owner() as session:
        third = await grant_partner_token(session, issuer, "P0003", NOW, WEEK)
        second = await grant_partner_token(session, issuer, "P0002", NOW, WEEK)
        revoked = await grant_customer_token(session, issuer, "C0001", NOW, WEEK)
        revoked_desk = signed(kind="desk", subject="dev:desk")
        await revoke_client(session, "dev-P0002", NOW)
        for token in (revoked, revoked_desk):
            known = issuer.read_own(token, NOW)
            assert known is not None
            await revoke_token(session, known.token_id, NOW)
    nobody: frozenset[str] = frozenset()
    stranger = signed(kind="customer", subject="dev:stranger")
    return [
        Party("public", None, "C0001", nobody),
        Party("customer", tokens.customer, "C0001", frozenset({"C0001"})),
        Party("other", tokens.other, "C0002", frozenset({"C0002"})),
        Party("partner", tokens.partner, "C0001", P0001_SERVES, P0001_QUOTES),
        Party("partner_ended", tokens.partner, ENDED_RELATION[1], P0001_SERVES, P0001_QUOTES),
        Party("partner_future", tokens.partner, FUTURE_RELATION[1], P0001_SERVES, P0001_QUOTES),
        Party("partner_other_scope", third, OTHER_SCOPE, P0003_SERVES, P0003_QUOTES),
        Party("narrowed", narrowed, "C0001", nobody, P0001_QUOTES),
        Party("no_member", stranger, "C0001", nobody),
        Party("desk", tokens.desk, "C0001", None),
        Party("no_role", signed(kind="desk", subject="dev:nobody"), "C0001", nobody),
        Party("revoked", revoked, "C0001", nobody),
        Party("revoked_client", second, "C0006", nobody),
        Party("revoked_desk", revoked_desk, "C0001", nobody),
    ]


async def ask(
    service: Service, party: Party, method: str, path: str, **options: Any
) -> httpx.Response:
    """A request as a party, always under the same request id, so that answers can be compared byte
    for byte. No answer shows a canary of a customer that the party may not see.
    """
    headers = {"X-Request-Id": "matrix", **options.pop("headers", {})}
    if party.token is not None:
        headers["Authorization"] = f"Bearer {party.token}"
    answer = await service.client.request(method, path, headers=headers, **options)
    shown = set(CANARY.findall(answer.text)) | set(CANARY.findall(str(answer.headers)))
    foreign = {customer for customer in shown if not party.may_see(customer, path)}
    assert not foreign, f"{party.name} was shown the files of {foreign} by {method} {path}"
    return answer


def seen(answer: httpx.Response) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Everything that a caller gets to see of an answer."""
    return answer.status_code, tuple(answer.headers.multi_items()), answer.content
