"""The audit trail on the wire."""

import uuid
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from app.db.audit import AuditEntry
from app.schemas.wire import (
    Cursor,
    IdentifierOut,
    InstantOut,
    PageSize,
    Plain,
    StrictQuery,
    instant,
)


class AuditQuery(StrictQuery):
    """Filters of the audit trail."""

    customer_id: Annotated[
        str | None, Plain, Field(max_length=20, description="Entries that touch this customer.")
    ] = None
    object_type: Annotated[
        str | None, Plain, Field(max_length=40, description="Such as `contract`.")
    ] = None
    object_id: Annotated[
        str | None, Plain, Field(max_length=60, description="Its number or id, as stored.")
    ] = None
    page_size: PageSize = 50
    cursor: Cursor = None


class Audited(TypedDict):
    """One entry: who did what, when, of which customers."""

    id: IdentifierOut
    at: InstantOut
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
