"""One key, one effect: the stored answer of a repeated request, byte for byte.

The key stands in the transaction of the effect, so a request that was rolled back leaves none.
"""

import hashlib
from collections.abc import Awaitable, Callable

from sqlalchemy import BigInteger, Text, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.db.callers import caller_digest, caller_named
from app.db.tables import idempotency_key
from app.db.transaction import insert_soon
from app.domain.errors import IdempotencyKeyBusy, IdempotencyKeyReused

REPLAYED = "Idempotent-Replayed"
# One statement for the lock and the context; the key is read by the next one, whose snapshot begins
# when the lock is held.
_BEGIN = select(
    func.pg_try_advisory_xact_lock(bindparam("number", type_=BigInteger)),
    caller_named(bindparam("caller", type_=Text)),
)
_STORED = select(
    idempotency_key.c.request_hash,
    idempotency_key.c.status,
    idempotency_key.c.headers,
    idempotency_key.c.body,
).where(
    idempotency_key.c.principal == bindparam("of", type_=Text),
    idempotency_key.c.key == bindparam("given", type_=Text),
)
_KEEP = insert(idempotency_key)
_KEPT_HEADERS = ("content-type", "location", "etag", "content-language")


def fingerprint(*parts: bytes) -> bytes:
    """The SHA-256 of what makes two requests the same; each part with its length, so that moving a
    byte from one part to the next gives another fingerprint.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


async def once(
    session: AsyncSession,
    *,
    principal: str,
    key: str | None,
    request_hash: bytes,
    effect: Callable[[], Awaitable[Response]],
) -> Response:
    """Run `effect` once for this caller's key and answer every repetition with its stored answer.
    Without a key it is a trial (`app.write_guards.RequestKey`), which is run and not remembered.

    Raises IdempotencyKeyBusy while the first request is running and IdempotencyKeyReused when the
    key was used with another request. A refusal of `effect` passes and leaves no key.
    """
    if key is None:
        return await effect()
    number = int.from_bytes(fingerprint(principal.encode(), key.encode())[:8], "big", signed=True)
    begun = await session.execute(_BEGIN, {"number": number, "caller": caller_digest(principal)})
    if not begun.one()[0]:
        raise IdempotencyKeyBusy
    stored = (await session.execute(_STORED, {"of": principal, "given": key})).first()
    if stored is not None:
        if stored.request_hash != request_hash:
            raise IdempotencyKeyReused
        return Response(
            stored.body, status_code=stored.status, headers={**stored.headers, REPLAYED: "true"}
        )
    response = await effect()
    values = {
        "principal": principal,
        "key": key,
        "request_hash": request_hash,
        "status": response.status_code,
        "headers": {
            name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
        },
        "body": bytes(response.body),
    }
    await insert_soon(session, _KEEP, values)
    return response
