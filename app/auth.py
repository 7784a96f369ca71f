"""Credential → Caller. No other module reads a token or a header for identity.

A token says who calls; what the caller may see is read from the database in the same transaction
(app.db.callers), and so is whether the token was revoked. docs/decisions/0006-tokens.md.
"""

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import httpx
from joserfc import jwt

from app.auth_keys import OWN_ALGORITHM, IssuerKeys, SigningKeys
from app.auth_tokens import Verified, is_plain, read_header, verify
from app.domain.errors import CredentialsExpired, CredentialsInvalid
from app.settings import AuthSettings, SettingError

CallerKind = Literal["public", "customer", "partner", "desk", "system"]
TokenKind = Literal["customer", "partner", "desk"]

SCOPES = ("contracts", "quotes", "orders")
TOKEN_LIMIT = 8192
HEADER_LIMIT = TOKEN_LIMIT + 16
REMEMBERED_SECONDS = 60.0
REMEMBERED_LIMIT = 10_000

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([\w-]+\.[\w-]+\.[\w-]+)", re.ASCII)
_PARTNER_CODE = re.compile(r"[A-Z0-9-]{1,20}")
_FOREIGN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    `principal` is "<issuer>|<subject>" of customers and desk staff and the partner's code of a
    partner. `scopes` is what a partner narrowed its token to when it asked for it, None when it did
    not: a token can only take away from what the database grants.
    """

    kind: CallerKind
    principal: str | None
    token_id: str | None
    client_id: str | None
    scopes: frozenset[str] | None = None


PUBLIC = Caller("public", None, None, None)
# The service itself, in its background work; no credential makes a caller this.
SYSTEM = Caller("system", None, None, None)


class OwnToken(NamedTuple):
    """A token that this service signed and whose time is not over."""

    token_id: str
    client_id: str | None
    expires_at: datetime


class Authenticator:
    """Verifies bearer tokens, remembers verified ones for a minute, and signs the service's own.

    `now` is the clock, for callers that have none of their own. Raises SettingError when the
    settings of the identity provider contradict each other.
    """

    def __init__(
        self,
        settings: AuthSettings,
        keys: SigningKeys,
        now: Callable[[], datetime],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = settings
        self.now = now
        self._keys = keys
        self._seen: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        self._issuer_keys = _issuer_keys(settings, transport)

    async def identify(self, authorization: str | None, now: datetime) -> Caller:
        """The caller behind an Authorization header; PUBLIC without one.

        Raises CredentialsExpired when only the time of the token is over, CredentialsInvalid for
        everything else that is wrong with it.
        """
        if authorization is None:
            return PUBLIC
        if len(authorization) > HEADER_LIMIT or not authorization.isascii():
            raise CredentialsInvalid
        instant = now.timestamp()
        header = authorization.encode("ascii")
        known = self.remembered(header, instant)
        if known is not None:
            return known
        bearer = _BEARER.fullmatch(authorization)
        if bearer is None or len(bearer[1]) > TOKEN_LIMIT:
            raise CredentialsInvalid
        caller, expires = await self._verify(bearer[1], instant)
        self._remember(header, caller, min(expires, instant + REMEMBERED_SECONDS))
        return caller

    def remembered(self, authorization: bytes, now_epoch: float) -> Caller | None:
        """The caller of an Authorization header that was verified within the last minute and whose
        token is in time; None when it has to be verified. Neither waits nor reads anything.
        """
        seen = self._seen.get(hashlib.sha256(authorization).digest())
        return seen[1] if seen is not None and now_epoch < seen[0] else None

    def issue(
        self,
        *,
        kind: TokenKind,
        subject: str,
        partner_id: str | None = None,
        client_id: str | None = None,
        scopes: Collection[str] | None = None,
        now: datetime,
        lifetime: timedelta,
    ) -> str:
        """Sign an access token of this service. `scopes` narrows a partner's token."""
        issued = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self.settings.own_issuer,
            "aud": self.settings.audience,
            "sub": subject,
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
            "jti": secrets.token_urlsafe(16),
            "kind": kind,
        }
        if kind == "partner":
            claims |= {"client_id": client_id, "partner_id": partner_id}
            if scopes is not None:
                claims["scope"] = " ".join(name for name in SCOPES if name in scopes)
        header = {"alg": OWN_ALGORITHM, "kid": self._keys.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, self._keys.signing, algorithms=[OWN_ALGORITHM])

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys of this service, for `/.well-known/jwks.json`."""
        return {"keys": [self._keys.public()]}

    def principal_of(self, subject: str) -> str:
        """The principal of a customer or desk token that this service signs for `subject`."""
        return f"{self.settings.own_issuer}|{subject}"

    @property
    def signs_for_users(self) -> bool:
        """True when customer and desk tokens of this service's own making are believed."""
        return self.settings.development_issuer

    def read_own(self, token: str, now: datetime) -> OwnToken | None:
        """What a token of this service says, for its revocation; None for any other text and for
        tokens whose time is over.
        """
        if len(token) > TOKEN_LIMIT or not token.isascii():
            return None
        try:
            if read_header(token).kid != self._keys.kid:
                return None
            verified = self._verify_own(token, now.timestamp())
        except (CredentialsInvalid, CredentialsExpired):
            return None
        return OwnToken(
            verified.claims["jti"],
            verified.claims.get("client_id"),
            datetime.fromtimestamp(verified.expires, UTC),
        )

    def _remember(self, header: bytes, caller: Caller, until: float) -> None:
        # Digests and not tokens: a token may have 8 KB, and a memory dump should hold none.
        digest = hashlib.sha256(header).digest()
        self._seen.pop(digest, None)
        self._seen[digest] = (until, caller)
        if len(self._seen) > REMEMBERED_LIMIT:
            self._seen.popitem(last=False)

    async def _verify(self, token: str, instant: float) -> tuple[Caller, float]:
        header = read_header(token)
        if header.kid == self._keys.kid:
            verified = self._verify_own(token, instant)
            return self._own_caller(verified.claims), verified.expires
        issuer = self.settings.issuer
        if issuer is None or self._issuer_keys is None or header.type not in _FOREIGN_TYPES:
            raise CredentialsInvalid
        found = await self._issuer_keys.find(header.kid)
        if found is None:
            raise CredentialsInvalid
        verified = verify(
            token,
            found.key,
            found.algorithms,
            issuer=issuer,
            audience=self.settings.audience,
            instant=instant,
        )
        return _foreign_caller(issuer, verified.claims), verified.expires

    def _verify_own(self, token: str, instant: float) -> Verified:
        return verify(
            token,
            self._keys.signing,
            (OWN_ALGORITHM,),
            issuer=self.settings.own_issuer,
            audience=self.settings.audience,
            instant=instant,
        )

    def _own_caller(self, claims: Mapping[str, Any]) -> Caller:
        kind = claims.get("kind")
        if kind == "partner":
            partner_id, client_id = claims.get("partner_id"), claims.get("client_id")
            if not is_plain(client_id) or not isinstance(partner_id, str):
                raise CredentialsInvalid
            # Without this a partner's code could be spelled like a user's principal.
            if _PARTNER_CODE.fullmatch(partner_id) is None:
                raise CredentialsInvalid
            scope = claims.get("scope")
            scopes = None if scope is None else frozenset(str(scope).split()) & frozenset(SCOPES)
            return Caller("partner", partner_id, claims["jti"], client_id, scopes)
        if kind in ("customer", "desk") and self.signs_for_users:
            return Caller(kind, self.principal_of(claims["sub"]), claims["jti"], None)
        raise CredentialsInvalid


def _issuer_keys(
    settings: AuthSettings, transport: httpx.AsyncBaseTransport | None
) -> IssuerKeys | None:
    if settings.issuer is None:
        return None
    if settings.jwks_url is None:
        raise SettingError("RENEWAL_DESK_ISSUER needs RENEWAL_DESK_JWKS_URL")
    if settings.issuer == settings.own_issuer:
        raise SettingError("RENEWAL_DESK_ISSUER and RENEWAL_DESK_OWN_ISSUER must differ")
    url = urlsplit(settings.jwks_url)
    local = url.hostname in {"localhost", "127.0.0.1", "::1"}
    if url.scheme != "https" and not (url.scheme == "http" and local):
        raise SettingError("RENEWAL_DESK_JWKS_URL must begin with https://")
    return IssuerKeys(settings.jwks_url, transport)


def _foreign_caller(issuer: str, claims: Mapping[str, Any]) -> Caller:
    roles = claims.get("roles")
    kind: CallerKind = "desk" if isinstance(roles, list) and "desk" in roles else "customer"
    return Caller(kind, f"{issuer}|{claims['sub']}", claims["jti"], None)
