"""Rate limits over HTTP: two services, with the lane and without it, on one database.

The clock stands, so nothing fills in unless a test moves it; each test begins an hour after the one
before, with full allowances.

Seen to fail: with each lease overwriting what was spent before, with a lease that does not look at
what was spent, with nothing draining, with a request counted after its path and query were checked,
with wrong credentials or long lists not counted, with the lane not counting or not saying that it
has, with every failure of a lease being a 429, and without the pause after one.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import URL, func, select, text

from app.auth_keys import SigningKeys
from app.db.rate_limits import Allowances
from app.db.tables import rate_limit
from app.rate_limits import UNLIMITED, address_of
from app.settings import LimitSettings, Settings
from app.usecases.upkeep import purge
from tests.conftest import Service, Tokens, own_database, started

# One unit a second; what is shared at once is 57, because leases of 3 can come late.
QUOTA = 60
BURST = 57
PUBLIC_QUOTA = 30
CONTRACT = "/v1/contracts/JP-4410-0001"
MACHINE = {"items": [{"serial_number": "JPT8270P2A"}]}
DOCUMENT = "/v1/quotes/Q-2026-9999/document.pdf"
PUBLIC = "/v1/guide/flow"


@dataclass
class Pair:
    """Two services on one database with limits; the second one has no lane."""

    lane: Service
    no_lane: Service

    def move(self, **times: float) -> None:
        for service in (self.lane, self.no_lane):
            service.clock.now += timedelta(**times)

    async def ask(self, times: int, path: str = CONTRACT, caller: str = "customer") -> list[Any]:
        """Ask both at once, by turns."""
        services = [self.lane, self.no_lane]
        return await asyncio.gather(*(services[n % 2].get(path, caller) for n in range(times)))


@pytest.fixture(scope="module")
async def running(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> AsyncIterator[Pair]:
    name, tokens = template
    limited = replace(settings, limits=LimitSettings(QUOTA, PUBLIC_QUOTA, 0))
    plain = replace(limited, http=replace(limited.http, lane=False))
    with own_database(server, name) as url, pytest.MonkeyPatch.context() as patch:
        # A busy machine is slow, and then nobody would be refused.
        patch.setattr("app.rate_limits.ASK_SECONDS", 60.0)
        patch.setattr("app.db.rate_limits.WAIT_SECONDS", 60.0)
        async with (
            started(url, limited, keys, tokens) as lane,
            started(url, plain, keys, tokens) as no_lane,
        ):
            yield Pair(lane, no_lane)


@pytest.fixture
async def pair(running: Pair) -> Pair:
    running.move(hours=1)
    return running


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How much the services want of each lease that they ask for."""
    wanted: list[int] = []
    lease = Allowances.lease

    async def noted(self: Allowances, key: bytes, **given: Any) -> Any:
        wanted.append(given["wanted"])
        return await lease(self, key, **given)

    monkeypatch.setattr(Allowances, "lease", noted)
    return wanted


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def remaining(answer: httpx.Response) -> int:
    return int(answer.headers["ratelimit"].split(";")[1].removeprefix("r="))


async def spent(service: Service) -> float:
    """What all allowances together have spent."""
    async with service.owner() as session:
        return float(await session.scalar(select(func.sum(rate_limit.c.spent))) or 0)


async def test_two_services_never_let_more_through_than_one_would(pair: Pair) -> None:
    found = statuses(await pair.ask(150))
    assert set(found) == {200, 429}
    # What is missing is a lease that one of them holds and nobody asked it for.
    assert BURST - 3 <= found[200] <= BURST
    # A minute of one request each second and 30 more: what fills in is all there is.
    through = 0
    for _ in range(60):
        pair.move(seconds=1)
        through += statuses(await pair.ask(4))[200]
    assert 45 <= through <= 60 + BURST - found[200]


async def test_a_refusal_says_when_it_ends_and_it_does(pair: Pair) -> None:
    service = pair.no_lane
    assert statuses([await service.get(CONTRACT) for _ in range(60)]) == {200: BURST, 429: 3}
    for path, status, seconds in ((CONTRACT, 200, 1), (DOCUMENT, 404, 10)):
        refused = await service.get(path)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == str(seconds)
        if seconds > 1:
            pair.move(seconds=seconds - 1)
            assert (await service.get(path)).headers["retry-after"] == "1"
            pair.move(seconds=1 - seconds)
        pair.move(seconds=seconds)
        assert (await service.get(path)).status_code == status


async def test_a_refusal_of_one_service_counts_what_the_other_let_through(pair: Pair) -> None:
    for _ in range(BURST):
        assert (await pair.no_lane.get(CONTRACT)).status_code == 200
    refused = await pair.lane.get(CONTRACT)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.headers["ratelimit"] == f'"caller";r=0;t={BURST}'


