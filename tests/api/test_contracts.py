"""The contract list and one contract: every filter, alone and joined, against the tables."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import NOW, Service

TODAY = date(2026, 11, 25)
ALL = (
    "SELECT DISTINCT contract_number FROM contract LEFT JOIN contract_line AS l"
    " USING (customer_id, contract_number) WHERE "
)

# What a filter means, said again in SQL. `{on}` is the day asked for.
FILTERS: list[tuple[dict[str, str], str]] = [
    ({}, "true"),
    ({"customer_id": "C0004"}, "customer_id = 'C0004'"),
    ({"kind": "package"}, "kind = 'package'"),
    ({"kind": "post_warranty"}, "kind = 'post_warranty'"),
    ({"product_number": "JL354A"}, "l.product_number = 'JL354A'"),
    ({"serial_number": "JPDEMO0005"}, "l.serial_number = 'JPDEMO0005'"),
    ({"contract_number": "JP-6004-0001"}, "contract_number = 'JP-6004-0001'"),
    ({"ends_from": "2027-03-01"}, "contract.end_date >= '2027-03-01'"),
    ({"ends_to": "2027-03-01"}, "contract.end_date <= '2027-03-01'"),
    (
        {"ends_from": "2027-02-23", "ends_to": "2027-02-23"},
        "contract.end_date = '2027-02-23'",
    ),
    ({"status": "upcoming"}, "contract.start_date > '{on}'"),
    ({"status": "active"}, "'{on}' BETWEEN contract.start_date AND contract.end_date"),
    (
        {"status": "expiring"},
        "'{on}' BETWEEN contract.start_date AND contract.end_date"
        " AND contract.end_date <= date '{on}' + 90",
    ),
    ({"status": "expired"}, "contract.end_date < '{on}'"),
    (
        {"customer_id": "C0004", "status": "expiring", "kind": "contract"},
        "customer_id = 'C0004' AND '{on}' BETWEEN contract.start_date AND contract.end_date"
        " AND contract.end_date <= date '{on}' + 90 AND kind = 'contract'",
    ),
    (
        {"product_number": "JL354A", "ends_from": "2027-01-01", "status": "active"},
        "l.product_number = 'JL354A' AND contract.end_date >= '2027-01-01'"
        " AND '{on}' BETWEEN contract.start_date AND contract.end_date",
    ),
    ({"serial_number": "JPDEMO0005", "product_number": "P1"}, "false"),
    ({"customer_id": "C9999"}, "false"),
]


async def walk(service: Service, path: str, caller: str = "desk") -> list[dict[str, Any]]:
    """All items of a list, page by page along its links."""
    items: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        answer = await service.get(following, caller)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        following = answer.links.get("next", {}).get("url")
        assert (following is None) is (page["next_cursor"] is None)
    return items


async def expected(service: Service, condition: str, on: str) -> list[str]:
    """The numbers that SQL finds, in the order of the list."""
    async with service.database.transaction("desk") as session:
        found = await session.scalars(text(ALL + condition.format(on=on)))
        return sorted(found)


@pytest.mark.parametrize("on", [None, "2025-01-15", "2028-06-30"])
@pytest.mark.parametrize(("filters", "condition"), FILTERS, ids=lambda value: str(value)[:60])
async def test_each_filter_finds_what_it_says(
    service: Service, filters: dict[str, str], condition: str, on: str | None
) -> None:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    asked = f"&as_of={on}" if on else ""
    items = await walk(service, f"/v1/contracts?page_size=100&{query}{asked}")
    numbers = [item["contract_number"] for item in items]
    assert sorted(numbers) == await expected(service, condition, on or TODAY.isoformat())
    if filters.get("status") == "active":
        assert {item["status"] for item in items} <= {"active", "expiring"}
    elif "status" in filters:
        assert {item["status"] for item in items} <= {filters["status"]}


async def test_by_service_id_in_every_way_of_writing(service: Service) -> None:
    one = (await service.get("/v1/contracts/JP-4410-0001")).json()
    digits = one["service_id"]
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in digits)
    for written in (digits, f"{digits[:4]} {digits[4:8]} {digits[8:]}", wide, f" {digits}"):
        items = (await service.get("/v1/contracts", params={"service_id": written})).json()["items"]
        assert "JP-4410-0001" in {item["contract_number"] for item in items}, written
        assert {item["service_id"] for item in items} == {digits}


TYPED = ["jp-4410-0001", "ＪＰ－４４１０－０００１", "JP‐4410‐0001", " JP-4410-0001"]


@pytest.mark.parametrize("written", TYPED)
async def test_a_number_is_understood_however_it_is_typed(service: Service, written: str) -> None:
    one = await service.get(f"/v1/contracts/{written}")
    assert one.json()["contract_number"] == "JP-4410-0001"
    listed = await service.get("/v1/contracts", params={"contract_number": written})
    assert [item["contract_number"] for item in listed.json()["items"]] == ["JP-4410-0001"]


@pytest.mark.parametrize("written", ["x", "JP-4410-0001-AND-MUCH-LONGER", "JP_4410", "契約番号"])
async def test_what_can_be_no_number_is_absent(service: Service, written: str) -> None:
    answer = await service.get(f"/v1/contracts/{written}", headers={"X-Request-Id": "same"})
    absent = await service.get("/v1/contracts/JP-0000-0000", headers={"X-Request-Id": "same"})
    assert (answer.status_code, answer.content) == (404, absent.content)


STATUSES = [
    ("JP-6000-L001", 0, "expired"), ("JP-6000-E000", 0, "expiring"), ("JP-6000-E000", 1, "expired"),
    ("JP-6000-E090", 0, "expiring"), ("JP-6000-E091", 0, "active"), ("JP-6000-E091", 1, "expiring"),
    ("JP-6000-U001", 0, "upcoming"), ("JP-6000-U001", 1, "active"),
    ("JP-6000-L001", -1, "expiring"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "days", "status"), STATUSES)
async def test_the_status_is_that_of_the_day_asked_for(
    service: Service, number: str, days: int, status: str
) -> None:
    on = TODAY + timedelta(days=days)
    one = await service.get(f"/v1/contracts/{number}?as_of={on}", "desk")
    assert one.json()["status"] == status


@pytest.mark.parametrize(
    ("number", "action"),
    [
        ("JP-6000-U030", "wait_for_start"),
        ("JP-6000-E030", "request_renewal_quote"),
        ("JP-6000-L060", "request_reenrollment"),
        ("PK-4500-0007", "none"),
        ("PW-4500-0008", "none"),
        ("JP-6005-0001", "contact_desk"),
    ],
)
async def test_the_next_action_is_told_in_two_languages(
    service: Service, number: str, action: str
) -> None:
    texts = []
    for language in ("ja", "en"):
        one = await service.get(
            f"/v1/contracts/{number}", "desk", headers={"Accept-Language": language}
        )
        assert one.headers["content-language"] == language
        assert one.json()["next_action"]["code"] == action
        texts.append(one.json()["next_action"]["text"])
    assert texts[1].isascii()
    assert not texts[0].isascii()


async def test_a_package_has_a_guide_and_no_promise(service: Service) -> None:
    for number in ("PK-4500-0007", "PW-4500-0008"):
        one = (await service.get(f"/v1/contracts/{number}")).json()
        assert "best_effort_notice" in {warning["code"] for warning in one["warnings"]}
        assert one["renewal_quote_due"] is not None


async def test_a_validator_is_good_until_the_contract_changes(own_service: Service) -> None:
    path = "/v1/contracts/JP-4410-0001?as_of=2026-11-25"
    first = await own_service.get(path)
    held = {"If-None-Match": first.headers["etag"]}
    again = await own_service.get(path, headers=held)
    assert (again.status_code, again.content) == (304, b"")
    english = await own_service.get(path, headers={**held, "Accept-Language": "en"})
    assert english.status_code == 200
    async with own_service.database.transaction("desk") as session:
        await session.execute(
            text("UPDATE contract SET billing = 'monthly' WHERE contract_number = 'JP-4410-0001'")
        )
    assert (await own_service.get(path, headers=held)).status_code == 200


@pytest.mark.parametrize("page_size", [1, 7, 100])
async def test_pages_hold_every_contract_once_and_in_order(
    service: Service, page_size: int
) -> None:
    path = f"/v1/contracts?page_size={page_size}"
    numbers = [item["contract_number"] for item in await walk(service, path, "customer")]
    assert numbers == sorted(set(numbers))
    whole = await walk(service, "/v1/contracts", "customer")
    assert numbers == [item["contract_number"] for item in whole]


async def test_rows_that_come_and_go_meanwhile_double_and_lose_nothing(
    own_service: Service,
) -> None:
    """Between two pages a contract appears before and behind the cursor, and one disappears."""
    whole = [i["contract_number"] for i in await walk(own_service, "/v1/contracts", "other")]
    seen: list[str] = []
    path: str | None = "/v1/contracts?page_size=2"
    round_number = 0
    while path:
        answer = await own_service.get(path, "other")
        seen += [item["contract_number"] for item in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url")
        round_number += 1
        async with own_service.database.transaction("desk") as session:
            await session.execute(
                text(
                    "INSERT INTO contract (customer_id, contract_number, kind, service_level,"
                    " stated_start, stated_end, start_date, end_date, line_count)"
                    " SELECT 'C0002', prefix || CAST(:round AS int), 'contract',"
                    " 'foundation_care_nbd', '2026-01-01', '2027-12-31', '2026-01-01',"
                    " '2027-12-31', 0"
                    " FROM unnest(ARRAY['0000-', 'ZZZZ-']) AS prefix WHERE CAST(:round AS int) < 5"
                ),
                {"round": round_number},
            )
    assert [number for number in seen if number in whole] == whole
    assert len(seen) == len(set(seen))
    assert {number for number in seen if number.startswith("0000-")} == set()


async def test_a_cursor_is_good_for_its_own_question_only(service: Service) -> None:
    page = (await service.get("/v1/contracts?page_size=1")).json()
    cursor = page["next_cursor"]
    for query, status in (
        (f"page_size=1&cursor={cursor}", 200),
        (f"page_size=50&cursor={cursor}", 200),
        (f"kind=package&cursor={cursor}", 422),
        (f"as_of=2027-01-01&cursor={cursor}", 422),
        (f"cursor={cursor[:-2]}", 422),
        (f"cursor={cursor}x", 422),
        ("cursor=", 422),
    ):
        answer = await service.get(f"/v1/contracts?{query}")
        assert answer.status_code == status, query
        if status == 422:
            assert answer.json()["code"] == "invalid_cursor"
    assert NOW.date() == TODAY


async def test_an_end_before_its_beginning_is_no_filter(service: Service) -> None:
    answer = await service.get("/v1/contracts?ends_from=2027-01-02&ends_to=2027-01-01")
    assert answer.json()["code"] == "invalid_filter"
    assert answer.json()["errors"] == [{"pointer": "ends_to", "code": "invalid_filter"}]
