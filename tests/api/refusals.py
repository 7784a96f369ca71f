"""How bad input is described and how its refusal is checked, for the tables of test_bad_input_*.

Each bad value carries CANARY where it can, and no answer may hold it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
from sqlalchemy import func, select

from app.db.tables import metadata
from app.problem_words import WORDS_OF_CODE
from tests.conftest import Service

CANARY = "ZQCANARY7"
LOOKUP = "/v1/coverage-lookups"
PRODUCTS = "/v1/product-lookups"
CONTRACTS = "/v1/contracts"
CONTRACT = "/v1/contracts/JP-4410-0001"
JSON = {"Content-Type": "application/json"}
MEMBERS = {
    "type", "title", "status", "detail", "instance", "code", "rules", "errors", "request_id",
}  # fmt: skip
PATIENCE = 20.0


class Refusal(NamedTuple):
    """What an answer must be: its status, its code, and the places it names."""

    status: int
    code: str
    places: tuple[tuple[str, str], ...] = ()


def invalid(*places: tuple[str, str]) -> Refusal:
    """A body that breaks the schema at these places."""
    return Refusal(422, "invalid_input", places)


def filtered(pointer: str, code: str) -> Refusal:
    """A query parameter whose value is not understood."""
    return Refusal(422, "invalid_filter", ((pointer, code),))


MALFORMED = Refusal(400, "malformed_json")
DOUBLED = Refusal(400, "duplicate_key")
TOO_LARGE = Refusal(413, "body_too_large")
NOT_FOUND = Refusal(404, "not_found")
NO_MEDIA = Refusal(415, "unsupported_media_type", (("content-type", "unsupported_media_type"),))
NO_CODING = Refusal(
    415, "unsupported_media_type", (("content-encoding", "unsupported_media_type"),)
)


async def refused(
    service: Service,
    expected: Refusal,
    method: str,
    path: str,
    caller: str = "customer",
    headers: Any = None,
    **options: Any,
) -> httpx.Response:
    """Send a request and hold its answer to what is expected, twice: the second time in English."""
    sent = httpx.Headers(service.tokens.of(caller))
    extra = headers.multi_items() if isinstance(headers, httpx.Headers) else (headers or {}).items()
    full = [*sent.multi_items(), *extra]
    async with asyncio.timeout(PATIENCE):
        answer = await service.client.request(method, path, headers=full, **options)
        english = await service.client.request(
            method, path, headers=[*full, ("Accept-Language", "en-GB")], **options
        )
    check_problem(answer, expected, "ja")
    check_problem(english, expected, "en")
    return answer


def check_problem(answer: httpx.Response, expected: Refusal, language: str) -> None:
    """An RFC 9457 document with exactly our members, in this language, without any value sent."""
    assert answer.status_code == expected.status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == language
    assert answer.headers["cache-control"] == "no-store"
    problem: Mapping[str, Any] = answer.json()
    assert problem.keys() == MEMBERS
    places = tuple((place["pointer"], place["code"]) for place in problem["errors"])
    assert (problem["code"], places) == (expected.code, expected.places)
    assert all(place.keys() == {"pointer", "code"} for place in problem["errors"])
    assert problem["status"] == expected.status
    assert problem["type"] == f"/problems/{expected.code}"
    words = WORDS_OF_CODE[expected.code]
    said = (words.title_ja, words.detail_ja)
    if language == "en":
        said = (words.title_en, words.detail_en)
    assert (problem["title"], problem["detail"]) == said
    assert problem["instance"] == f"urn:request:{problem['request_id']}"
    assert answer.headers["x-request-id"] == problem["request_id"] != ""
    shown = answer.text + str(answer.headers.multi_items())
    assert CANARY.lower() not in shown.lower()
    assert "Traceback" not in answer.text


async def counts(service: Service) -> dict[str, int]:
    """How many rows each table has."""
    async with service.owner() as session:
        return {
            table.name: await session.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


@asynccontextmanager
async def nothing_stored(service: Service) -> AsyncIterator[None]:
    """Around refusals: all tables have as many rows afterwards as before."""
    before = await counts(service)
    yield
    assert await counts(service) == before
