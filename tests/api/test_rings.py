"""Requests end by themselves: none leaves objects that only the garbage collector can find.

A ring of objects that hold each other (a request and what was put into its scope) stays until the
collector has gathered tens of thousands of them and stops everything for some 30 ms. Seen to fail:
with `dismiss` left out of `app.strict`, and with the cycle itself in place of the weak reference in
`app.http_server`.
"""

import gc
import json
import uuid
from typing import Any

import pytest

from tests.conftest import Service

from .test_lane_server import MACHINE, PATH, Connection, served

COUNT = 20
# A ring that a request is part of has 30 objects and more; one each is of this client's making.
FEW = 5 * COUNT
WISH = {
    "kind": "renewal",
    "identification": {"contract_number": "JP-4410-0001"},
    "requester": {"name": "佐藤 花子", "email": "hanako.sato@example.com"},
}


async def rings(service: Service, connection: Connection, ask: Any, status: str) -> int:
    """How many objects so many requests leave to the collector."""

    async def ask_all(count: int) -> None:
        for _ in range(count):
            ask(service, connection)
            assert (await connection.receive())[0].split()[1] == status

    await ask_all(3)
    gc.disable()
    # What is there already, and what tests before this one left behind, is not looked at.
    gc.freeze()
    try:
        await ask_all(COUNT)
        return gc.collect()
    finally:
        gc.unfreeze()
        gc.enable()


def get(path: str, **headers: str) -> Any:
    return lambda service, connection: connection.send(service, path, **headers)


def post(path: str, body: bytes) -> Any:
    return lambda service, connection: connection.send(
        service, path, body, Idempotency_Key=uuid.uuid4().hex
    )


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        pytest.param(get(PATH), "200", id="lane"),
        pytest.param(post("/v1/coverage-lookups", MACHINE), "200", id="lane with a body"),
        pytest.param(get(f"{PATH}?as_of=2026-11-25"), "200", id="ordinary"),
        pytest.param(get("/v1/contracts"), "200", id="list"),
        pytest.param(get("/v1/guide/faq"), "200", id="public"),
        pytest.param(get("/livez"), "200", id="livez"),
        pytest.param(post("/v1/quote-requests", json.dumps(WISH).encode()), "201", id="write"),
        pytest.param(get("/v1/contracts/NONE-0000"), "404", id="not found"),
        pytest.param(get("/v1/nothing"), "404", id="no such path"),
        pytest.param(get(PATH, Authorization="Bearer x"), "401", id="no credentials"),
        pytest.param(get("/v1/contracts?colour=red"), "422", id="unknown parameter"),
        pytest.param(post("/v1/coverage-lookups", b"{}"), "422", id="breach of the schema"),
        pytest.param(post("/v1/coverage-lookups", b"{"), "400", id="no JSON"),
    ],
)
async def test_no_request_leaves_a_ring(own_service: Service, ask: Any, status: str) -> None:
    async with served(own_service) as connection:
        assert await rings(own_service, connection, ask, status) < FEW
