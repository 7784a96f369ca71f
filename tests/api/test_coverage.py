"""Coverage look-ups through HTTP: the demo's tour, seen by each caller."""

import pytest

from app.demo import DEMO_TOUR
from tests.conftest import Service


def lookup(*serials: str) -> dict[str, object]:
    return {"items": [{"serial_number": serial} for serial in serials]}


@pytest.mark.parametrize("caller", ["customer", "partner", "desk"])
async def test_the_tour_shows_every_state_to_every_caller(service: Service, caller: str) -> None:
    items = [
        {"serial_number": stop.serial_number}
        | ({"product_number": stop.product_number} if stop.product_number else {})
        for stop in DEMO_TOUR
    ]
    answer = await service.post("/v1/coverage-lookups", caller, json={"items": items})
    assert answer.status_code == 200
    expected = [stop.desk_status if caller == "desk" else stop.status for stop in DEMO_TOUR]
    assert [item["status"] for item in answer.json()["items"]] == expected


async def test_a_serial_number_is_understood_however_it_was_typed(service: Service) -> None:
    answer = await service.post("/v1/coverage-lookups", json=lookup("ｊｐｄｅｍｏ０００１ "))
    (item,) = answer.json()["items"]
    assert item["serial_number"] == "JPDEMO0001"
    assert item["status"] == "covered"
