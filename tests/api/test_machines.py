"""Coverage of machines: which cover counts, what is warned of, and what to do next."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.conftest import Service

TODAY = date(2026, 11, 25)
SERVER, SWITCH = "P52534-B21", "JL354A"


async def serial_of(service: Service, contract: str, line: int = 1) -> str:
    """The serial number on a line of a contract of the demo set."""
    lines = (await service.get(f"/v1/contracts/{contract}/lines", "desk")).json()["items"]
    return str(lines[line - 1]["serial_number"])


async def look_up(
    service: Service, serial: str, product: str | None = None, caller: str = "desk", **more: Any
) -> dict[str, Any]:
    """The answer for one machine."""
    item = {"serial_number": serial} | ({"product_number": product} if product else {})
    headers = more.pop("headers", {})
    answer = await service.post(
        "/v1/coverage-lookups", caller, json={"items": [item], **more}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["items"]
    assert isinstance(found, dict)
    return found


def codes(item: dict[str, Any]) -> set[str]:
    """The codes of the warnings."""
    return {warning["code"] for warning in item["warnings"]}


@pytest.mark.parametrize(
    ("contract", "status", "action"),
    [
        ("JP-6000-E000", "expiring", "request_renewal_quote"),
        ("JP-6000-E090", "expiring", "request_renewal_quote"),
        ("JP-6000-E091", "covered", "none"),
        ("JP-6000-L001", "lapsed", "request_reenrollment"),
        # The warranty stands until the contract begins: no gap.
        ("JP-6000-U030", "covered", "none"),
        ("JP-6008-0001", "expiring", "plan_replacement"),
        ("JP-6008-0002", "expiring", "plan_replacement"),
        ("JP-6008-0003", "expiring", "request_renewal_quote"),
        ("JP-6008-0007", "lapsed", "plan_replacement"),
        ("PK-6001-0003", "expiring", "ask_dealer"),
    ],
)
async def test_what_covers_it_decides_status_and_next_action(
    service: Service, contract: str, status: str, action: str
) -> None:
    item = await look_up(service, await serial_of(service, contract))
    assert (item["status"], item["next_action"]["code"]) == (status, action)


async def test_warranty_package_and_contract_are_ranked_together(service: Service) -> None:
    """JP-6003-0001 and PK-6003-0002 cover one machine whose warranty ends in 60 days."""
    item = await look_up(service, await serial_of(service, "JP-6003-0001"))
    assert [cover["kind"] for cover in item["coverages"]] == ["package", "contract", "warranty"]
    assert {cover["state"] for cover in item["coverages"]} == {"active"}
    ends = [cover["end_date"] for cover in item["coverages"]]
    assert ends == sorted(ends, reverse=True)
    assert item["covered_until"] == ends[0]


async def test_active_comes_before_future_and_expired(service: Service) -> None:
    """JP-6002-0001 runs and 0002 follows it without a gap; the warranty is over."""
    serial = await serial_of(service, "JP-6002-0001")
    item = await look_up(service, serial)
    assert [cover["state"] for cover in item["coverages"]] == ["active", "future", "expired"]
    follow_on = item["coverages"][1]
    assert item["covered_until"] == follow_on["end_date"]
    assert item["status"] == "covered"
    later = await look_up(service, serial, as_of=follow_on["start_date"])
    assert [cover["state"] for cover in later["coverages"]] == ["active", "expired", "expired"]


@pytest.mark.parametrize(("days", "status"), [(-400, "covered"), (0, "expiring"), (31, "lapsed")])
async def test_the_day_asked_for_decides(service: Service, days: int, status: str) -> None:
    """JP-4500-0002 ends in 30 days; 400 days ago the warranty stood."""
    day = (TODAY + timedelta(days=days)).isoformat()
    assert (await look_up(service, "JPDEMO0002", as_of=day))["status"] == status


async def test_a_shared_serial_asks_and_lists_what_it_may_mean(service: Service) -> None:
    serial = await serial_of(service, "JP-6004-0001")
    item = await look_up(service, serial)
    assert (item["status"], item["next_action"]["code"]) == ("ambiguous", "choose_product")
    assert {found["product_number"] for found in item["candidates"]} == {SERVER, SWITCH}
    assert item["coverages"] == []
    chosen = await look_up(service, serial, SERVER)
    assert (chosen["status"], chosen["product_number"]) == ("covered", SERVER)
    assert chosen["candidates"] == []
    other = await look_up(service, serial, SWITCH)
    assert other["status"] in {"never_covered", "covered"}
    assert other["product_number"] == SWITCH


async def test_a_product_that_does_not_fit_finds_nothing_and_says_why(service: Service) -> None:
    item = await look_up(service, "JPDEMO0001", "JL354A")
    assert (item["status"], item["next_action"]["code"]) == ("not_found", "check_serial")
    assert "product_mismatch" in codes(item)
    assert [found["product_number"] for found in item["candidates"]] == ["868703-B21"]
    # A foreign machine's product is no mismatch: nothing is known of it.
    hidden = await look_up(service, "JPDEMO0006", "JL354A", "customer")
    assert (codes(hidden), hidden["candidates"]) == (set(), [])


@pytest.mark.parametrize(
    ("contract", "warning"),
    [
        ("JP-6005-0001", "service_level_unrouted"),
        ("JP-6008-0005", "end_of_support_before_end"),
        ("JP-6008-0006", "end_of_support_unknown"),
    ],
)
async def test_what_is_odd_is_warned_of(service: Service, contract: str, warning: str) -> None:
    assert warning in codes(await look_up(service, await serial_of(service, contract)))


async def test_an_unknown_warranty_is_warned_of_and_never_guessed(service: Service) -> None:
    item = await look_up(service, "JPDEMO0004")
    assert item["status"] == "never_covered"
    assert "warranty_unknown" in codes(item)
    assert item["coverages"] == []


@pytest.mark.parametrize("serial", ["X", "NOT-A-SERIAL!", "12345678901"])
async def test_a_serial_of_an_unusual_shape_is_warned_of_and_not_refused(
    service: Service, serial: str
) -> None:
    item = await look_up(service, serial)
    assert (item["status"], codes(item)) == ("not_found", {"serial_number_shape"})


async def test_the_last_day_to_order_is_the_last_day_of_cover(service: Service) -> None:
    """Where a renewal is possible (DL-1); none where support ends before it could begin."""
    item = await look_up(service, await serial_of(service, "JP-6000-E030"))
    assert item["order_deadline"] == item["covered_until"]
    late = await look_up(service, await serial_of(service, "JP-6008-0001"))
    assert late["order_deadline"] is None
    assert late["end_of_support"] == late["covered_until"]


async def test_texts_come_in_the_language_asked_for(service: Service) -> None:
    serial = await serial_of(service, "JP-6005-0001")
    japanese = await look_up(service, serial)
    english = await look_up(service, serial, headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert english["next_action"]["code"] == japanese["next_action"]["code"]
    for one, ascii_only in ((japanese, False), (english, True)):
        texts = [one["next_action"], *one["warnings"]]
        assert {text["text"].isascii() for text in texts} == {ascii_only}


async def test_a_line_without_a_product_belongs_to_the_only_one(own_service: Service) -> None:
    async with own_service.owner() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(
            "UPDATE contract_line SET product_number = NULL WHERE serial_number = 'JPDEMO0001'"
        )
    item = await look_up(own_service, "JPDEMO0001")
    assert (item["status"], item["product_number"]) == ("covered", "868703-B21")


async def test_the_same_machine_twice_is_answered_twice_in_its_place(service: Service) -> None:
    serials = ["JPDEMO0001", "NOBODY0001", "JPDEMO0003", "JPDEMO0001"]
    answer = await service.post(
        "/v1/coverage-lookups", json={"items": [{"serial_number": serial} for serial in serials]}
    )
    items = answer.json()["items"]
    assert [item["serial_number"] for item in items] == serials
    assert [item["status"] for item in items] == ["covered", "not_found", "lapsed", "covered"]
    assert items[0] == items[3]
