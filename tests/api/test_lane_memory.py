"""What the lane remembers: what it decided about a period of cover, for one day and one calendar.

Seen to fail: with `Standings.of` keeping what it knew when the day moved, and with the language
left out of its key.
"""

from datetime import UTC, date, datetime

import pytest

from app.db.contracts import ContractRow
from app.domain.calendar import DeskCalendar
from app.schemas import contracts
from app.schemas.contracts import Standing, Standings
from tests.conftest import Service

PATH = "/v1/contracts/JP-4410-0001"
DUE = date(2026, 12, 28)
ROW = ContractRow(
    position=1,
    customer_id="C0001",
    customer_name="x",
    contract_number="JP-1",
    service_id=None,
    kind="contract",
    service_level="foundation_care_24x7",
    start_date=date(2026, 4, 1),
    end_date=date(2027, 3, 27),
    line_count=0,
    support_service_serial=None,
    billing=None,
    updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    calendar_revision=1,
)


async def by_both_ways(service: Service, **headers: str) -> bytes:
    """The answer of the lane, which is that of the ordinary way on the same day."""
    before = service.app.state.lane.contracts.questions
    fast = await service.get(PATH, headers=headers)
    assert service.app.state.lane.contracts.questions == before + 1
    day = service.clock.now.date().isoformat()
    slow = await service.get(f"{PATH}?as_of={day}", headers=headers)
    assert (fast.status_code, fast.content) == (200, slow.content)
    return fast.content


async def test_another_language_is_decided_anew(own_service: Service) -> None:
    await own_service.get(f"{PATH}?as_of=2026-11-25")
    today = await by_both_ways(own_service)
    assert await by_both_ways(own_service) == today
    english = {"Accept-Language": "en"}
    assert await by_both_ways(own_service, **english) != today


def test_another_day_and_another_calendar_are_decided_anew() -> None:
    standings = Standings(90)
    open_calendar, shut_calendar = DeskCalendar(closed={}), DeskCalendar(closed={DUE: "company"})

    def of(today: date, calendar: DeskCalendar) -> Standing:
        return standings.of(ROW, today=today, calendar=calendar, language="ja")

    before = of(date(2026, 11, 25), open_calendar)
    assert (before.status, before.renewal_quote_due) == ("active", DUE)
    assert of(date(2026, 11, 25), open_calendar) is before
    assert of(date(2027, 4, 1), open_calendar).status == "expired"
    assert of(date(2026, 11, 25), shut_calendar).renewal_quote_due < DUE
    assert of(date(2026, 11, 25), open_calendar) == before


async def test_the_memory_is_bounded(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "MOST_STANDINGS", 2)
    await own_service.get(f"{PATH}?as_of=2026-11-25")
    for number in ("JP-4410-0001", "JP-4410-0002", "JP-4500-0001"):
        for language in ("ja", "en"):
            answer = await own_service.get(
                f"/v1/contracts/{number}", headers={"Accept-Language": language}
            )
            assert answer.status_code in {200, 404}
    await by_both_ways(own_service)


async def test_a_token_is_verified_by_the_lane_itself(own_service: Service) -> None:
    """The first request of a caller takes it too, once the calendar is in memory."""
    await own_service.get(f"{PATH}?as_of=2026-11-25", "partner")
    before = own_service.app.state.lane.contracts.questions
    assert (await own_service.get(PATH, "customer")).status_code == 200
    assert own_service.app.state.lane.contracts.questions == before + 1
