"""The desk drafts quotes, amends the drafts and drafts next versions (QUO)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_drafts import VersionContent, add_version
from app.db.quote_writes import add_quote, next_quote_number
from app.domain.calendar import jst_date
from app.domain.errors import AmountsDisagree, InvalidInput
from app.domain.periods import DEFAULT_TERM_MONTHS
from app.domain.quote_drafting import Drafted, WishedQuote, draft_lines
from app.domain.quote_terms import with_consumed_terms
from app.domain.quotes import (
    AddresseeKind,
    fee_line,
    flags_of_check,
    known_fee,
    plain_name,
)
from app.usecases.quote_facts import (
    Draft,
    QuoteSettings,
    finished_draft,
    load_catalogue,
    told,
)
from app.usecases.quote_origins import DraftWish, Origin, load_origin
from app.usecases.reads import Trace
from app.usecases.request_steps import mark_in_progress

TRIAL_NUMBER = "0000000"
"""Stands in the number of a quote that is only tried: nothing is stored under it."""


async def draft_quote(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    wish: DraftWish,
    *,
    settings: QuoteSettings,
    now: datetime,
    trial: bool = False,
) -> tuple[str, int]:
    """Draft version 1 of a new quote; returns its number and version.

    Raises InvalidInput for what cannot be quoted, CustomersDiffer, WrongState for a request that
    has ended, StatedDeadlineNeedsApproval (DL-2) and AmountsDisagree for another total than stated.
    """
    origin = await load_origin(session, viewer, wish)
    draft = await _draft_of(session, origin, wish, settings)
    check_total(draft, wish.stated_total)
    number = await add_draft(
        session,
        trace,
        customer_id=origin.customer.customer_id,
        contract_number=origin.contract_number,
        service_id=origin.service_id,
        draft=draft,
        now=now,
        trial=trial,
    )
    if origin.request is not None:
        await mark_in_progress(session, trace, origin.request)
    return number, 1


async def _draft_of(
    session: AsyncSession, origin: Origin, wish: DraftWish, settings: QuoteSettings
) -> Draft:
    wished = WishedQuote(
        kind=origin.kind,
        start=wish.start or origin.start,
        # A term that the desk asks for goes before the end that the request had.
        end=wish.end or (None if wish.term_months is not None else origin.end),
        term_months=wish.term_months or DEFAULT_TERM_MONTHS,
        service_level=wish.service_level or origin.service_level,
        tax_rate_bp=settings.tax_rate_bp,
    )
    products = [source.product_number for source in origin.sources]
    catalogue = await load_catalogue(session, products, settings)
    drafted = draft_lines(origin.sources, wished, catalogue)
    if drafted is None:
        raise InvalidInput(places=[("/period/start_date", "required")], rules=("TERM-1",))
    fee = known_fee(origin.check)
    fees = (fee_line(fee, settings.tax_rate_bp),) if fee else ()
    terms = () if origin.check is None else origin.check.consumed
    lines = with_consumed_terms(drafted.lines, terms)
    drafted = Drafted((*lines, *fees), drafted.left_out)
    content = replace(_content(origin, wished, drafted), **wish.header)
    return await finished_draft(session, origin.customer.customer_id, content, drafted, settings)


def _content(origin: Origin, wished: WishedQuote, drafted: Drafted) -> VersionContent:
    name = origin.customer.name
    ends = [source.covered_until for source in origin.sources if source.covered_until is not None]
    quoted = [source for source in origin.sources if source.leave_out_reason is None]
    levels = [source.service_level for source in quoted]
    # Where no line is left the period is what was wished, as far as it was; nothing can be issued.
    start = wished.start or max(ends, default=None)
    first = next((line for line in drafted.lines if line.start is not None), None)
    if first is None and start is None:
        raise InvalidInput(places=[("/period/start_date", "required")], rules=("TERM-1",))
    begins = start if first is None or first.start is None else first.start
    assert begins is not None  # noqa: S101 — one of the two is there, by the lines above.
    ends_on = wished.end if wished.end is not None and wished.end >= begins else begins
    return VersionContent(
        kind=origin.kind.value,
        start_date=begins,
        end_date=ends_on,
        service_level=wished.service_level or (levels[0] if levels else "none"),
        addressee_kind=AddresseeKind.COMPANY.value,
        addressee_name=plain_name(AddresseeKind.COMPANY, name) or name,
        contact_name=origin.customer.contact_name,
        contact_email=origin.customer.contact_email,
        request_id=None if origin.request is None else origin.request.id,
        eligibility_check_id=(
            None if origin.request is None else origin.request.eligibility_check_id
        ),
        flags=flags_of_check(origin.kind, origin.check, drafted.lines),
    )


def check_total(draft: Draft, stated: int | None) -> None:
    """Raise AmountsDisagree where the caller reckons another total than the lines come to."""
    if stated is not None and stated != draft.totals.total:
        raise AmountsDisagree(places=[("/total", "amounts_disagree")], rules=("QUO-4",))


async def add_draft(
    session: AsyncSession,
    trace: Trace,
    *,
    customer_id: str,
    contract_number: str | None,
    service_id: str | None,
    draft: Draft,
    now: datetime,
    trial: bool,
    history: Mapping[str, Any] | None = None,
) -> str:
    """Store a new quote with its first draft; returns its number. `history` are the quotes that it
    was merged or split from (QUO-6).
    """
    year = jst_date(now).year
    number = f"Q{year:04d}-{TRIAL_NUMBER}" if trial else await next_quote_number(session, year)
    by = trace.caller.principal or ""
    await add_quote(
        session,
        customer_id=customer_id,
        quote_number=number,
        contract_number=contract_number,
        service_id=service_id,
        created_by=by,
        now=now,
        **(history or {}),
    )
    await add_version(
        session,
        customer_id=customer_id,
        quote_number=number,
        version=1,
        content=draft.content,
        lines=draft.lines,
        totals=draft.totals,
        created_by=by,
        now=now,
    )
    await trace.step("drafted", "quote", number, customer_id, told(draft, 1, **(history or {})))
    return number
