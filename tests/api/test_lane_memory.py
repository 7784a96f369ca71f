"""What the lane remembers between requests: contexts and written answers, and what it never does.

Seen to fail: with the language, the day or the row left out of the key of `Lane._contract`, with
`Contexts.remembered` not looking at the day, and with `Contexts.forget` doing nothing.
"""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from app import lane_answers
from app.db import contexts
from app.db.contexts import Contexts, joined
from app.lane_answers import Answers
from tests.conftest import NOW, Service

PATH = "/v1/contracts/JP-4410-0001"
TODAY = date(2026, 11, 25)


async def by_the_lane(service: Service, caller: str = "customer", **headers: str) -> bytes:
    """What the lane answers; the ordinary way says the same."""
    lane = service.app.state.lane.contracts
    before = lane.questions
    fast = await service.get(PATH, caller, headers=headers)
    assert lane.questions == before + 1
    day = (service.clock.now + timedelta(hours=9)).date().isoformat()
    slow = await service.get(f"{PATH}?as_of={day}", caller, headers=headers)
    assert (fast.status_code, fast.content) == (200, slow.content)
    return fast.content


async def test_an_answer_is_written_anew_for_another_language_row_and_day(
    own_service: Service,
) -> None:
    await own_service.get(f"{PATH}?as_of={TODAY}")
    japanese = await by_the_lane(own_service)
    assert await by_the_lane(own_service) == japanese
    english = await by_the_lane(own_service, **{"Accept-Language": "en"})
    assert english != japanese
    async with own_service.owner() as session:
        await session.execute(
            text("UPDATE customer SET name = 'another name' WHERE customer_id = 'C0001'")
        )
    renamed = await by_the_lane(own_service)
    assert b"another name" in renamed


async def test_at_midnight_in_japan_the_lane_decides_anew(own_service: Service) -> None:
    own_service.clock.now = NOW.replace(hour=14, minute=59, second=50)
    async with own_service.owner() as session:
        await session.execute(
            text(
                "UPDATE contract SET end_date = '2026-11-25', stated_end = '2026-11-25'"
                " WHERE contract_number = 'JP-4410-0001'"
            )
        )
    await own_service.get(f"{PATH}?as_of={TODAY}")
    assert b'"status":"expiring"' in await by_the_lane(own_service)
    own_service.clock.now += timedelta(seconds=20)
    assert b'"status":"expired"' in await by_the_lane(own_service)


async def test_a_relation_that_begins_is_seen_at_once_and_by_the_lane_from_then_on(
    own_service: Service,
) -> None:
    path = "/v1/contracts/PK-7781-0001"
    for _ in range(3):
        assert (await own_service.get(path, "partner")).status_code == 404
    async with own_service.owner() as session:
        await session.execute(
            text(
                "INSERT INTO serve (partner_id, customer_id, scope)"
                " SELECT 'P0001', customer_id, 'contracts' FROM contract"
                " WHERE contract_number = 'PK-7781-0001'"
            )
        )
    first = await own_service.get(path, "partner")
    again = await own_service.get(path, "partner")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    known = own_service.app.state.lane.contracts
    before = known.questions
    assert (await own_service.get(path, "partner")).status_code == 200
    assert known.questions == before + 1


def test_a_context_is_known_for_its_day_only_and_until_it_is_forgotten() -> None:
    known = Contexts()
    entry = known.learned(["a", "b"], TODAY, [("a", "C1"), ("a", "C2")])
    assert entry == "SET LOCAL app.customers = '{C1,C2}'"
    assert known.remembered(["a", "b", "a"], TODAY) == entry
    # Who may see nobody has an empty context, which lets nothing through.
    assert known.remembered(["b"], TODAY) == "SET LOCAL app.customers = '{}'"
    assert known.remembered(["a", "c"], TODAY) is None
    assert known.remembered(["a"], TODAY + timedelta(days=1)) is None
    known.forget("a")
    assert known.remembered(["a"], TODAY) is None
    known.learned(["b"], TODAY + timedelta(days=1), [])
    assert known.remembered(["b"], TODAY) is None


def test_no_other_text_than_a_customer_code_gets_into_a_statement() -> None:
    for code in ("C1'", "C1}", "c1", "", "C1,C2", "Ｃ1"):
        with pytest.raises(ValueError, match="customer code"):
            Contexts().learned(["a"], TODAY, [("a", code)])


@pytest.mark.parametrize("limit", ["MOST_PRINCIPALS", "MOST_CHARACTERS"])
def test_contexts_are_bounded(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(contexts, limit, 20)
    known = Contexts()
    for number in range(200):
        known.learned([f"p{number}"], TODAY, [(f"p{number}", "C1")])
        assert len(known._known) <= 22
    assert known.remembered(["p199"], TODAY) is not None


def test_written_answers_are_bounded_and_those_in_use_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane_answers, "MOST_ANSWERS", 10)
    answers = Answers()
    answers.put("used", 1)
    for number in range(100):
        answers.put(number, number)
        assert answers.get("used") == 1
        assert len(answers._young) + len(answers._old) <= 10
    assert answers.get(99) == 99
    assert answers.get(0) is None


def test_values_that_hold_the_separator_do_not_become_two() -> None:
    assert joined(["a", None, "b"]) == "a\x1f\x1fb"
    with pytest.raises(ValueError, match="control character"):
        joined(["a\x1fb"])
