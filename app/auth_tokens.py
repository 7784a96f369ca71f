"""Verification of one JSON Web Token with one key: pure, without keys of its own or a clock."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from app.domain.errors import CredentialsExpired, CredentialsInvalid

# How far the clock of an issuer may run ahead of ours ("iat", "nbf"). "exp" has no leeway.
LEEWAY = 30
LATEST_INSTANT = 253_402_300_799  # the end of the year 9999
# What parsing a hostile header or payload can raise besides joserfc's own errors.
_BROKEN = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class Header(NamedTuple):
    """What the header of an unverified token says. It chooses the key and proves nothing."""

    kid: str
    type: str


class Verified(NamedTuple):
    """The claims of a token whose signature, issuer, audience and times are good."""

    claims: Mapping[str, Any]
    expires: float


def read_header(token: str) -> Header:
    """The key id and the type (in small letters, "jwt" when absent) of an unverified token.

    Raises CredentialsInvalid when the header cannot be read or names no key.
    """
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
        kid, stated = header.get("kid"), header.get("typ", "jwt")
    except _BROKEN as failure:
        raise CredentialsInvalid from failure
    # RFC 7797: an unencoded payload ("b64") must not be used in a JWT.
    if not isinstance(kid, str) or not isinstance(stated, str) or "b64" in header:
        raise CredentialsInvalid
    return Header(kid, stated.lower())


def verify(
    token: str,
    key: ECKey | RSAKey,
    algorithms: Collection[str],
    *,
    issuer: str,
    audience: str,
    instant: float,
) -> Verified:
    """Check the signature and every claim; the time comes last, so that "expired" means only that.

    Raises CredentialsExpired when only the time is over, CredentialsInvalid for all else.
    """
    # joserfc takes the algorithms from the registry when it is given one, and ignores its own
    # `algorithms=`; an empty collection would mean its defaults, which hold HS256.
    if not algorithms:
        raise CredentialsInvalid
    registry = jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)
    expected = jwt.JWTClaimsRegistry(
        now=int(instant),
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
    )
    try:
        claims = jwt.decode(token, key, algorithms=algorithms, registry=registry).claims
        expires = claims.pop("exp", None)
        expected.validate(claims)
    except _BROKEN as failure:
        raise CredentialsInvalid from failure
    if not is_plain(claims["sub"]) or not is_plain(claims["jti"]):
        raise CredentialsInvalid
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise CredentialsInvalid
    # Written so that NaN fails too.
    if not 0 <= expires <= LATEST_INSTANT:
        raise CredentialsInvalid
    if expires <= instant:
        raise CredentialsExpired
    return Verified(claims, expires)


def is_plain(value: Any) -> bool:
    """True for a text that may be compared, stored and logged: 1 to 255 characters, no control
    characters, no lone surrogates.
    """
    return isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable()
