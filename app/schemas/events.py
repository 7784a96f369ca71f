"""What happened to a request, a change or a quote, on the wire."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from app.db.events import EventRow
from app.schemas.wire import Cursor, IdentifierOut, InstantOut, PageSize, StrictQuery, instant


class HistoryQuery(StrictQuery):
    """Which page of a history."""

    page_size: PageSize = 50
    cursor: Cursor = None


class EventOut(TypedDict):
    """One thing that happened."""

    id: IdentifierOut
    type: Annotated[
        str, Field(description="Object and what happened.", examples=["quote_request.created"])
    ]
    at: InstantOut
    actor: Annotated[str, Field(description="`customer`, `partner`, `desk` or `system`.")]
    data: Annotated[dict[str, Any], Field(description="The facts: states, codes, numbers, dates.")]


class History(TypedDict):
    """A page of what happened, the earliest first."""

    items: list[EventOut]
    next_cursor: str | None


def event_out(row: EventRow) -> EventOut:
    """The answer for one event."""
    return {
        "id": str(row.id),
        "type": row.type,
        "at": instant(row.at),
        "actor": row.actor,
        "data": dict(row.data),
    }
