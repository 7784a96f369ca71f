"""Tokens for partners' machines over HTTP: given by client credentials, taken back at once."""

import base64
import statistics
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.usecases.tokens import NewClient, register_client, revoke_client
from tests.conftest import NOW, Service

pytestmark = pytest.mark.anyio

GRANT = {"grant_type": "client_credentials"}
CONTRACTS = "/v1/contracts"


@dataclass
class Desk:
    """The service with two machine accounts of two partners."""

    service: Service
    client: NewClient
    other: NewClient

    async def token(self, form: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """Ask for a token as the first client, with HTTP Basic."""
        headers = {"Authorization": basic(*self.client)} | more.pop("headers", {})
        data = GRANT | (form or {})
        return await self.service.client.post("/oauth/token", data=data, headers=headers)

    async def access_token(self, client: NewClient | None = None) -> str:
        """A fresh access token of a client."""
        headers = {"Authorization": basic(*(client or self.client))}
        answer = await self.token(headers=headers)
        return str(answer.json()["access_token"])

    async def reading(self, token: str, path: str = CONTRACTS) -> int:
        """The status of a read with a token."""
        headers = {"Authorization": f"Bearer {token}"}
        return (await self.service.client.get(path, headers=headers)).status_code

    async def revoke(self, client: NewClient, token: str) -> httpx.Response:
        """Revoke a token as a client."""
        headers = {"Authorization": basic(*client)}
        return await self.service.client.post(
            "/oauth/revoke", data={"token": token}, headers=headers
        )


@pytest.fixture
async def desk(own_service: Service) -> Desk:
    async with own_service.owner() as session:
        first = await register_client(session, "P0001", NOW)
        second = await register_client(session, "P0002", NOW)
    return Desk(own_service, first, second)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def refused(answer: httpx.Response, status: int, error: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.headers.get("www-authenticate") or "").startswith("Basic ") == (status == 401)


async def test_a_machine_gets_a_short_token_and_reads_what_its_partner_may_see(desk: Desk) -> None:
    answer = await desk.token()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == (
        "Bearer",
        900,
        "contracts quotes orders",
    )
    seen = await desk.service.client.get(
        CONTRACTS, headers={"Authorization": f"Bearer {body['access_token']}"}
    )
    assert seen.status_code == 200
    assert seen.json() == (await desk.service.get(CONTRACTS, "partner")).json()


async def test_the_secret_may_stand_in_the_form(desk: Desk) -> None:
    form = GRANT | {"client_id": desk.client.client_id, "client_secret": desk.client.secret}
    answer = await desk.service.client.post("/oauth/token", data=form)
    assert answer.status_code == 200


async def test_a_token_ends_after_its_time(desk: Desk) -> None:
    token = await desk.access_token()
    assert await desk.reading(token) == 200
    desk.service.clock.now = NOW + timedelta(seconds=900)
    assert await desk.reading(token) == 401


async def test_a_token_can_be_narrowed_to_some_matters(desk: Desk) -> None:
    answer = await desk.token({"scope": "orders quotes"})
    assert answer.json()["scope"] == "quotes orders"
    assert await desk.reading(answer.json()["access_token"]) == 403
    answer = await desk.token({"scope": "contracts"})
    assert await desk.reading(answer.json()["access_token"]) == 200


async def test_every_way_of_not_being_the_client_gets_the_same_bytes(desk: Desk) -> None:
    async with desk.service.owner() as session:
        gone = await register_client(session, "P0001", NOW)
        await revoke_client(session, gone.client_id, NOW)
    name, secret = desk.client
    headers = [
        basic("P0001-0000000000000000", secret),
        basic(name, desk.other.secret),
        basic(name, secret[:-1]),
        basic(name, secret + "x"),
        basic(name, ""),
        basic(name.lower(), secret),
        basic(*gone),
        basic("dev-P0001", ""),
        basic("a\0b", secret),
        basic("x' OR 1=1 --", secret),
        basic("%00", secret),
        basic("%ff", secret),
        basic("P" * 500, secret),
        "Basic",
        "Basic ===",
        "Basic " + base64.b64encode(b"no colon").decode(),
        f"Bearer {desk.service.tokens.partner}",
    ]
    answers = [await desk.token(headers={"Authorization": header}) for header in headers]
    answers.append(await desk.service.client.post("/oauth/token", data=GRANT))
    answers.append(
        await desk.service.client.post(
            "/oauth/token", data=GRANT | {"client_id": name, "client_secret": "\0"}
        )
    )
    for answer in answers:
        refused(answer, 401, "invalid_client")
    assert len({answer.content for answer in answers}) == 1
    assert len({_fixed_headers(answer) for answer in answers}) == 1


def _fixed_headers(answer: httpx.Response) -> tuple[tuple[str, str], ...]:
    varying = {"x-request-id", "date"}
    return tuple(sorted(pair for pair in answer.headers.items() if pair[0] not in varying))


async def test_time_does_not_tell_whether_a_client_exists(desk: Desk) -> None:
    headers = {
        "known": {"Authorization": basic(desk.client.client_id, desk.other.secret)},
        "unknown": {"Authorization": basic("P0001-0000000000000000", desk.other.secret)},
    }
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    for _ in range(60):
        for which, header in headers.items():
            start = time.perf_counter()
            await desk.token(headers=header)
            took[which].append(time.perf_counter() - start)
    assert abs(statistics.median(took["known"]) - statistics.median(took["unknown"])) < 0.005


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("content", "headers", "error"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM, "invalid_request"),
        (b"grant_type=client_credentials&x=1&x=2", FORM, "invalid_request"),
        (b"grant_type=client_credentials&x", FORM, "invalid_request"),
        (b"grant_type=client_credentials&x=%ff", FORM, "invalid_request"),
        ("grant_type=client_credentials&x=é".encode(), FORM, "invalid_request"),
        (b"&".join(b"p%d=1" % n for n in range(21)), FORM, "invalid_request"),
        (b"grant_type=client_credentials&x=" + b"a" * 20_000, FORM, "invalid_request"),
        (b"", FORM, "invalid_request"),
        (b"scope=contracts", FORM, "invalid_request"),
        (b"grant_type=", FORM, "invalid_request"),
        (b"grant_type=client_credentials&client_secret=x", FORM, "invalid_request"),
        (b"grant_type=client_credentials&client_id=another", FORM, "invalid_request"),
        (b"grant_type=client_credentials", {}, "invalid_request"),
        (b'{"grant_type": "client_credentials"}', {"Content-Type": "application/json"},
         "invalid_request"),
        (b"grant_type=password&username=a&password=b", FORM, "unsupported_grant_type"),
        (b"grant_type=client_credentials%0A", FORM, "unsupported_grant_type"),
        (b"grant_type=client_credentials&scope=everything", FORM, "invalid_scope"),
        (b"grant_type=client_credentials&scope=contracts+desk", FORM, "invalid_scope"),
        (b"grant_type=client_credentials&scope=contracts++quotes", FORM, "invalid_scope"),
    ],
)  # fmt: skip
async def test_requests_that_break_the_rules_are_refused_by_name(
    desk: Desk, content: bytes, headers: dict[str, str], error: str
) -> None:
    answer = await desk.service.client.post(
        "/oauth/token",
        content=content,
        headers={"Authorization": basic(*desk.client)} | headers,
    )
    refused(answer, 400, error)


