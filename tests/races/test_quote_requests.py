"""Quote requests that come at once: one key, one effect (TRUST 2, small form), and one winner of
many cancellations (TRUST 7), with real connections and real commits.

Seen to fail: with an empty `principal` given to `once` in `ask_for_quote` (the partner got the
customer's answer), with the advisory lock taken out of `app.idempotency.once` (copies were answered
500), with `key` not looked at in `ask_for_quote` (240 requests for 30 keys), with the lock taken
out of `claim_quote_request` together with the revision out of `change_quote_request` (ten
cancellations won), and with the revision not compared in `app.usecases.request_steps` (the losers
were told 409).
"""

import asyncio
from collections import Counter
from typing import Any

import httpx
from sqlalchemy import text

from tests.conftest import Service

PATH = "/v1/quote-requests"
KEYS, COPIES = 30, 8
CONTRACT = "JP-4410-0001"


def body(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "renewal",
        "identification": {"contract_number": CONTRACT},
        "requester": {"name": f"佐藤 {number}", "email": "hanako@example.com"},
    } | changes


async def ask(
    service: Service, key: str, content: dict[str, Any], caller: str = "customer"
) -> httpx.Response:
    return await service.post(PATH, caller, json=content, headers={"Idempotency-Key": key})


async def count(service: Service, table: str, condition: str = "true") -> int:
    async with service.owner() as session:
        return int(
            await session.scalar(text(f"SELECT count(*) FROM {table} WHERE {condition}")) or 0
        )


async def everything(service: Service) -> list[int]:
    """Requests, their events, their audit entries and keys."""
    return [
        await count(service, "quote_request"),
        await count(service, "event", "object_type = 'quote_request'"),
        await count(service, "audit", "object_type = 'quote_request' AND action <> 'read'"),
        await count(service, "idempotency_key"),
    ]


async def test_many_keys_in_many_copies_have_one_effect_each(own_service: Service) -> None:
    before = await everything(own_service)
    answers = await asyncio.gather(
        *(
            # Copies stand side by side, so that they meet.
            ask(own_service, f"key-{number // COPIES}", body(number // COPIES))
            for number in range(KEYS * COPIES)
        )
    )
    assert await everything(own_service) == [number + KEYS for number in before]
    by_key: dict[int, list[httpx.Response]] = {}
    for number, answer in enumerate(answers):
        by_key.setdefault(number // COPIES, []).append(answer)
    for number, copies in by_key.items():
        good = [answer for answer in copies if answer.status_code == 201]
        firsts = [answer for answer in good if "idempotent-replayed" not in answer.headers]
        assert len(firsts) == 1
        assert len({(a.content, a.headers["etag"], a.headers["location"]) for a in good}) == 1
        busy = [answer for answer in copies if answer.status_code != 201]
        assert {(a.status_code, a.json()["code"]) for a in busy} <= {(409, "idempotency_key_busy")}
        again = await ask(own_service, f"key-{number}", body(number))
        assert (again.status_code, again.content) == (201, firsts[0].content)
        assert again.headers["idempotent-replayed"] == "true"


async def test_changed_bodies_another_caller_and_a_refusal(own_service: Service) -> None:
    first = await ask(own_service, "used", body())
    assert first.status_code == 201
    before = await everything(own_service)
    answers = await asyncio.gather(
        *(ask(own_service, "used", body(number)) for number in range(1, KEYS))
    )
    found = Counter((answer.status_code, answer.json()["code"]) for answer in answers)
    assert set(found) <= {(422, "idempotency_key_reused"), (409, "idempotency_key_busy")}, found
    assert found[(422, "idempotency_key_reused")] > 0
    assert await everything(own_service) == before
    # The same key of the partner, who may see the same customer, is a key of its own.
    other = await ask(own_service, "used", body(), "partner")
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]
    assert "idempotent-replayed" not in other.headers
    # What is refused leaves no key: the corrected request goes through with it.
    wrong = body(kind="upgrade")
    assert (await ask(own_service, "wrong", wrong)).status_code == 422
    assert await everything(own_service) == [number + 1 for number in before]
    assert (await ask(own_service, "wrong", body())).status_code == 201


async def test_one_of_many_cancellations_wins(own_service: Service) -> None:
    made = await ask(own_service, "one", body())
    path, etag = made.headers["location"], made.headers["etag"]
    before = await everything(own_service)
    answers = await asyncio.gather(
        *(
            own_service.post(
                f"{path}/cancellation",
                "customer" if number % 2 else "partner",
                json={"reason": str(number)},
                headers={"If-Match": etag},
            )
            for number in range(50)
        )
    )
    found = Counter(answer.status_code for answer in answers)
    assert found == {200: 1, 412: 49}
    (winner,) = [answer for answer in answers if answer.status_code == 200]
    read = (await own_service.get(path)).json()
    assert (read["state"], read["reason"]) == ("cancelled", winner.json()["reason"])
    requests, events, audits, keys = before
    assert await everything(own_service) == [requests, events + 1, audits + 1, keys]


async def test_a_cancellation_and_the_start_of_the_desk_do_not_both_win(
    own_service: Service,
) -> None:
    for number in range(10):
        made = await ask(own_service, f"key-{number}", body(number))
        path, headers = made.headers["location"], {"If-Match": made.headers["etag"]}
        cancelled, started = await asyncio.gather(
            own_service.post(f"{path}/cancellation", json={}, headers=headers),
            own_service.post(f"{path}/start", "desk", headers=headers),
        )
        assert {cancelled.status_code, started.status_code} == {200, 412}
        state = (await own_service.get(path)).json()["state"]
        assert state == ("cancelled" if cancelled.status_code == 200 else "in_progress")
