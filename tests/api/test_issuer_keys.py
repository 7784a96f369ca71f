"""Tokens of the identity provider: believed by its published keys, fetched with care."""

import asyncio
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from app.auth import Authenticator, Caller
from app.auth_keys import SigningKeys, load_keys, read_key_set
from app.domain.errors import CredentialsInvalid
from app.settings import AuthSettings, SettingError

from .forgeries import CLAIMS, EPOCH, NOW, encoded, signed
from .provider import EC, ISSUER, JWKS_URL, RSA, Key, Provider, public

EXTERNAL = AuthSettings(ISSUER, JWKS_URL, "renewal-desk", "renewal-desk", False, 900)
USER: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "renewal-desk",
    "sub": "user-1",
    "iat": EPOCH,
    "exp": EPOCH + 300,
    "jti": "j1",
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return load_keys(tmp_path_factory.mktemp("data"))


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def authenticator(keys: SigningKeys, provider: Provider) -> Authenticator:
    return Authenticator(EXTERNAL, keys, lambda: NOW, transport=provider.transport())


def token(key: Key, kid: str, alg: str, claims: dict[str, Any] = USER, **header: Any) -> str:
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    full = {"alg": alg, "kid": kid, **header}
    return jws.serialize_compact(full, json.dumps(claims), key, registry=registry)


def identify(authenticator: Authenticator, text: str) -> Caller:
    return asyncio.run(authenticator.identify(f"Bearer {text}", NOW))


@pytest.mark.parametrize(
    ("key", "kid", "alg"), [(EC, "ec", "ES256"), (RSA, "rsa", "RS256"), (RSA, "rsa", "PS256")]
)
def test_the_providers_users_are_customers(
    authenticator: Authenticator, key: Key, kid: str, alg: str
) -> None:
    found = identify(authenticator, token(key, kid, alg, typ="JWT", more="ignored"))
    assert found == Caller("customer", f"{ISSUER}|user-1", "j1", None)


@pytest.mark.parametrize(
    ("roles", "kind"),
    [
        (["desk"], "desk"),
        (["other", "desk"], "desk"),
        (["desks", "DESK"], "customer"),
        ("desk", "customer"),
        ({"desk": True}, "customer"),
        (None, "customer"),
    ],
)
def test_a_list_of_roles_that_names_the_desk_makes_a_desk_caller(
    authenticator: Authenticator, roles: Any, kind: str
) -> None:
    assert identify(authenticator, token(EC, "ec", "ES256", USER | {"roles": roles})).kind == kind


def test_the_provider_cannot_make_partners_nor_speak_for_our_own_issuer(
    authenticator: Authenticator,
) -> None:
    partner = USER | {"kind": "partner", "partner_id": "P0001", "client_id": "dev-P0001"}
    found = identify(authenticator, token(EC, "ec", "ES256", partner))
    assert (found.kind, found.principal, found.client_id) == ("customer", f"{ISSUER}|user-1", None)
    with pytest.raises(CredentialsInvalid):
        identify(authenticator, token(EC, "ec", "ES256", partner | {"iss": "renewal-desk"}))


