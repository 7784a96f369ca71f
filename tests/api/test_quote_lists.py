"""Quotes in lists, their versions, and what differs between two of them (QUO-1, QUO-2)."""

from datetime import date
from typing import Any

import pytest

from tests.api.quote_rows import Version, add_quote, machine
from tests.conftest import Service


async def numbers(service: Service, query: str, caller: str = "customer") -> list[str]:
    """The quotes of a list, page by page."""
    path: str | None = f"/v1/quotes?page_size=2&{query}"
    found: list[str] = []
    while path:
        answer = await service.get(path, caller)
        assert answer.status_code == 200, answer.text
        found += [item["quote_number"] for item in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url")
    return found


@pytest.fixture
async def quoted(own_service: Service) -> dict[str, str]:
    """Quotes in several states, by what is remarkable about them."""
    late = {"start_date": date(2026, 11, 25), "valid_until": date(2026, 11, 24)}
    return {
        "open": await add_quote(own_service, 1, Version()),
        "valid": await add_quote(
            own_service, 2, Version(terms={"valid_until": date(2027, 1, 31)}), service_id="1" * 12
        ),
        "late": await add_quote(own_service, 3, Version(terms=late)),
        "draft": await add_quote(own_service, 4, Version("draft")),
        "both": await add_quote(own_service, 5, Version("withdrawn"), Version("draft")),
        "twice": await add_quote(own_service, 6, Version("superseded"), Version()),
        "other": await add_quote(own_service, 7, Version("ordered"), customer_id="C0002"),
        "merged": await add_quote(
            own_service,
            8,
            Version("lapsed", [machine(1), machine(2, contract_number="JP-4500-0002")]),
            contract_number=None,
        ),
    }


CASES: list[tuple[str, str, list[str]]] = [
    ("", "customer", ["open", "valid", "late", "both", "twice", "merged"]),
    ("state=issued", "customer", ["open", "valid", "twice"]),
    # The limit of the late one has passed, written down or not.
    ("state=lapsed", "customer", ["late", "merged"]),
    ("state=withdrawn", "customer", ["both"]),
    ("state=ordered", "customer", []),
    ("state=ordered", "desk", ["other"]),
    ("state=draft", "customer", []),
    ("state=draft", "desk", ["draft", "both"]),
    ("contract_number=ｊｐ-4500-0002&state=lapsed", "customer", ["merged"]),
    ("contract_number=JP-4410-0001&state=lapsed", "customer", ["late", "merged"]),
    ("service_id=1111 1111 1111", "customer", ["valid"]),
    ("customer_id=C0002", "customer", []),
    ("customer_id=C0002", "other", ["other"]),
    ("deadline_to=2027-01-31&state=issued", "customer", ["valid"]),
    (
        "deadline_from=2027-02-01&deadline_to=2027-03-31",
        "customer",
        ["open", "both", "twice", "merged"],
    ),
    ("request_id=019ab8a4-3b80-7000-8000-000000000001", "customer", []),
]


async def test_a_list_shows_the_version_that_stands(
    own_service: Service, quoted: dict[str, str]
) -> None:
    by_number = {number: name for name, number in quoted.items()}
    for query, caller, names in CASES:
        listed = await numbers(own_service, query, caller)
        assert [by_number[n] for n in listed if n in by_number] == names, (query, caller)


async def test_a_quote_with_a_draft_beside_it_stands_by_what_was_issued(
    own_service: Service, quoted: dict[str, str]
) -> None:
    for caller in ("customer", "desk"):
        answer = await own_service.get("/v1/quotes?state=withdrawn", caller)
        (item,) = [i for i in answer.json()["items"] if i["quote_number"] == quoted["both"]]
        assert (item["version"], item["state"]) == (1, "withdrawn")
    listed = await own_service.get(f"/v1/quotes/{quoted['both']}/versions")
    assert [item["version"] for item in listed.json()["items"]] == [1]
    listed = await own_service.get(f"/v1/quotes/{quoted['both']}/versions", "desk")
    assert [item["state"] for item in listed.json()["items"]] == ["withdrawn", "draft"]
    hidden = f"/v1/quotes/{quoted['both']}/versions/2"
    assert (await own_service.get(hidden)).status_code == 404
    assert (await own_service.get(f"{hidden}/diff")).status_code == 404
    assert (await own_service.get(f"{hidden}/diff", "desk")).status_code == 200


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("deadline_from=2027-02-01&deadline_to=2027-01-31", "invalid_filter", "deadline_to"),
        ("request_id=x", "invalid_filter", "request_id"),
        ("state=superseded", "invalid_filter", "state"),
        ("cursor=x", "invalid_cursor", "cursor"),
    ],
)
async def test_a_filter_that_means_nothing_is_named(
    service: Service, query: str, code: str, pointer: str
) -> None:
    answer = await service.get(f"/v1/quotes?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [place["pointer"] for place in answer.json()["errors"]] == [pointer]


async def difference(service: Service, number: str, query: str = "") -> dict[str, Any]:
    """The second version against the first, or as asked."""
    answer = await service.get(f"/v1/quotes/{number}/versions/2/diff{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_two_versions_are_compared_line_by_line(own_service: Service) -> None:
    longer = date(2028, 9, 30)
    number = await add_quote(
        own_service,
        1,
        Version("superseded", [machine(1), machine(2)]),
        Version(
            "issued",
            [machine(3), machine(1, 180_000, end_date=longer, annual_price=120_000)],
            {"end_date": longer, "conditions": "年額一括"},
        ),
    )
    found = await difference(own_service, number)
    assert (found["from_version"], found["to_version"], found["same"]) == (1, 2, False)
    assert found["fields"] == [
        {"name": "end_date", "before": "2028-03-31", "after": "2028-09-30"},
        {"name": "conditions", "before": None, "after": "年額一括"},
    ]
    lines = found["lines"]
    assert [line["serial_number"] for line in lines["added"]] == ["JPQUOTE003"]
    assert [line["serial_number"] for line in lines["removed"]] == ["JPQUOTE002"]
    (changed,) = lines["changed"]
    assert (changed["serial_number"], changed["line_number"]) == ("JPQUOTE001", 2)
    assert {field["name"]: (field["before"], field["after"]) for field in changed["fields"]} == {
        "end_date": ("2028-03-31", "2028-09-30"),
        "unit_price": (120_000, 180_000),
        "amount": (120_000, 180_000),
    }
    assert found["subtotal"] == {"before": 240_000, "after": 300_000, "difference": 60_000}
    assert found["tax"] == [{"rate": 10, "before": 24_000, "after": 30_000, "difference": 6_000}]
    assert found["total"]["difference"] == 66_000
    assert found["rules"] == ["QUO-2"]
    back = await own_service.get(f"/v1/quotes/{number}/versions/1/diff?against=2")
    assert back.json()["total"] == {"before": 330_000, "after": 264_000, "difference": -66_000}
    assert (await difference(own_service, number, "?against=2"))["same"] is True


async def test_the_first_version_has_none_before_it(own_service: Service) -> None:
    number = await add_quote(own_service, 1, Version())
    path = f"/v1/quotes/{number}/versions/1/diff"
    answer = await own_service.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_filter")
    assert answer.json()["errors"][0]["pointer"] == "against"
    assert (await own_service.get(f"{path}?against=3")).status_code == 404
    assert (await own_service.get(f"{path}?against=1")).json()["same"] is True


async def test_a_version_stays_readable_as_it_was(own_service: Service) -> None:
    number = await add_quote(own_service, 1, Version("superseded"), Version(lines=[machine(2)]))
    first = await own_service.get(f"/v1/quotes/{number}/versions/1")
    assert (first.json()["version"], first.json()["state"]) == (1, "superseded")
    assert [line["serial_number"] for line in first.json()["lines"]] == ["JPQUOTE001"]
    again = await own_service.get(
        f"/v1/quotes/{number}/versions/1", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304
    for version in (3, 10_000):
        path = f"/v1/quotes/{number}/versions/{version}"
        assert (await own_service.get(path)).status_code == 404
