"""What a machine sends to the OAuth endpoints: the form and the client's own credentials
(RFC 6749, 2.3 and 3.2; RFC 7009).
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

FORM_TYPE = "application/x-www-form-urlencoded"
FORM_LIMIT = 1 << 14
FIELDS_LIMIT = 20

OAuthErrorCode = Literal[
    "invalid_request", "invalid_client", "invalid_grant", "unsupported_grant_type", "invalid_scope"
]
_BASIC = re.compile(r"[Bb][Aa][Ss][Ii][Cc] +([A-Za-z0-9+/]+={0,2})")


class OAuthRefusal(Exception):
    """A refusal in the words of RFC 6749, 5.2. `description` never repeats what was sent."""

    def __init__(self, error: OAuthErrorCode, description: str) -> None:
        super().__init__(error)
        self.error: OAuthErrorCode = error
        self.description = description

    @property
    def status(self) -> int:
        """401 for a client that is not known, 400 for all else."""
        return 401 if self.error == "invalid_client" else 400


class ClientCredentials(NamedTuple):
    """What a machine says about itself; nothing is checked yet."""

    client_id: str
    secret: str

    def __repr__(self) -> str:
        return "ClientCredentials(…)"


def client_refused() -> OAuthRefusal:
    """The one refusal of a client: unknown, withdrawn, wrong secret and no secret look the same."""
    return OAuthRefusal("invalid_client", "The client could not be authenticated.")


def read_form(content_types: Sequence[str], body: bytes) -> Mapping[str, str]:
    """The parameters of a form; those without a value count as left out, as RFC 6749 3.1 says.

    Raises OAuthRefusal when it is no form, is broken, or names a parameter twice.
    """
    if len(content_types) != 1 or content_types[0].partition(";")[0].strip().lower() != FORM_TYPE:
        raise OAuthRefusal("invalid_request", f"The body must be {FORM_TYPE}.")
    if len(body) > FORM_LIMIT:
        raise OAuthRefusal("invalid_request", "The form is too large.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_LIMIT,
        )
    except ValueError as failure:
        raise OAuthRefusal("invalid_request", "The form cannot be read.") from failure
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthRefusal("invalid_request", "A parameter is given twice.")
    return {name: value for name, value in form.items() if value != ""}


def read_client(authorizations: Sequence[str], form: Mapping[str, str]) -> ClientCredentials:
    """The client's id and secret, from the Authorization header or from the form.

    Raises OAuthRefusal: `invalid_request` for two ways at once, `invalid_client` for none.
    """
    if len(authorizations) > 1:
        raise OAuthRefusal("invalid_request", "Authorization is given twice.")
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if not authorizations:
        if client_id is None or secret is None:
            raise client_refused()
        return ClientCredentials(client_id, secret)
    if secret is not None:
        raise OAuthRefusal("invalid_request", "The client must authenticate in one way only.")
    basic = _read_basic(authorizations[0])
    if client_id is not None and client_id != basic.client_id:
        raise OAuthRefusal("invalid_request", "client_id differs from the Authorization header.")
    return basic


def _read_basic(authorization: str) -> ClientCredentials:
    match = _BASIC.fullmatch(authorization)
    if match is None:
        raise client_refused()
    try:
        text = base64.b64decode(match[1], validate=True).decode("ascii")
        name, colon, secret = text.partition(":")
        if not colon:
            raise client_refused()
        # RFC 6749 2.3.1: both halves are form-encoded before they are joined.
        return ClientCredentials(
            unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
        )
    except ValueError as failure:
        raise client_refused() from failure


def read_scopes(form: Mapping[str, str], known: Sequence[str]) -> tuple[str, ...] | None:
    """The scopes that the client narrows its token to, in the order of `known`; None for all.

    Raises OAuthRefusal when one is not known.
    """
    stated = form.get("scope")
    if stated is None:
        return None
    asked = stated.split(" ")
    if not set(asked) <= set(known):
        raise OAuthRefusal("invalid_scope", f"scope may hold: {' '.join(known)}.")
    return tuple(name for name in known if name in asked)
