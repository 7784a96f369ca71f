"""Query parameters and cursors that are refused exactly, without an echo (TRUST 12)."""

from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

import pytest
from sqlalchemy import select

from app.cursors import make_cursor
from app.db.tables import contract
from tests.conftest import Service

from .refusals import CANARY, CONTRACT, CONTRACTS, Refusal, filtered, nothing_stored, refused

pytestmark = pytest.mark.anyio

ENCODED = quote("２０２６-04-01")
LONG_CONTRACT = select(contract.c.contract_number).where(
    contract.c.line_count > 1, contract.c.customer_id == "C0001"
)
CURSOR = Refusal(422, "invalid_cursor", (("cursor", "invalid_cursor"),))


@pytest.fixture(scope="module", autouse=True)
async def _nothing_is_stored(service: Service) -> AsyncIterator[None]:
    async with nothing_stored(service):
        yield


def unknown(name: str) -> Refusal:
    return Refusal(422, "unknown_parameter", ((name, "unknown_parameter"),))


def doubled(name: str) -> Refusal:
    return Refusal(422, "duplicate_parameter", ((name, "duplicate_parameter"),))


QUERIES: Mapping[str, Refusal] = {
    f"/livez?a={CANARY}": unknown("a"),
    f"/livez?a={CANARY}&a=2": unknown("a"),
    "/docs?_": unknown("_"),
    f"{CONTRACT}/lines.csv?as_of=2026-04-01": unknown("as_of"),
    f"{CONTRACTS}?a=1&a=2": unknown("a"),
    f"{CONTRACTS}?STATUS=active": unknown("STATUS"),
    f"{CONTRACTS}?status[]=active": unknown("?"),
    f"{CONTRACTS}?=1": unknown("?"),
    f"{CONTRACTS}?{CANARY * 9}=1": unknown("?"),
    f"{CONTRACTS}?%00{CANARY}=1": unknown("?"),
    f"{CONTRACTS}?%ff{CANARY}=1": unknown("?"),
    f"{CONTRACTS}?%zz{CANARY}=1": unknown("?"),
    f"{CONTRACTS}?page_size=5&page_size=6": doubled("page_size"),
    f"{CONTRACTS}?page_size=5&page_size=5": doubled("page_size"),
    f"{CONTRACTS}?page_size=5&%70age_size=6": doubled("page_size"),
    f"{CONTRACTS}?page_size&page_size": doubled("page_size"),
    f"{CONTRACTS}?page_size=5;page_size=6": filtered("page_size", "wrong_type"),
    f"{CONTRACTS}?customer_id=%zz{CANARY}": filtered("customer_id", "invalid_filter"),
    f"{CONTRACTS}?customer_id=%": filtered("customer_id", "invalid_filter"),
    f"{CONTRACTS}?customer_id=%ff{CANARY}": filtered("customer_id", "invalid_filter"),
    f"{CONTRACTS}?customer_id=%c0%af": filtered("customer_id", "invalid_filter"),
    f"{CONTRACTS}?customer_id=%ed%a0%80": filtered("customer_id", "invalid_filter"),
    f"{CONTRACTS}?customer_id={CANARY}%00": filtered("customer_id", "control_character"),
    f"{CONTRACTS}?customer_id={CANARY}%0a": filtered("customer_id", "control_character"),
    f"{CONTRACTS}?customer_id={CANARY}%0d%0aX:1": filtered("customer_id", "control_character"),
    f"{CONTRACTS}?customer_id=%e2%80%ae{CANARY}": filtered("customer_id", "control_character"),
    f"{CONTRACTS}?customer_id={CANARY * 9}": filtered("customer_id", "too_long"),
    f"{CONTRACTS}?serial_number={CANARY * 6000}": filtered("serial_number", "too_long"),
    f"{CONTRACTS}?service_id={'1' * 41}": filtered("service_id", "too_long"),
    f"{CONTRACTS}?service_id=102938475610%00": filtered("service_id", "control_character"),
    **{
        f"{CONTRACTS}?page_size={value}": filtered("page_size", "wrong_type")
        for value in (
            "", CANARY, "7.0", "1e2", "%207", "7%20", "7%0a", "%2b7", "1_0", "true", "null",
            "0x7", "%ef%bc%97", "%d9%a7", "9" * 5000, "NaN", "5,6", "[5]",
        )
    },
    **{
        f"{CONTRACTS}?page_size={value}": filtered("page_size", "out_of_range")
        for value in ("0", "-1", "101", "9" * 15)
    },
    **{
        f"{CONTRACTS}?{name}={value}": filtered(name, "invalid_date")
        for name in ("as_of", "ends_from", "ends_to")
        for value in (
            "", "2026-02-30", "20260401", "2026-04-01T00:00", ENCODED, "0000-01-01",
            "10000-01-01", "%202026-04-01", "2026-04-01%0a", "1775001600", CANARY,
        )
    },
    **{
        f"{path}?as_of={value}": filtered("as_of", "out_of_range")
        for path in (CONTRACTS, CONTRACT, f"{CONTRACT}/lines", "/v1/products", "/v1/products/A")
        for value in ("9999-12-31", "0001-01-01")
    },
    f"{CONTRACTS}?ends_from=2026-04-02&ends_to=2026-04-01": filtered("ends_to", "invalid_filter"),
    f"{CONTRACTS}?status={CANARY}": filtered("status", "not_one_of"),
    f"{CONTRACTS}?status=ACTIVE": filtered("status", "not_one_of"),
    f"{CONTRACTS}?status=active%0a": filtered("status", "not_one_of"),
    f"{CONTRACTS}?status=": filtered("status", "not_one_of"),
    f"{CONTRACTS}?kind={CANARY}": filtered("kind", "not_one_of"),
    **{
        f"/v1/products?updated_since={value}": filtered("updated_since", "invalid_instant")
        for value in (
            "", CANARY, "2026-04-01", "2026-04-01T00:00:00", "1775001600", "2026-04-01 00:00:00Z",
            "2026-04-01T00:00:00+09:00", "2026-02-30T00:00:00Z", "2026-04-01T25:00:00Z",
            "2026-04-01T00:00:60Z", "2026-04-01T00:00:00Z%0a", "2026-04-01T00:00:00.1234567Z",
            "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00%2b12:00", "1e20", "-1", "now",
        )
    },
}  # fmt: skip

