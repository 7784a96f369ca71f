"""Whatever stands in the Authorization header: a refusal by name, never another exception."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auth import Authenticator, Caller
from app.auth_keys import SigningKeys, load_keys
from app.domain.errors import CredentialsInvalid

from .forgeries import CLAIMS, NOW, OWN, encoded, signed


def identify(authenticator: Authenticator, header: str) -> Caller:
    return asyncio.run(authenticator.identify(header, NOW))


@pytest.fixture(scope="session")
def fuzz_keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return load_keys(Path(tmp_path_factory.mktemp("fuzz")))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text(max_size=60).map("Bearer {}".format)))
def test_no_header_breaks_the_authenticator(fuzz_keys: SigningKeys, header: str) -> None:
    with pytest.raises(CredentialsInvalid):
        identify(Authenticator(OWN, fuzz_keys, lambda: NOW), header)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_changed_character_leaves_a_token_good(
    fuzz_keys: SigningKeys, data: st.DataObject
) -> None:
    token = signed(fuzz_keys, CLAIMS)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(min_codepoint=1, max_codepoint=255))
    if other == token[place]:
        return
    with pytest.raises(CredentialsInvalid):
        identify(
            Authenticator(OWN, fuzz_keys, lambda: NOW),
            f"Bearer {token[:place]}{other}{token[place + 1 :]}",
        )


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "cty", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=5,
        ),
    )
)
def test_no_token_header_breaks_the_authenticator(
    fuzz_keys: SigningKeys, header: dict[str, Any]
) -> None:
    for kid in ({}, {"kid": fuzz_keys.kid}):
        token = f"{encoded(header | kid)}.{encoded(CLAIMS)}.{encoded(bytes(64))}"
        with pytest.raises(CredentialsInvalid):
            identify(Authenticator(OWN, fuzz_keys, lambda: NOW), f"Bearer {token}")
