"""The fast lane: the same bytes as the ordinary way, for the same callers, and nothing more."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.demo import DEMO_TOUR, TourStop
from app.lane import LaneReads
from tests.conftest import NOW, Service


@pytest.fixture
async def warm(service: Service) -> Service:
    """The service with every caller's token and the calendar in memory, as after a moment's use."""
    for caller in ("customer", "other", "partner", "desk"):
        await service.get("/v1/contracts/JP-4410-0001?as_of=2026-11-25", caller)
    return service


async def both_ways(service: Service, path: str, caller: str, **options: object) -> None:
    """The same request by the lane and past it: a query string that changes nothing, or a space in
    the body, is not plain.
    """
    today = NOW.date().isoformat()
    method = "POST" if "content" in options else "GET"
    headers = {"Content-Type": "application/json"} if method == "POST" else {}
    fast = await service.send(method, path, caller, headers=headers, **options)
    if method == "GET":
        slow = await service.send(method, f"{path}?as_of={today}", caller, headers=headers)
    else:
        content = bytes(str(options["content"]), "utf-8").replace(b"]", b'],"as_of":null')
        slow = await service.send(method, path, caller, headers=headers, content=content)
    assert (fast.status_code, fast.content) == (slow.status_code, slow.content)
    dropped = {"x-request-id"}
    assert {k: v for k, v in fast.headers.items() if k not in dropped} == {
        k: v for k, v in slow.headers.items() if k not in dropped
    }


@pytest.mark.parametrize("caller", ["customer", "partner"])
@pytest.mark.parametrize("number", ["JP-4410-0001", "JP-4410-0002", "JP-4500-0001"])
async def test_a_contract_is_the_same_both_ways(warm: Service, number: str, caller: str) -> None:
    before: int = warm.app.state.lane.contracts.questions
    await both_ways(warm, f"/v1/contracts/{number}", caller)
    assert warm.app.state.lane.contracts.questions == before + 1


@pytest.mark.parametrize("caller", ["customer", "partner"])
@pytest.mark.parametrize("stop", DEMO_TOUR, ids=[stop.serial_number for stop in DEMO_TOUR])
async def test_one_machine_is_the_same_both_ways(
    warm: Service, stop: TourStop, caller: str
) -> None:
    serial = stop.serial_number
    await both_ways(
        warm,
        "/v1/coverage-lookups",
        caller,
        content=f'{{"items":[{{"serial_number":"{serial}"}}]}}',
    )


async def test_callers_in_one_batch_see_their_own_and_nothing_else(warm: Service) -> None:
    """Many callers at once, so that they share statements: each gets what it gets alone."""
    reads: LaneReads = warm.app.state.lane
    before = reads.contracts.batches, reads.contracts.questions
    asked = [
        (caller, number)
        for _ in range(20)
        for caller in ("customer", "other", "partner")
        for number in ("JP-4410-0001", "PK-7781-0001", "JP-4410-0002")
    ]
    answers = await asyncio.gather(
        *(warm.get(f"/v1/contracts/{number}", caller) for caller, number in asked)
    )
    seen = {
        (caller, number, answer.status_code)
        for (caller, number), answer in zip(asked, answers, strict=True)
    }
    assert seen == {
        ("customer", "JP-4410-0001", 200),
        ("customer", "JP-4410-0002", 200),
        ("customer", "PK-7781-0001", 404),
        ("partner", "JP-4410-0001", 200),
        ("partner", "JP-4410-0002", 200),
        ("partner", "PK-7781-0001", 404),
        ("other", "JP-4410-0001", 404),
        ("other", "JP-4410-0002", 404),
        ("other", "PK-7781-0001", 200),
    }
    batches, questions = reads.contracts.batches - before[0], reads.contracts.questions - before[1]
    assert questions == len(asked)
    assert batches < questions / 4, "the questions did not share statements"


async def test_a_held_validator_is_answered_with_304(warm: Service) -> None:
    first = await warm.get("/v1/contracts/JP-4410-0001")
    again = await warm.get(
        "/v1/contracts/JP-4410-0001", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


async def test_english_is_spoken_on_the_lane_too(warm: Service) -> None:
    answer = await warm.get("/v1/contracts/JP-4410-0001", headers={"Accept-Language": "en"})
    assert answer.headers["content-language"] == "en"
    assert answer.json()["next_action"]["text"].isascii()


async def test_a_revoked_token_is_refused_at_once(own_service: Service) -> None:
    assert (await own_service.get("/v1/contracts/JP-4410-0001")).status_code == 200
    token = own_service.tokens.customer
    known = own_service.app.state.authenticator.read_own(token, NOW)
    async with own_service.owner() as session:
        await session.execute(
            text("INSERT INTO revoked_token (token_id, expires_at) VALUES (:id, :at)"),
            {"id": known.token_id, "at": NOW + timedelta(days=7)},
        )
    answer = await own_service.get("/v1/contracts/JP-4410-0001")
    assert answer.status_code == 401
    assert answer.json()["code"] == "credentials_revoked"


async def test_a_relation_that_ended_shows_nothing_from_the_next_request_on(
    own_service: Service,
) -> None:
    assert (await own_service.get("/v1/contracts/JP-4410-0001", "partner")).status_code == 200
    async with own_service.owner() as session:
        await session.execute(
            text("DELETE FROM serve WHERE partner_id = 'P0001' AND customer_id = 'C0001'")
        )
    assert (await own_service.get("/v1/contracts/JP-4410-0001", "partner")).status_code == 404


async def test_a_moved_calendar_is_seen_at_once(own_service: Service) -> None:
    before = await own_service.get("/v1/contracts/JP-4410-0001")
    assert before.json()["renewal_quote_due"] == "2026-12-28"
    async with own_service.owner() as session:
        await session.execute(
            text(
                "INSERT INTO calendar_day (day, origin, kind, name)"
                " VALUES ('2026-12-28', 'company', 'closed', 'x')"
            )
        )
    after = await own_service.get("/v1/contracts/JP-4410-0001")
    assert after.json()["renewal_quote_due"] == "2026-12-25"


async def test_a_lost_connection_costs_no_answer(own_service: Service) -> None:
    await own_service.get("/v1/contracts/JP-4410-0001")
    async with own_service.owner() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'renewal-desk lane'"
                " AND datname = current_database()"
            )
        )
    answers = [await own_service.get("/v1/contracts/JP-4410-0001") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4


async def test_answers_of_the_lane_are_counted_and_timed_like_all_others(
    own_service: Service,
) -> None:
    """Seen to fail: with `record` left out of `Lane._answer`."""
    route = "/v1/contracts/{contract_number}"

    async def counted() -> dict[str, float]:
        answer = await own_service.get("/metrics", "public")
        label = f'route="{route}"'
        lines = [line.rsplit(" ", 1) for line in answer.text.splitlines() if label in line]
        return {name: float(value) for name, value in lines}

    await own_service.get("/v1/contracts/JP-4410-0001")
    before, lane = await counted(), own_service.app.state.lane.contracts.questions
    for number in ("JP-4410-0001", "JP-4410-0001", "NONE-0000"):
        await own_service.get(f"/v1/contracts/{number}")
    assert own_service.app.state.lane.contracts.questions == lane + 3
    after = await counted()
    grown = {name: after[name] - before.get(name, 0.0) for name in after}
    requests = "renewal_desk_requests_total"
    assert grown[f'{requests}{{method="GET",route="{route}",status="200"}}'] == 2
    assert grown[f'{requests}{{method="GET",route="{route}",status="404"}}'] == 1
    seconds = "renewal_desk_request_seconds"
    assert grown[f'{seconds}_count{{route="{route}"}}'] == 3
    assert grown[f'{seconds}_bucket{{le="+Inf",route="{route}"}}'] == 3
    assert grown[f'{seconds}_sum{{route="{route}"}}'] > 0
    buckets = [value for name, value in after.items() if name.startswith(f"{seconds}_bucket")]
    assert buckets == sorted(buckets)


async def test_a_lane_that_waits_holds_no_lock(own_service: Service) -> None:
    """Migrations would wait for it. Seen to fail: right after the connections were opened, with
    statements that were prepared and nothing after it.
    """
    locks = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE application_name = 'renewal-desk lane' AND datname = current_database()"
        " AND relation IS NOT NULL"
    )
    await own_service.get("/v1/contracts/JP-4410-0001?as_of=2026-11-25")
    for _ in range(2):
        async with own_service.owner() as session:
            assert await session.scalar(text(locks)) == 0
        assert (await own_service.get("/v1/contracts/JP-4410-0001")).status_code == 200
