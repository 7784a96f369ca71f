"""The OAuth endpoints: tokens for partners' machines, their revocation, keys and metadata.

Errors have the shape of RFC 6749 here and not that of a problem document, because OAuth client
libraries read that shape.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.auth import SCOPES, Authenticator
from app.auth_clients import (
    FORM_LIMIT,
    ClientCredentials,
    OAuthRefusal,
    client_refused,
    read_client,
    read_form,
    read_scopes,
)
from app.db.engine import Database
from app.domain.errors import DatabaseUnavailable, Overloaded
from app.problems import problem_responses
from app.schemas.oauth import (
    REVOCATION_FORM,
    TOKEN_FORM,
    KeySetAnswer,
    OAuthProblem,
    ServerMetadata,
    TokenAnswer,
)
from app.strict import StrictRoute
from app.usecases.tokens import authenticate_client, revoke_own_token

router = APIRouter(tags=["oauth"], route_class=StrictRoute)

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
KEYS_MAY_BE_KEPT = {"Cache-Control": "public, max-age=300"}
AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": OAuthProblem, "description": "The request is refused."},
    401: {"model": OAuthProblem, "description": "The client could not be authenticated."},
    **problem_responses(DatabaseUnavailable, Overloaded),
}


@router.post(
    "/oauth/token",
    response_model=TokenAnswer,
    responses=REFUSALS,
    openapi_extra=TOKEN_FORM,
    summary="Get an access token for a partner's machine",
)
async def create_token(request: Request) -> Response:
    """OAuth 2.0 client credentials (RFC 6749, 4.4). The token says who calls; what the partner may
    see is read anew with every request.
    """
    authenticator: Authenticator = request.app.state.authenticator
    database: Database = request.app.state.database
    now = authenticator.now()
    try:
        form, presented = await _read(request)
        async with database.transaction("portal") as session:
            client = await authenticate_client(session, *presented)
        if client is None:
            raise client_refused()
        grant_type = form.get("grant_type")
        if grant_type is None:
            raise OAuthRefusal("invalid_request", "grant_type is missing.")
        if grant_type != "client_credentials":
            raise OAuthRefusal("unsupported_grant_type", "grant_type must be client_credentials.")
        scopes = read_scopes(form, SCOPES)
    except OAuthRefusal as refusal:
        return _refuse(refusal)
    seconds = authenticator.settings.token_seconds
    answer = TokenAnswer(
        access_token=authenticator.issue(
            kind="partner",
            subject=client.client_id,
            partner_id=client.partner_id,
            client_id=client.client_id,
            scopes=scopes,
            now=now,
            lifetime=timedelta(seconds=seconds),
        ),
        expires_in=seconds,
        scope=" ".join(SCOPES if scopes is None else scopes),
    )
    return JSONResponse(answer.model_dump(), headers=NO_STORE)


@router.post(
    "/oauth/revoke",
    response_class=Response,
    responses={200: {"description": "The token is good for nothing from now on."}, **REFUSALS},
    openapi_extra=REVOCATION_FORM,
    summary="Withdraw an access token",
)
async def revoke_token(request: Request) -> Response:
    """OAuth 2.0 token revocation (RFC 7009), effective with the next request. A token that is
    unknown or over answers 200 too; one of another client is refused.
    """
    authenticator: Authenticator = request.app.state.authenticator
    database: Database = request.app.state.database
    now = authenticator.now()
    try:
        form, presented = await _read(request)
        async with database.transaction("portal") as session:
            client = await authenticate_client(session, *presented)
            if client is None:
                raise client_refused()
            token = form.get("token")
            if token is None:
                raise OAuthRefusal("invalid_request", "token is missing.")
            found = authenticator.read_own(token, now)
            if found is not None and found.client_id != client.client_id:
                raise OAuthRefusal("invalid_grant", "The token belongs to another client.")
            if found is not None:
                await revoke_own_token(session, found.token_id, found.expires_at, now)
    except OAuthRefusal as refusal:
        return _refuse(refusal)
    return Response(headers=NO_STORE)


@router.get(
    "/.well-known/jwks.json",
    response_model=KeySetAnswer,
    summary="The public keys that this service signs tokens with",
)
async def read_public_keys(request: Request) -> Response:
    """JSON Web Key Set (RFC 7517)."""
    authenticator: Authenticator = request.app.state.authenticator
    return JSONResponse(authenticator.jwks(), headers=KEYS_MAY_BE_KEPT)


@router.get(
    "/.well-known/oauth-authorization-server",
    response_model=ServerMetadata,
    summary="What the authorization server can do",
)
async def read_server_metadata(request: Request) -> Response:
    """OAuth 2.0 authorization server metadata (RFC 8414). Addresses come from the settings and
    never from the Host header.
    """
    authenticator: Authenticator = request.app.state.authenticator
    issuer = authenticator.settings.own_issuer
    base = issuer.rstrip("/") if urlsplit(issuer).scheme in {"http", "https"} else ""
    metadata = ServerMetadata(
        issuer=issuer,
        token_endpoint=f"{base}/oauth/token",
        revocation_endpoint=f"{base}/oauth/revoke",
        jwks_uri=f"{base}/.well-known/jwks.json",
        response_types_supported=[],
        grant_types_supported=["client_credentials"],
        scopes_supported=list(SCOPES),
        token_endpoint_auth_methods_supported=AUTH_METHODS,
        revocation_endpoint_auth_methods_supported=AUTH_METHODS,
    )
    return JSONResponse(metadata.model_dump(), headers=KEYS_MAY_BE_KEPT)


async def _read(request: Request) -> tuple[Mapping[str, str], ClientCredentials]:
    """The form and the client's credentials. Raises OAuthRefusal."""
    if request.scope["query_string"]:
        # Whatever stands in an address ends up in logs.
        raise OAuthRefusal("invalid_request", "Send parameters in the body only.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > FORM_LIMIT:
            break
    form = read_form(request.headers.getlist("content-type"), bytes(body))
    return form, read_client(request.headers.getlist("authorization"), form)


def _refuse(refusal: OAuthRefusal) -> Response:
    problem = OAuthProblem(error=refusal.error, error_description=refusal.description)
    headers = dict(NO_STORE)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="renewal-desk"'
    return JSONResponse(problem.model_dump(), status_code=refusal.status, headers=headers)