def test_our_own_key_cannot_speak_for_the_provider(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    with pytest.raises(CredentialsInvalid):
        identify(authenticator, signed(keys, USER))
    with pytest.raises(CredentialsInvalid):
        identify(authenticator, signed(keys, CLAIMS))


def test_a_provider_key_under_our_own_key_id_is_not_used(
    authenticator: Authenticator, provider: Provider, keys: SigningKeys
) -> None:
    provider.keys = [public(EC, keys.kid)]
    with pytest.raises(CredentialsInvalid):
        identify(authenticator, token(EC, keys.kid, "ES256"))


def by_public_key(kid: str, secret: bytes) -> str:
    body = f"{encoded({'alg': 'HS256', 'kid': kid})}.{encoded(USER)}"
    return f"{body}.{encoded(hmac.digest(secret, body.encode(), 'sha256'))}"


OTHER = OctKey.generate_key(256)
REFUSED: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: f"{encoded({'alg': 'none', 'kid': 'rsa'})}.{encoded(USER)}.AAAA",
    "HS256 with the public RSA key": lambda: by_public_key("rsa", RSA.as_pem(private=False)),
    "HS256 with the public EC key": lambda: by_public_key("ec", EC.as_pem(private=False)),
    "RS512": lambda: token(RSA, "rsa", "RS512"),
    "RS256 under the id of the EC key": lambda: token(RSA, "ec", "RS256"),
    "ES256 under the id of the RSA key": lambda: token(EC, "rsa", "ES256"),
    "another key": lambda: token(ECKey.generate_key("P-256"), "ec", "ES256"),
    "key address in the header": lambda: token(
        ECKey.generate_key("P-256"), "evil", "ES256", jku="https://evil.example/keys"
    ),
    "logout token": lambda: token(EC, "ec", "ES256", typ="logout+jwt"),
    "another audience": lambda: token(EC, "ec", "ES256", USER | {"aud": "another"}),
    "another issuer": lambda: token(EC, "ec", "ES256", USER | {"iss": ISSUER + "/"}),
    "no token id": lambda: token(EC, "ec", "ES256", {k: USER[k] for k in USER if k != "jti"}),
    "no expiry": lambda: token(EC, "ec", "ES256", {k: USER[k] for k in USER if k != "exp"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_forged_tokens_are_refused(name: str, authenticator: Authenticator) -> None:
    with pytest.raises(CredentialsInvalid):
        identify(authenticator, REFUSED[name]())


def test_keys_of_other_kinds_are_passed_over() -> None:
    listed: list[Any] = [
        public(EC, "good"),
        {**OTHER.as_dict(private=True), "kid": "oct"},
        public(EC, "enc", use="enc"),
        public(EC, "other-alg", alg="ES384"),
        public(ECKey.generate_key("P-384"), "p384"),
        {**public(EC, "bad-point"), "x": encoded(bytes(32))},
        {"kty": "RSA", "kid": "short", "e": "AQAB", "n": encoded(b"\xff" * 128)},
        {"kty": "RSA", "kid": "endless", "e": "AQAB", "n": encoded(b"\xff" * 4096)},
        {"kty": "EC", "kid": "empty", "crv": "P-256"},
        {"kty": "RSA", "kid": "number", "e": "AQAB", "n": 5},
        {"kty": "EC", "kid": ["list"]},
        {name: value for name, value in public(EC, "").items() if name != "kid"},
        "text",
        public(RSA, "pinned", alg="PS256"),
        public(RSA, "good"),
    ]
    usable = read_key_set(json.dumps({"keys": listed}).encode())
    assert {kid: found.algorithms for kid, found in usable.items()} == {
        "good": ("ES256",),
        "pinned": ("PS256",),
    }


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": []}', b'{"keys": [1]}', b"\xff", b"[" * 9999],
)
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        read_key_set(document)


def test_without_a_provider_only_our_own_keys_count(keys: SigningKeys) -> None:
    own = AuthSettings(None, None, "renewal-desk", "renewal-desk", False, 900)
    with pytest.raises(CredentialsInvalid):
        identify(Authenticator(own, keys, lambda: NOW), token(EC, "ec", "ES256"))


@pytest.mark.parametrize(
    ("jwks_url", "own_issuer"),
    [
        (None, "renewal-desk"),
        (JWKS_URL, ISSUER),
        ("http://id.example/keys", "renewal-desk"),
        ("file:///etc/passwd", "renewal-desk"),
    ],
)
def test_settings_that_contradict_each_other_stop_the_start(
    keys: SigningKeys, jwks_url: str | None, own_issuer: str
) -> None:
    contradiction = AuthSettings(ISSUER, jwks_url, "renewal-desk", own_issuer, False, 900)
    with pytest.raises(SettingError, match="RENEWAL_DESK_"):
        Authenticator(contradiction, keys, lambda: NOW)


def test_a_remembered_user_is_not_looked_up_again(
    authenticator: Authenticator, provider: Provider
) -> None:
    text = token(EC, "ec", "ES256")
    caller = identify(authenticator, text)
    provider.answer = lambda: httpx.Response(503)
    later = NOW + timedelta(seconds=30)
    assert asyncio.run(authenticator.identify(f"Bearer {text}", later)) is caller
    assert provider.asked == 1
