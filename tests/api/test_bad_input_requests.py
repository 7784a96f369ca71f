"""Media types, headers and credentials that are refused exactly, or ignored on purpose."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from app.auth import Authenticator
from tests.conftest import NOW, Service

from .refusals import (
    CANARY,
    CONTRACT,
    CONTRACTS,
    JSON,
    LOOKUP,
    NO_CODING,
    NO_MEDIA,
    Refusal,
    filtered,
    invalid,
    nothing_stored,
    refused,
)

pytestmark = pytest.mark.anyio

GOOD = b'{"items":[{"serial_number":"JPDEMO0001"}]}'
DOUBLED_TYPE = Refusal(422, "duplicate_parameter", (("content-type", "duplicate_parameter"),))
DOUBLED_TOKEN = Refusal(422, "duplicate_parameter", (("authorization", "duplicate_parameter"),))
MISSING = Refusal(401, "credentials_missing")
INVALID = Refusal(401, "credentials_invalid")
EXPIRED = Refusal(401, "credentials_expired")
NOT_ALLOWED = Refusal(403, "not_allowed")


@pytest.fixture(scope="module", autouse=True)
async def _nothing_is_stored(service: Service) -> AsyncIterator[None]:
    async with nothing_stored(service):
        yield


MEDIA: Mapping[str, tuple[list[tuple[str, str]], Refusal]] = {
    "none": ([], NO_MEDIA),
    **{
        value: ([("Content-Type", value)], NO_MEDIA)
        for value in (
            "",
            "text/plain",
            f"text/{CANARY}",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/problem+json",
            "application/vnd.api+json",
            "application/jsonp",
            "application/json+x",
            "application",
            "json",
            "*/*",
            "application/json, text/plain",
            "application/json; charset=shift_jis",
            "application/json; charset=utf-16",
            "application/json; charset=latin-1; charset=utf-8",
            "application/json; charset=",
        )
    },
    "two alike": ([("Content-Type", "application/json")] * 2, DOUBLED_TYPE),
    "two different": (
        [("Content-Type", "application/json"), ("Content-Type", "text/plain")],
        DOUBLED_TYPE,
    ),
    **{
        f"coded {value}": ([*JSON.items(), ("Content-Encoding", value)], NO_CODING)
        for value in ("gzip", "br", "deflate", "zstd", "gzip, gzip", CANARY, "")
    },
}


@pytest.mark.parametrize("name", MEDIA)
async def test_only_plain_json_is_read(service: Service, name: str) -> None:
    headers, expected = MEDIA[name]
    await refused(service, expected, "POST", LOOKUP, headers=httpx.Headers(headers), content=GOOD)


@pytest.mark.parametrize(
    "value",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        'Application/Json ; Charset="UTF-8"',
        "application/json; version=1",
    ],
)
async def test_every_way_to_say_json_is_understood(service: Service, value: str) -> None:
    headers = {"Content-Type": value, "Content-Encoding": "identity"}
    answer = await service.post(LOOKUP, headers=headers, content=GOOD)
    assert answer.status_code == 200, answer.text


async def test_a_body_on_get_is_ignored(service: Service) -> None:
    for body in (GOOD, b"\xff\0" + CANARY.encode(), b"{"):
        for headers in (JSON, {"Content-Type": CANARY}, {"Content-Encoding": "gzip"}):
            answer = await service.get(CONTRACT, headers=headers, content=body)
            assert answer.status_code == 200
            assert answer.json()["contract_number"] == "JP-4410-0001"


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": CANARY},
        {"Accept": "application/xml;q=\0"},
        {"Accept": "image/png"},
        {"Accept-Language": "en;q=,;;q=1,*;q=\t"},
        {"Accept-Language": CANARY * 900},
        {"Accept-Language": "en;q=" + "9" * 400},
        {"Accept-Language": "en;q=-1"},
        {"Accept-Language": "en;q=NaN"},
        {"Accept-Charset": "utf-16"},
        {"Accept-Encoding": "gzip;q=x"},
        {"Range": "bytes=0-1"},
        {"Range": "bytes=9-1,-,x"},
        {"If-None-Match": CANARY},
        {"If-None-Match": '"' * 999},
        {"If-Modified-Since": "yesterday"},
        {"If-Match": CANARY},
        {"X-Request-Id": f"{CANARY}\x7f"},
        {"X-Request-Id": "a" * 65},
        {"X-Forwarded-For": CANARY},
        {"X-HTTP-Method-Override": "DELETE"},
        {"Host": "evil.example"},
        {"Cookie": f"{CANARY}=;;;\xff"},
        {"Idempotency-Key": ""},
    ],
    ids=str,
)
async def test_headers_that_mean_nothing_here_change_nothing(
    service: Service, headers: dict[str, str]
) -> None:
    given = headers | service.tokens.of("customer")
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    answer = await service.client.get(CONTRACT, headers=pairs)
    assert answer.status_code == 200
    assert answer.json()["contract_number"] == "JP-4410-0001"
    assert CANARY not in answer.text + str(answer.headers)


async def test_validators_may_come_in_several_headers(service: Service) -> None:
    etag = (await service.get(CONTRACT)).headers["etag"]
    held = [("If-None-Match", '"other"'), ("If-None-Match", f"W/{etag}")]
    headers = [*held, *service.tokens.of("customer").items()]
    assert (await service.client.get(CONTRACT, headers=headers)).status_code == 304


async def test_credentials_that_are_none_are_refused(service: Service) -> None:
    issuer: Authenticator = service.app.state.authenticator
    long_ago = NOW - timedelta(days=2)

    def issue(**changes: object) -> str:
        given = {"kind": "customer", "subject": "dev:C0001", "now": NOW}
        token = issuer.issue(**{**given, "lifetime": timedelta(hours=1), **changes})  # type: ignore[arg-type]
        return f"Bearer {token}"

    good = issue()
    for values, expected in (
        ([], MISSING),
        ([CANARY], INVALID),
        (["Basic cDpx"], INVALID),
        (["Bearer a.b.c"], INVALID),
        (["Bearer " + CANARY * 2000], INVALID),
        ([good + "x"], INVALID),
        ([good.replace(".", ".e30", 1)], INVALID),
        ([f"{good}, {good}"], INVALID),
        ([good, good], DOUBLED_TOKEN),
        ([good, f"Basic {CANARY}"], DOUBLED_TOKEN),
        ([issue(now=long_ago)], EXPIRED),
        ([issue(now=NOW + timedelta(hours=1))], INVALID),
    ):
        headers = httpx.Headers([("Authorization", value) for value in values])
        answer = await refused(service, expected, "GET", CONTRACT, "public", headers)
        if expected.status == 401:
            assert answer.headers["www-authenticate"].startswith('Bearer realm="renewal-desk"')


async def test_who_calls_is_known_before_anything_that_was_sent_is_read(service: Service) -> None:
    broken = {"headers": {"Content-Type": "text/plain"}, "content": b"{"}
    await refused(service, MISSING, "POST", LOOKUP, "public", **broken)
    await refused(service, MISSING, "GET", f"{CONTRACTS}?a={CANARY}&a=1", "public")
    await refused(service, MISSING, "GET", f"{CONTRACTS}/{CANARY}%00", "public")
    await refused(service, NOT_ALLOWED, "GET", f"/v1/audit?page_size={CANARY}", "customer")


async def test_every_place_of_one_request_is_named_at_once(service: Service) -> None:
    query = "page_size=x&as_of=2026-02-30&status=" + quote("有効")
    answer = await service.get(f"{CONTRACTS}?{query}")
    assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} == {
        *filtered("page_size", "wrong_type").places,
        *filtered("as_of", "invalid_date").places,
        *filtered("status", "not_one_of").places,
    }
    answer = await service.post(LOOKUP, json={"items": [{}, {}], "as_of": 7})
    assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} == {
        *invalid(("/items/0/serial_number", "required")).places,
        *invalid(("/items/1/serial_number", "required")).places,
        *invalid(("/as_of", "wrong_type")).places,
    }
