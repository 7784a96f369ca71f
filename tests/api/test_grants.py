"""What the command line gives and withdraws: memberships, desk roles, machine accounts."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from app.auth import Authenticator
from app.auth_keys import SigningKeys
from app.domain.errors import CredentialsRevoked, NotAllowed, NotFound
from app.settings import AuthSettings, Settings
from app.usecases.tokens import (
    grant_customer_token,
    grant_desk_token,
    grant_partner_token,
    register_client,
    revoke_client,
    revoke_desk_role,
    revoke_token,
)
from tests.conftest import NOW, Service

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


@pytest.fixture
def issuer(settings: Settings, keys: SigningKeys) -> Authenticator:
    return Authenticator(settings.auth, keys, lambda: NOW)


async def reading(service: Service, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await service.client.get("/v1/contracts", headers=headers)).status_code


async def count(service: Service, table: str) -> int:
    async with service.owner() as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def test_granting_twice_leaves_one_row_and_two_tokens(
    own_service: Service, issuer: Authenticator
) -> None:
    tables = ("membership", "desk_role", "partner_client")
    async with own_service.owner() as session:
        first = await grant_customer_token(session, issuer, "C0009", NOW, HOUR)
    before = [await count(own_service, table) for table in tables]
    async with own_service.owner() as session:
        second = await grant_customer_token(session, issuer, "C0009", NOW, HOUR)
        await grant_desk_token(session, issuer, NOW, HOUR)
        await grant_partner_token(session, issuer, "P0001", NOW, HOUR)
    assert first != second
    assert [await count(own_service, table) for table in tables] == before
    assert await reading(own_service, first) == await reading(own_service, second) == 200


async def test_unknown_customers_and_partners_are_refused_and_nothing_is_stored(
    own_service: Service, issuer: Authenticator
) -> None:
    tables = ("membership", "partner_client")
    before = [await count(own_service, table) for table in tables]
    async with own_service.owner() as session:
        for missing in ("C9999", "", "x\n"):
            with pytest.raises(NotFound):
                await grant_customer_token(session, issuer, missing, NOW, HOUR)
            with pytest.raises(NotFound):
                await grant_partner_token(session, issuer, missing, NOW, HOUR)
            with pytest.raises(NotFound):
                await register_client(session, missing, NOW)
        # The transaction is still good after a refusal.
        assert await session.scalar(text("SELECT 1")) == 1
    assert [await count(own_service, table) for table in tables] == before


async def test_an_owner_that_is_no_superuser_can_grant_too(
    own_service: Service, issuer: Authenticator
) -> None:
    """Row-level security with FORCE hides every customer from such an owner."""
    owner = f"plain_owner_{uuid.uuid4().hex[:12]}"
    async with own_service.owner() as session:
        await session.execute(text(f"CREATE ROLE {owner}"))
        for table in ("customer", "partner", "membership", "partner_client", "desk_role"):
            await session.execute(text(f"ALTER TABLE {table} OWNER TO {owner}"))
    engine = create_async_engine(own_service.urls.owner, poolclass=NullPool)
    try:
        async with AsyncSession(engine) as session, session.begin():
            await session.execute(text(f"SET LOCAL ROLE {owner}"))
            assert await session.scalar(text("SELECT count(*) FROM customer")) == 0
            token = await grant_customer_token(session, issuer, "C0009", NOW, HOUR)
            with pytest.raises(NotFound):
                await grant_customer_token(session, issuer, "C9999", NOW, HOUR)
        assert await reading(own_service, token) == 200
    finally:
        await engine.dispose()
        async with own_service.owner() as session:
            await session.execute(text(f"REASSIGN OWNED BY {owner} TO current_user"))
            await session.execute(text(f"DROP ROLE {owner}"))


async def test_user_tokens_are_not_granted_where_they_would_not_be_believed(
    own_service: Service, keys: SigningKeys
) -> None:
    off = AuthSettings(None, None, "renewal-desk", "renewal-desk", False, 900)
    strict = Authenticator(off, keys, lambda: NOW)
    async with own_service.owner() as session:
        with pytest.raises(NotAllowed):
            await grant_customer_token(session, strict, "C0001", NOW, HOUR)
        with pytest.raises(NotAllowed):
            await grant_desk_token(session, strict, NOW, HOUR)
        assert await grant_partner_token(session, strict, "P0001", NOW, HOUR)


async def test_a_desk_role_withdrawn_ends_the_desk_with_the_next_request(
    own_service: Service, issuer: Authenticator
) -> None:
    assert await reading(own_service, own_service.tokens.desk) == 200
    async with own_service.owner() as session:
        await revoke_desk_role(session, issuer.principal_of("dev:desk"))
        with pytest.raises(NotFound):
            await revoke_desk_role(session, issuer.principal_of("dev:desk"))
    assert await reading(own_service, own_service.tokens.desk) == 403


@pytest.mark.parametrize("caller", ["customer", "partner", "desk"])
async def test_a_token_revoked_by_its_id_is_dead_with_the_next_request(
    own_service: Service, issuer: Authenticator, caller: str
) -> None:
    token = getattr(own_service.tokens, caller)
    assert await reading(own_service, token) == 200
    known = issuer.read_own(token, NOW)
    assert known is not None
    async with own_service.owner() as session:
        await revoke_token(session, known.token_id, NOW)
        await revoke_token(session, known.token_id, NOW)
    assert await reading(own_service, token) == 401


async def test_a_withdrawn_development_account_is_not_stood_up_again(
    own_service: Service, issuer: Authenticator
) -> None:
    async with own_service.owner() as session:
        await revoke_client(session, "dev-P0001", NOW)
        with pytest.raises(NotFound):
            await revoke_client(session, "dev-P0001", NOW)
        with pytest.raises(CredentialsRevoked):
            await grant_partner_token(session, issuer, "P0001", NOW, HOUR)
    assert await reading(own_service, own_service.tokens.partner) == 401
