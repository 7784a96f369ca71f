"""The history of one object: what happened to it, the earliest first, in pages."""

import uuid

from starlette.requests import Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.callers import Viewer
from app.db.engine import ReadSession
from app.db.events import list_history
from app.routers.answers import page
from app.schemas.events import HistoryQuery, event_out
from app.usecases.reads import Trace


async def history_page(
    request: Request,
    session: ReadSession,
    viewer: Viewer,
    trace: Trace,
    query: HistoryQuery,
    object_type: str,
    customer_id: str,
    object_id: uuid.UUID,
) -> Response:
    """A page of what happened to an object that the caller may see.

    Raises InvalidCursor for a cursor of another object or caller.
    """
    meaning = f"history {trace.caller.principal} {customer_id} {object_id}"
    secret = request.app.state.cursor_secret
    after = None
    if query.cursor is not None:
        after = int(read_cursor(secret, meaning, query.cursor, 1)[0])
    rows = await list_history(
        session, viewer, object_type, str(object_id), after, query.page_size + 1
    )
    await trace.read(f"{object_type}_history", str(object_id), [customer_id])
    shown, next_cursor = cut_page(
        secret, meaning, rows, query.page_size, lambda event: (str(event.position),)
    )
    return page(request, [event_out(event) for event in shown], next_cursor)