CURSORS: Mapping[str, str] = {
    "empty": "",
    "plain words": CANARY,
    "base64 of nothing much": "AAAA",
    "sixteen zero bytes and no key": "A" * 22,
    "sixteen zero bytes and a key": "A" * 22 + "WyJhIiwiYiJd",
    "with NUL": f"{CANARY}%00",
    "full-width": quote("ＡＡＡＡ"),
    "with a line break": f"{CANARY}%0a",
    "501 characters": "A" * 501,
    "10 kB": CANARY * 1150,
    "standard base64": "%2b/%2b/",
    "JSON": "%7B%22a%22:1%7D",
}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path[:70])
async def test_queries_are_refused_at_their_place(service: Service, path: str) -> None:
    caller = "public" if path.startswith(("/livez", "/docs", "/v1/products")) else "customer"
    await refused(service, QUERIES[path], "GET", path, caller)


@pytest.mark.parametrize("name", CURSORS)
@pytest.mark.parametrize("path", [CONTRACTS, f"{CONTRACT}/lines", "/v1/products", "/v1/audit"])
async def test_cursors_that_nobody_made_are_refused(service: Service, path: str, name: str) -> None:
    code = "invalid_cursor" if len(CURSORS[name]) <= 500 else "too_long"
    expected = Refusal(422, "invalid_cursor", (("cursor", code),))
    await refused(service, expected, "GET", f"{path}?cursor={CURSORS[name]}", "desk")


async def test_a_cursor_is_good_for_its_list_its_caller_and_its_filters_only(
    service: Service,
) -> None:
    first = await service.get(f"{CONTRACTS}?page_size=1")
    cursor = quote(first.json()["next_cursor"])
    assert (await service.get(f"{CONTRACTS}?page_size=2&cursor={cursor}")).status_code == 200
    for path, caller in (
        (f"{CONTRACTS}?status=expired&cursor={cursor}", "customer"),
        (f"{CONTRACTS}?as_of=2020-01-01&cursor={cursor}", "customer"),
        (f"{CONTRACTS}?cursor={cursor}", "other"),
        (f"{CONTRACTS}?cursor={cursor}", "partner"),
        (f"{CONTRACT}/lines?cursor={cursor}", "customer"),
        (f"/v1/products?cursor={cursor}", "public"),
        (f"{CONTRACTS}?cursor={cursor[:-1]}", "customer"),
        (f"{CONTRACTS}?cursor={cursor}A", "customer"),
        (f"{CONTRACTS}?cursor={cursor[:30].swapcase()}{cursor[30:]}", "customer"),
    ):
        await refused(service, CURSOR, "GET", path, caller)


async def test_a_cursor_of_a_former_secret_is_refused(service: Service) -> None:
    old = make_cursor(b"a former secret", "products None None", ("2026-04-01", CANARY))
    await refused(service, CURSOR, "GET", f"/v1/products?cursor={quote(old)}", "public")


async def test_queries_that_are_meant_are_understood(service: Service) -> None:
    for query in (
        "",
        "&",
        "page_size=7",
        "page_size=%37",
        "service_id=1029+3847+5610",
        "service_id=" + quote("１０２９-３８４７-５６１０"),
        "service_id=123",
        "service_id=",
        "ends_from=2026-04-01&ends_to=2026-04-01",
        "as_of=2999-12-31",
        "as_of=1900-01-01",
    ):
        answer = await service.get(f"{CONTRACTS}?{query}")
        assert answer.status_code == 200, (query, answer.text)
    for value in ("2026-04-01T00:00:00Z", "2026-04-01T00:00:00.5%2b09:00"):
        answer = await service.get(f"/v1/products?updated_since={value}", "public")
        assert answer.status_code == 200, answer.text


async def test_the_link_to_the_next_page_holds_however_the_path_was_typed(
    service: Service,
) -> None:
    async with service.owner() as session:
        number = await session.scalar(LONG_CONTRACT)
    wide = quote("".join(chr(ord(mark) + 0xFEE0) for mark in str(number)))
    answer = await service.get(f"{CONTRACTS}/{wide}/lines?page_size=1")
    assert answer.status_code == 200, answer.text
    link = answer.headers["link"]
    assert link.startswith(f"<{CONTRACTS}/{wide}/lines?page_size=1&cursor=")
    following = await service.get(link[1:].partition(">")[0])
    assert following.status_code == 200
