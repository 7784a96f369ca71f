"""What of a request is read at all: how much, in which form, and which JSON. docs/input.md.

It stands before the schemas, because the framework would let them see NaN, doubled members, UTF-16
and JSON that was sent as text.
"""

import json
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from itertools import islice
from typing import Any

import orjson
from fastapi import Request
from fastapi.params import Form
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.deps import admit, real_now
from app.domain.errors import (
    BodyTooLarge,
    DuplicateKey,
    DuplicateParameter,
    InvalidInput,
    MalformedJson,
    UnsupportedMedia,
)
from app.flat import arrange, arranged, dismiss
from app.problems import shown_name
from app.rate_limits import count_entries

# No length that a server can mean has more digits.
_LONGEST_LENGTH = 18
_DEEPEST = 64
_MOST_PLACES = 100
# How a control character can stand in a JSON text that was read: by an escape, or as DEL or C1.
_MAYBE_CONTROL = re.compile(rb"\\u00[0189][0-9A-Fa-f]|\\u007[Ff]|\\[bfr]|\x7f|\xc2[\x80-\x9f]")
# What each of them begins with: a search for one byte costs next to nothing.
_SIGNS = (b"\\", b"\x7f", b"\xc2")
# How a number begins that is read as another kind than an integer, whole or not: 2.0, 2e0. A serial
# number such as "2E0001" is none: it stands behind a quote.
_MAYBE_WHOLE = re.compile(rb"[\[:,\s]-?[0-9]+[.eE]")
# Line feeds and tabs are left to the schemas: some texts have lines.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class StrictRoute(APIRoute):
    """A route that admits its caller first, reads no more than its limit, reads JSON only as
    `read_json` accepts it, and ends the request's transaction before its answer leaves.

    Every router takes it as `route_class`. `max_body_size` of a route is its own limit in bytes.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        answer, self.row = arranged(endpoint, admit)
        super().__init__(path, answer, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, with the caller admitted and the JSON read before it, and the
        transaction committed after it.
        """
        answer, row = super().get_route_handler(), self.row
        reads_json = self.body_field is not None and not isinstance(
            self.body_field.field_info, Form
        )

        async def answer_and_end(request: Request) -> Response:
            # "Committed" comes before "answered": who calls this sends the answer afterwards
            # (tests/faults/test_commit.py).
            async with AsyncExitStack() as endings:
                request.scope["endings"] = endings
                if reads_json:
                    # Nobody makes the service parse a body before it is known who calls.
                    now = real_now(request)
                    caller = await admit(request, now)
                    request = JsonRequest(request.scope, request.receive)
                    await count_entries(request, caller, await request.json(), now)
                try:
                    await arrange(row, request)
                    return await answer(request)
                finally:
                    dismiss(request)

        return answer_and_end

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body under the limit."""
        limit = self.max_body_size
        if limit is None:
            limit = scope["app"].state.settings.http.json_limit
        await super().handle(scope, limited(scope, receive, limit), send)


class JsonRequest(Request):
    """A request whose body is JSON, or nothing."""

    async def json(self) -> Any:
        """The value of the body; None without one.

        Raises UnsupportedMedia, DuplicateParameter, BodyTooLarge and what `read_json` raises.
        """
        if not hasattr(self, "_json"):
            declared = check_media_type(self.headers)
            try:
                body = await self.body()
            except ClientDisconnect:
                # Nobody is left to read the answer, and a body that stopped early is no fault here.
                raise MalformedJson from None
            if body and not declared:
                raise UnsupportedMedia(pointer="content-type")
            self._json = read_json(body) if body else None
        return self._json


def limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """`receive` for at most `limit` bytes of body.

    Raises BodyTooLarge at once when the request says that it is longer, else when it becomes so;
    UnsupportedMedia when it is packed for its way, because the server would not unpack it.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            if len(value) > _LONGEST_LENGTH or int(value) > limit:
                raise BodyTooLarge
        elif name == b"transfer-encoding" and value.lower() != b"chunked":
            raise UnsupportedMedia(pointer="transfer-encoding")
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise BodyTooLarge
        return message

    return counted


def check_media_type(headers: Headers) -> bool:
    """Refuse what says that it is not plain JSON in UTF-8; tell whether a Content-Type came."""
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia(pointer="content-encoding")
    declared = headers.getlist("content-type")
    if len(declared) > 1:
        raise DuplicateParameter(pointer="content-type")
    if declared and not is_json(declared[0]):
        raise UnsupportedMedia(pointer="content-type")
    return bool(declared)


def is_json(content_type: str) -> bool:
    """Whether a Content-Type means JSON in UTF-8, which is the only encoding of JSON (RFC 8259)."""
    if content_type == "application/json":
        return True
    media_type, *parameters = content_type.split(";")
    if media_type.strip().lower() != "application/json":
        return False
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() != "utf-8":
            return False
    return True


def read_json(body: bytes) -> Any:
    """The value of a JSON text by RFC 8259 and I-JSON: UTF-8, finite numbers, whole characters,
    each member named once, at most 64 levels deep, and no control characters in its texts.

    Raises MalformedJson, DuplicateKey and InvalidInput.
    """
    try:
        value = orjson.loads(body)
        # Each member has a colon of its own, so as many colons as members means no doubled one.
        if body.count(b":") != count_members(value):
            json.loads(body, object_pairs_hook=_refuse_doubled)
    except (ValueError, RecursionError):
        raise MalformedJson from None
    if _MAYBE_WHOLE.search(body):
        value = with_whole_numbers(value)
    if any(sign in body for sign in _SIGNS) and _MAYBE_CONTROL.search(body):
        places = list(islice(find_control_characters(value), _MOST_PLACES))
        if places:
            raise InvalidInput(places=[(place, "control_character") for place in places])
    return value


def count_members(value: Any) -> int:
    """How many members all objects in a JSON value have. Raises MalformedJson for one too deep."""
    members = 0
    level = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for part in level:
            if type(part) is dict:
                members += len(part)
                below.extend(part.values())
            elif type(part) is list:
                below.extend(part)
        if not below:
            return members
        level = below
    raise MalformedJson


def with_whole_numbers(value: Any) -> Any:
    """A JSON value in which whole numbers are integers however they were written: JSON knows one
    kind of number, and to its schemas 2.0 is an integer.
    """
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is list:
        return [with_whole_numbers(part) for part in value]
    if type(value) is dict:
        return {name: with_whole_numbers(part) for name, part in value.items()}
    return value


def find_control_characters(value: Any, at: str = "") -> Iterator[str]:
    """The pointers of all texts with control characters in a JSON value, names of members too."""
    if isinstance(value, str):
        if _CONTROL.search(value):
            yield at
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from find_control_characters(part, f"{at}/{index}")
    elif isinstance(value, dict):
        for name, part in value.items():
            if _CONTROL.search(name):
                yield f"{at}/?"
            yield from find_control_characters(part, f"{at}/{shown_name(name)}")


def _refuse_doubled(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise DuplicateKey


class HeadAsGet:
    """Answers HEAD as GET without the body (RFC 9110, 9.3.2). Pure ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a HEAD request on as GET and drop what comes after the headers."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        # A copy, because the server looks into its own to know that no body may follow.
        inner = {**scope, "method": "GET"}

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(inner, receive, without_body)
        finally:
            scope.update({**inner, "method": "HEAD"})
