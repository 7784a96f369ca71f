"""Tokens: who is believed, who is not, and for how long. No database is needed here: what a caller
may see is read there, with every request, and is tested elsewhere.
"""

import asyncio
import json
from datetime import datetime, timedelta

import pytest
from joserfc.jwk import ECKey

from app import auth
from app.auth import PUBLIC, Authenticator, Caller
from app.auth_keys import SigningKeys, load_keys
from app.domain.errors import CredentialsExpired, CredentialsInvalid, DeskError
from app.settings import AuthSettings

from .forgeries import CLAIMS, EPOCH, FORGERIES, NOW, OWN, SHORT, encoded, signed


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return load_keys(tmp_path_factory.mktemp("data"))


@pytest.fixture
def authenticator(keys: SigningKeys) -> Authenticator:
    return Authenticator(OWN, keys, lambda: NOW)


def identify(authenticator: Authenticator, header: str | None, now: datetime = NOW) -> Caller:
    return asyncio.run(authenticator.identify(header, now))


def refusal(authenticator: Authenticator, header: str, now: datetime = NOW) -> DeskError:
    with pytest.raises(DeskError) as caught:
        identify(authenticator, header, now)
    assert (caught.value.pointer, caught.value.rules, dict(caught.value.facts)) == (None, (), {})
    assert authenticator.remembered(header.encode("latin-1", "replace"), now.timestamp()) is None
    return caught.value


def test_without_a_header_the_caller_is_the_public(authenticator: Authenticator) -> None:
    assert identify(authenticator, None) is PUBLIC


def test_the_services_own_tokens_say_who_calls(authenticator: Authenticator) -> None:
    customer = authenticator.issue(kind="customer", subject="dev:C1", now=NOW, lifetime=SHORT)
    desk = authenticator.issue(kind="desk", subject="dev:desk", now=NOW, lifetime=SHORT)
    partner = authenticator.issue(
        kind="partner",
        subject="dev-P0001",
        partner_id="P0001",
        client_id="dev-P0001",
        scopes={"quotes", "contracts"},
        now=NOW,
        lifetime=SHORT,
    )
    found = identify(authenticator, f"Bearer {customer}")
    assert (found.kind, found.principal, found.client_id) == (
        "customer",
        "renewal-desk|dev:C1",
        None,
    )
    assert found.token_id
    assert identify(authenticator, f"bearer  {desk}").principal == "renewal-desk|dev:desk"
    found = identify(authenticator, f"BEARER {partner}")
    assert (found.kind, found.principal, found.client_id) == ("partner", "P0001", "dev-P0001")
    assert found.scopes == frozenset({"contracts", "quotes"})


def test_every_token_has_its_own_id(authenticator: Authenticator) -> None:
    ids = {
        identify(
            authenticator,
            "Bearer "
            + authenticator.issue(kind="desk", subject="dev:desk", now=NOW, lifetime=SHORT),
        ).token_id
        for _ in range(20)
    }
    assert len(ids) == 20


@pytest.mark.parametrize("kind", ["customer", "desk"])
def test_user_tokens_of_our_own_making_are_refused_unless_development_is_on(
    keys: SigningKeys, kind: str
) -> None:
    settings_ = AuthSettings(None, None, "renewal-desk", "renewal-desk", False, 900)
    strict = Authenticator(settings_, keys, lambda: NOW)
    header = f"Bearer {signed(keys, CLAIMS | {'kind': kind})}"
    assert identify(Authenticator(OWN, keys, lambda: NOW), header).kind == kind
    assert type(refusal(strict, header)) is CredentialsInvalid


def test_partner_tokens_are_believed_without_a_development_issuer(keys: SigningKeys) -> None:
    settings_ = AuthSettings(None, None, "renewal-desk", "renewal-desk", False, 900)
    partner = CLAIMS | {"kind": "partner", "partner_id": "P0001", "client_id": "c"}
    strict = Authenticator(settings_, keys, lambda: NOW)
    assert identify(strict, f"Bearer {signed(keys, partner)}") == Caller(
        "partner", "P0001", "a-token", "c"
    )


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_and_broken_tokens_are_refused_alike(
    name: str, keys: SigningKeys, authenticator: Authenticator
) -> None:
    header = f"Bearer {FORGERIES[name](keys)}"
    assert type(refusal(authenticator, header)) is CredentialsInvalid


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b",
        "Bearer a.b.c",
        "Bearer a.b.c.d",
        "Bearer a.b.c.d.e",
        "Bearer e30.e30.AAAA",
        "Bearer IiI.e30.AAAA",
        f"Bearer {encoded(b'[' * 300)}.e30.AAAA",
        f"Bearer {encoded({'alg': [], 'kid': 'k'})}.e30.AAAA",
        f"Bearer {encoded({'alg': 'ES256', 'kid': 7})}.e30.AAAA",
        f"Bearer {encoded({'alg': 'ES256', 'kid': 'k', 'crit': [[1]]})}.e30.AAAA",
        f"Bearer {encoded({'alg': 'ES256', 'kid': 'k', 'typ': 7})}.e30.AAAA",
        "Basic cDpx",
        "Digest x",
        "Bearer ａ.ｂ.ｃ",
        "Bearer é.é.é",
        "Bearer a.b.c\n",
        "Bearer " + "a" * 9000,
    ],
)
def test_headers_that_hold_no_token_are_refused_alike(
    header: str, authenticator: Authenticator
) -> None:
    assert type(refusal(authenticator, header)) is CredentialsInvalid


