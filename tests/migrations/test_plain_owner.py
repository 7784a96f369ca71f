"""An owner that may only own: FORCE binds it too, and everything still works. The two roles were
made by an administrator, whose addresses of them are set by hand.

Seen to fail: with `seed` asking for customers in a session of the owner (it saw none and loaded the
demo set again).
"""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import URL, text

from app.auth import Authenticator
from app.auth_keys import SigningKeys
from app.db.engine import RoleUrls, role_urls
from app.db.test_clock import add_sandbox
from app.domain.errors import NotFound
from app.preparation import owner_session, prepare, seed
from app.settings import Settings
from app.usecases.doctor import examine
from app.usecases.tokens import (
    authenticate_client,
    grant_customer_token,
    grant_desk_token,
    grant_partner_token,
    register_client,
    revoke_client,
    revoke_desk_role,
    revoke_token,
)
from tests.conftest import NOW, Service, Tokens, administer, own_database, started

DAY = timedelta(days=1)
CONTRACT = "/v1/contracts/JP-4410-0001"


@pytest.fixture(scope="module")
async def plain(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> AsyncIterator[Service]:
    """The service of a database whose owner may do nothing else; `template` made the roles."""
    owner = f"owner_{uuid.uuid4().hex[:8]}"
    secret = uuid.uuid4().hex
    await administer(server, f"CREATE ROLE {owner} LOGIN PASSWORD '{secret}'")
    try:
        with own_database(server) as url:
            await administer(server, f"ALTER DATABASE {url.database} OWNER TO {owner}")
            by_hand = role_urls(url.render_as_string(hide_password=False), settings.database)
            settings = with_roles_by_hand(settings, by_hand)
            address = url.set(username=owner, password=secret)
            urls = role_urls(address.render_as_string(hide_password=False), settings.database)
            await prepare(urls, settings, NOW)
            assert await seed(urls, settings, NOW, only_empty=True)
            issuer = Authenticator(settings.auth, keys, lambda: NOW)
            async with owner_session(urls) as session:
                tokens = Tokens(
                    customer=await grant_customer_token(session, issuer, "C0001", NOW, DAY),
                    other=await grant_customer_token(session, issuer, "C0002", NOW, DAY),
                    partner=await grant_partner_token(session, issuer, "P0001", NOW, DAY),
                    desk=await grant_desk_token(session, issuer, NOW, DAY),
                )
            async with started(urls.owner, settings, keys, tokens) as service:
                yield service
    finally:
        await administer(server, f"DROP ROLE {owner}")


def with_roles_by_hand(settings: Settings, urls: RoleUrls) -> Settings:
    """Settings that name the addresses of both roles."""
    portal, desk = (url.render_as_string(hide_password=False) for url in (urls.portal, urls.desk))
    return replace(settings, database=replace(settings.database, portal_url=portal, desk_url=desk))


async def test_the_owner_is_bound_by_its_own_policies(plain: Service) -> None:
    """Without this the rest would prove nothing."""
    async with plain.owner() as session:
        assert await session.scalar(text("SELECT count(*) FROM contract")) == 0
        assert await session.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = USER")) is (
            False
        )


@pytest.mark.parametrize(
    ("caller", "status"), [("customer", 200), ("other", 404), ("partner", 200), ("desk", 200)]
)
async def test_callers_are_served(plain: Service, caller: str, status: int) -> None:
    assert (await plain.get(CONTRACT, caller)).status_code == status


async def test_a_second_start_leaves_the_data_alone(plain: Service, settings: Settings) -> None:
    await prepare(plain.urls, settings, NOW)
    assert not await seed(plain.urls, settings, NOW, only_empty=True)
    async with plain.database.transaction("desk") as session:
        assert all(finding.count == 0 for finding in await examine(session))


async def test_clients_are_made_and_withdrawn(plain: Service) -> None:
    async with plain.owner() as session:
        client = await register_client(session, "P0002", NOW)
    async with plain.owner() as session:
        assert await authenticate_client(session, client.client_id, client.secret) is not None
        await revoke_client(session, client.client_id, NOW)
        assert await authenticate_client(session, client.client_id, client.secret) is None


async def test_tokens_and_desk_roles_are_withdrawn(plain: Service) -> None:
    issuer: Authenticator = plain.app.state.authenticator
    known = issuer.read_own(plain.tokens.other, NOW)
    assert known is not None
    async with plain.owner() as session:
        await revoke_token(session, known.token_id, NOW)
    assert (await plain.get("/v1/contracts", "other")).status_code == 401
    async with plain.owner() as session:
        await revoke_desk_role(session, issuer.principal_of("dev:desk"))
    assert (await plain.get("/v1/contracts", "desk")).status_code == 403
    async with plain.owner() as session:
        await grant_desk_token(session, issuer, NOW, DAY)
    assert (await plain.get("/v1/contracts", "desk")).status_code == 200


async def test_a_stranger_is_refused_and_not_granted(plain: Service) -> None:
    issuer: Authenticator = plain.app.state.authenticator
    with pytest.raises(NotFound):
        async with plain.owner() as session:
            await grant_customer_token(session, issuer, "C9999", NOW, DAY)
    with pytest.raises(NotFound):
        async with plain.owner() as session:
            await grant_partner_token(session, issuer, "P9999", NOW, DAY)


async def test_a_sandbox_is_made(plain: Service) -> None:
    async with plain.owner() as session:
        await add_sandbox(session, "C0001")
        assert await session.scalar(text("SELECT count(*) FROM test_clock")) == 1
