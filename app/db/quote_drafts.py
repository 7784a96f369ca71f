"""Drafts of quotes: what a version says, written with all its lines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.quote_tables import quote_line, quote_version
from app.db.quotes import version_in
from app.domain.quotes import LeftOut, QuoteLine
from app.domain.tax import TaxedTotals


@dataclass(frozen=True, slots=True)
class VersionContent:
    """What a version says, besides its lines; the columns of `quote_version` that a draft has."""

    kind: str
    start_date: date
    end_date: date
    service_level: str
    addressee_kind: str
    addressee_name: str
    contact_name: str | None = None
    contact_email: str | None = None
    conditions: str | None = None
    stated_deadline: date | None = None
    deadline_approver: str | None = None
    deadline_reason: str | None = None
    valid_until: date | None = None
    request_id: UUID | None = None
    change_request_id: UUID | None = None
    eligibility_check_id: UUID | None = None
    flags: tuple[str, ...] = ()
    decisions: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()


def _left_out_values(left: LeftOut) -> dict[str, Any]:
    """What is left out as JSON, dates as they are written."""
    values = {each.name: getattr(left, each.name) for each in fields(left)}
    days = {name: day.isoformat() for name, day in values.items() if isinstance(day, date)}
    return {**values, **days, "flags": list(left.flags)}


def left_out_read(values: Mapping[str, Any]) -> LeftOut:
    """What was left out, from the JSON that a version keeps."""
    days = {
        name: date.fromisoformat(values[name])
        for name in ("start", "end")
        if values.get(name) is not None
    }
    return LeftOut(**{**values, **days, "flags": tuple(values.get("flags", ()))})


def _version_values(content: VersionContent, totals: TaxedTotals) -> dict[str, Any]:
    names = VersionContent.__dataclass_fields__
    values = {name: getattr(content, name) for name in names}
    return {
        **values,
        "flags": list(content.flags),
        "decisions": dict(content.decisions),
        "left_out": [_left_out_values(left) for left in content.left_out],
        "subtotal": totals.subtotal,
        "tax": [
            {"rate_bp": rate.rate_bp, "taxable": rate.taxable, "tax": rate.tax}
            for rate in totals.rates
        ],
        "total": totals.total,
    }


def _line_values(
    customer_id: str, quote_number: str, version: int, lines: Iterable[QuoteLine]
) -> list[dict[str, Any]]:
    return [
        {
            "customer_id": customer_id,
            "quote_number": quote_number,
            "version": version,
            "line_number": number,
            "kind": line.kind.value,
            "product_number": line.product_number,
            "product_name": line.product_name,
            "serial_number": line.serial_number,
            "quantity": line.quantity,
            "service_level": line.service_level,
            "start_date": line.start,
            "end_date": line.end,
            "annual_price": line.annual_price,
            "unit_price": line.unit_price,
            "amount": line.amount,
            "tax_rate_bp": line.tax_rate_bp,
            "contract_number": line.contract_number,
            "contract_line_number": line.contract_line_number,
            "flags": list(line.flags),
            "decisions": dict(line.decisions),
        }
        for number, line in enumerate(lines, start=1)
    ]


async def add_version(
    session: AsyncSession,
    *,
    customer_id: str,
    quote_number: str,
    version: int,
    content: VersionContent,
    lines: Sequence[QuoteLine],
    totals: TaxedTotals,
    created_by: str,
    now: datetime,
) -> None:
    """Add a draft with its lines. A quote has one draft at most: a second one breaks the unique
    index, which is the refusal DraftExists.
    """
    await session.execute(
        insert(quote_version).values(
            customer_id=customer_id,
            quote_number=quote_number,
            version=version,
            created_by=created_by,
            created_at=now,
            updated_at=now,
            **_version_values(content, totals),
        )
    )
    await _add_lines(session, customer_id, quote_number, version, lines)


async def rewrite_draft(
    session: AsyncSession,
    *,
    customer_id: str,
    quote_number: str,
    version: int,
    content: VersionContent,
    lines: Sequence[QuoteLine],
    totals: TaxedTotals,
    now: datetime,
) -> None:
    """Write the draft of a claimed quote anew, with all its lines."""
    of_version = (
        quote_line.c.customer_id == customer_id,
        quote_line.c.quote_number == quote_number,
        quote_line.c.version == version,
    )
    await session.execute(
        update(quote_version)
        .where(*version_in(customer_id, quote_number, version, "draft"))
        .values(**_version_values(content, totals), updated_at=now)
    )
    await session.execute(delete(quote_line).where(*of_version))
    await _add_lines(session, customer_id, quote_number, version, lines)


async def _add_lines(
    session: AsyncSession,
    customer_id: str,
    quote_number: str,
    version: int,
    lines: Sequence[QuoteLine],
) -> None:
    rows = _line_values(customer_id, quote_number, version, lines)
    if rows:
        await session.execute(insert(quote_line), rows)