def test_a_good_token_with_anything_around_it_is_refused(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    token = signed(keys, CLAIMS)
    for header in (
        token,
        f"Bearer {token} ",
        f"Bearer {token},",
        f" Bearer {token}",
        f"Basic {token}",
    ):
        assert type(refusal(authenticator, header)) is CredentialsInvalid


def test_a_token_is_over_at_its_expiry_without_leeway(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    header = f"Bearer {signed(keys, CLAIMS)}"
    last = NOW + timedelta(seconds=299, milliseconds=999)
    assert identify(authenticator, header, last).kind == "customer"
    end = NOW + timedelta(seconds=300)
    assert type(refusal(authenticator, header, end)) is CredentialsExpired


def test_a_token_that_is_over_and_wrong_is_called_wrong(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    over = CLAIMS | {"exp": EPOCH - 1}
    assert type(refusal(authenticator, f"Bearer {signed(keys, over)}")) is CredentialsExpired
    for wrong in ({"aud": "another"}, {"iss": "another"}, {"nbf": EPOCH + 99}, {"jti": ""}):
        header = f"Bearer {signed(keys, over | wrong)}"
        assert type(refusal(authenticator, header)) is CredentialsInvalid


def test_an_issuers_clock_may_run_ahead_by_half_a_minute(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    ahead = CLAIMS | {"iat": EPOCH + 30, "nbf": EPOCH + 30}
    assert identify(authenticator, f"Bearer {signed(keys, ahead)}").kind == "customer"


def test_one_of_several_audiences_is_enough(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    several = CLAIMS | {"aud": ["another", "renewal-desk"]}
    assert identify(authenticator, f"Bearer {signed(keys, several)}").kind == "customer"


def test_a_verified_token_is_remembered_for_a_minute_and_never_past_its_expiry(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    long, brief = signed(keys, CLAIMS), signed(keys, CLAIMS | {"exp": EPOCH + 10, "jti": "b"})
    for token, seconds in ((long, auth.REMEMBERED_SECONDS), (brief, 10.0)):
        header = f"Bearer {token}"
        raw = header.encode()
        assert authenticator.remembered(raw, EPOCH) is None
        caller = identify(authenticator, header)
        assert authenticator.remembered(raw, EPOCH + seconds - 0.001) is caller
        assert authenticator.remembered(raw, EPOCH + seconds) is None
    assert auth.REMEMBERED_SECONDS <= 60


def test_a_remembered_token_is_not_verified_again(
    authenticator: Authenticator, keys: SigningKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = f"Bearer {signed(keys, CLAIMS)}"
    caller = identify(authenticator, header)
    monkeypatch.setattr(auth, "verify", None)
    assert identify(authenticator, header) is caller


def test_a_token_that_was_remembered_is_refused_after_its_expiry(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    header = f"Bearer {signed(keys, CLAIMS | {'exp': EPOCH + 10})}"
    identify(authenticator, header)
    with pytest.raises(CredentialsExpired):
        identify(authenticator, header, NOW + timedelta(seconds=10))


def test_the_memory_is_bounded_and_holds_no_token(
    authenticator: Authenticator, keys: SigningKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "REMEMBERED_LIMIT", 3)
    headers = [f"Bearer {signed(keys, CLAIMS | {'jti': str(n)})}" for n in range(5)]
    for header in headers:
        identify(authenticator, header)
    kept = [authenticator.remembered(header.encode(), EPOCH) is not None for header in headers]
    assert kept == [False, False, True, True, True]
    assert all(len(key) == 32 for key in authenticator._seen)


def test_only_the_public_half_of_the_key_is_shown(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    (shown,) = authenticator.jwks()["keys"]
    assert set(shown) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    private = keys.signing.as_dict(private=True)["d"]
    assert str(private) not in json.dumps(authenticator.jwks())
    assert str(private) not in repr(keys)
    assert ECKey.import_key(dict(shown)).thumbprint() == shown["kid"]


def test_a_token_is_read_for_its_revocation_only_if_it_is_ours(
    authenticator: Authenticator, keys: SigningKeys
) -> None:
    partner = CLAIMS | {"kind": "partner", "partner_id": "P0001", "client_id": "c"}
    found = authenticator.read_own(signed(keys, partner), NOW)
    assert found == ("a-token", "c", NOW + timedelta(seconds=300))
    assert authenticator.read_own(FORGERIES["payload changed after signing"](keys), NOW) is None
    assert authenticator.read_own(FORGERIES["unknown key id"](keys), NOW) is None
    assert authenticator.read_own(signed(keys, CLAIMS | {"exp": EPOCH}), NOW) is None
    assert authenticator.read_own("é", NOW) is None
    assert authenticator.read_own("", NOW) is None
