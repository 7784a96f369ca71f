"""Quotes made of other quotes: merged, split, and tried with one end date (QUO-5, QUO-6)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_drafts import rewrite_draft
from app.db.quote_writes import claim_quote, move_version
from app.db.quotes import (
    QuoteRow,
    VersionRow,
    find_version_in_state,
    get_quote,
    list_quote_lines,
)
from app.domain.end_of_support import RequestKind
from app.domain.errors import CustomersDiffer, InvalidInput, NotFound
from app.domain.pricing import LinePreview
from app.domain.quote_amending import Amendment, amended_lines
from app.domain.quote_drafting import Drafted
from app.domain.quote_previews import preview_co_term
from app.domain.quote_states import VersionAction
from app.domain.quotes import LineKind, QuoteLine, left_out_of
from app.usecases.quote_facts import (
    QuoteSettings,
    content_of,
    finished_draft,
    lines_of_rows,
    load_catalogue,
)
from app.usecases.quote_versions import wrong_state
from app.usecases.quotes import add_draft, check_total
from app.usecases.reads import Trace

_OPEN = ("draft", "issued")


async def merge_quotes(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_numbers: Sequence[str],
    amendment: Amendment,
    *,
    settings: QuoteSettings,
    now: datetime,
    trial: bool = False,
) -> tuple[str, int]:
    """Draft one quote from several of the same customer; returns its number and version.

    A draft that goes in is withdrawn; an issued version stands until the merged quote is issued,
    which supersedes it (QUO-6). Raises InvalidInput for a quote that is not there, CustomersDiffer,
    and WrongState for one that has ended.
    """
    merged = [
        await _mergeable(session, viewer, f"/merge_of/{place}", number, now)
        for place, number in enumerate(quote_numbers)
    ]
    first, version = merged[0]
    if len({quote.customer_id for quote, _ in merged}) > 1:
        raise CustomersDiffer(rules=("QUO-6",))
    lines = await _lines_of_all(session, viewer, merged)
    catalogue = await load_catalogue(session, [line.product_number for line in lines], settings)
    kind = RequestKind(version.kind)
    contents = [content_of(row) for _, row in merged]
    left_out = tuple(left for each in contents for left in each.left_out)
    drafted = amended_lines(lines, amendment, kind, catalogue, settings.tax_rate_bp, left_out)
    content = replace(
        contents[0],
        # A change request is about one of the quotes: the desk answers it with the merged one.
        change_request_id=None,
        flags=tuple(flag for each in contents for flag in each.flags),
        **amendment.header,
    )
    draft = await finished_draft(session, first.customer_id, content, drafted, settings)
    check_total(draft, amendment.stated_total)
    numbers = [quote.quote_number for quote, _ in merged]
    contracts = {quote.contract_number for quote, _ in merged}
    number = await add_draft(
        session,
        trace,
        customer_id=first.customer_id,
        contract_number=first.contract_number if len(contracts) == 1 else None,
        service_id=first.service_id
        if len({quote.service_id for quote, _ in merged}) == 1
        else None,
        draft=draft,
        now=now,
        trial=trial,
        history={"merged_from": numbers},
    )
    for quote, row in merged:
        await _go_in(session, viewer, trace, quote, row, number, now)
    return number, 1


async def _lines_of_all(
    session: AsyncSession, viewer: Viewer, merged: Sequence[tuple[QuoteRow, VersionRow]]
) -> list[QuoteLine]:
    """As those of one quote: services first, then fees."""
    lines: list[QuoteLine] = []
    for quote, row in merged:
        lines += lines_of_rows(await list_quote_lines(session, viewer, quote, row.version))
    return sorted(lines, key=lambda line: line.kind is LineKind.FEE)


async def _mergeable(
    session: AsyncSession, viewer: Viewer, pointer: str, number: str, now: datetime
) -> tuple[QuoteRow, VersionRow]:
    try:
        quote, latest = await get_quote(session, viewer, number)
    except NotFound:
        raise InvalidInput(places=[(pointer, "quote_unknown")]) from None
    for state in _OPEN:
        row = await find_version_in_state(session, quote.customer_id, quote.quote_number, state)
        if row is not None:
            return quote, row
    raise wrong_state(latest, VersionAction.SUPERSEDE, now)


async def _go_in(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote: QuoteRow,
    version: VersionRow,
    number: str,
    now: datetime,
) -> None:
    await claim_quote(session, viewer, quote.customer_id, quote.quote_number, None, now)
    data = {"version": version.version, "into": number}
    if version.state == "draft":
        await move_version(
            session,
            customer_id=quote.customer_id,
            quote_number=quote.quote_number,
            version=version.version,
            from_state="draft",
            to_state="withdrawn",
            reason=f"merged into {number}",
            now=now,
        )
        await trace.step("withdrawn", "quote", quote.quote_number, quote.customer_id, data)
    await trace.step("merged", "quote", quote.quote_number, quote.customer_id, data)


async def split_quote(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    held: int | None,
    line_numbers: Sequence[int],
    *,
    settings: QuoteSettings,
    now: datetime,
    trial: bool = False,
) -> tuple[str, int]:
    """Take lines of a draft into a new quote; returns its number and version. Both keep where they
    come from (QUO-6).

    Raises NotFound, PreconditionFailed, WrongState without a draft, and InvalidInput for lines that
    are not there or where no line would stay.
    """
    quote, latest = await get_quote(session, viewer, quote_number)
    await claim_quote(session, viewer, quote.customer_id, quote.quote_number, held, now)
    row = await find_version_in_state(session, quote.customer_id, quote.quote_number, "draft")
    if row is None:
        raise wrong_state(latest, VersionAction.AMEND, now)
    lines = lines_of_rows(await list_quote_lines(session, viewer, quote, row.version))
    chosen = _chosen_numbers(lines, line_numbers)
    gone = tuple(line for number, line in enumerate(lines, start=1) if number in chosen)
    stay = tuple(line for number, line in enumerate(lines, start=1) if number not in chosen)
    content = content_of(row)
    out = (*content.left_out, *(left_out_of(line, "split_off") for line in gone))
    # What stays answers the change request, if one is answered.
    off = replace(content, change_request_id=None)
    customer_id = quote.customer_id
    remains = await finished_draft(session, customer_id, content, Drafted(stay, out), settings)
    split = await finished_draft(session, customer_id, off, Drafted(gone, ()), settings)
    await rewrite_draft(
        session,
        customer_id=quote.customer_id,
        quote_number=quote.quote_number,
        version=row.version,
        content=remains.content,
        lines=remains.lines,
        totals=remains.totals,
        now=now,
    )
    contracts = {line.contract_number for line in gone}
    number = await add_draft(
        session,
        trace,
        customer_id=quote.customer_id,
        contract_number=contracts.pop() if len(contracts) == 1 else None,
        service_id=quote.service_id,
        draft=split,
        now=now,
        trial=trial,
        history={"split_from": quote.quote_number},
    )
    data = {"version": row.version, "into": number, "total": remains.totals.total}
    await trace.step("split", "quote", quote.quote_number, quote.customer_id, data)
    return number, 1


def _chosen_numbers(lines: Sequence[QuoteLine], numbers: Sequence[int]) -> frozenset[int]:
    services = {
        number for number, line in enumerate(lines, start=1) if line.kind is LineKind.SERVICE
    }
    places = [
        (f"/line_numbers/{place}", "line_unknown")
        for place, number in enumerate(numbers)
        if number not in services
    ]
    if not places and services <= set(numbers):
        places = [("/line_numbers", "no_line_stays")]
    if places:
        raise InvalidInput(places=places, rules=("QUO-6",))
    return frozenset(numbers)


async def preview_quote(
    session: AsyncSession,
    viewer: Viewer,
    quote_number: str,
    end: date,
    line_numbers: Sequence[int] | None,
    settings: QuoteSettings,
) -> tuple[QuoteRow, VersionRow, tuple[QuoteLine, ...], tuple[LinePreview, ...]]:
    """What it means for chosen lines of a quote to end on one day; nothing is stored (QUO-5).

    Raises NotFound, and InvalidInput for a line that is not there.
    """
    quote, latest = await get_quote(session, viewer, quote_number)
    draft = await find_version_in_state(session, quote.customer_id, quote.quote_number, "draft")
    row = draft or latest
    lines = lines_of_rows(await list_quote_lines(session, viewer, quote, row.version))
    catalogue = await load_catalogue(session, [line.product_number for line in lines], settings)
    previews = preview_co_term(lines, end, RequestKind(row.kind), catalogue)
    if line_numbers is not None:
        by_number = {int(preview.line_id): preview for preview in previews}
        places = [
            (f"/line_numbers/{place}", "line_unknown")
            for place, number in enumerate(line_numbers)
            if number not in by_number
        ]
        if places:
            raise InvalidInput(places=places, rules=("QUO-5",))
        previews = tuple(by_number[number] for number in line_numbers)
    return quote, row, lines, previews