async def test_the_problem_says_what_to_do_in_both_languages(pair: Pair) -> None:
    await pair.ask(80)
    for language, title in (("ja", "リクエストが多すぎます"), ("en", "Too many requests")):
        refused = await pair.lane.get(CONTRACT, headers={"Accept-Language": language})
        problem = refused.json()
        assert refused.headers["content-type"] == "application/problem+json"
        assert (problem["code"], problem["title"]) == ("too_many_requests", title)
        assert problem["facts"] == {"quota": QUOTA, "window_seconds": 60}


async def test_an_allowance_fills_in_evenly_and_no_further_than_full(pair: Pair) -> None:
    service = pair.no_lane
    for pause, through in ((0, BURST), (5, 5), (20, 20), (500, BURST)):
        pair.move(seconds=pause)
        answers = [await service.get(CONTRACT) for _ in range(through + 4)]
        assert statuses(answers) == {200: through, 429: 4}


async def test_callers_have_allowances_of_their_own(pair: Pair) -> None:
    await pair.ask(80)
    for caller in ("other", "partner", "desk"):
        first = await pair.no_lane.get("/v1/contracts", caller)
        assert (first.status_code, remaining(first)) == (200, BURST - 1)
    # Without credentials it is the address that is counted.
    first = await pair.no_lane.get(PUBLIC, "public")
    assert first.headers["ratelimit"] == '"public";r=29;t=2'
    assert first.headers["ratelimit-policy"] == '"public";q=30;w=60'
    assert statuses(await pair.ask(40, PUBLIC, "public")) == {200: 29, 429: 11}
    # A credential that is wrong is none.
    wrong = await pair.no_lane.get(CONTRACT, headers={"Authorization": "Bearer a.b.c"})
    assert wrong.status_code == 429
    elsewhere = httpx.ASGITransport(pair.no_lane.app, client=("203.0.113.9", 4711))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://desk.test") as client:
        assert (await client.get(PUBLIC)).status_code == 200
        wrong = await client.get(CONTRACT, headers={"Authorization": "Bearer a.b.c"})
        assert (wrong.status_code, remaining(wrong)) == (401, PUBLIC_QUOTA - 2)


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "units"),
    [
        ("GET", CONTRACT, {}, 200, 1),
        ("GET", f"{CONTRACT}?a=b", {}, 422, 1),
        ("GET", "/v1/contracts/none%00such", {}, 404, 1),
        ("GET", "/v1/audit", {}, 403, 1),
        ("GET", DOCUMENT, {}, 404, 10),
        ("GET", f"{CONTRACT}/lines.csv", {}, 200, 10),
        ("POST", "/v1/imports", {}, 403, 50),
        ("POST", "/v1/coverage-lookups", {"content": b"{"}, 400, 1),
        ("POST", "/v1/coverage-lookups", {"json": {"items": MACHINE["items"] * 99}}, 200, 1),
        ("POST", "/v1/coverage-lookups", {"json": {"items": MACHINE["items"] * 100}}, 200, 2),
        ("POST", "/v1/coverage-lookups", {"json": {"items": MACHINE["items"] * 1000}}, 200, 11),
        ("POST", "/v1/quote-requests?dry_run=true", {"json": {}}, 422, 1),
    ],
)
async def test_a_request_counts_by_its_weight_whatever_becomes_of_it(
    pair: Pair, method: str, path: str, options: dict[str, Any], status: int, units: int
) -> None:
    headers = {"Content-Type": "application/json"} if options else {}
    for service in (pair.lane, pair.no_lane):
        pair.move(hours=1)
        answer = await service.send(method, path, headers=headers, **options)
        assert answer.status_code == status
        assert remaining(answer) == BURST - units
        assert answer.headers["ratelimit-policy"] == '"caller";q=60;w=60'


async def test_a_trial_that_succeeds_counts_too(pair: Pair) -> None:
    trial = {
        "kind": "renewal",
        "identification": {"contract_number": "JP-4410-0001"},
        "requester": {"name": "x", "email": "x@example.com"},
    }
    before = remaining(await pair.no_lane.get(CONTRACT))
    answer = await pair.no_lane.post("/v1/quote-requests?dry_run=true", json=trial)
    assert answer.status_code == 200
    assert remaining(await pair.no_lane.get(CONTRACT)) == before - 2


async def test_the_lane_counts_as_the_ordinary_way_does(pair: Pair) -> None:
    questions: int = pair.lane.app.state.lane.contracts.questions
    by_lane = [await pair.lane.get(CONTRACT) for _ in range(BURST + 2)]
    # Twenty leases (one of 2 units, 18 of 3, the last one) were asked for on the ordinary way.
    assert pair.lane.app.state.lane.contracts.questions - questions == BURST - 20
    pair.move(hours=1)
    ordinary = [await pair.no_lane.get(CONTRACT) for _ in range(BURST + 2)]
    told = [
        [(a.status_code, a.headers["ratelimit"], a.headers["ratelimit-policy"]) for a in answers]
        for answers in (by_lane, ordinary)
    ]
    assert told[0] == told[1]


