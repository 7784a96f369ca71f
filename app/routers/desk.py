"""The desk: open now, its calendar, its closing days."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from icalendar import Calendar, Event
from starlette.responses import Response

from app.db.desk import confirm_years, names_of_days
from app.deps import (
    CurrentCalendar,
    CurrentCaller,
    CurrentSettings,
    Now,
    Reading,
    ReadTrace,
    Session,
    SpokenLanguage,
)
from app.domain.errors import InvalidFilter, InvalidInput, NotFound
from app.problems import problem_responses
from app.routers.answers import HEADERS, NOT_MODIFIED, document, resource
from app.schemas.desk import (
    MOST_DAYS,
    CalendarAnswer,
    CalendarQuery,
    CalendarYear,
    ClosingDay,
    ClosingDayAnswer,
    DeskStatusAnswer,
    StatusQuery,
    closing_day_out,
    days_out,
    status_out,
    time_of,
)
from app.schemas.wire import Day
from app.strict import StrictRoute
from app.usecases.desk import fill_calendar, remove_closing_day, set_closing_day

router = APIRouter(tags=["desk"], route_class=StrictRoute)

ClosingDate = Annotated[Day, Path(alias="date", description="The day (JST).")]


@router.get(
    "/v1/desk/status",
    response_model=DeskStatusAnswer,
    responses=problem_responses(InvalidFilter),
)
async def read_desk_status(
    query: Annotated[StatusQuery, Query()],
    calendar: CurrentCalendar,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Whether the desk is open at an instant, why not, when it opens and closes next, and by when a
    question asked then is answered (CAL-1 to CAL-3, CAL-5).
    """
    at = query.at or now
    if at.tzinfo is None:
        raise InvalidFilter(pointer="at")
    at = at.astimezone(UTC)
    reply_at = calendar.add_business_minutes(at, settings.rules.reply_minutes)
    return document(status_out(calendar.status(at), at, reply_at, language), language)


@router.get(
    "/v1/desk/calendar",
    response_model=CalendarAnswer,
    responses={
        **NOT_MODIFIED,
        **problem_responses(InvalidFilter),
        200: {
            "description": "The days; as a calendar feed with `Accept: text/calendar`.",
            "content": {"text/calendar": {"schema": {"type": "string"}}},
        },
    },
)
async def read_desk_calendar(
    request: Request,
    query: Annotated[CalendarQuery, Query()],
    session: Reading,
    calendar: CurrentCalendar,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """The days of the desk with their opening hours and closing reasons. With
    `Accept: text/calendar` the closed and short days come as a feed for calendar programs.
    """
    if query.last < query.first or (query.last - query.first).days >= MOST_DAYS:
        raise InvalidFilter(pointer="to")
    count = (query.last - query.first).days + 1
    days = [query.first + timedelta(days=number) for number in range(count)]
    names = await names_of_days(session, query.first, query.last)
    answer = days_out(calendar, names, days, language)
    if "text/calendar" in request.headers.get("accept", ""):
        return Response(
            feed_of(answer, names), media_type="text/calendar; charset=utf-8", headers=HEADERS
        )
    return resource(request, answer, language)


def feed_of(answer: CalendarAnswer, names: dict[date, str]) -> bytes:
    """Closed and short days other than weekends as all-day events. The identity of an event is its
    day and its stamp is fixed, so that a subscribed calendar keeps one entry a day.
    """
    feed = Calendar()
    feed.add("prodid", "-//Renewal Desk//Desk calendar//JA")
    feed.add("version", "2.0")
    for item in answer["items"]:
        on = item["date"]
        if on not in names:
            continue
        event = Event()
        event.add("uid", f"{on.isoformat()}@desk-calendar.renewal-desk")
        event.add("dtstamp", datetime.combine(on, time(0), UTC))
        event.add("dtstart", on)
        event.add("dtend", on + timedelta(days=1))
        hours = ", ".join(f"{i['opens']}-{i['closes']}" for i in item["intervals"])
        event.add("summary", f"{names[on]} ({hours or '休業'})")
        feed.add_component(event)
    return bytes(feed.to_ical())


@router.put(
    "/v1/desk/closing-days/{date}",
    response_model=ClosingDayAnswer,
    responses=problem_responses(InvalidInput),
)
async def put_closing_day(
    day: ClosingDate,
    wanted: Annotated[ClosingDay, Body()],
    session: Session,
    trace: ReadTrace,
    language: SpokenLanguage,
) -> Response:
    """Make a day a company closing day or a short day (CAL-2). Sent again it changes nothing more;
    every answer from the next request on reckons with it.
    """
    await set_closing_day(
        session,
        trace,
        day,
        kind=wanted.kind,
        opens=time_of(wanted.opens),
        closes=time_of(wanted.closes),
        name=wanted.name,
    )
    return document(closing_day_out(day, wanted), language)


@router.delete(
    "/v1/desk/closing-days/{date}", status_code=204, responses=problem_responses(NotFound)
)
async def delete_closing_day(day: ClosingDate, session: Session, trace: ReadTrace) -> Response:
    """Take a company day back; the day is again what the week and the nation make it."""
    await remove_closing_day(session, trace, day)
    return Response(status_code=204)


@router.put(
    "/v1/desk/calendar-years/{year}",
    response_model=CalendarYear,
    responses=problem_responses(InvalidInput),
)
async def confirm_calendar_year(
    year: Annotated[int, Path(ge=2000, le=2099, description="The year.")],
    session: Session,
    trace: ReadTrace,
    caller: CurrentCaller,
    language: SpokenLanguage,
) -> Response:
    """Confirm that the company days of a year are complete (CAL-3): its answers no longer warn."""
    await fill_calendar(session, [year])
    await confirm_years(session, [year], caller.principal or "desk")
    await trace.change("confirmed", "calendar_year", str(year))
    return document({"year": year, "confirmed": True}, language)
