"""The audit trail, for the desk."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.audit import list_audit
from app.deps import CurrentCaller, Reading
from app.domain.errors import InvalidCursor, InvalidFilter
from app.problems import problem_responses
from app.routers.answers import page
from app.schemas.audit import AuditPage, AuditQuery, audit_out
from app.strict import StrictRoute

router = APIRouter(tags=["audit"], route_class=StrictRoute)


@router.get(
    "/v1/audit",
    response_model=AuditPage,
    responses=problem_responses(InvalidFilter, InvalidCursor),
)
async def read_audit(
    request: Request,
    query: Annotated[AuditQuery, Query()],
    session: Reading,
    caller: CurrentCaller,
) -> Response:
    """Who read or changed what of which customers, the latest first, in pages."""
    meaning = f"audit {caller.principal} {query.customer_id} {query.object_type} {query.object_id}"
    secret = request.app.state.cursor_secret
    after: tuple[datetime, uuid.UUID] | None = None
    if query.cursor is not None:
        at, number = read_cursor(secret, meaning, query.cursor, 2)
        after = (datetime.fromisoformat(at), uuid.UUID(number))
    rows = await list_audit(
        session,
        customer_id=query.customer_id,
        object_type=query.object_type,
        object_id=query.object_id,
        after=after,
        limit=query.page_size + 1,
    )
    shown, next_cursor = cut_page(
        secret, meaning, rows, query.page_size, lambda row: (row[1].at.isoformat(), str(row[0]))
    )
    return page(request, [audit_out(number, entry) for number, entry in shown], next_cursor)
