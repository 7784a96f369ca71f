"""Uploaded quote-request sheets: what came, how far it is read, and what became of each row."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.engine import ReadSession
from app.db.quote_tables import sheet_row, sheet_upload
from app.db.tables import contract
from app.domain.errors import NotFound

# The two numbers of an advisory lock: what kind it is, and whose.
_REFERENCE_LOCK = 0x53485452


class UploadRow(NamedTuple):
    """One upload. `sha256` is of what the sheet says, not of its bytes, which change with every
    saving. `errors` are the faults of the whole file and of the request sheet.
    """

    customer_id: str
    id: uuid.UUID
    state: str
    reference: uuid.UUID | None
    sha256: str
    rows_total: int
    rows_done: int
    errors: Sequence[Mapping[str, str]]
    request_id: uuid.UUID | None
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class SheetRowRow(NamedTuple):
    """What became of one row of the machine sheet."""

    row_number: int
    state: str
    errors: Sequence[Mapping[str, str]]


_UPLOAD = select(*(sheet_upload.c[name] for name in UploadRow._fields))


async def lock_reference(session: AsyncSession, reference: uuid.UUID) -> None:
    """Let nobody else take a sheet with this reference until the transaction ends."""
    number = int.from_bytes(reference.bytes[-4:], "big", signed=True)
    await session.execute(select(func.pg_advisory_xact_lock(_REFERENCE_LOCK, number)))


async def find_completed(
    session: AsyncSession, viewer: Viewer, reference: uuid.UUID, customer_id: str | None
) -> UploadRow | None:
    """The latest upload with this reference that became a request."""
    return await _latest(
        session, viewer, reference, customer_id, sheet_upload.c.state == "completed"
    )


async def find_accepted(
    session: AsyncSession, viewer: Viewer, reference: uuid.UUID, customer_id: str | None
) -> UploadRow | None:
    """The latest upload with this reference that was not refused."""
    return await _latest(session, viewer, reference, customer_id, sheet_upload.c.state != "refused")


async def _latest(
    session: AsyncSession,
    viewer: Viewer,
    reference: uuid.UUID,
    customer_id: str | None,
    condition: ColumnElement[bool],
) -> UploadRow | None:
    statement = (
        _UPLOAD.where(
            sheet_upload.c.reference == reference,
            condition,
            viewer.condition(sheet_upload.c.customer_id),
        )
        .order_by(sheet_upload.c.created_at.desc(), sheet_upload.c.id.desc())
        .limit(1)
    )
    if customer_id is not None:
        statement = statement.where(sheet_upload.c.customer_id == customer_id)
    row = (await session.execute(statement)).first()
    return None if row is None else UploadRow(*row)


async def owners_of_numbers(
    session: AsyncSession, viewer: Viewer, **numbers: str | None
) -> set[str]:
    """The customers of the contracts with any of these numbers (by column) that the viewer sees."""
    given = [contract.c[name] == value for name, value in numbers.items() if value is not None]
    if not given:
        return set()
    rows = await session.scalars(
        select(contract.c.customer_id)
        .where(or_(*given), viewer.condition(contract.c.customer_id))
        .distinct()
    )
    return set(rows)


async def add_upload(
    session: AsyncSession, upload: UploadRow, content: bytes, context: Mapping[str, Any]
) -> None:
    """Store an upload with the file as it came. `context` says for whom it is to be read."""
    await session.execute(
        insert(sheet_upload).values(**upload._asdict(), content=content, context=dict(context))
    )


async def get_upload(
    session: AsyncSession | ReadSession, viewer: Viewer, upload_id: uuid.UUID
) -> UploadRow:
    """The upload with this id. Raises NotFound when the viewer may see none."""
    row = (
        await session.execute(
            _UPLOAD.where(
                sheet_upload.c.id == upload_id, viewer.condition(sheet_upload.c.customer_id)
            )
        )
    ).first()
    if row is None:
        raise NotFound
    return UploadRow(*row)


async def list_sheet_rows(
    session: AsyncSession | ReadSession,
    upload: UploadRow,
    *,
    after: int,
    limit: int,
    only_faulty: bool = False,
) -> list[SheetRowRow]:
    """At most `limit` rows of an upload that was read before, after a row number, in order."""
    statement = (
        select(sheet_row.c.row_number, sheet_row.c.state, sheet_row.c.errors)
        .where(
            sheet_row.c.customer_id == upload.customer_id,
            sheet_row.c.upload_id == upload.id,
            sheet_row.c.row_number > after,
        )
        .order_by(sheet_row.c.row_number)
        .limit(limit)
    )
    if only_faulty:
        statement = statement.where(sheet_row.c.state != "accepted")
    return [SheetRowRow(*row) for row in await session.execute(statement)]


class Waiting(NamedTuple):
    """An upload that a worker reads."""

    upload: UploadRow
    content: bytes
    context: Mapping[str, Any]


async def find_waiting(
    session: AsyncSession, customer_id: str, upload_id: uuid.UUID
) -> Waiting | None:
    """An upload that is not read to its end yet; None for one that is, or is no more."""
    row = (
        await session.execute(
            _UPLOAD.add_columns(sheet_upload.c.content, sheet_upload.c.context).where(
                sheet_upload.c.customer_id == customer_id,
                sheet_upload.c.id == upload_id,
                sheet_upload.c.state.in_(("queued", "running")),
            )
        )
    ).first()
    if row is None:
        return None
    *upload, content, context = row
    return Waiting(UploadRow(*upload), content or b"", context)


async def claim_upload(session: AsyncSession, upload: UploadRow) -> bool:
    """Lock an upload that is not read to its end; False when it is by now."""
    found = await session.scalar(
        select(sheet_upload.c.id)
        .where(
            sheet_upload.c.customer_id == upload.customer_id,
            sheet_upload.c.id == upload.id,
            sheet_upload.c.state.in_(("queued", "running")),
        )
        .with_for_update()
    )
    return found is not None


async def add_sheet_rows(
    session: AsyncSession, upload: UploadRow, rows: Sequence[SheetRowRow]
) -> None:
    """Store what became of rows; those that an interrupted worker stored already stay."""
    named = {"customer_id": upload.customer_id, "upload_id": upload.id}
    if rows:
        await session.execute(
            insert(sheet_row).on_conflict_do_nothing(),
            [{**named, **row._asdict()} for row in rows],
        )


async def set_progress(session: AsyncSession, upload: UploadRow, rows_done: int) -> None:
    """Say how far a worker is."""
    await _change(session, upload, {"state": "running", "rows_done": rows_done})


async def finish_upload(
    session: AsyncSession,
    upload: UploadRow,
    now: datetime,
    *,
    request_id: uuid.UUID | None,
    errors: Sequence[Mapping[str, str]] = (),
) -> None:
    """Say that an upload is read to its end: it became a request, or it was refused."""
    await _change(
        session,
        upload,
        {
            "state": "refused" if request_id is None else "completed",
            "rows_done": upload.rows_total,
            "request_id": request_id,
            "errors": list(errors),
            "finished_at": now,
        },
    )


async def _change(session: AsyncSession, upload: UploadRow, values: Mapping[str, Any]) -> None:
    await session.execute(
        update(sheet_upload)
        .where(
            sheet_upload.c.customer_id == upload.customer_id,
            sheet_upload.c.id == upload.id,
            sheet_upload.c.state.in_(("queued", "running")),
        )
        .values(**values)
    )
