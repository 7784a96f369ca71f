"""What the desk reads of customers' files and what it changes is written down."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.test_contracts import walk
from tests.conftest import Service

MACHINES = {"items": [{"serial_number": "JPDEMO0001"}, {"serial_number": "JPDEMO0006"}]}

# What the desk asks, and what is written of it: type, number, customers.
LINES = ("contract_lines", "JP-4410-0001", ["C0001"])
READS: list[tuple[str, str, Any, tuple[str, str | None, list[str]]]] = [
    ("GET", "/v1/contracts/JP-4410-0001", None, ("contract", "JP-4410-0001", ["C0001"])),
    ("GET", "/v1/contracts/jp-4410-0001/lines", None, LINES),
    ("GET", "/v1/contracts/JP-4410-0001/lines.csv", None, LINES),
    ("GET", "/v1/contracts?customer_id=C0004", None, ("contracts", None, ["C0004"])),
    ("POST", "/v1/coverage-lookups", MACHINES, ("coverage", None, ["C0001", "C0002"])),
]  # fmt: skip


@pytest.fixture
async def own_service(own_service: Service) -> Service:
    """The service without what the making of the demo set left in the trail."""
    async with own_service.owner() as session:
        await session.execute(text("DELETE FROM audit"))
    return own_service


async def entries(service: Service, query: str = "") -> list[dict[str, Any]]:
    """The audit trail, the latest first, as far as this test wrote it."""
    items: list[dict[str, Any]] = await walk(service, f"/v1/audit?{query}")
    return items


@pytest.mark.parametrize(("method", "path", "body", "expected"), READS, ids=lambda v: str(v)[:50])
async def test_each_read_of_the_desk_leaves_one_entry(
    own_service: Service,
    method: str,
    path: str,
    body: Any,
    expected: tuple[str, str | None, list[str]],
) -> None:
    before = len(await entries(own_service))
    answer = await own_service.send(
        method, path, "desk", json=body, headers={"X-Request-Id": "read-1"}
    )
    assert answer.status_code == 200
    entry, *_ = found = await entries(own_service)
    assert len(found) == before + 1
    assert (entry["object_type"], entry["object_id"], entry["customer_ids"]) == expected
    assert (entry["caller"], entry["action"], entry["request_id"]) == ("desk", "read", "read-1")
    assert entry["principal"] == "renewal-desk|dev:desk"
    assert entry["at"] == "2026-11-25T01:00:00Z"


@pytest.mark.parametrize("caller", ["customer", "partner"])
async def test_who_reads_what_is_ones_own_leaves_none(own_service: Service, caller: str) -> None:
    before = len(await entries(own_service))
    for method, path, body, _ in READS:
        await own_service.send(method, path, caller, json=body)
    assert len(await entries(own_service)) == before


async def test_an_answer_that_shows_nobodys_file_leaves_none(own_service: Service) -> None:
    before = len(await entries(own_service))
    for path in ("/v1/contracts/JP-0000-0000", "/v1/contracts?customer_id=C9999", "/v1/products"):
        await own_service.get(path, "desk")
    nobody = {"items": [{"serial_number": "NOBODY"}]}
    await own_service.post("/v1/coverage-lookups", "desk", json=nobody)
    assert len(await entries(own_service)) == before


async def test_a_page_names_the_customers_that_it_shows_and_no_others(
    own_service: Service,
) -> None:
    page = await own_service.get("/v1/contracts?page_size=3", "desk")
    shown = sorted({item["customer_id"] for item in page.json()["items"]})
    assert (await entries(own_service))[0]["customer_ids"] == shown


async def test_changes_are_written_too(own_service: Service) -> None:
    day = "/v1/desk/closing-days/2027-08-12"
    await own_service.send("PUT", day, "desk", json={"kind": "closed"})
    own_service.clock.now += timedelta(seconds=1)
    await own_service.send("DELETE", day, "desk")
    removed, put = (await entries(own_service))[:2]
    assert [(e["action"], e["object_type"], e["object_id"]) for e in (put, removed)] == [
        ("set", "closing_day", "2027-08-12"),
        ("removed", "closing_day", "2027-08-12"),
    ]


async def test_filters_and_pages_find_every_entry_once(own_service: Service) -> None:
    for _ in range(3):
        for method, path, body, _expected in READS:
            await own_service.send(method, path, "desk", json=body)
    whole = await entries(own_service)
    assert [entry["id"] for entry in await entries(own_service, "page_size=2")] == [
        entry["id"] for entry in whole
    ]
    for query, count in (
        ("customer_id=C0002", 3),
        ("customer_id=C0001", 12),
        ("object_type=contract", 3),
        ("object_type=contract_lines&object_id=JP-4410-0001", 6),
        ("customer_id=C0004&object_type=contract", 0),
    ):
        assert len(await entries(own_service, query)) == count, query


async def test_entries_cannot_be_changed_by_the_service(own_service: Service) -> None:
    await own_service.get("/v1/contracts/JP-4410-0001", "desk")
    for statement in ("UPDATE audit SET action = 'x'", "DELETE FROM audit"):
        with pytest.raises(Exception, match="permission denied"):
            async with own_service.database.transaction("desk") as session:
                await session.execute(text(statement))
