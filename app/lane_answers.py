"""The HTTP of the lane: what is plain, and how an answer is written once and sent often."""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, get_args

from starlette.types import Message, Receive, Scope, Send

from app.domain.languages import Language, choose_language
from app.routers.answers import HEADERS, body_of, etag_of, matches

# How many written answers are kept, at most: some 10 MB.
MOST_ANSWERS = 8_000
# As much of the header as the choice of a language looks at.
_LANGUAGE_LENGTH = 200
_OF_A_BODY = frozenset({b"content-length", b"content-type"})
_PLACES = {
    b"authorization": 0,
    b"accept-language": 1,
    b"if-none-match": 2,
    b"content-type": 3,
    b"x-request-id": 4,
    # A request with one of these wants something that only the ordinary way knows.
    b"transfer-encoding": -1,
    b"content-encoding": -1,
    b"expect": -1,
    b"range": -1,
}

RawHeaders = list[tuple[bytes, bytes]]
# An extension of ASGI by this service's own server (app.serving): writes a whole answer, given as
# status line, header lines, last header lines and body. False when it cannot now.
WHOLE = "renewal_desk.whole"
WriteWhole = Callable[[bytes, bytes, bytes, bytes], bool]


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]


# The headers that every answer in a language has, as ASGI wants them.
_HEADERS_IN: Mapping[Language, RawHeaders] = {
    language: _raw({**HEADERS, "Content-Language": language}) for language in get_args(Language)
}


class Plain(NamedTuple):
    """What matters here of a plain request's headers, each of them there at most once."""

    authorization: bytes
    language: Language
    held: bytes | None
    content_type: bytes | None
    request_id: bytes | None


class Written(NamedTuple):
    """An answer as it leaves, its headers also as they go over the wire. One without a validator is
    always sent with its body.
    """

    headers: RawHeaders
    lines: bytes
    body: bytes
    etag: str | None


class Answers:
    """The answers that were written lately, at most `MOST_ANSWERS`.

    The key of an answer holds everything it was made of, so none can be outdated or another's.
    """

    def __init__(self) -> None:
        self._young: dict[Hashable, Any] = {}
        self._old: dict[Hashable, Any] = {}

    def get(self, key: Hashable) -> Any:
        """The answer of this key, or None."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: Hashable, answer: Any) -> None:
        """Keep an answer; those not asked for since long go."""
        if len(self._young) >= MOST_ANSWERS // 2:
            self._old, self._young = self._young, {}
        self._young[key] = answer


@lru_cache(maxsize=500)
def _language(accepted: bytes | None) -> Language:
    return choose_language(None if accepted is None else accepted.decode("latin-1"))


def write(answer: Any, language: Language, *, tagged: bool) -> Written:
    """An answer with all its headers but the id of a request."""
    body = body_of(answer)
    etag = etag_of(body) if tagged else None
    headers = [*_HEADERS_IN[language], (b"content-type", b"application/json")]
    headers.append((b"content-length", b"%d" % len(body)))
    if etag is not None:
        headers.append((b"etag", etag.encode()))
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return Written(headers, lines, body, etag)


def plain_of(headers: RawHeaders) -> Plain | None:
    """The headers that matter here; None when the request is not plain."""
    found: list[bytes | None] = [None] * 5
    for name, value in headers:
        place = _PLACES.get(name)
        if place is not None:
            if place < 0 or found[place] is not None:
                return None
            found[place] = value
    authorization, language, held, content_type, request_id = found
    if authorization is None:
        return None
    spoken = _language(None if language is None else language[:_LANGUAGE_LENGTH])
    return Plain(authorization, spoken, held, content_type, request_id)


def status_for(plain: Plain, written: Written) -> int:
    """200, or 304 when the caller holds this answer already."""
    if plain.held is None or written.etag is None:
        return 200
    return 304 if matches(plain.held.decode("latin-1"), written.etag) else 200


async def answer(
    scope: Scope, send: Send, status: int, written: Written, request_id: str, more: RawHeaders
) -> None:
    """Send an answer: a 200 in one piece where the server can, otherwise by messages. `more` are
    headers of this answer alone.
    """
    own = [(b"x-request-id", request_id.encode()), *more]
    headers, body = written.headers, written.body
    if status == 304:
        headers, body = [one for one in headers if one[0] not in _OF_A_BODY], b""
    else:
        extensions = scope.get("extensions")
        write_whole: WriteWhole | None = None if extensions is None else extensions.get(WHOLE)
        if write_whole is not None:
            lines = b"".join([b"%b: %b\r\n" % header for header in own]) + b"\r\n"
            if write_whole(b"HTTP/1.1 200 OK\r\n", written.lines, lines, body):
                return
    headers = [*headers, *own]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def replayed(first: Message, receive: Receive) -> Receive:
    """`receive` with a message put back that was read already."""
    pending: list[Message] = [first]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
