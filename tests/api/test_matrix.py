"""A caller sees only its own (TRUST 9): every route × party × object, with the lane and without.

Seen to fail: with narrowed tokens not looked at in `app.deps.admit`, with `in_force` without its
dates or its scope in `app.db.callers`, and with `get_contract` telling hidden from absent by a rule
id; and on every new route until it had its row.
"""

import httpx
import pytest

from app.policy import POLICY
from tests.api.conftest import TwoWays
from tests.api.matrix import MATRIX, PARTY_NAMES, request_of
from tests.api.parties import Party, ask, seen

WAYS = ("lane", "no lane")


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert set(MATRIX) == set(POLICY)


async def test_every_row_names_every_party(two_ways: TwoWays) -> None:
    assert set(two_ways.world.parties) == set(PARTY_NAMES)
    for route, row in MATRIX.items():
        assert set(row.expected) == set(PARTY_NAMES), route


CELLS = [
    pytest.param(way, method, path, id=f"{way} {method} {path}")
    for way in WAYS
    for method, path in MATRIX
]


@pytest.mark.parametrize(("way", "method", "path"), CELLS)
async def test_each_party_gets_what_the_matrix_says(
    two_ways: TwoWays, way: str, method: str, path: str
) -> None:
    row = MATRIX[(method, path)]
    parties = two_ways.world.parties
    answers: dict[str, list[httpx.Response]] = {}
    for name, expected in row.expected.items():
        # Twice, because the lane answers only callers whose token it has seen before.
        for _ in range(2):
            answers[name] = await asked(two_ways, way, method, path, parties[name], len(expected))
            found = tuple(answer.status_code for answer in answers[name])
            assert found == expected, name
        hidden = [seen(answer) for answer in answers[name] if answer.status_code in {403, 404}]
        assert len(set(hidden)) <= 1, f"{name} can tell hidden from absent"
    if row.same_for_all:
        assert len({answer[0].content for answer in answers.values()}) == 1


async def asked(
    two_ways: TwoWays, way: str, method: str, path: str, party: Party, count: int
) -> list[httpx.Response]:
    """The answers for each object that the row distinguishes."""
    service, row = two_ways.of(way), MATRIX[(method, path)]
    answers = []
    for files in list(two_ways.world.objects(party).values())[:count]:
        if row.before is not None:
            before, where, options = row.before
            await ask(service, two_ways.world.parties["desk"], before, where, **options)
        target, options = request_of(row, path, files)
        answers.append(await ask(service, party, method, target, **options))
    return answers


@pytest.mark.parametrize("way", WAYS)
async def test_the_lane_took_part_where_it_stands(two_ways: TwoWays, way: str) -> None:
    service, party = two_ways.of(way), two_ways.world.parties["customer"]
    number = two_ways.world.files["C0001"].contract_number
    for _ in range(2):
        await ask(service, party, "GET", f"/v1/contracts/{number}")
    lane = service.app.state.lane
    assert (lane is not None and lane.contracts.questions > 0) is (way == "lane")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["customer", "partner", "desk"])
async def test_whoever_may_see_a_file_is_shown_its_canary(
    two_ways: TwoWays, way: str, name: str
) -> None:
    """Without this the absence of canaries would prove nothing."""
    party = two_ways.world.parties[name]
    number = two_ways.world.files[party.home].contract_number
    for path in (f"/v1/contracts/{number}", f"/v1/contracts/{number}/lines", "/v1/contracts"):
        answer = await ask(two_ways.of(way), party, "GET", path)
        assert f"CANARY-{party.home}-" in answer.text, path
