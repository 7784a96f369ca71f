"""Writing quotes: new ones, and the steps of their versions.

Every change of a quote or of one of its versions begins with `claim_quote`, which lets one of
several callers through who hold the same revision.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Text, insert, literal, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_tables import quote, quote_version
from app.db.quotes import version_in
from app.domain.errors import PreconditionFailed


async def next_quote_number(session: AsyncSession, year: int) -> str:
    """The next number: Q, the year (JST), and seven digits."""
    number = await session.scalar(text("SELECT nextval('quote_number')"))
    return f"Q{year:04d}-{number:07d}"


async def add_quote(
    session: AsyncSession,
    *,
    customer_id: str,
    quote_number: str,
    contract_number: str | None,
    service_id: str | None,
    created_by: str,
    now: datetime,
    merged_from: Sequence[str] = (),
    split_from: str | None = None,
) -> None:
    """Add a quote, without a version yet."""
    await session.execute(
        insert(quote).values(
            customer_id=customer_id,
            quote_number=quote_number,
            contract_number=contract_number,
            service_id=service_id,
            merged_from=list(merged_from),
            split_from=split_from,
            created_by=created_by,
            created_at=now,
            updated_at=now,
        )
    )


async def claim_quote(
    session: AsyncSession,
    viewer: Viewer,
    customer_id: str,
    quote_number: str,
    held: int | None,
    now: datetime,
) -> int:
    """Lock a quote for this transaction and count its revision up; returns the new one.

    `held` is the revision that the caller has read, None where any will do. Raises
    PreconditionFailed when another change came first.
    """
    statement = (
        update(quote)
        .where(
            quote.c.customer_id == customer_id,
            quote.c.quote_number == quote_number,
            viewer.condition(quote.c.customer_id),
        )
        .values(revision=quote.c.revision + 1, updated_at=now)
        .returning(quote.c.revision)
    )
    if held is not None:
        statement = statement.where(quote.c.revision == held)
    revision = await session.scalar(statement)
    if revision is None:
        raise PreconditionFailed(pointer="if-match")
    return int(revision)


async def count_version(session: AsyncSession, customer_id: str, quote_number: str) -> int:
    """Count the latest version of a claimed quote up; returns the new one."""
    counted = await session.scalar(
        update(quote)
        .where(quote.c.customer_id == customer_id, quote.c.quote_number == quote_number)
        .values(latest_version=quote.c.latest_version + 1)
        .returning(quote.c.latest_version)
    )
    return int(counted or 0)


async def issue_version(
    session: AsyncSession,
    *,
    customer_id: str,
    quote_number: str,
    version: int,
    issued_on: date,
    issued_by: str,
    order_deadline: date,
    deadline_rule: str,
    effective_limit: date,
    now: datetime,
) -> None:
    """Turn the draft of a claimed quote into an issued version, which nothing changes any more
    (QUO-2).
    """
    await session.execute(
        update(quote_version)
        .where(*version_in(customer_id, quote_number, version, "draft"))
        .values(
            state="issued",
            issued_on=issued_on,
            issued_by=issued_by,
            order_deadline=order_deadline,
            deadline_rule=deadline_rule,
            effective_limit=effective_limit,
            updated_at=now,
        )
    )


async def move_version(
    session: AsyncSession,
    *,
    customer_id: str,
    quote_number: str,
    version: int,
    from_state: str,
    to_state: str,
    reason: str | None,
    now: datetime,
) -> bool:
    """Move a version from one state to another; False where it is no longer in the first one, which
    only a caller that has not claimed the quote can meet.
    """
    kept = quote_version.c.reason if reason is None else literal(reason, Text)
    moved = await session.execute(
        update(quote_version)
        .where(*version_in(customer_id, quote_number, version, from_state))
        .values(state=to_state, reason=kept, updated_at=now)
        .returning(quote_version.c.version)
    )
    return moved.first() is not None
