"""Paths of nothing and methods that a path has not (TRUST 12)."""

from collections.abc import AsyncIterator

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.strict import HeadAsGet
from tests.conftest import Service

from .refusals import (
    CANARY,
    CONTRACT,
    CONTRACTS,
    LOOKUP,
    NOT_FOUND,
    Refusal,
    nothing_stored,
    refused,
)

pytestmark = pytest.mark.anyio

METHOD = Refusal(405, "method_not_allowed")


@pytest.fixture(scope="module", autouse=True)
async def _nothing_is_stored(service: Service) -> AsyncIterator[None]:
    async with nothing_stored(service):
        yield


# Each path names nothing that is there; the answers have the same bytes as for absent things.
PATHS = {
    "unknown": f"/v1/{CANARY}",
    "another version": "/v2/contracts",
    "trailing slash": f"{CONTRACT}/",
    "trailing slash of a list": f"{CONTRACTS}/",
    "doubled slash": "/v1//contracts",
    "doubled slash in front": "//v1/contracts",
    "another case": "/V1/contracts",
    "dots": "/v1/contracts/..",
    "dots in percent": "/v1/contracts/%2e%2e/products",
    "absent": "/v1/contracts/ZZ-0000-0000",
    "NUL": f"{CONTRACT}%00",
    "only NUL": "/v1/contracts/%00",
    "line feed": f"{CONTRACT}%0a",
    "CR LF": f"{CONTRACT}%0d%0aSet-Cookie:a=b",
    "DEL": f"{CONTRACT}%7f",
    "slash in percent": "/v1/contracts/JP-4410-0001%2flines",
    "slash in percent at the end": "/v1/contracts/JP-4410-0001%2F",
    "backslash": "/v1/contracts/JP-4410-0001%5c",
    "broken UTF-8": "/v1/contracts/%ff%fe",
    "surrogate": "/v1/contracts/%ed%a0%80",
    "turned direction": "/v1/contracts/%e2%80%aeJP-4410-0001",
    "quotation": "/v1/contracts/'%20OR%201=1--",
    "long": f"{CONTRACTS}/{CANARY * 900}",
    "long lines": f"{CONTRACTS}/{CANARY * 900}/lines",
    "csv of nothing": f"{CONTRACTS}/{CANARY}/lines.csv",
    "product NUL": f"/v1/products/{CANARY}%00",
    "product line feed": f"/v1/products/{CANARY}%0a",
    "product surrogate": "/v1/products/%ed%b0%80",
    "product absent": f"/v1/products/{CANARY}",
    "product long": f"/v1/products/{CANARY * 7000}",
    "product with a slash": "/v1/products/868703%2fB21",
    "product of blanks": "/v1/products/%20",
    "problem": f"/problems/{CANARY}",
    "problem NUL": "/problems/not_found%00",
    "static": f"/static/{CANARY}",
    "static NUL": f"/static/{CANARY}%00",
    "static long": f"/static/{CANARY * 900}",
    "static outside": "/static/..%2f..%2fmain.py",
    "static dots": "/static/%2e%2e/main.py",
    "static folder": "/static/swagger-ui",
}


@pytest.mark.parametrize("name", PATHS)
async def test_paths_of_nothing_are_absent(service: Service, name: str) -> None:
    answer = await refused(service, NOT_FOUND, "GET", PATHS[name])
    absent = await service.get("/v1/contracts/ZZ-9999-9999")
    mine, other = answer.json(), absent.json()
    for problem in (mine, other):
        assert problem.pop("instance").endswith(problem.pop("request_id"))
    assert mine == other


async def test_an_absent_path_looks_alike_byte_for_byte(service: Service) -> None:
    same = {"X-Request-Id": "one"}
    bodies = {(await service.get(path, headers=same)).content for path in PATHS.values()}
    assert len(bodies) == 1


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", CONTRACTS, "GET, HEAD"),
        ("PUT", CONTRACT, "GET, HEAD"),
        ("DELETE", CONTRACT, "GET, HEAD"),
        ("PATCH", "/v1/products/A", "GET, HEAD"),
        ("GET", LOOKUP, "POST"),
        ("HEAD", LOOKUP, "POST"),
        ("OPTIONS", CONTRACTS, "GET, HEAD"),
        ("OPTIONS", LOOKUP, "POST"),
        ("TRACE", LOOKUP, "POST"),
        ("TRACE", "/livez", "GET, HEAD"),
        ("CONNECT", "/livez", "GET, HEAD"),
        ("QUERY", CONTRACTS, "GET, HEAD"),
        (CANARY, CONTRACTS, "GET, HEAD"),
        ("get", CONTRACTS, "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/static/docs.js", "GET, HEAD"),
        ("GET", "/oauth/token", "POST"),
    ],
)
async def test_methods_that_a_path_has_not_are_refused_with_those_it_has(
    service: Service, method: str, path: str, allow: str
) -> None:
    request = service.client.build_request("GET", path, headers=service.tokens.of("customer"))
    request.method = method
    answer = await service.client.send(request)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allow
    if method != "HEAD":
        assert answer.json()["code"] == METHOD.code
        assert CANARY not in answer.text


async def test_head_answers_as_get_without_the_body(service: Service) -> None:
    for path, caller in (
        ("/livez", "public"),
        ("/openapi.json", "public"),
        (CONTRACT, "customer"),
        (f"{CONTRACTS}?page_size=2", "customer"),
        (f"{CONTRACTS}/ZZ-0000-0000", "customer"),
        (f"{CONTRACTS}?a=1", "customer"),
    ):
        head = await service.send("HEAD", path, caller)
        get = await service.get(path, caller)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-type"] == get.headers["content-type"]
        assert head.headers["content-length"] == str(len(get.content))
        assert head.headers.get("etag") == get.headers.get("etag")


async def test_head_drops_the_body_whatever_the_server_does() -> None:
    sent: list[Message] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["method"] == "GET"
        scope["route"] = "known to those outside"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "HEAD"}
    await HeadAsGet(answer)(scope, receive, send)
    assert scope == {"type": "http", "method": "HEAD", "route": "known to those outside"}
    assert [message.get("body") for message in sent] == [None, b"", b""]


async def test_every_code_is_explained_at_its_address(service: Service) -> None:
    for code in ("method_not_allowed", "internal_error", "not_found", "duplicate_key"):
        answer = await service.get(f"/problems/{code}", "public")
        assert answer.json()["code"] == code
