"""Products: the feed, one product, the batch."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.api.test_contracts import walk
from tests.conftest import Service


async def touch(service: Service, *numbers: str) -> str:
    """Change products now; returns the instant of the change."""
    async with service.owner() as session:
        at = await session.scalar(text("SELECT now()"))
        await session.execute(
            text("UPDATE product SET updated_at = now() WHERE product_number = ANY (:numbers)"),
            {"numbers": list(numbers)},
        )
    return str(at.isoformat().replace("+00:00", "Z"))


async def numbers_of(service: Service, path: str) -> list[str]:
    """The product numbers of a whole list."""
    return [item["product_number"] for item in await walk(service, path, "public")]


async def test_every_product_comes_once_the_oldest_change_first(service: Service) -> None:
    items = await walk(service, "/v1/products?page_size=7", "public")
    keys = [(item["updated_at"], item["product_number"]) for item in items]
    assert keys == sorted(set(keys))
    async with service.database.transaction("portal") as session:
        assert len(keys) == await session.scalar(text("SELECT count(*) FROM product"))


async def test_the_feed_goes_on_from_a_change(own_service: Service) -> None:
    at = await touch(own_service, "868703-B21")
    assert await numbers_of(own_service, f"/v1/products?updated_since={at}") == ["868703-B21"]
    later = await touch(own_service, "JL354A", "868703-B21")
    changed = await numbers_of(own_service, f"/v1/products?updated_since={at}&page_size=1")
    assert changed == ["868703-B21", "JL354A"]
    assert await numbers_of(own_service, f"/v1/products?updated_since={later}") == changed


@pytest.mark.parametrize("written", ["2026-11-25", "yesterday", "2026-11-25T00:00:00", ""])
async def test_an_instant_without_an_offset_is_none(service: Service, written: str) -> None:
    answer = await service.get("/v1/products", "public", params={"updated_since": written})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_filter")


async def test_an_offset_of_japan_is_the_same_instant(service: Service) -> None:
    a = await service.get("/v1/products?updated_since=2026-01-01T09:00:00%2B09:00", "public")
    b = await service.get("/v1/products?updated_since=2026-01-01T00:00:00Z", "public")
    assert a.json()["items"] == b.json()["items"]


async def test_a_family_is_found_by_its_name(service: Service) -> None:
    items = await walk(service, "/v1/products", "public")
    family = next(item["family"] for item in items if item["family"])
    answer = await service.get(
        "/v1/products", "public", params={"family": family, "page_size": 100}
    )
    wanted = [item for item in items if item["family"] == family][:100]
    assert answer.json()["items"] == wanted


@pytest.mark.parametrize(
    "written", ["868703-b21", "８６８７０３－Ｂ２１", "868703‐B21", "868703ーB21"]
)
async def test_a_number_is_understood_however_it_is_typed(service: Service, written: str) -> None:
    answer = await service.get(f"/v1/products/{written}", "public")
    assert answer.json()["product_number"] == "868703-B21"


async def test_the_four_dates_and_the_state_follow_the_day(service: Service) -> None:
    """653200-B21: its support ended 45 days ago."""
    path = "/v1/products/653200-B21"
    product = (await service.get(path, "public")).json()
    ends = product["end_of_support"]
    states = []
    for day in ("1990-01-01", ends, "2990-01-01"):
        answer = (await service.get(f"{path}?as_of={day}", "public")).json()
        assert {**answer, "state": None} == {**product, "state": None}
        states.append(answer["state"])
    assert states[0] != states[2]
    assert states[2] == product["state"]


async def test_an_unknown_date_is_null_and_never_guessed(service: Service) -> None:
    product = (await service.get("/v1/products/R8P13A", "public")).json()
    assert product["end_of_support"] is None
    assert product["rules"] == ["EOS-3"]


async def test_a_validator_is_good_until_the_product_changes(own_service: Service) -> None:
    path = "/v1/products/868703-B21"
    held = {"If-None-Match": (await own_service.get(path, "public")).headers["etag"]}
    assert (await own_service.get(path, "public", headers=held)).status_code == 304
    await touch(own_service, "868703-B21")
    assert (await own_service.get(path, "public", headers=held)).status_code == 200


async def look_up(service: Service, *numbers: str) -> list[dict[str, Any]]:
    """The items of a batch."""
    answer = await service.post(
        "/v1/product-lookups", "public", json={"product_numbers": list(numbers)}
    )
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_batch_answers_each_in_its_place(service: Service) -> None:
    items = await look_up(service, "JL354A", "NONE0-000", "868703-b21", "JL354A", "?")
    assert [item["product_number"] for item in items] == [
        "JL354A", "NONE0-000", "868703-B21", "JL354A", "?",
    ]  # fmt: skip
    assert [item["found"] for item in items] == [True, False, True, True, False]
    assert items[0] == items[3]
    assert items[1]["product"] is None
    assert [w["code"] for w in items[4]["warnings"]] == ["product_number_shape"]
    one = await service.get("/v1/products/JL354A", "public")
    assert items[0]["product"] == one.json()


@pytest.mark.parametrize(("count", "status"), [(0, 422), (1, 200), (500, 200), (501, 422)])
async def test_a_batch_has_one_to_five_hundred(service: Service, count: int, status: int) -> None:
    body = {"product_numbers": ["JL354A"] * count}
    answer = await service.post("/v1/product-lookups", "public", json=body)
    assert answer.status_code == status


async def test_an_absent_product_is_absent(service: Service) -> None:
    answer = await service.get("/v1/products/NONE0-000", "public")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_feeds_cursor_is_good_for_its_own_question_only(service: Service) -> None:
    cursor = (await service.get("/v1/products?page_size=1", "public")).json()["next_cursor"]
    assert (await service.get(f"/v1/products?cursor={cursor}", "public")).status_code == 200
    other = await service.get(f"/v1/products?family=x&cursor={cursor}", "public")
    assert (other.status_code, other.json()["code"]) == (422, "invalid_cursor")