async def test_a_second_credential_is_refused(desk: Desk) -> None:
    headers = [("Authorization", basic(*desk.client)), ("Authorization", basic(*desk.other))]
    answer = await desk.service.client.post("/oauth/token", data=GRANT, headers=headers)
    refused(answer, 400, "invalid_request")


async def test_parameters_do_not_belong_into_the_address(desk: Desk) -> None:
    path = f"/oauth/token?client_id={desk.client.client_id}&client_secret=x"
    answer = await desk.service.client.post(path, data=GRANT)
    assert answer.status_code in {400, 422}
    assert "access_token" not in answer.text


async def test_nothing_sent_comes_back_in_a_refusal(desk: Desk) -> None:
    canary = "c4n4ry"
    headers = {"Authorization": basic(canary, canary)}
    for form in ({"scope": canary}, {"grant_type": canary}, {"client_id": canary}):
        for sent in (headers, {"Authorization": basic(*desk.client)}):
            answer = await desk.token(form, headers=sent)
            assert answer.status_code in {400, 401}
            assert canary not in answer.text + str(answer.headers)


async def test_only_a_hash_of_the_secret_is_stored(desk: Desk) -> None:
    assert len(base64.urlsafe_b64decode(desk.client.secret + "=")) == 32
    async with desk.service.owner() as session:
        rows = (await session.execute(text("SELECT to_jsonb(c)::text FROM partner_client c"))).all()
    stored = " ".join(row[0] for row in rows)
    assert desk.client.client_id in stored
    assert desk.client.secret not in stored
    assert desk.client.secret.encode().hex() not in stored


async def test_a_revoked_token_is_dead_with_the_next_request_though_it_was_just_used(
    desk: Desk,
) -> None:
    token, sibling = await desk.access_token(), await desk.access_token()
    assert await desk.reading(token) == 200
    answer = await desk.revoke(desk.client, token)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert await desk.reading(token) == 401
    assert await desk.reading(sibling) == 200
    assert (await desk.revoke(desk.client, token)).status_code == 200


async def test_tokens_of_a_withdrawn_client_are_dead_with_the_next_request(desk: Desk) -> None:
    token, foreign = await desk.access_token(), await desk.access_token(desk.other)
    assert await desk.reading(token) == 200
    async with desk.service.owner() as session:
        await revoke_client(session, desk.client.client_id, NOW)
    assert await desk.reading(token) == 401
    assert await desk.reading(foreign) == 200
    refused(await desk.token(), 401, "invalid_client")
    refused(await desk.revoke(desk.client, token), 401, "invalid_client")


async def test_nobody_can_revoke_the_token_of_another(desk: Desk) -> None:
    token = await desk.access_token()
    for foreign in (token, desk.service.tokens.desk, desk.service.tokens.customer):
        refused(await desk.revoke(desk.other, foreign), 400, "invalid_grant")
    for stranger in (NewClient("unknown", "x"), NewClient(desk.client.client_id, "x")):
        refused(await desk.revoke(stranger, token), 401, "invalid_client")
    assert await desk.reading(token) == 200
    assert (await desk.service.get(CONTRACTS, "customer")).status_code == 200
    assert (await desk.service.get(CONTRACTS, "desk")).status_code == 200


async def test_revoking_what_is_no_living_token_answers_200_and_stores_nothing(desk: Desk) -> None:
    token = await desk.access_token()
    forged = token[:-6] + "AAAAAA"
    for unknown in ("x", "é", "\0", forged, "a.b.c", "x" * 9000):
        assert (await desk.revoke(desk.client, unknown)).status_code == 200
    desk.service.clock.now = NOW + timedelta(hours=1)
    assert (await desk.revoke(desk.client, token)).status_code == 200
    async with desk.service.owner() as session:
        assert await session.scalar(text("SELECT count(*) FROM revoked_token")) == 0


async def test_a_revocation_without_a_token_is_refused(desk: Desk) -> None:
    refused(await desk.revoke(desk.client, ""), 400, "invalid_request")
