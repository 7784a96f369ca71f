"""The headers by which a caller guards a write: Idempotency-Key and If-Match."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from app.domain.errors import (
    DuplicateParameter,
    IdempotencyKeyMissing,
    PreconditionFailed,
    PreconditionMissing,
)

_KEY = re.compile(r"[\x21-\x7e]{1,100}")
KEY_HEADER = Header(
    alias="Idempotency-Key",
    description="Chosen by the caller; the same key with the same request is answered with the "
    "stored answer for 7 days.",
    # Not checked by the framework, whose 422 would stand in the way of our 400.
    json_schema_extra={"pattern": "^[!-~]{1,100}$"},
    examples=["order-batch-17"],
)
# An ETag of `app.routers.answers.revised_resource`: the revision, then the digest of the answer.
_HELD = re.compile(r'"([0-9]{1,9})-[0-9a-f]{24}"')


async def get_idempotency_key(
    request: Request,
    idempotency_key: Annotated[str | None, KEY_HEADER] = None,
) -> str:
    """The caller's key of a request that creates something lasting.

    Raises IdempotencyKeyMissing when there is none or it has other characters, DuplicateParameter
    when there are two.
    """
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise DuplicateParameter(pointer="idempotency-key")
    if idempotency_key is None or _KEY.fullmatch(idempotency_key) is None:
        raise IdempotencyKeyMissing(pointer="idempotency-key")
    return idempotency_key


IdempotencyKey = Annotated[str, Depends(get_idempotency_key)]


async def get_request_key(
    request: Request, key: Annotated[str | None, KEY_HEADER] = None
) -> str | None:
    """The caller's key of a request that creates something lasting; None for a trial (`dry_run`),
    which needs none.

    Raises what `get_idempotency_key` raises.
    """
    if request.query_params.get("dry_run") == "true":
        if key is not None:
            # One that is sent nevertheless must be one.
            await get_idempotency_key(request, key)
        return None
    return await get_idempotency_key(request, key)


RequestKey = Annotated[str | None, Depends(get_request_key)]


async def get_held_revision(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="The ETag of the object as the caller read it.",
            examples=['"3-0a1b2c3d4e5f60718293a4b5"'],
        ),
    ] = None,
) -> int:
    """The revision of the object that the caller has read and means to change.

    Raises PreconditionMissing without the header, PreconditionFailed for what is no ETag of this
    service, DuplicateParameter when it came twice.
    """
    if len(request.headers.getlist("if-match")) > 1:
        raise DuplicateParameter(pointer="if-match")
    if if_match is None:
        raise PreconditionMissing(pointer="if-match")
    held = _HELD.fullmatch(if_match.strip())
    if held is None:
        raise PreconditionFailed(pointer="if-match")
    return int(held[1])


HeldRevision = Annotated[int, Depends(get_held_revision)]
