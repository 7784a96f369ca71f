"""The audit trail on the wire."""

import uuid
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from app.db.audit import AuditEntry
from app.schemas.wire import Plain, StrictQuery, instant


class AuditQuery(StrictQuery):
    """Filters of the audit trail."""

    customer_id: Annotated[str | None, Plain, Field(max_length=20)] = None
    object_type: Annotated[str | None, Plain, Field(max_length=40)] = None
    object_id: Annotated[str | None, Plain, Field(max_length=60)] = None
    page_size: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str | None, Field(max_length=500)] = None


class Audited(TypedDict):
    """One entry: who did what, when, of which customers."""

    id: str
    at: Annotated[str, Field(description="RFC 3339 in UTC.")]
    caller: str
    principal: str | None
    action: str
    object_type: str
    object_id: str | None
    customer_ids: list[str]
    request_id: str | None


class AuditPage(TypedDict):
    """A page of entries, the latest first."""

    items: list[Audited]
    next_cursor: str | None


def audit_out(number: uuid.UUID, entry: AuditEntry) -> Audited:
    """The answer for one entry."""
    return {
        "id": str(number),
        "at": instant(entry.at),
        "caller": entry.caller,
        "principal": entry.principal,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "customer_ids": list(entry.customer_ids),
        "request_id": entry.request_id,
    }
