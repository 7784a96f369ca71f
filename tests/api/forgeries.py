"""Tokens as an attacker or a careless issuer would make them, each with the name of its fault."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from app.auth_keys import SigningKeys
from app.settings import AuthSettings

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
OWN = AuthSettings(
    issuer=None,
    jwks_url=None,
    audience="renewal-desk",
    own_issuer="renewal-desk",
    development_issuer=True,
    token_seconds=900,
)
SHORT = timedelta(minutes=5)
CLAIMS: dict[str, Any] = {
    "iss": "renewal-desk",
    "aud": "renewal-desk",
    "sub": "dev:C0001",
    "iat": EPOCH,
    "exp": EPOCH + 300,
    "jti": "a-token",
    "kind": "customer",
}


def encoded(part: dict[str, Any] | bytes) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(
    keys: SigningKeys, claims: dict[str, Any] | bytes, header: dict[str, Any] | None = None
) -> str:
    """A token with the service's own, right key, whatever its header and claims say."""
    full = {"alg": "ES256", "kid": keys.kid, "typ": "at+jwt"} | (header or {})
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    return jws.serialize_compact(full, payload, keys.signing, registry=registry)


def without(name: str) -> dict[str, Any]:
    return {claim: value for claim, value in CLAIMS.items() if claim != name}


FORGERIES: dict[str, Callable[[SigningKeys], str]] = {
    "no algorithm, no signature": lambda keys: (
        f"{encoded({'alg': 'none', 'kid': keys.kid, 'typ': 'at+jwt'})}.{encoded(CLAIMS)}."
    ),
    "no algorithm, some signature": lambda keys: (
        f"{encoded({'alg': 'none', 'kid': keys.kid, 'typ': 'at+jwt'})}.{encoded(CLAIMS)}.AAAA"
    ),
    "HS256 with the public key as secret (PEM)": lambda keys: hmac_signed(
        keys, keys.signing.as_pem(private=False)
    ),
    "HS256 with the public key as secret (JWK)": lambda keys: hmac_signed(
        keys, json.dumps(keys.public()).encode()
    ),
    "ES256 by another key under our key id": lambda keys: jws.serialize_compact(
        {"alg": "ES256", "kid": keys.kid, "typ": "at+jwt"},
        json.dumps(CLAIMS),
        ECKey.generate_key("P-256"),
        algorithms=["ES256"],
    ),
    "another key brought along in the header": lambda keys: brought_along(keys),
    "unknown key id": lambda keys: signed(keys, CLAIMS, {"kid": "another"}),
    "no key id": lambda keys: (
        f"{encoded({'alg': 'ES256'})}.{signed(keys, CLAIMS).split('.', 1)[1]}"
    ),
    "payload changed after signing": lambda keys: changed_payload(keys),
    "signature cut short": lambda keys: signed(keys, CLAIMS)[:-4],
    "signature of zeros": lambda keys: (
        f"{signed(keys, CLAIMS).rpartition('.')[0]}.{encoded(bytes(64))}"
    ),
    "another audience": lambda keys: signed(keys, CLAIMS | {"aud": "another"}),
    "other audiences": lambda keys: signed(keys, CLAIMS | {"aud": ["another", "renewal"]}),
    "another issuer": lambda keys: signed(keys, CLAIMS | {"iss": "https://evil.example"}),
    "no audience": lambda keys: signed(keys, without("aud")),
    "no issuer": lambda keys: signed(keys, without("iss")),
    "no subject": lambda keys: signed(keys, without("sub")),
    "no token id": lambda keys: signed(keys, without("jti")),
    "no time of issue": lambda keys: signed(keys, without("iat")),
    "no expiry": lambda keys: signed(keys, without("exp")),
    "expiry as text": lambda keys: signed(keys, CLAIMS | {"exp": str(EPOCH + 300)}),
    "expiry true": lambda keys: signed(keys, CLAIMS | {"exp": True}),
    "expiry null": lambda keys: signed(keys, CLAIMS | {"exp": None}),
    "expiry not a number": lambda keys: signed(keys, CLAIMS | {"exp": float("nan")}),
    "expiry infinite": lambda keys: signed(keys, CLAIMS | {"exp": float("inf")}),
    "expiry beyond all dates": lambda keys: signed(keys, CLAIMS | {"exp": 10**40}),
    "not valid yet": lambda keys: signed(keys, CLAIMS | {"nbf": EPOCH + 31}),
    "issued in the future": lambda keys: signed(keys, CLAIMS | {"iat": EPOCH + 31}),
    "no kind": lambda keys: signed(keys, without("kind")),
    "kind public": lambda keys: signed(keys, CLAIMS | {"kind": "public"}),
    "partner without a client": lambda keys: signed(
        keys, CLAIMS | {"kind": "partner", "partner_id": "P0001"}
    ),
    "partner without a code": lambda keys: signed(
        keys, CLAIMS | {"kind": "partner", "client_id": "c"}
    ),
    "partner code spelled like a user": lambda keys: signed(
        keys,
        CLAIMS | {"kind": "partner", "client_id": "c", "partner_id": "renewal-desk|dev:C0001"},
    ),
    "NUL in the subject": lambda keys: signed(keys, CLAIMS | {"sub": "dev:C0001\0"}),
    "line break in the token id": lambda keys: signed(keys, CLAIMS | {"jti": "a\nb"}),
    "lone surrogate in the subject": lambda keys: signed(keys, CLAIMS | {"sub": "\ud800"}),
    "subject as a list": lambda keys: signed(keys, CLAIMS | {"sub": ["dev:C0001"]}),
    "endless subject": lambda keys: signed(keys, CLAIMS | {"sub": "x" * 256}),
    "claims that are no object": lambda keys: signed(keys, b"[1]"),
    "claims that are no JSON": lambda keys: signed(keys, b"{"),
    "claims nested deeper than the parser goes": lambda keys: signed(keys, b"[" * 4000),
    "unencoded payload": lambda keys: signed(keys, CLAIMS, {"b64": True}),
    "unknown critical header": lambda keys: critical(keys),
    "token over the limit": lambda keys: signed(keys, CLAIMS | {"more": "x" * 6000}),
}


def hmac_signed(keys: SigningKeys, secret: bytes) -> str:
    # By hand, because joserfc refuses a public key as secret and an attacker's tool does not.
    header = {"alg": "HS256", "kid": keys.kid, "typ": "at+jwt"}
    body = f"{encoded(header)}.{encoded(CLAIMS)}"
    return f"{body}.{encoded(hmac.digest(secret, body.encode(), 'sha256'))}"


def brought_along(keys: SigningKeys) -> str:
    own = ECKey.generate_key("P-256")
    header = {
        "alg": "ES256",
        "kid": keys.kid,
        "typ": "at+jwt",
        "jwk": own.as_dict(private=False),
    }
    return jws.serialize_compact(header, json.dumps(CLAIMS), own, algorithms=["ES256"])


def changed_payload(keys: SigningKeys) -> str:
    header, _, signature = signed(keys, CLAIMS).split(".")
    return f"{header}.{encoded(CLAIMS | {'kind': 'desk'})}.{signature}"


def critical(keys: SigningKeys) -> str:
    header = {"alg": "ES256", "kid": keys.kid, "typ": "at+jwt", "crit": ["x"], "x": 1}
    body = f"{encoded(header)}.{encoded(CLAIMS)}"
    registry = jws.JWSRegistry(algorithms=["ES256"])
    signature = registry.get_alg("ES256").sign(body.encode(), keys.signing)
    return f"{body}.{encoded(signature)}"
