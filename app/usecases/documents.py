"""Fetch the printed documents of a quote: made at the first download, kept from then on."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_documents import DocumentKey, StoredDocument, find_document, keep_document
from app.db.quotes import QuoteRow, VersionRow, get_quote, get_version, list_quote_lines
from app.domain.calendar import JST
from app.domain.errors import WrongState
from app.domain.printed_documents import Issuer, printed_quote
from app.printing import DocumentKind, Press


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """A document of a version; `draft` when the version is not issued yet."""

    key: DocumentKey
    draft: bool
    sha256: str
    content: bytes


async def fetch_document(
    session: AsyncSession,
    viewer: Viewer,
    press: Press,
    issuer: Issuer,
    kind: DocumentKind,
    quote_number: str,
    version: int | None,
    now: datetime,
) -> FetchedDocument:
    """A document of the version asked for, or of the latest one (QUO-3, ORD-3).

    Whatever becomes of a version after its issue, its document stays as it was first handed out
    (QUO-2). A draft is the desk's only; its document says that it is one and is not kept.

    Raises NotFound, WrongState for a version that was withdrawn before its issue, Overloaded.
    """
    if version is None:
        quote, found = await get_quote(session, viewer, quote_number)
    else:
        quote, found = await get_version(session, viewer, quote_number, version)
    key = DocumentKey(quote.customer_id, quote.quote_number, found.version, kind)
    if found.issued_on is None:
        if found.state != "draft":
            raise WrongState(rules=("QUO-1",), facts={"state": found.state})
        made = await _made(session, viewer, press, issuer, kind, quote, found)
        return FetchedDocument(key, True, *made)
    kept = await find_document(session, viewer, key)
    if kept is None:
        made = await _made(session, viewer, press, issuer, kind, quote, found)
        kept = await keep_document(session, viewer, key, made, now)
    return FetchedDocument(key, False, *kept)


async def _made(
    session: AsyncSession,
    viewer: Viewer,
    press: Press,
    issuer: Issuer,
    kind: DocumentKind,
    quote: QuoteRow,
    version: VersionRow,
) -> StoredDocument:
    lines = await list_quote_lines(session, viewer, quote, version.version)
    printed = printed_quote(
        quote.quote_number,
        version,
        lines,
        issuer,
        customer_name=quote.customer_name,
        contract_number=quote.contract_number,
        service_id=quote.service_id,
        draft=version.issued_on is None,
    )
    day = version.issued_on
    dated = version.updated_at if day is None else datetime.combine(day, time(), JST)
    content = await press.printed(kind, printed, dated)
    return StoredDocument(hashlib.sha256(content).hexdigest(), content)
