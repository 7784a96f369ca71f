"""Steps with quotes that several tests take."""

from hashlib import sha256
from typing import Any

import httpx
from sqlalchemy import text

from tests.conftest import Service

# Contracts of the demo set: of C0001, one line each; of C0009, five lines with dates of their own.
CONTRACT, LATER_CONTRACT = "JP-4410-0001", "JP-4500-0001"
FIVE_LINES = "JP-6007-0001"


async def drafted(
    service: Service, key: str = "draft", contract: str = CONTRACT, **wanted: Any
) -> dict[str, Any]:
    """A new draft of a contract's renewal."""
    body = {"contract_numbers": [contract], **wanted}
    if "merge_of" in wanted:
        del body["contract_numbers"]
    answer = await service.post("/v1/quotes", "desk", json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def etag(service: Service, number: str) -> str:
    """The ETag that the desk holds."""
    answer = await service.get(f"/v1/quotes/{number}", "desk")
    return str(answer.headers["etag"])


async def step(
    service: Service,
    number: str,
    action: str,
    body: Any = None,
    caller: str = "desk",
    held: str | None = None,
    **options: Any,
) -> httpx.Response:
    """A step of a quote, by one who has just read it."""
    headers = {"If-Match": held or await etag(service, number)}
    if action in {"versions", "split"}:
        headers["Idempotency-Key"] = sha256(f"{action} {number} {body}".encode()).hexdigest()
    method, path = ("PATCH", "") if action == "amend" else ("POST", f"/{action}")
    if body is not None:
        options["json"] = body
    return await service.send(
        method, f"/v1/quotes/{number}{path}", caller, headers=headers, **options
    )


async def issued(service: Service, key: str = "draft", **wanted: Any) -> dict[str, Any]:
    """A new quote with its first version issued."""
    draft = await drafted(service, key, **wanted)
    answer = await step(service, draft["quote_number"], "issue")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def written(service: Service) -> tuple[int, int]:
    """How many events and changes are recorded."""
    async with service.owner() as session:
        events = await session.scalar(text("SELECT count(*) FROM event"))
        audits = await session.scalar(text("SELECT count(*) FROM audit WHERE action <> 'read'"))
    return int(events or 0), int(audits or 0)
