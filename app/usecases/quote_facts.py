"""What drafts of quotes are made of, read from the database and put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.products import find_products
from app.db.quote_drafts import VersionContent, left_out_read
from app.db.quote_sources import price_steps, systems_of
from app.db.quotes import QuoteLineRow, VersionRow
from app.domain.deadlines import StatedDeadline, order_deadline_day
from app.domain.end_of_support import Lifecycle
from app.domain.quote_drafting import Catalogue, Drafted, mixed_flags
from app.domain.quotes import (
    LineKind,
    QuoteLine,
    flags_of,
    own_flags,
    period_of,
    totals_of,
)
from app.domain.tax import Rounding, TaxedTotals


@dataclass(frozen=True, slots=True)
class QuoteSettings:
    """The settings of quotes: the tax rate of new lines (basis points), which way a part of a yen
    of tax goes (QUO-4), and whether the last day of support is covered (EOS-2).
    """

    tax_rate_bp: int = 1000
    rounding: Rounding = Rounding.FLOOR
    covers_last_day: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """A version as it is to be written."""

    content: VersionContent
    lines: tuple[QuoteLine, ...]
    totals: TaxedTotals


async def load_catalogue(
    session: AsyncSession, product_numbers: Iterable[str | None], settings: QuoteSettings
) -> Catalogue:
    """The dates and prices of some products."""
    numbers = sorted({number for number in product_numbers if number is not None})
    products = await find_products(session, numbers)
    return Catalogue(
        lifecycles={
            number: Lifecycle(
                row.end_of_sale, row.last_new_enrollment, row.last_renewal, row.end_of_support
            )
            for number, row in products.items()
        },
        prices=await price_steps(session, numbers),
        covers_last_day=settings.covers_last_day,
    )


def lines_of_rows(rows: Sequence[QuoteLineRow]) -> tuple[QuoteLine, ...]:
    """Stored lines as the domain takes them."""
    return tuple(
        QuoteLine(
            kind=LineKind(row.kind),
            product_name=row.product_name,
            unit_price=row.unit_price,
            quantity=row.quantity,
            product_number=row.product_number,
            serial_number=row.serial_number,
            service_level=row.service_level,
            start=row.start_date,
            end=row.end_date,
            annual_price=row.annual_price,
            tax_rate_bp=row.tax_rate_bp,
            contract_number=row.contract_number,
            contract_line_number=row.contract_line_number,
            flags=tuple(row.flags),
            decisions=row.decisions,
        )
        for row in rows
    )


def content_of(row: VersionRow) -> VersionContent:
    """What a stored version says, to be written anew or into the next one."""
    return VersionContent(
        kind=row.kind,
        start_date=row.start_date,
        end_date=row.end_date,
        service_level=row.service_level,
        addressee_kind=row.addressee_kind,
        addressee_name=row.addressee_name,
        contact_name=row.contact_name,
        contact_email=row.contact_email,
        conditions=row.conditions,
        stated_deadline=row.stated_deadline,
        deadline_approver=row.deadline_approver,
        deadline_reason=row.deadline_reason,
        valid_until=row.valid_until,
        request_id=row.request_id,
        change_request_id=row.change_request_id,
        eligibility_check_id=row.eligibility_check_id,
        flags=tuple(row.flags),
        decisions=row.decisions,
        left_out=tuple(left_out_read(left) for left in row.left_out),
    )


def stated_deadline_of(content: VersionContent | VersionRow) -> StatedDeadline | None:
    """The order deadline in the conditions, if any (DL-2)."""
    if content.stated_deadline is None:
        return None
    return StatedDeadline(
        content.stated_deadline, content.deadline_approver, content.deadline_reason
    )


async def finished_draft(
    session: AsyncSession,
    customer_id: str,
    content: VersionContent,
    drafted: Drafted,
    settings: QuoteSettings,
) -> Draft:
    """A version from its lines and what it leaves out: period, level, flags and totals follow from
    them (TERM-4, QUO-4).

    Raises StatedDeadlineNeedsApproval for a stated deadline that the period leaves without the
    approval it needs (DL-2).
    """
    lines = drafted.lines
    serials = [line.serial_number for line in lines if line.serial_number is not None]
    systems = await systems_of(session, customer_id, serials)
    period = period_of(lines)
    levels = {line.service_level for line in lines if line.kind is LineKind.SERVICE}
    own = (*own_flags(content.flags, content.decisions), *mixed_flags(lines, systems))
    content = replace(
        content,
        start_date=content.start_date if period is None else period.start,
        end_date=content.end_date if period is None else period.end,
        service_level=_only(levels) or content.service_level,
        flags=flags_of(lines, own),
        left_out=drafted.left_out,
    )
    order_deadline_day(content.start_date, stated_deadline_of(content))
    return Draft(content, lines, totals_of(lines, settings.rounding))


def _only(levels: set[str | None]) -> str | None:
    return next(iter(levels)) if len(levels) == 1 else None


def told(draft: Draft, version: int, **more: Any) -> Mapping[str, Any]:
    """What an event tells of a version: states, dates and amounts, nothing personal."""

    def written(day: date | None) -> str | None:
        return None if day is None else day.isoformat()

    return {
        "version": version,
        "start_date": written(draft.content.start_date),
        "end_date": written(draft.content.end_date),
        "total": draft.totals.total,
        "flags": list(draft.content.flags),
        **more,
    }
