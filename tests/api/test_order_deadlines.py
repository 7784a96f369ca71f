"""Until when quotes can be ordered: one, the list, and the feed for calendars (DL-1 to DL-8)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Calendar
from sqlalchemy import text

from tests.api.quote_rows import Version, add_quote, add_version
from tests.conftest import NOW, Service

FEED = "/v1/order-deadlines.ics"


async def test_the_deadline_of_a_quote_is_that_of_its_own_dates(own_service: Service) -> None:
    plain = await add_quote(own_service, 1, Version())
    stated = {
        "stated_deadline": date(2027, 4, 5),
        "deadline_approver": "営業部長",
        "deadline_reason": "官公庁のため",
    }
    public_body = await add_quote(own_service, 2, Version(terms=stated))
    short = await add_quote(own_service, 3, Version(terms={"valid_until": date(2026, 12, 28)}))
    answers = {}
    for number in (plain, public_body, short):
        answer = await own_service.get(f"/v1/quotes/{number}/order-deadline")
        assert answer.status_code == 200
        answers[number] = answer.json()
    assert {number: (a["effective_limit"], a["rule"]) for number, a in answers.items()} == {
        plain: ("2027-03-31", "DL-1"),
        public_body: ("2027-04-05", "DL-2"),
        short: ("2026-12-28", "DL-5"),
    }
    # Member by member what the public calculation says of the same dates.
    calculated = await own_service.post(
        "/v1/order-deadline-calculations",
        "public",
        json={"start_date": "2027-04-01", "valid_until": "2026-12-28"},
    )
    assert calculated.json().items() <= answers[short].items()
    assert answers[short]["quote_number"] == short
    assert "DL-8" in answers[short]["rules"]


async def test_a_quote_that_ended_still_says_what_its_deadline_was(own_service: Service) -> None:
    late = {"start_date": date(2026, 11, 25)}
    number = await add_quote(own_service, 1, Version(terms=late))
    answer = (await own_service.get(f"/v1/quotes/{number}/order-deadline")).json()
    assert (answer["quote_state"], answer["state"], answer["days_left"]) == ("lapsed", "passed", 0)
    assert answer["if_missed"]["code"] == "reenrollment"
    draft = await add_quote(own_service, 2, Version("draft"))
    assert (await own_service.get(f"/v1/quotes/{draft}/order-deadline")).status_code == 404
    for_desk = await own_service.get(f"/v1/quotes/{draft}/order-deadline", "desk")
    assert for_desk.json()["effective_limit"] == "2027-03-31"


async def listed(service: Service, query: str, caller: str = "customer") -> list[str]:
    """The quotes of the list of deadlines, page by page; those of this test only."""
    path: str | None = f"/v1/order-deadlines?page_size=1&{query}"
    found: list[str] = []
    while path:
        answer = await service.get(path, caller)
        assert answer.status_code == 200, answer.text
        found += [item["quote_number"] for item in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url")
    return [number for number in found if number.startswith("Q2026-9")]


async def test_open_quotes_are_listed_the_nearest_limit_first(own_service: Service) -> None:
    async def until(number: int, day: date, state: str = "issued", **columns: Any) -> str:
        return await add_quote(
            own_service, number, Version(state, terms={"valid_until": day}), **columns
        )

    later = await until(1, date(2026, 12, 9))
    today = await until(2, NOW.date())
    same_day = await until(3, date(2026, 12, 9))
    others = await until(4, date(2026, 12, 1), customer_id="C0002")
    await until(5, date(2026, 12, 1), "ordered")
    await until(6, NOW.date() - timedelta(days=1))
    assert await listed(own_service, "") == [today, later, same_day]
    assert await listed(own_service, "within_days=0") == [today]
    assert await listed(own_service, "within_days=13") == [today]
    assert await listed(own_service, "within_days=14") == [today, later, same_day]
    assert await listed(own_service, "", "desk") == [today, others, later, same_day]
    assert await listed(own_service, "customer_id=c0002", "desk") == [others]
    assert await listed(own_service, "customer_id=C0002") == []
    # The end of the limit is midnight in Japan.
    own_service.clock.now = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
    assert await listed(own_service, "") == [later, same_day]


async def entries(service: Service, **options: Any) -> dict[str, Any]:
    """The entries of the feed by quote; those of this test only."""
    answer = await service.get(FEED, **options)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    feed: Any = Calendar.from_ical(answer.text)
    found = {event["UID"].split("@")[0]: event for event in feed.walk("VEVENT")}
    assert len(found) == len(feed.walk("VEVENT"))
    return {number: event for number, event in found.items() if number.startswith("Q2026-9")}


async def test_an_entry_of_the_feed_is_the_day_of_the_limit(own_service: Service) -> None:
    number = await add_quote(own_service, 1, Version(terms={"valid_until": date(2026, 12, 31)}))
    await add_quote(own_service, 2, Version(), customer_id="C0002")
    await add_quote(own_service, 3, Version("draft"))
    found = await entries(own_service)
    assert set(found) == {number}
    event = found[number]
    assert event["DTSTART"].to_ical() == b"20261231"
    # The end of an all-day entry is the day after it.
    assert event["DTEND"].to_ical() == b"20270101"
    assert event["DTSTART"].params["VALUE"] == "DATE"
    assert (event["SEQUENCE"], event["STATUS"]) == (0, "CONFIRMED")
    assert event["SUMMARY"] == f"発注期限: {number} (JP-4410-0001)"
    assert "2026-12-28" in event["DESCRIPTION"]
    english = await entries(own_service, headers={"Accept-Language": "en"})
    assert english[number]["SUMMARY"] == f"Order deadline: {number} (JP-4410-0001)"
    assert english[number]["UID"] == event["UID"]


async def test_an_unchanged_feed_has_the_same_bytes(own_service: Service) -> None:
    await add_quote(own_service, 1, Version())
    first = await own_service.get(FEED)
    own_service.clock.now += timedelta(hours=5)
    again = await own_service.get(FEED)
    assert again.content == first.content
    held = await own_service.get(FEED, headers={"If-None-Match": first.headers["etag"]})
    assert (held.status_code, held.content) == (304, b"")


async def supersede(service: Service, number: str, version: Version) -> None:
    """Put the next version in the place of the first one, a day later."""
    async with service.owner() as session:
        await session.execute(
            text("UPDATE quote_version SET state = 'superseded' WHERE quote_number = :number"),
            {"number": number},
        )
    await add_version(service, {"customer_id": "C0001", "quote_number": number}, 2, version)


async def test_a_new_version_moves_its_entry_and_an_end_cancels_it(own_service: Service) -> None:
    number = await add_quote(own_service, 1, Version())
    first = (await entries(own_service))[number]
    later = NOW + timedelta(days=1)
    moved = {"valid_until": date(2027, 2, 26), "updated_at": later}
    await supersede(own_service, number, Version(terms=moved))
    second = (await entries(own_service))[number]
    assert second["UID"] == first["UID"]
    assert second["DTSTART"].dt == date(2027, 2, 26)
    assert second["SEQUENCE"] > first["SEQUENCE"]
    for stamp in ("DTSTAMP", "LAST-MODIFIED"):
        assert (first[stamp].dt, second[stamp].dt) == (NOW, later)
    ended = later + timedelta(days=1)
    async with own_service.owner() as session:
        await session.execute(
            text(
                "UPDATE quote_version SET state = 'ordered', updated_at = :at"
                " WHERE quote_number = :number AND version = 2"
            ),
            {"at": ended, "number": number},
        )
    own_service.clock.now = ended
    third = (await entries(own_service))[number]
    assert (third["UID"], third["STATUS"]) == (first["UID"], "CANCELLED")
    assert third["SEQUENCE"] > second["SEQUENCE"]
    assert third["DTSTAMP"].dt == ended
    async with own_service.owner() as session:
        await session.execute(
            text("UPDATE quote_version SET updated_at = :at WHERE quote_number = :number"),
            {"at": ended - timedelta(days=30), "number": number},
        )
    assert await entries(own_service) == {}


async def test_a_limit_that_passes_cancels_its_entry_before_any_job_runs(
    own_service: Service,
) -> None:
    number = await add_quote(own_service, 1, Version(terms={"valid_until": NOW.date()}))
    assert (await entries(own_service))[number]["STATUS"] == "CONFIRMED"
    midnight = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
    own_service.clock.now = midnight + timedelta(minutes=1)
    passed = (await entries(own_service))[number]
    assert (passed["STATUS"], passed["SEQUENCE"]) == ("CANCELLED", 1)
    assert passed["LAST-MODIFIED"].dt == midnight


async def test_a_feed_of_the_desk_leaves_a_trace_and_can_be_one_customers(
    own_service: Service,
) -> None:
    number = await add_quote(own_service, 1, Version(), customer_id="C0002")
    await add_quote(own_service, 2, Version())
    answer = await own_service.get(f"{FEED}?customer_id=C0002", "desk")
    feed: Any = Calendar.from_ical(answer.text)
    assert [str(event["UID"]).split("@")[0] for event in feed.walk("VEVENT")] == [number]
    async with own_service.owner() as session:
        seen = await session.scalar(
            text("SELECT customer_ids FROM audit WHERE object_type = 'quotes' ORDER BY id DESC")
        )
    assert list(seen) == ["C0002"]
