"""A contract with a quote in hand, for the tests of change requests."""

from typing import Any

import httpx
from sqlalchemy import text

from tests.api.quote_rows import Version, add_quote, machine
from tests.conftest import Service

CONTRACT, SERVICE_ID = "JP-CHANGE-1", "199900000001"
NBD, DAY_AND_NIGHT = "foundation_care_nbd", "foundation_care_24x7"
REQUESTER = {"name": "山田 太郎", "email": "taro.yamada@example.com"}
LEVEL = {"kind": "level", "service_level": DAY_AND_NIGHT}
CONTACT = {"kind": "contact", "name": "鈴木 花子", "email": "hanako@example.com"}

STATEMENTS = (
    "INSERT INTO product (product_number, product_name, end_of_support) VALUES"
    " ('P91001-B21', 'One', '2028-06-30'), ('P91002-B21', 'Two', '2035-12-31'),"
    " ('P91003-B21', 'Over', '2027-04-01')",
    "INSERT INTO price (product_number, service_level, valid_from, annual_price)"
    " SELECT product_number, level, '2020-01-01', 240000 FROM product, unnest(ARRAY["
    "'foundation_care_nbd', 'foundation_care_24x7']) AS level WHERE product_number LIKE 'P9100%'",
    "INSERT INTO contract (customer_id, contract_number, service_id, kind, service_level,"
    " stated_start, stated_end, start_date, end_date, line_count) VALUES"
    f" ('C0001', '{CONTRACT}', '{SERVICE_ID}', 'contract', '{NBD}', '2026-04-01', '2027-03-31',"
    " '2026-04-01', '2027-03-31', 2), ('C0002', 'JP-CHANGE-2', '199900000002', 'contract',"
    f" '{NBD}', '2026-04-01', '2027-03-31', '2026-04-01', '2027-03-31', 0)",
    "INSERT INTO contract_line (customer_id, contract_number, line_number, serial_number,"
    f" product_number) VALUES ('C0001', '{CONTRACT}', 1, 'JPQUOTE001', 'P91001-B21'),"
    f" ('C0001', '{CONTRACT}', 2, 'JPQUOTE002', 'P91002-B21')",
    "INSERT INTO equipment (customer_id, serial_number, product_number, system_id) VALUES"
    " ('C0001', 'JPQUOTE001', 'P91001-B21', 'S1'), ('C0001', 'JPQUOTE002', 'P91002-B21', 'S1')",
)


async def arrange(service: Service, *versions: Version, number: int = 1) -> str:
    """The contract, and a quote on it; returns the quote's number."""
    async with service.owner() as session:
        for statement in STATEMENTS:
            await session.execute(text(statement))
    return await add_quote_of(service, number, *(versions or (Version(lines=lines()),)))


async def add_quote_of(service: Service, number: int, *versions: Version) -> str:
    """One more quote on the contract."""
    return await add_quote(
        service, number, *versions, contract_number=CONTRACT, service_id=SERVICE_ID
    )


def lines() -> list[dict[str, Any]]:
    """The two machines of the quote, of one system."""
    return [
        machine(number, product_number=f"P9100{number}-B21", contract_number=CONTRACT)
        for number in (1, 2)
    ]


def body(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A change request on the contract; None takes a member away."""
    whole = {
        "contract_number": CONTRACT,
        "requester": REQUESTER,
        "changes": list(changes),
        **more,
    }
    return {name: value for name, value in whole.items() if value is not None}


async def ask(
    service: Service, content: dict[str, Any], key: str = "k", caller: str = "customer"
) -> httpx.Response:
    """Send a change request."""
    return await service.post(
        "/v1/change-requests", caller, json=content, headers={"Idempotency-Key": key}
    )


async def step(
    service: Service, sent: httpx.Response, name: str, content: Any, caller: str = "desk"
) -> httpx.Response:
    """A step of a change request by one who holds its newest ETag."""
    path = f"/v1/change-requests/{sent.json()['id']}"
    etag = (await service.get(path, "desk")).headers["etag"]
    return await service.post(f"{path}/{name}", caller, json=content, headers={"If-Match": etag})


async def rows(service: Service) -> dict[str, int]:
    """How many rows the tables of change requests have, and what is told about them."""
    async with service.owner() as session:
        return {
            table: int(await session.scalar(text(f"SELECT count(*) FROM {table} {of}")) or 0)
            for table, of in (
                ("change_request", ""),
                ("contract_contact", ""),
                ("event", "WHERE object_type = 'change_request'"),
                ("audit", "WHERE object_type = 'change_request' AND action <> 'read'"),
                ("idempotency_key", ""),
                ("quote_version", ""),
            )
        }
