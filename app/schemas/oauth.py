"""The wire of the OAuth endpoints. Names and shapes are those of the RFCs, not of this API."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

OAuthErrorCode = Literal[
    "invalid_request", "invalid_client", "invalid_grant", "unsupported_grant_type", "invalid_scope"
]
FORM_TYPE = "application/x-www-form-urlencoded"


class TokenAnswer(BaseModel):
    """An access token (RFC 6749, 5.1)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "access_token": "eyJhbGciOiJFUzI1NiIs…",
                "token_type": "Bearer",
                "expires_in": 900,
                "scope": "contracts quotes orders",
            }
        },
    )

    access_token: Annotated[str, Field(description="Send it as `Authorization: Bearer …`.")]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 — the name of a kind of token.
    expires_in: Annotated[int, Field(description="Seconds until the token ends.")]
    scope: Annotated[str, Field(description="The matters that the token is good for.")]


class OAuthProblem(BaseModel):
    """A refusal (RFC 6749, 5.2)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "error": "invalid_client",
                "error_description": "The client could not be authenticated.",
            }
        },
    )

    error: OAuthErrorCode
    error_description: str


class PublicKey(BaseModel):
    """One public key (RFC 7517)."""

    model_config = ConfigDict(extra="forbid")

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    use: Literal["sig"]
    alg: Literal["ES256"]


class KeySetAnswer(BaseModel):
    """The public keys of this service (RFC 7517)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "keys": [
                    {
                        "kty": "EC",
                        "crv": "P-256",
                        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                        "kid": "2xXtDFiBoZJQ2ZyKEjgpHKoFAPYS4UNz6vXVkc3OCyo",
                        "use": "sig",
                        "alg": "ES256",
                    }
                ]
            }
        },
    )

    keys: list[PublicKey]


class ServerMetadata(BaseModel):
    """What this authorization server can do (RFC 8414)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "issuer": "https://desk.example",
                "token_endpoint": "https://desk.example/oauth/token",
                "revocation_endpoint": "https://desk.example/oauth/revoke",
                "jwks_uri": "https://desk.example/.well-known/jwks.json",
                "response_types_supported": [],
                "grant_types_supported": ["client_credentials"],
                "scopes_supported": ["contracts", "quotes", "orders"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "revocation_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
            }
        },
    )

    issuer: str
    token_endpoint: Annotated[
        str, Field(description="An address; only a path when the issuer's name is no URL.")
    ]
    revocation_endpoint: str
    jwks_uri: str
    response_types_supported: list[str]
    grant_types_supported: list[str]
    scopes_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]


_CLIENT_FIELDS: dict[str, Any] = {
    "client_id": {
        "type": "string",
        "description": "Only without an Authorization header of scheme Basic.",
    },
    "client_secret": {"type": "string", "format": "password"},
}


def _form(
    properties: dict[str, Any], required: list[str], example: dict[str, str]
) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties | _CLIENT_FIELDS, "required": required}
    return {
        "requestBody": {
            "required": True,
            "content": {FORM_TYPE: {"schema": schema, "example": example}},
        }
    }


TOKEN_FORM = _form(
    {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "scope": {
            "type": "string",
            "description": "Some of `contracts quotes orders`, with blanks between; all without.",
        },
    },
    ["grant_type"],
    {
        "grant_type": "client_credentials",
        "scope": "contracts",
        "client_id": "P0001-5f0c2b9a1d3e4f60",
        "client_secret": "…",
    },
)
REVOCATION_FORM = _form(
    {
        "token": {"type": "string"},
        "token_type_hint": {"type": "string", "description": "Read and not needed."},
    },
    ["token"],
    {
        "token": "eyJhbGciOiJFUzI1NiIs…",
        "client_id": "P0001-5f0c2b9a1d3e4f60",
        "client_secret": "…",
    },
)
