"""How an answer leaves: JSON bytes, an ETag and 304, the links of a page."""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.domain.languages import Language

# Of the OpenAPI responses: what is answered by `resource`. `app.openapi` adds the validators.
NOT_MODIFIED: Mapping[int | str, dict[str, Any]] = {
    304: {"description": "The caller has it already (`If-None-Match`)."}
}
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language, Authorization"}


def body_of(payload: Any) -> bytes:
    """The JSON bytes of a payload; dates become YYYY-MM-DD."""
    return orjson.dumps(payload)


def etag_of(body: bytes) -> str:
    """A strong validator: it changes with every byte of the answer, its language included."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def matches(if_none_match: str, etag: str) -> bool:
    """Whether a validator that the caller holds is still good (RFC 9110: weak comparison)."""
    held = [value.strip().removeprefix("W/") for value in if_none_match.split(",")]
    return etag in held or held == ["*"]


def resource_headers(etag: str, language: Language) -> dict[str, str]:
    """The headers of an answer with one resource."""
    return {**HEADERS, "ETag": etag, "Content-Language": language}


def resource(request: Request, payload: Any, language: Language) -> Response:
    """The answer with one resource: 304 when the caller has it already."""
    return stored_resource(request, body_of(payload), language)


def stored_resource(
    request: Request, body: bytes, language: Language, media_type: str = "application/json"
) -> Response:
    """The answer with one resource whose bytes exist already."""
    etag = etag_of(body)
    headers = resource_headers(etag, language)
    held = request.headers.getlist("if-none-match")
    if held and matches(",".join(held), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def revised_resource(
    request: Request,
    payload: Any,
    language: Language,
    revision: int,
    *,
    status: int = 200,
    location: str | None = None,
) -> Response:
    """The answer with a resource that callers change: its ETag begins with the revision, which is
    what `If-Match` is compared by (`app.deps.HeldRevision`), in whichever language it was read.

    304 when a GET asks with the ETag that it would get.
    """
    body = body_of(payload)
    etag = f'"{revision}-{etag_of(body)[1:]}'
    headers = resource_headers(etag, language)
    held = request.headers.getlist("if-none-match")
    if request.method == "GET" and held and matches(",".join(held), etag):
        return Response(status_code=304, headers=headers)
    if location is not None:
        headers["Location"] = location
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def document(
    payload: Any, language: Language, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to a question that is no resource of its own."""
    return Response(
        body_of(payload),
        media_type="application/json",
        headers={**HEADERS, "Content-Language": language, **(headers or {})},
    )


def page(request: Request, items: list[Any], next_cursor: str | None) -> Response:
    """A page of a list, with the link to the next one."""
    headers: dict[str, str] = dict(HEADERS)
    if next_cursor is not None:
        query = {name: value for name, value in request.query_params.items() if name != "cursor"}
        query["cursor"] = next_cursor
        headers["Link"] = f'<{quote(request.scope["path"])}?{urlencode(query)}>; rel="next"'
    return Response(
        body_of({"items": items, "next_cursor": next_cursor}),
        media_type="application/json",
        headers=headers,
    )
