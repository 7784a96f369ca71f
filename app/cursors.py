"""Cursors of lists: opaque to the caller, signed, and good for one list, one caller, one filter."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import TypeVar

import orjson

from app.domain.errors import InvalidCursor

_SIGNATURE_BYTES = 16
_LONGEST = 500

Row = TypeVar("Row")


def make_cursor(secret: bytes, meaning: str, key: Sequence[str]) -> str:
    """The cursor that goes on after `key`. `meaning` names the list, the caller and the filters."""
    payload = orjson.dumps(list(key))
    return base64.urlsafe_b64encode(_sign(secret, meaning, payload) + payload).decode().rstrip("=")


def cut_page(
    secret: bytes,
    meaning: str,
    rows: Sequence[Row],
    page_size: int,
    key: Callable[[Row], Sequence[str]],
) -> tuple[Sequence[Row], str | None]:
    """A page and the cursor of the next one, from rows that are read with one more than the page
    holds: where it is there, so is another page. `key` gives a row's place in the list's order.
    """
    shown = rows[:page_size]
    if len(rows) <= page_size:
        return shown, None
    return shown, make_cursor(secret, meaning, key(shown[-1]))


def read_cursor(secret: bytes, meaning: str, cursor: str, length: int) -> list[str]:
    """The key in a cursor.

    Raises InvalidCursor when it was not made for this meaning by this service.
    """
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise InvalidCursor(pointer="cursor")
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCursor(pointer="cursor") from None
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(secret, meaning, payload)):
        raise InvalidCursor(pointer="cursor")
    key: list[str] = orjson.loads(payload)
    if len(key) != length:
        raise InvalidCursor(pointer="cursor")
    return key


def _sign(secret: bytes, meaning: str, payload: bytes) -> bytes:
    digest = hmac.new(secret, meaning.encode() + b"\0" + payload, hashlib.sha256)
    return digest.digest()[:_SIGNATURE_BYTES]
