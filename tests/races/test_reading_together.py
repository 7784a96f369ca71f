"""Reads that share something: the calendar in memory, and the lane's statements.

Seen to fail: with `CalendarMemory.current` reading the calendar once only, and with the rows of
`app.db.coalesced` given out by their order in place of their position, and with `Coalesced._work`
not starting anew when it failed.
"""

import asyncio
import random
from datetime import date, timedelta

from sqlalchemy import text

from app.db.coalesced import CONTRACTS, Coalesced, LaneClosed, Question
from app.db.contexts import Contexts
from app.db.desk import CalendarMemory
from tests.conftest import NOW, Service

ROUNDS = 15
ABSENT = "NONE0000"


async def set_day(service: Service, day: date, *, closed: bool) -> None:
    """Make a day a company closing day, or take that back, in a transaction of its own."""
    method = "PUT" if closed else "DELETE"
    body = {"kind": "closed"} if closed else None
    answer = await service.send(method, f"/v1/desk/closing-days/{day}", "desk", json=body)
    assert answer.status_code in {200, 204}


async def test_no_reader_gets_the_calendar_of_before_a_change(own_service: Service) -> None:
    """JP-4410-0001: its quote is due on 2026-12-28, or on the 25th while the 28th is closed."""
    path = "/v1/contracts/JP-4410-0001"
    day = date(2026, 12, 28)
    for number in range(ROUNDS):
        closed = number % 2 == 0
        # Readers run while the day changes: each answer is the old one or the new one.
        during = asyncio.gather(*(own_service.get(path) for _ in range(10)))
        await set_day(own_service, day, closed=closed)
        dues = {answer.json()["renewal_quote_due"] for answer in await during}
        assert dues <= {"2026-12-25", "2026-12-28"}
        # After the change was acknowledged nobody is told the old one.
        after = await asyncio.gather(
            *(own_service.get(path, caller) for caller in ("customer", "partner", "desk"))
        )
        due = "2026-12-25" if closed else "2026-12-28"
        assert {answer.json()["renewal_quote_due"] for answer in after} == {due}


async def test_the_calendar_in_memory_is_never_newer_than_its_revision(
    own_service: Service,
) -> None:
    """A reader whose snapshot is older must not leave an old calendar under a new revision."""
    memory = CalendarMemory()
    days = [date(2027, 9, 1) + timedelta(days=number) for number in range(20)]

    async def read() -> None:
        async with own_service.database.transaction("portal") as session:
            await memory.current(session)

    for day in days:
        await asyncio.gather(*(read() for _ in range(4)), set_day(own_service, day, closed=True))
        async with own_service.database.transaction("portal") as session:
            calendar = await memory.current(session)
            known = await session.scalar(text("SELECT revision FROM calendar_revision"))
            assert memory.revision == known
            assert calendar.closing_reason(day) is not None


async def test_answers_of_a_shared_statement_reach_who_asked(service: Service) -> None:
    """Hundreds of look-ups of two kinds at once: each caller gets its own number back."""
    async with service.database.transaction("desk") as session:
        rows = await session.execute(
            text(
                "SELECT contract_number, serial_number FROM contract_line WHERE customer_id ="
                " 'C0001' AND serial_number IS NOT NULL AND serial_number NOT IN"
                " (SELECT serial_number FROM equipment GROUP BY 1 HAVING count(*) > 1)"
            )
        )
        known = [tuple(row) for row in rows]
    for caller in ("customer", "partner"):
        await service.get("/v1/contracts/JP-4410-0001", caller)
    # Questions without an answer stand between the others.
    known += [(ABSENT, ABSENT)] * 3
    chosen = random.Random(20261125).choices(known, k=150)

    async def ask(number: str, serial: str, caller: str) -> None:
        contract, coverage = await asyncio.gather(
            service.get(f"/v1/contracts/{number}", caller),
            service.post(
                "/v1/coverage-lookups",
                caller,
                content=f'{{"items":[{{"serial_number":"{serial}"}}]}}',
                headers={"Content-Type": "application/json"},
            ),
        )
        if number == ABSENT:
            assert contract.status_code == 404
            return
        assert contract.json()["contract_number"] == number
        (item,) = coverage.json()["items"]
        assert item["serial_number"] == serial
        assert number in {cover["contract_number"] for cover in item["coverages"]}

    await asyncio.gather(
        *(
            ask(number, serial, caller)
            for number, serial in chosen
            for caller in ("customer", "partner")
        )
    )


async def test_a_caller_who_hangs_up_takes_nobody_along(service: Service) -> None:
    """Cancelled look-ups share statements with others, who are answered."""
    path = "/v1/contracts/JP-4410-0001"
    await service.get(path)
    leaving = [asyncio.create_task(service.get(path)) for _ in range(30)]
    staying = [asyncio.create_task(service.get(path)) for _ in range(30)]
    await asyncio.sleep(0)
    for task in leaving[::2]:
        task.cancel()
    answers = await asyncio.gather(*staying)
    assert {answer.status_code for answer in answers} == {200}
    await asyncio.gather(*leaving, return_exceptions=True)
    assert (await service.get(path)).status_code == 200
    assert NOW.year == 2026


class Failing:
    """A connection whose statement waits to be told and then fails."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.told = asyncio.Event()

    async def prepare(self, _text: str) -> "Failing":
        return self

    async def execute(self, _text: str, **_options: object) -> None:
        return

    async def fetch(self, *_arguments: object) -> list[object]:
        self.asked.set()
        await self.told.wait()
        raise OSError("the connection is gone")

    def terminate(self) -> None:
        return


async def test_nobody_is_left_waiting_when_a_statement_fails() -> None:
    """Questions that came while it ran go out by another connection; they learn of its failure."""
    made: list[Failing] = []

    async def connect() -> Failing:
        made.append(Failing())
        return made[-1]

    lane = Coalesced(connect, CONTRACTS, "numbers", Contexts())
    await lane.open()
    question = Question("JP-4410-0001", "somebody", None, None)
    first = lane.ask(question, NOW.date())
    await asyncio.wait(
        [asyncio.create_task(one.asked.wait()) for one in made], return_when=asyncio.FIRST_COMPLETED
    )
    second = lane.ask(question, NOW.date())
    for one in made:
        one.told.set()
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [LaneClosed, LaneClosed]