async def test_what_the_lane_passes_on_is_counted_once(pair: Pair) -> None:
    """It has counted a contract that is not there before it could know."""
    await pair.lane.get(CONTRACT)
    absent = await pair.lane.get("/v1/contracts/JP-0000-0000")
    assert (absent.status_code, remaining(absent)) == (404, BURST - 2)


async def test_who_watches_the_service_is_not_limited(pair: Pair) -> None:
    await pair.ask(40, PUBLIC, "public")
    for path in sorted(UNLIMITED):
        answer = await pair.no_lane.get(path.replace("{code}", "not_found"), "public")
        assert answer.status_code in {200, 307}, path
        assert "ratelimit" not in answer.headers


async def test_without_limits_nothing_is_counted(service: Service) -> None:
    answer = await service.get(CONTRACT)
    assert "ratelimit" not in answer.headers
    assert await spent(service) == 0


async def test_most_requests_ask_the_database_for_no_lease(
    pair: Pair, settings: Settings, keys: SigningKeys, asked: list[int]
) -> None:
    url = pair.lane.urls.owner
    generous = replace(settings, limits=LimitSettings(6_000, 600, 0))
    async with started(url, generous, keys, pair.lane.tokens) as service:
        service.clock.now = pair.lane.clock.now
        answers = await asyncio.gather(*(service.get(CONTRACT) for _ in range(200)))
    assert statuses(list(answers)) == {200: 200}
    assert asked == [2, 4, 8, 16, 32, 64, 128]


async def test_without_the_table_nobody_is_refused(
    pair: Pair, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever keeps a lease from coming: here the table is away, for a while."""
    monkeypatch.setattr("app.rate_limits.PAUSE_SECONDS", 600.0)
    await pair.ask(80)
    pair.move(seconds=30)
    asked.clear()
    async with pair.lane.owner() as session:
        await session.execute(text("ALTER TABLE rate_limit RENAME TO away"))
    try:
        answers = await pair.ask(80)
        assert statuses(answers) == {200: 80}
        assert not any("ratelimit" in answer.headers for answer in answers)
        # After the first one that did not come, no request waits for another.
        assert len(asked) == 2
    finally:
        for service in (pair.lane, pair.no_lane):
            service.app.state.rate_limits._callers._paused_until = 0.0
        async with pair.lane.owner() as session:
            await session.execute(text("ALTER TABLE away RENAME TO rate_limit"))


async def test_accounts_that_are_full_again_are_purged(pair: Pair) -> None:
    await pair.ask(2)
    async with pair.lane.database.transaction("desk") as session:
        await purge(session, pair.lane.clock.now + timedelta(minutes=59))
    assert await spent(pair.lane) > 0
    async with pair.lane.database.transaction("desk") as session:
        await purge(session, pair.lane.clock.now + timedelta(minutes=61))
    assert await spent(pair.lane) == 0


async def test_the_table_holds_neither_names_nor_addresses(pair: Pair) -> None:
    await pair.no_lane.get(PUBLIC, "public")
    await pair.no_lane.get("/v1/contracts", "partner")
    async with pair.lane.owner() as session:
        keys = list(await session.scalars(select(rate_limit.c.key)))
    assert {len(key) for key in keys} == {16}
    assert not any(b"P0001" in key or b"127" in key for key in keys)


PEER = "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, ["203.0.113.5"], PEER),
        (1, [], PEER),
        (1, ["203.0.113.5"], "203.0.113.5"),
        # What the caller wrote itself stands left of what the proxy added.
        (1, ["198.51.100.7, 203.0.113.5"], "203.0.113.5"),
        (1, ["198.51.100.7", "203.0.113.5"], "203.0.113.5"),
        (2, ["198.51.100.7, 203.0.113.5, 10.0.0.1"], "203.0.113.5"),
        # A caller that came past the outer proxy.
        (2, ["203.0.113.5"], "203.0.113.5"),
        (1, ["nonsense"], PEER),
        (1, ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
        (1, ["::ffff:203.0.113.5"], "203.0.113.5"),
    ],
)
def test_an_address_is_the_one_that_our_own_proxies_saw(
    proxies: int, forwarded: list[str], address: str
) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    assert address_of({"client": (PEER, 1), "headers": headers}, proxies) == address


def test_a_peer_without_an_address_counts_as_one() -> None:
    assert address_of({"client": None, "headers": []}, 0) == "unknown"
