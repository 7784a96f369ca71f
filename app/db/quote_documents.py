"""Keeping printed documents of versions of quotes, and reading them back."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_tables import quote_document


class DocumentKey(NamedTuple):
    """Which document: `kind` is quote or answer_sheet."""

    customer_id: str
    quote_number: str
    version: int
    kind: str


class StoredDocument(NamedTuple):
    """A document as it is kept: its bytes and their SHA-256 in hexadecimal."""

    sha256: str
    content: bytes


async def find_document(
    session: AsyncSession, viewer: Viewer, key: DocumentKey
) -> StoredDocument | None:
    """A kept document of a version that the viewer may see."""
    statement = select(quote_document.c.sha256, quote_document.c.content).where(
        viewer.condition(quote_document.c.customer_id),
        *(quote_document.c[name] == value for name, value in key._asdict().items()),
    )
    row = (await session.execute(statement)).first()
    return None if row is None else StoredDocument(*row)


async def keep_document(
    session: AsyncSession, viewer: Viewer, key: DocumentKey, made: StoredDocument, now: datetime
) -> StoredDocument:
    """Keep a document unless it is kept already; returns the one that is kept.

    Of two that are made at once the first one stays: the second waits here until the first has
    committed, and is given its bytes.
    """
    await session.execute(
        insert(quote_document)
        .values(**key._asdict(), sha256=made.sha256, content=made.content, created_at=now)
        .on_conflict_do_nothing()
    )
    return await find_document(session, viewer, key) or made
