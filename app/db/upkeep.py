"""What the background work finds and changes: quotes past their limit, lines whose product's end of
support moved, and what is kept no longer.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Date, Text, and_, bindparam, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.quote_tables import (
    quote,
    quote_line,
    quote_request,
    quote_request_item,
    quote_version,
    sheet_upload,
)
from app.db.tables import idempotency_key, product, revoked_token, test_clock
from app.domain.end_of_support import Lifecycle, RequestKind


class LapsedQuote(NamedTuple):
    """A version that was open until its limit passed."""

    customer_id: str
    quote_number: str
    version: int
    effective_limit: date


# The quote's row is locked first, as every change of a quote does, and one that somebody is
# changing is left to the next time. The state is asked again when the row is changed: what ended
# otherwise in the meantime stays as it ended.
_LAPSE = text("""
    WITH due AS MATERIALIZED (
        SELECT q.customer_id, q.quote_number, v.version
          FROM quote q JOIN quote_version v USING (customer_id, quote_number)
         WHERE v.state = 'issued' AND v.effective_limit < :today
           AND (CAST(:only AS text) IS NULL OR v.customer_id = :only)
           AND v.customer_id <> ALL (:others)
         ORDER BY v.effective_limit
         LIMIT :most
           FOR UPDATE OF q SKIP LOCKED),
    lapsed AS (
        UPDATE quote_version v SET state = 'lapsed', updated_at = :now
          FROM due d
         WHERE (v.customer_id, v.quote_number, v.version)
             = (d.customer_id, d.quote_number, d.version) AND v.state = 'issued'
        RETURNING v.customer_id, v.quote_number, v.version, v.effective_limit),
    touched AS (
        UPDATE quote q SET revision = revision + 1, updated_at = :now
          FROM lapsed l WHERE (q.customer_id, q.quote_number) = (l.customer_id, l.quote_number))
    SELECT customer_id, quote_number, version, effective_limit FROM lapsed
""").bindparams(bindparam("today", type_=Date), bindparam("others", type_=ARRAY(Text)))


async def lapse_quotes(
    session: AsyncSession,
    *,
    today: date,
    now: datetime,
    only: str | None,
    others: Sequence[str],
    most: int,
) -> Sequence[LapsedQuote]:
    """Let at most `most` issued versions lapse whose limit is before `today`: those of one customer
    (`only`), or of all but `others`.
    """
    rows = await session.execute(
        _LAPSE, {"today": today, "now": now, "only": only, "others": list(others), "most": most}
    )
    return [LapsedQuote(*row) for row in rows]


async def clocks_of_customers(session: AsyncSession) -> Mapping[str, tuple[datetime | None, int]]:
    """The sandbox tenants' clocks: an instant at which one stands, or seconds off the real time."""
    rows = await session.execute(
        select(test_clock.c.tenant, test_clock.c.frozen_at, test_clock.c.shift_seconds)
    )
    return {row.tenant: (row.frozen_at, row.shift_seconds) for row in rows}


class OpenLine(NamedTuple):
    """A machine in an open quote or request whose product was changed after that was written.

    `flagged` says whether the quote or request carries the flag already.
    """

    object_type: str
    customer_id: str
    object_id: str
    version: int | None
    kind: RequestKind
    start: date
    end: date
    product_number: str
    lifecycle: Lifecycle
    flagged: bool


END_OF_SUPPORT_MOVED = "end_of_support_moved"
_DATES = (
    product.c.end_of_sale,
    product.c.last_new_enrollment,
    product.c.last_renewal,
    product.c.end_of_support,
)


# Lines of issued quotes whose product was changed later than the quote.
_QUOTED = (
    select(
        quote_version.c.customer_id,
        quote_version.c.quote_number,
        quote_version.c.version,
        quote_version.c.kind,
        quote_line.c.start_date,
        quote_line.c.end_date,
        product.c.product_number,
        *_DATES,
        (quote_version.c.flags.any_() == END_OF_SUPPORT_MOVED).label("flagged"),
    )
    .join(
        quote_line,
        and_(
            quote_line.c.customer_id == quote_version.c.customer_id,
            quote_line.c.quote_number == quote_version.c.quote_number,
            quote_line.c.version == quote_version.c.version,
        ),
    )
    .join(product, product.c.product_number == quote_line.c.product_number)
    .where(
        quote_version.c.state == "issued",
        quote_line.c.kind == "service",
        quote_line.c.start_date.is_not(None),
        product.c.updated_at > quote_version.c.created_at,
    )
    .order_by(quote_version.c.customer_id, quote_version.c.quote_number)
)
# Machines of requests that wait for an answer whose product was changed later than the request.
_ASKED = (
    select(
        quote_request.c.customer_id,
        quote_request.c.id,
        quote_request.c.kind,
        quote_request.c.start_date,
        quote_request.c.end_date,
        product.c.product_number,
        *_DATES,
        (quote_request.c.flags.any_() == END_OF_SUPPORT_MOVED).label("flagged"),
    )
    .join(
        quote_request_item,
        and_(
            quote_request_item.c.customer_id == quote_request.c.customer_id,
            quote_request_item.c.request_id == quote_request.c.id,
        ),
    )
    .join(product, product.c.product_number == quote_request_item.c.product_number)
    .where(
        quote_request.c.state.in_(["received", "needs_information", "in_progress"]),
        quote_request.c.start_date.is_not(None),
        quote_request.c.end_date.is_not(None),
        product.c.updated_at > quote_request.c.created_at,
    )
    .order_by(quote_request.c.customer_id, quote_request.c.id)
)


