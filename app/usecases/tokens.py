"""Giving and withdrawing credentials.

`authenticate_client` and `revoke_own_token` serve the OAuth endpoints; everything else serves the
command line, in a session of the database's owner.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import credentials
from app.db.credentials import ClientRow
from app.db.engine import ReadSession
from app.domain.errors import CredentialsRevoked, NotAllowed, NotFound

CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")
SECRET_BYTES = 32
# How long a revocation by id alone is kept: longer than any token lives.
KEPT = timedelta(days=3660)
_NO_HASH = bytes(32)


class TokenIssuer(Protocol):
    """What these use-cases need of app.auth.Authenticator."""

    def issue(
        self,
        *,
        kind: Literal["customer", "partner", "desk"],
        subject: str,
        partner_id: str | None = None,
        client_id: str | None = None,
        scopes: Collection[str] | None = None,
        now: datetime,
        lifetime: timedelta,
    ) -> str:
        """Sign an access token of this service."""

    def principal_of(self, subject: str) -> str:
        """The principal of a token that this service signs for `subject`."""

    @property
    def signs_for_users(self) -> bool:
        """True when this service's own customer and desk tokens are believed."""


class NewClient(NamedTuple):
    """A machine account just made. The secret cannot be shown again."""

    client_id: str
    secret: str


def secret_hash(secret: str) -> bytes:
    """What is stored of a machine's secret: a plain SHA-256, because the secret is 256 random bits
    and cannot be guessed, so that slow hashing would only slow down every token.
    """
    return hashlib.sha256(secret.encode()).digest()


async def authenticate_client(
    session: AsyncSession | ReadSession, client_id: str, secret: str
) -> ClientRow | None:
    """The machine account that knows this secret; None when it is unknown, withdrawn, or the secret
    is wrong. All three do the same work, so that time tells nothing.
    """
    shaped = client_id if CLIENT_ID.fullmatch(client_id) else ""
    client = await credentials.find_client(session, shaped)
    expected = _NO_HASH if client is None else client.secret_hash
    matches = hmac.compare_digest(secret_hash(secret), expected)
    if client is None or not matches or client.revoked_at is not None:
        return None
    return client


async def revoke_own_token(
    session: AsyncSession, token_id: str, expires_at: datetime, now: datetime
) -> None:
    """Withdraw a token at the wish of the machine that it was issued to."""
    await credentials.add_revocation(session, token_id, expires_at, now)


async def grant_customer_token(
    session: AsyncSession,
    issuer: TokenIssuer,
    customer_id: str,
    now: datetime,
    lifetime: timedelta,
) -> str:
    """A token of the development user of a customer, who becomes a member if it is none.

    Raises NotFound when there is no such customer, NotAllowed when the service does not believe its
    own customer tokens (RENEWAL_DESK_DEVELOPMENT_ISSUER).
    """
    _check_development(issuer)
    subject = f"dev:{customer_id}"
    await credentials.add_membership(session, issuer.principal_of(subject), customer_id, now)
    return issuer.issue(kind="customer", subject=subject, now=now, lifetime=lifetime)


async def grant_desk_token(
    session: AsyncSession, issuer: TokenIssuer, now: datetime, lifetime: timedelta
) -> str:
    """A token of the development user of the desk, who gets the role if it has none.

    Raises NotAllowed when the service does not believe its own desk tokens.
    """
    _check_development(issuer)
    await credentials.add_desk_role(session, issuer.principal_of("dev:desk"), now)
    return issuer.issue(kind="desk", subject="dev:desk", now=now, lifetime=lifetime)


async def grant_partner_token(
    session: AsyncSession,
    issuer: TokenIssuer,
    partner_id: str,
    now: datetime,
    lifetime: timedelta,
) -> str:
    """A token of the development account of a partner, which is made if it is not there. Nobody
    knows that account's secret: it has tokens only through here.

    Raises NotFound when there is no such partner, CredentialsRevoked when the account was
    withdrawn: to stand it up again would bring its old tokens back.
    """
    client_id = f"dev-{partner_id}"
    unknown = secret_hash(secrets.token_urlsafe(SECRET_BYTES))
    await credentials.add_client(session, client_id, partner_id, unknown, now)
    client = await credentials.find_client(session, client_id)
    if client is None or client.revoked_at is not None:
        raise CredentialsRevoked
    return issuer.issue(
        kind="partner",
        subject=client_id,
        partner_id=client.partner_id,
        client_id=client_id,
        now=now,
        lifetime=lifetime,
    )


async def register_client(session: AsyncSession, partner_id: str, now: datetime) -> NewClient:
    """Make a machine account for a partner. Raises NotFound when there is no such partner."""
    made = NewClient(
        client_id=f"{partner_id}-{secrets.token_hex(8)}",
        secret=secrets.token_urlsafe(SECRET_BYTES),
    )
    await credentials.add_client(session, made.client_id, partner_id, secret_hash(made.secret), now)
    return made


async def revoke_client(session: AsyncSession, client_id: str, now: datetime) -> None:
    """Withdraw a machine account and all its tokens at once.

    Raises NotFound when there is none that still stands.
    """
    if not await credentials.end_client(session, client_id, now):
        raise NotFound


async def revoke_token(
    session: AsyncSession, token_id: str, now: datetime, expires_at: datetime | None = None
) -> None:
    """Withdraw one token of any issuer by its id ("jti"), whether or not it was ever seen."""
    await credentials.add_revocation(session, token_id, expires_at or now + KEPT, now)


async def revoke_desk_role(session: AsyncSession, principal: str) -> None:
    """End a user's work at the desk ("<issuer>|<subject>").

    Raises NotFound when the user does not work there.
    """
    if not await credentials.remove_desk_role(session, principal):
        raise NotFound


def _check_development(issuer: TokenIssuer) -> None:
    if not issuer.signs_for_users:
        raise NotAllowed(facts={"setting": "RENEWAL_DESK_DEVELOPMENT_ISSUER"})
