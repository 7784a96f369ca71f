"""Until when which quote can be ordered: one, all that are open, and a feed for calendars."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.quote_lists import get_listed_quote, list_feed, list_open_deadlines
from app.deps import (
    CurrentCalendar,
    CurrentCaller,
    CurrentViewer,
    Now,
    Reading,
    ReadTrace,
    SpokenLanguage,
)
from app.domain.calendar import jst_date
from app.domain.deadline_feed import ENDED_ENTRY_DAYS
from app.domain.errors import InvalidCursor, InvalidFilter, NotFound
from app.domain.identifiers import normalise
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, page, resource, stored_resource
from app.routers.quotes import QuoteNumber
from app.schemas.order_deadlines import (
    MOST_ENTRIES,
    DeadlinePage,
    DeadlinesQuery,
    FeedQuery,
    QuoteDeadline,
    feed_of,
    quote_deadline_out,
)
from app.strict import StrictRoute

router = APIRouter(tags=["deadlines"], route_class=StrictRoute)


@router.get(
    "/v1/quotes/{quote_number}/order-deadline",
    response_model=QuoteDeadline,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_quote_deadline(
    request: Request,
    quote_number: QuoteNumber,
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
    calendar: CurrentCalendar,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Until when a quote can be ordered: the deadline, the business day to aim for, which rule set
    the limit, the time left, and what happens if it is missed (DL-8).
    """
    row = await get_listed_quote(session, viewer, normalise(quote_number))
    await trace.read("quote", row.quote_number, [row.customer_id])
    answer = quote_deadline_out(row, now=now, calendar=calendar, language=language)
    return resource(request, answer, language)


@router.get(
    "/v1/order-deadlines",
    response_model=DeadlinePage,
    responses=problem_responses(InvalidFilter, InvalidCursor),
)
async def read_order_deadlines(
    request: Request,
    query: Annotated[DeadlinesQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    calendar: CurrentCalendar,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """The quotes that can be ordered today, the nearest limit first, in pages (DL-5, DL-8).
    `within_days=0` is what has to be ordered today.
    """
    today = jst_date(now)
    customer = None if query.customer_id is None else normalise(query.customer_id)
    meaning = f"order deadlines {caller.principal} {query.within_days} {customer}"
    secret = request.app.state.cursor_secret
    after: tuple[date, str] | None = None
    if query.cursor is not None:
        limit, number = read_cursor(secret, meaning, query.cursor, 2)
        after = (date.fromisoformat(limit), number)
    rows = await list_open_deadlines(
        session,
        viewer,
        today=today,
        until=None if query.within_days is None else today + timedelta(days=query.within_days),
        customer_id=customer,
        after=after,
        limit=query.page_size + 1,
    )
    shown, next_cursor = cut_page(
        secret,
        meaning,
        rows,
        query.page_size,
        lambda row: (str(row.effective_limit), row.quote_number),
    )
    await trace.read("quotes", None, (row.customer_id for row in shown))
    items = [
        quote_deadline_out(row, now=now, calendar=calendar, language=language) for row in shown
    ]
    return page(request, items, next_cursor)


@router.get(
    "/v1/order-deadlines.ics",
    response_class=Response,
    responses={
        **NOT_MODIFIED,
        **problem_responses(InvalidFilter),
        200: {
            "description": "The entries (RFC 5545).",
            "content": {"text/calendar": {"schema": {"type": "string"}}},
        },
    },
)
async def read_order_deadline_feed(
    request: Request,
    query: Annotated[FeedQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
    calendar: CurrentCalendar,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """The same as all-day entries on the effective limits, for a calendar program. An entry belongs
    to its quote and keeps its UID; a new version moves it with a higher SEQUENCE. What was ordered,
    declined, withdrawn or missed becomes CANCELLED and leaves after 30 days.
    """
    rows = await list_feed(
        session,
        viewer,
        now=now,
        kept=timedelta(days=ENDED_ENTRY_DAYS),
        customer_id=None if query.customer_id is None else normalise(query.customer_id),
        limit=MOST_ENTRIES + 1,
    )
    shown = rows[:MOST_ENTRIES]
    await trace.read("quotes", None, (row.customer_id for row in shown))
    feed = feed_of(
        shown,
        now=now,
        calendar=calendar,
        language=language,
        complete=len(rows) <= MOST_ENTRIES,
    )
    return stored_resource(request, feed, language, "text/calendar; charset=utf-8")