async def list_touched_lines(session: AsyncSession, most: int) -> Sequence[OpenLine]:
    """Lines of issued quotes, and machines of requests that wait for an answer, whose product was
    changed later than the quote or request (EOS-5); at most `most` of each.
    """
    found = [
        OpenLine(
            "quote", row[0], row[1], row[2], RequestKind(row[3]), *row[4:7],
            Lifecycle(*row[7:11]), bool(row.flagged),
        )
        for row in await session.execute(_QUOTED.limit(most))
    ]  # fmt: skip
    found += [
        OpenLine(
            "quote_request", row[0], str(row[1]), None, RequestKind(row[2]), *row[3:6],
            Lifecycle(*row[6:10]), bool(row.flagged),
        )
        for row in await session.execute(_ASKED.limit(most))
    ]  # fmt: skip
    return found


async def flag_quote(session: AsyncSession, line: OpenLine, now: datetime) -> bool:
    """Put the flag on an issued version; False when it carries it already or is open no longer."""
    version = quote_version.c
    flagged = await session.execute(
        update(quote_version)
        .where(
            version.customer_id == line.customer_id,
            version.quote_number == line.object_id,
            version.version == line.version,
            version.state == "issued",
            ~(version.flags.any_() == END_OF_SUPPORT_MOVED),
        )
        .values(flags=func.array_append(version.flags, END_OF_SUPPORT_MOVED), updated_at=now)
        .returning(version.version)
    )
    if flagged.first() is None:
        return False
    await session.execute(
        update(quote)
        .where(quote.c.customer_id == line.customer_id, quote.c.quote_number == line.object_id)
        .values(revision=quote.c.revision + 1, updated_at=now)
    )
    return True


async def flag_request(session: AsyncSession, line: OpenLine, now: datetime) -> bool:
    """Put the flag on a request that waits; False when it carries it or is answered by now."""
    request = quote_request.c
    flagged = await session.execute(
        update(quote_request)
        .where(
            request.customer_id == line.customer_id,
            request.id == uuid.UUID(line.object_id),
            request.state.in_(["received", "needs_information", "in_progress"]),
            ~(request.flags.any_() == END_OF_SUPPORT_MOVED),
        )
        .values(
            flags=func.array_append(request.flags, END_OF_SUPPORT_MOVED),
            revision=request.revision + 1,
            updated_at=now,
        )
        .returning(request.id)
    )
    return flagged.first() is not None


async def purge_keys(session: AsyncSession, before: datetime, most: int) -> int:
    """Delete at most `most` keys of requests that were stored before an instant."""
    old = (
        select(idempotency_key.c.principal, idempotency_key.c.key)
        .where(idempotency_key.c.created_at < before)
        .limit(most)
    )
    gone = await session.execute(
        delete(idempotency_key)
        .where(tuple_(idempotency_key.c.principal, idempotency_key.c.key).in_(old))
        .returning(idempotency_key.c.key)
    )
    return len(gone.all())


async def purge_revoked_tokens(session: AsyncSession, before: datetime) -> int:
    """Delete revocations of tokens whose own time was over before an instant."""
    gone = await session.execute(
        delete(revoked_token)
        .where(revoked_token.c.expires_at < before)
        .returning(revoked_token.c.token_id)
    )
    return len(gone.all())


async def purge_sheets(session: AsyncSession, before: datetime, most: int) -> int:
    """Forget at most `most` uploaded workbooks that were read to their end before an instant. What
    became of them stays: their rows, their errors, and what they asked for.
    """
    upload = sheet_upload.c
    old = (
        select(upload.customer_id, upload.id)
        .where(upload.finished_at < before, upload.content.is_not(None))
        .limit(most)
    )
    gone = await session.execute(
        update(sheet_upload)
        .where(tuple_(upload.customer_id, upload.id).in_(old))
        .values(content=None)
        .returning(upload.id)
    )
    return len(gone.all())


async def purge_job_log(session: AsyncSession, before: datetime) -> None:
    """Delete what the queue tells of jobs that ended before an instant."""
    await session.execute(
        text("DELETE FROM jobs.pgqueuer_log WHERE created < :before"), {"before": before}
    )
