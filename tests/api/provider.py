"""An identity provider for tests: its keys, and how often it was asked for them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc.jwk import ECKey, OctKey, RSAKey

ISSUER = "https://id.example/realm"
JWKS_URL = "https://id.example/realm/keys"

EC, RSA = ECKey.generate_key("P-256"), RSAKey.generate_key(2048)
Key = ECKey | RSAKey | OctKey


def public(key: Key, kid: str, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": kid, **more}


@dataclass
class Provider:
    """An identity provider behind a transport: what it publishes, and how often it was asked."""

    keys: list[dict[str, Any]] = field(
        default_factory=lambda: [public(EC, "ec"), public(RSA, "rsa")]
    )
    answer: Callable[[], httpx.Response] | None = None
    asked: int = 0
    delay: float = 0.0

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._respond)

    async def _respond(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        assert str(request.url) == JWKS_URL, "a redirect was followed"
        await asyncio.sleep(self.delay)
        return self.answer() if self.answer else httpx.Response(200, json={"keys": self.keys})
