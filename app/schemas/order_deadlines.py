"""Order deadlines of quotes on the wire: one, a list, and a feed for calendar programs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from icalendar import Calendar, Event
from pydantic import Field
from typing_extensions import TypedDict

from app.db.quote_lists import ListedQuote
from app.domain.calendar import DeskCalendar, jst_date
from app.domain.deadline_feed import DeadlineFacts, FeedEntry, feed_entry, is_in_feed
from app.domain.deadlines import OrderDeadline, StatedDeadline, order_deadline
from app.domain.languages import Language
from app.domain.quote_states import VersionState, effective_state
from app.domain.texts import text
from app.schemas.deadlines import DeadlineAnswer, deadline_out
from app.schemas.quotes import State
from app.schemas.wire import Cursor, PageSize, Plain, StrictQuery

MOST_ENTRIES = 2000
"""How many entries a feed has; the nearest ones stay."""
REFRESH = timedelta(hours=6)


class DeadlinesQuery(StrictQuery):
    """Which open quotes are shown."""

    within_days: Annotated[
        int | None, Field(ge=0, le=3660, description="Limit within so many days; default all.")
    ] = None
    customer_id: Annotated[
        str | None, Plain, Field(max_length=40, description="The business's customer code.")
    ] = None
    cursor: Cursor = None
    page_size: PageSize = 50


class FeedQuery(StrictQuery):
    """Whose quotes are in the feed."""

    customer_id: Annotated[
        str | None, Plain, Field(max_length=40, description="The business's customer code.")
    ] = None


class QuoteDeadline(DeadlineAnswer):
    """The order deadline of a quote's standing version, complete (DL-8)."""

    quote_number: Annotated[str, Field(examples=["Q2026-0000001"])]
    version: int
    quote_state: Annotated[State, Field(description="An order counts while it is `issued`.")]
    customer_id: str
    contract_number: str | None
    service_id: str | None


class DeadlinePage(TypedDict):
    """A page of quotes that can be ordered, the nearest limit first."""

    items: list[QuoteDeadline]
    next_cursor: str | None


def decided_deadline(row: ListedQuote, *, now: datetime, calendar: DeskCalendar) -> OrderDeadline:
    """The deadline of a quote by its own dates (DL-1 to DL-8)."""
    stated = None
    if row.stated_deadline is not None:
        stated = StatedDeadline(row.stated_deadline, row.deadline_approver, row.deadline_reason)
    return order_deadline(
        row.start_date, now=now, calendar=calendar, stated=stated, valid_until=row.valid_until
    )


def quote_deadline_out(
    row: ListedQuote, *, now: datetime, calendar: DeskCalendar, language: Language
) -> QuoteDeadline:
    """The answer for the deadline of one quote."""
    decision = decided_deadline(row, now=now, calendar=calendar)
    state = effective_state(VersionState(row.state), row.effective_limit, jst_date(now))
    return {
        "quote_number": row.quote_number,
        "version": row.version,
        "quote_state": state.value,
        "customer_id": row.customer_id,
        "contract_number": row.contract_number,
        "service_id": row.service_id,
        **deadline_out(decision, language),
    }


def feed_of(
    rows: Sequence[ListedQuote],
    *,
    now: datetime,
    calendar: DeskCalendar,
    language: Language,
    complete: bool,
) -> bytes:
    """Quotes as all-day entries on their effective limits (RFC 5545). Nothing in it is of the
    moment of reading, so an unchanged feed has the same bytes.
    """
    feed = Calendar()
    feed.add("prodid", f"-//Renewal Desk//Order deadlines//{language.upper()}")
    feed.add("version", "2.0")
    feed.add("method", "PUBLISH")
    feed.add("x-wr-calname", text("feed.name", language))
    if not complete:
        feed.add("x-wr-caldesc", text("feed.incomplete", language))
    # Both names of how often to look again: of RFC 7986, and the one that older programs know.
    feed.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    feed.add("x-published-ttl", "PT6H")
    for row in rows:
        if row.effective_limit is None:
            continue
        facts = DeadlineFacts(
            row.quote_number, row.version, row.state, row.effective_limit, row.updated_at
        )
        entry = feed_entry(facts, now)
        if is_in_feed(entry, now):
            feed.add_component(_event(row, entry, now, calendar, language))
    return bytes(feed.to_ical())


def _event(
    row: ListedQuote, entry: FeedEntry, now: datetime, calendar: DeskCalendar, language: Language
) -> Event:
    decision = decided_deadline(row, now=now, calendar=calendar)
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("dtstart", entry.day)
    event.add("dtend", entry.end)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    # A deadline keeps nobody busy.
    event.add("transp", "TRANSPARENT")
    about = row.contract_number or row.customer_name
    event.add("summary", f"{text('feed.entry', language)}: {row.quote_number} ({about})")
    said = [
        (text("feed.customer", language), row.customer_name),
        (text("feed.version", language), str(row.version)),
        (text("feed.start", language), decision.start_date.isoformat()),
        (text("feed.advised", language), decision.advised_order_date.isoformat()),
    ]
    missed = text(f"if_missed.{decision.if_missed.value}", language)
    event.add("description", "\n".join([*(f"{name}: {value}" for name, value in said), missed]))
    event.add("categories", [text("feed.entry", language)])
    return event
