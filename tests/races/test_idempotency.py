"""One key, one effect (TRUST 2, small form), with real connections and real commits.

Seen to fail: with the advisory lock taken out of `app.idempotency.once` (several callers ran the
effect and the primary key answered 500), and with the key looked up without its principal.
"""

import asyncio
from collections import Counter

import httpx
from sqlalchemy import text
from starlette.responses import Response

from app.domain.errors import IdempotencyKeyBusy
from app.idempotency import fingerprint, once
from tests.conftest import Service

COPIES = 50
HEADER = b"date,kind,opens,closes,name\n"


async def upload(service: Service, key: str, content: bytes = HEADER) -> httpx.Response:
    """One upload under a key."""
    return await service.post(
        "/v1/imports",
        "desk",
        files={"files": ("closing_days.csv", content, "text/csv")},
        headers={"Idempotency-Key": key},
    )


async def runs(service: Service) -> int:
    """How many import runs there are."""
    async with service.owner() as session:
        return int(await session.scalar(text("SELECT count(*) FROM import_run")) or 0)


async def test_copies_sent_at_once_have_one_effect(own_service: Service) -> None:
    before = await runs(own_service)
    answers = await asyncio.gather(*(upload(own_service, "one") for _ in range(COPIES)))
    assert await runs(own_service) == before + 1
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {202, 409}, statuses
    firsts = [answer for answer in answers if "idempotent-replayed" not in answer.headers]
    assert Counter(answer.status_code for answer in firsts)[202] == 1
    good = [answer for answer in answers if answer.status_code == 202]
    assert len({answer.content for answer in good}) == 1
    assert len({answer.headers["location"] for answer in good}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_key_busy"
            assert answer.headers["retry-after"].isdigit()
    # Whoever was too early gets the stored answer when it comes again.
    again = await upload(own_service, "one")
    assert (again.status_code, again.content) == (202, good[0].content)
    assert again.headers["idempotent-replayed"] == "true"


async def test_changed_bodies_under_a_used_key_are_refused(own_service: Service) -> None:
    assert (await upload(own_service, "two")).status_code == 202
    before = await runs(own_service)
    answers = await asyncio.gather(
        *(
            upload(own_service, "two", HEADER + b"2027-08-%02d,closed,,,x\n" % (number % 28 + 1))
            for number in range(COPIES)
        )
    )
    codes = Counter((answer.status_code, answer.json()["code"]) for answer in answers)
    assert set(codes) <= {(422, "idempotency_key_reused"), (409, "idempotency_key_busy")}, codes
    assert codes[(422, "idempotency_key_reused")] > 0
    assert await runs(own_service) == before


async def test_many_keys_at_once_have_one_effect_each(own_service: Service) -> None:
    before = await runs(own_service)
    answers = await asyncio.gather(
        *(upload(own_service, f"key-{number % 20}") for number in range(100))
    )
    assert await runs(own_service) == before + 20
    assert {answer.status_code for answer in answers} <= {202, 409}


async def test_another_callers_same_key_is_another_key(own_service: Service) -> None:
    """Both run at the same time and neither sees the other."""
    effects: list[str] = []
    both = asyncio.Barrier(2)

    async def run(principal: str) -> Response:
        async def effect() -> Response:
            async with asyncio.timeout(5):
                await both.wait()
            effects.append(principal)
            return Response(principal.encode(), media_type="text/plain")

        async with own_service.database.transaction("desk") as session:
            return await once(
                session,
                principal=principal,
                key="same",
                request_hash=fingerprint(b"x"),
                effect=effect,
            )

    answers = await asyncio.gather(run("one"), run("two"))
    assert [answer.body for answer in answers] == [b"one", b"two"]
    assert sorted(effects) == ["one", "two"]


async def test_another_callers_used_key_is_free_for_oneself(own_service: Service) -> None:
    for principal in ("one", "two"):

        async def effect(principal: str = principal) -> Response:
            return Response(principal.encode(), media_type="text/plain")

        for replayed in (None, "true"):
            async with own_service.database.transaction("desk") as session:
                answer = await once(
                    session,
                    principal=principal,
                    key="used",
                    request_hash=fingerprint(b"x"),
                    effect=effect,
                )
            assert answer.body == principal.encode()
            assert answer.headers.get("idempotent-replayed") == replayed


async def test_the_second_is_told_to_wait_while_the_first_runs(own_service: Service) -> None:
    running, let_go = asyncio.Event(), asyncio.Event()
    count = 0

    async def run() -> Response:
        async def effect() -> Response:
            nonlocal count
            count += 1
            running.set()
            await let_go.wait()
            return Response(b"done", media_type="text/plain")

        async with own_service.database.transaction("desk") as session:
            return await once(
                session, principal="p", key="k", request_hash=fingerprint(b"x"), effect=effect
            )

    first = asyncio.create_task(run())
    await running.wait()
    async with asyncio.timeout(10):
        busy = await asyncio.gather(*(run() for _ in range(3)), return_exceptions=True)
    assert {type(refusal) for refusal in busy} == {IdempotencyKeyBusy}
    let_go.set()
    await first
    assert (await run()).headers["idempotent-replayed"] == "true"
    assert count == 1


async def test_an_effect_that_fails_leaves_no_key(own_service: Service) -> None:
    async def run(fails: bool) -> Response:
        async def effect() -> Response:
            if fails:
                raise ZeroDivisionError
            return Response(b"done", media_type="text/plain")

        async with own_service.database.transaction("desk") as session:
            return await once(
                session, principal="p", key="f", request_hash=fingerprint(b"x"), effect=effect
            )

    failed = await asyncio.gather(run(True), return_exceptions=True)
    assert isinstance(failed[0], ZeroDivisionError)
    assert "idempotent-replayed" not in (await run(False)).headers
