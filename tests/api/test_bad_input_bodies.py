"""Bodies that are refused: exactly how, without an echo, and with nothing stored (TRUST 12)."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.conftest import Service

from .refusals import (
    CANARY,
    JSON,
    LOOKUP,
    PRODUCTS,
    Refusal,
    invalid,
    nothing_stored,
    refused,
)

pytestmark = pytest.mark.anyio

C = CANARY.encode()
MACHINE = '{"serial_number":"' + CANARY + '"}'


@pytest.fixture(scope="module", autouse=True)
async def _nothing_is_stored(service: Service) -> AsyncIterator[None]:
    async with nothing_stored(service):
        yield


def items(inside: str) -> bytes:
    return f'{{"items":[{inside}]}}'.encode()


def machine(**members: Any) -> bytes:
    return json.dumps({"items": [{"serial_number": "JPDEMO0001"} | members]}).encode()


def as_of(value: Any) -> bytes:
    return json.dumps({"items": [{"serial_number": CANARY}], "as_of": value}).encode()


WRONG: Mapping[str, tuple[bytes, Refusal]] = {
    "no body": (b"", invalid(("", "required"))),
    "null": (b"null", invalid(("", "wrong_type"))),
    "true": (b"true", invalid(("", "wrong_type"))),
    "a number": (b"7", invalid(("", "wrong_type"))),
    "a string": (b'"' + C + b'"', invalid(("", "wrong_type"))),
    "a list": (b'["' + C + b'"]', invalid(("", "wrong_type"))),
    "an empty object": (b"{}", invalid(("/items", "required"))),
    "a name in another case": (
        b'{"Items":[]}',
        invalid(("/items", "required"), ("/Items", "unknown_field")),
    ),
    "an unknown member": (
        machine(quantity=1),
        invalid(("/items/0/quantity", "unknown_field")),
    ),
    "an unknown member whose name is no name": (
        machine(**{f"<{CANARY}>": 1}),
        invalid(("/items/0/?", "unknown_field")),
    ),
    "an unknown member with a long name": (
        machine(**{CANARY * 9: 1}),
        invalid(("/items/0/?", "unknown_field")),
    ),
    "an unknown member named by NUL": (
        machine(**{"\0": 1}),
        invalid(("/items/0/?", "control_character")),
    ),
    "a member that only answers have": (
        machine(status="covered", covered_until="2027-03-31"),
        invalid(("/items/0/status", "unknown_field"), ("/items/0/covered_until", "unknown_field")),
    ),
    "__proto__": (machine(__proto__={}), invalid(("/items/0/__proto__", "unknown_field"))),
    "items null": (b'{"items":null}', invalid(("/items", "wrong_type"))),
    "items an object": (
        b'{"items":{"0":' + MACHINE.encode() + b"}}",
        invalid(("/items", "wrong_type")),
    ),
    "items a string": (b'{"items":"' + C + b'"}', invalid(("/items", "wrong_type"))),
    "items true": (b'{"items":true}', invalid(("/items", "wrong_type"))),
    "no items": (b'{"items":[]}', invalid(("/items", "too_few"))),
    "1,001 items": (items(",".join([MACHINE] * 1001)), invalid(("/items", "too_many"))),
    "100,000 items": (items(",".join(["{}"] * 100_000)), invalid(("/items", "too_many"))),
    "an item null": (items("null"), invalid(("/items/0", "wrong_type"))),
    "an item a list": (items("[]"), invalid(("/items/0", "wrong_type"))),
    "an item a string": (items('"' + CANARY + '"'), invalid(("/items/0", "wrong_type"))),
    "the second item empty": (
        items(MACHINE + ",{}"),
        invalid(("/items/1/serial_number", "required")),
    ),
    "serial null": (machine(serial_number=None), invalid(("/items/0/serial_number", "wrong_type"))),
    "serial a number": (
        machine(serial_number=7),
        invalid(("/items/0/serial_number", "wrong_type")),
    ),
    "serial a fraction": (
        machine(serial_number=7.5),
        invalid(("/items/0/serial_number", "wrong_type")),
    ),
    "serial true": (machine(serial_number=True), invalid(("/items/0/serial_number", "wrong_type"))),
    "serial a list": (
        machine(serial_number=[CANARY]),
        invalid(("/items/0/serial_number", "wrong_type")),
    ),
    "serial an object": (
        machine(serial_number={"$ne": CANARY}),
        invalid(("/items/0/serial_number", "wrong_type")),
    ),
    "serial 30 digits": (
        items('{"serial_number":' + "9" * 30 + "}"),
        invalid(("/items/0/serial_number", "wrong_type")),
    ),
    "serial empty": (machine(serial_number=""), invalid(("/items/0/serial_number", "too_short"))),
    "serial of 61 characters": (
        machine(serial_number=CANARY + "A" * 52),
        invalid(("/items/0/serial_number", "too_long")),
    ),
    "product number empty": (
        machine(product_number=""),
        invalid(("/items/0/product_number", "too_short")),
    ),
    "product number a number": (
        machine(product_number=868703),
        invalid(("/items/0/product_number", "wrong_type")),
    ),
    **{
        f"serial with {name}": (
            machine(serial_number=f"{CANARY}{mark}"),
            invalid(("/items/0/serial_number", "control_character")),
        )
        for name, mark in {
            "NUL": "\0",
            "a line feed at its end": "\n",
            "CR and LF": "\r\nBcc: a@b.example",
            "a tab": "\t",
            "an escape": "\x1b[31m",
            "DEL": "\x7f",
            "a C1 control": "\x85",
            "a line separator": "\u2028",
            "a turned direction": "\u202e",
        }.items()
    },
    "product number with NUL": (
        machine(product_number=CANARY + "\0"),
        invalid(("/items/0/product_number", "control_character")),
    ),
    **{
        f"day {value!r}": (as_of(value), invalid(("/as_of", "invalid_date")))
        for value in (
            "",
            "2026-02-30",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-00",
            "20260401",
            "2026/04/01",
            "2026-4-1",
            "26-04-01",
            "2026-04-01T00:00",
            "2026-04-01T00:00:00Z",
            " 2026-04-01",
            "2026-04-01 ",
            "2026-04-01\n",
            "２０２６-04-01",
            "٢٠٢٦-04-01",
            "2026−04−01",
            "2026-W14-3",
            "2026-091",
            "0000-01-01",
            "10000-01-01",
            "-2026-04-1",
            "+026-04-01",
            "令和8年4月1日",
            "today",
            CANARY,
        )
    },
    **{
        f"day {value!r}": (as_of(value), invalid(("/as_of", "out_of_range")))
        for value in ("0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31")
    },
    **{
        f"day {value!r}": (as_of(value), invalid(("/as_of", "wrong_type")))
        for value in (20260401, 1775001600, 0.5, True, ["2026-04-01"], {"date": "2026-04-01"})
    },
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_breaks_the_schema_is_refused_at_its_place(service: Service, name: str) -> None:
    body, expected = WRONG[name]
    await refused(service, expected, "POST", LOOKUP, headers=JSON, content=body)


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ({"product_numbers": ["A"] * 501}, [("/product_numbers", "too_many")]),
        ({"product_numbers": []}, [("/product_numbers", "too_few")]),
        ({"product_numbers": [None]}, [("/product_numbers/0", "wrong_type")]),
        (
            {"product_numbers": [7, "A", True]},
            [("/product_numbers/0", "wrong_type"), ("/product_numbers/2", "wrong_type")],
        ),
        ({"product_numbers": [""]}, [("/product_numbers/0", "too_short")]),
        ({"product_numbers": [f"{CANARY}\0"]}, [("/product_numbers/0", "control_character")]),
        ({"product_numbers": CANARY}, [("/product_numbers", "wrong_type")]),
        (
            {"product_number": [CANARY]},
            [("/product_numbers", "required"), ("/product_number", "unknown_field")],
        ),
    ],
)
async def test_product_numbers_are_checked_one_by_one(
    service: Service, content: dict[str, Any], places: list[tuple[str, str]]
) -> None:
    await refused(service, invalid(*places), "POST", PRODUCTS, "public", json=content)


async def test_at_most_a_hundred_places_are_listed(service: Service) -> None:
    answer = await service.post(LOOKUP, json={"items": [{}] * 1000})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 100
    many = {f"{CANARY}{n}": 1 for n in range(45_000)}
    answer = await service.post(LOOKUP, json=many)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 100
