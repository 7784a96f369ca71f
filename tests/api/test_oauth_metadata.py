"""What the authorization server says about itself."""

from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from app.auth import Authenticator
from app.auth_keys import SigningKeys
from app.db.engine import Database, role_urls
from app.rate_limits import RateLimits
from app.routers import oauth
from app.settings import Settings
from tests.conftest import NOW, Service

pytestmark = pytest.mark.anyio


async def test_keys_and_metadata_come_from_the_settings_and_not_from_the_host(
    service: Service,
) -> None:
    keys = await service.get("/.well-known/jwks.json", "public")
    (key,) = keys.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    answer = await service.get(
        "/.well-known/oauth-authorization-server", "public", headers={"Host": "evil.example"}
    )
    assert answer.status_code == 200
    assert "evil.example" not in answer.text
    metadata = answer.json()
    assert metadata["issuer"] == "renewal-desk"
    assert metadata["token_endpoint"] == "/oauth/token"
    assert metadata["jwks_uri"] == "/.well-known/jwks.json"
    assert metadata["grant_types_supported"] == ["client_credentials"]


@pytest.mark.parametrize("issuer", ["https://desk.example", "https://desk.example/"])
async def test_addresses_are_whole_when_the_issuers_name_is_one(
    settings: Settings, keys: SigningKeys, issuer: str
) -> None:
    app = FastAPI()
    app.include_router(oauth.router)
    auth = replace(settings.auth, own_issuer=issuer)
    app.state.settings = settings
    app.state.clock = lambda: NOW
    urls = role_urls("postgresql+asyncpg://nobody@/nothing", settings.database)
    database = Database(urls, settings.database)
    app.state.rate_limits = RateLimits(settings, database, b"unused: no limits are set")
    app.state.authenticator = Authenticator(auth, keys, lambda: NOW)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://evil.example"
    ) as client:
        metadata = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["issuer"] == issuer
    assert metadata["token_endpoint"] == "https://desk.example/oauth/token"
    assert metadata["revocation_endpoint"] == "https://desk.example/oauth/revoke"
    assert metadata["jwks_uri"] == "https://desk.example/.well-known/jwks.json"
