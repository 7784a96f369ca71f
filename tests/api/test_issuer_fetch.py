"""The provider's keys are fetched rarely, safely, and outlive a short outage."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from app import auth_keys
from app.auth_keys import IssuerKeys

from .provider import EC, JWKS_URL, RSA, Provider, public


@pytest.fixture
def provider() -> Provider:
    return Provider()


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def found(issuer_keys: IssuerKeys, kid: str) -> bool:
    return asyncio.run(issuer_keys.find(kid)) is not None


def test_unknown_key_ids_make_one_fetch_a_minute(provider: Provider) -> None:
    clock = Clock()
    known = IssuerKeys(JWKS_URL, provider.transport(), clock)
    for second in range(180):
        clock.seconds = 1000.0 + second
        assert not found(known, f"unknown-{second}")
        assert found(known, "ec")
    assert provider.asked == 3


def test_simultaneous_first_requests_make_one_fetch(provider: Provider) -> None:
    provider.delay = 0.02
    known = IssuerKeys(JWKS_URL, provider.transport())

    async def ask() -> list[bool]:
        wanted = ["ec", "rsa", "unknown"] * 30
        return [key is not None for key in await asyncio.gather(*map(known.find, wanted))]

    assert asyncio.run(ask()) == [True, True, False] * 30
    assert provider.asked == 1


def test_a_new_key_is_found_and_a_withdrawn_one_forgotten(provider: Provider) -> None:
    clock = Clock()
    known = IssuerKeys(JWKS_URL, provider.transport(), clock)
    assert found(known, "ec")
    provider.keys = [public(RSA, "new")]
    clock.seconds += 60
    assert found(known, "new")
    assert not found(known, "ec")
    provider.keys = [public(RSA, "newer")]
    clock.seconds += 300
    assert not found(known, "new")


def test_an_outage_of_the_provider_is_survived_for_an_hour(provider: Provider) -> None:
    clock = Clock()
    known = IssuerKeys(JWKS_URL, provider.transport(), clock)
    assert found(known, "ec")
    provider.answer = lambda: httpx.Response(503)
    clock.seconds += 3599
    assert found(known, "ec")
    asked = provider.asked
    assert found(known, "ec")
    assert provider.asked == asked, "a provider that is down is asked by every request"
    clock.seconds += 1
    assert not found(known, "ec")
    provider.answer = None
    clock.seconds += 10
    assert found(known, "ec")


# Each of these would be a good key set if it were believed.
GOOD = json.dumps({"keys": [public(EC, "ec")]}).encode()


async def endless() -> AsyncIterator[bytes]:
    for _ in range(10):
        yield b" " * 65_536
    yield GOOD


async def dripping() -> AsyncIterator[bytes]:
    for _ in range(100):
        await asyncio.sleep(0.01)
        yield b" "
    yield GOOD


def redirect() -> httpx.Response:
    return httpx.Response(302, headers={"Location": "http://169.254.169.254/"}, content=GOOD)


@pytest.mark.parametrize(
    "answer",
    [
        redirect,
        lambda: httpx.Response(500, content=GOOD),
        lambda: httpx.Response(203, content=GOOD),
        lambda: httpx.Response(200, content=b"<html>"),
        lambda: httpx.Response(200, content=b"[" * 100_000),
        lambda: httpx.Response(200, content=endless()),
        lambda: httpx.Response(200, content=dripping()),
        lambda: httpx.Response(200, json={"keys": [public(EC, "ec")] * 101}),
    ],
    ids=["redirect", "500", "203", "html", "nested", "endless", "dripping", "too many keys"],
)
def test_a_provider_that_misbehaves_gives_no_key(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], httpx.Response]
) -> None:
    monkeypatch.setattr(auth_keys, "FETCH_SECONDS", 0.2)
    provider.answer = answer
    assert not found(IssuerKeys(JWKS_URL, provider.transport()), "ec")
    assert provider.asked == 1


def test_a_provider_that_cannot_be_reached_gives_no_key() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert not found(IssuerKeys(JWKS_URL, httpx.MockTransport(refuse)), "ec")
