"""Desk hours and the desk calendar on the wire."""

from datetime import date, datetime, time
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from app.domain.calendar import DeskCalendar, DeskStatus
from app.domain.languages import Language
from app.domain.texts import text
from app.schemas.contracts import coded_warnings
from app.schemas.wire import (
    AS_ASKED,
    CodedText,
    Day,
    InstantOut,
    Plain,
    Strict,
    StrictQuery,
    instant,
)

MOST_DAYS = 400


class StatusQuery(StrictQuery):
    """The instant that is asked about."""

    at: Annotated[
        datetime | None,
        Field(description="RFC 3339 with an offset; default now.", json_schema_extra=AS_ASKED),
    ] = None


class DeskStatusAnswer(TypedDict):
    """Whether the desk is open, and what comes next. All instants are in UTC."""

    open: bool
    now: InstantOut
    closes_at: InstantOut | None
    next_opens_at: InstantOut
    reason: Annotated[CodedText | None, Field(description="Why it is closed; null while open.")]
    promised_reply_at: Annotated[
        InstantOut, Field(description="By when a question asked now is answered (CAL-5).")
    ]
    warnings: list[CodedText]
    rules: list[str]


def status_out(
    status: DeskStatus, at: datetime, reply_at: datetime, language: Language
) -> DeskStatusAnswer:
    """The answer for one instant."""
    reason = status.reason
    return {
        "open": status.open,
        "now": instant(at),
        "closes_at": None if status.closes_at is None else instant(status.closes_at),
        "next_opens_at": instant(status.next_opens_at),
        "reason": None if reason is None else {"code": reason, "text": text(reason, language)},
        "promised_reply_at": instant(reply_at),
        "warnings": coded_warnings(status.warnings, language),
        "rules": [*status.rules, "CAL-5"],
    }


class CalendarQuery(StrictQuery):
    """A stretch of days, both ends inclusive, 400 days at most."""

    first: Annotated[Day, Field(alias="from", description="First day.")]
    last: Annotated[Day, Field(alias="to", description="Last day.")]


class Interval(TypedDict):
    """Opening hours within a day, JST; closed already at `closes` (CAL-1)."""

    opens: Annotated[str, Field(examples=["09:00"])]
    closes: Annotated[str, Field(examples=["12:00"])]


class CalendarDay(TypedDict):
    """One day of the desk."""

    date: Day
    open: bool
    intervals: list[Interval]
    reason: CodedText | None
    name: Annotated[str | None, Field(description="Name of the holiday or closing day.")]


class CalendarAnswer(TypedDict):
    """The days asked for."""

    items: list[CalendarDay]
    warnings: list[CodedText]


def days_out(
    calendar: DeskCalendar, names: dict[date, str], days: list[date], language: Language
) -> CalendarAnswer:
    """The answer for a stretch of days."""
    items: list[CalendarDay] = []
    for one in days:
        reason = calendar.closing_reason(one)
        items.append(
            {
                "date": one,
                "open": reason is None,
                "intervals": [
                    {"opens": f"{i.opens:%H:%M}", "closes": f"{i.closes:%H:%M}"}
                    for i in calendar.open_intervals(one)
                ],
                "reason": None
                if reason is None
                else {"code": reason, "text": text(reason, language)},
                "name": names.get(one),
            }
        )
    return {"items": items, "warnings": coded_warnings(calendar.warnings(*days), language)}


NULL: JsonDict = {"type": "null"}
TEXT: JsonDict = {"type": "string"}
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["09:00"])]


class ClosingDay(Strict):
    """A company closing day, or a short day with its own hours (JST)."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"kind": {"const": "closed"}, "opens": NULL, "closes": NULL}},
                {
                    "properties": {"kind": {"const": "short"}, "opens": TEXT, "closes": TEXT},
                    "required": ["opens", "closes"],
                },
            ]
        }
    )

    kind: Literal["closed", "short"]
    opens: Clock | None = None
    closes: Clock | None = None
    name: Annotated[str, Plain, Field(min_length=1, max_length=100)] = "休業日"

    @model_validator(mode="after")
    def hours_fit_the_kind(self) -> Self:
        """A short day has hours, in their order; a closed day has none."""
        both = self.opens is not None and self.closes is not None
        if self.kind == "closed" and (self.opens is not None or self.closes is not None):
            raise PydanticCustomError("hours_of_a_closed_day", "a closed day has no hours")
        if self.kind == "short" and not both:
            raise PydanticCustomError("hours_missing", "a short day has hours")
        if both and str(self.opens) >= str(self.closes):
            raise PydanticCustomError("closes_before_opens", "closing is later than opening")
        return self


class ClosingDayAnswer(TypedDict):
    """A company day as it is stored."""

    date: Day
    kind: Literal["closed", "short"]
    opens: str | None
    closes: str | None
    name: str


def closing_day_out(one: date, wanted: ClosingDay) -> ClosingDayAnswer:
    """The answer for a company day."""
    return {
        "date": one,
        "kind": wanted.kind,
        "opens": wanted.opens,
        "closes": wanted.closes,
        "name": wanted.name,
    }


def time_of(clock: str | None) -> time | None:
    """A time of day written HH:MM."""
    return None if clock is None else time.fromisoformat(clock)


class CalendarYear(TypedDict):
    """A year whose company days are complete (CAL-3)."""

    year: int
    confirmed: bool
