"""The steps of a quote after its draft: issued, withdrawn, declined (QUO-1)."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_requests import claim_quote_request
from app.db.quote_writes import claim_quote, issue_version, move_version
from app.db.quotes import (
    QuoteRow,
    VersionRow,
    find_version_in_state,
    get_quote,
    get_version,
    list_quote_lines,
)
from app.domain.calendar import DeskCalendar, jst_date
from app.domain.deadlines import OrderDeadline, order_deadline
from app.domain.end_of_support import RequestKind
from app.domain.errors import LimitPassed, PastEndOfSupport, QuoteNotReady, VersionNotLatest
from app.domain.quote_drafting import Catalogue, checked_line
from app.domain.quote_states import (
    VersionAction,
    VersionState,
    effective_state,
    next_version_state,
)
from app.domain.quotes import QuoteLine, flags_of, open_flags, own_flags
from app.usecases.quote_facts import (
    QuoteSettings,
    lines_of_rows,
    load_catalogue,
    stated_deadline_of,
)
from app.usecases.quote_versions import wrong_state
from app.usecases.reads import Trace
from app.usecases.request_steps import mark_quoted


async def issue_quote(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    held: int | None,
    *,
    calendar: DeskCalendar,
    settings: QuoteSettings,
    now: datetime,
) -> int:
    """Issue the draft of a quote; the version that was issued before is superseded in the same
    transaction (QUO-2), and the request it answers is quoted. Returns the version.

    Raises NotFound, PreconditionFailed, WrongState without a draft, QuoteNotReady while something
    is open, PastEndOfSupport when a product's dates have moved (EOS-4), LimitPassed (DL-5).
    """
    quote, latest = await get_quote(session, viewer, quote_number)
    await claim_quote(session, viewer, quote.customer_id, quote.quote_number, held, now)
    draft = await find_version_in_state(session, quote.customer_id, quote.quote_number, "draft")
    if draft is None:
        raise wrong_state(latest, VersionAction.ISSUE, now)
    lines = lines_of_rows(await list_quote_lines(session, viewer, quote, draft.version))
    products = [line.product_number for line in lines]
    check_ready(draft, lines, await load_catalogue(session, products, settings))
    today = jst_date(now)
    deadline = issuable_deadline(draft, calendar, now)
    await _supersede(session, trace, quote, quote.quote_number, today, now)
    for merged in sorted(quote.merged_from):
        await claim_quote(session, viewer, quote.customer_id, merged, None, now)
        await _supersede(session, trace, quote, merged, today, now)
    await issue_version(
        session,
        customer_id=quote.customer_id,
        quote_number=quote.quote_number,
        version=draft.version,
        issued_on=today,
        issued_by=trace.caller.principal or "",
        order_deadline=deadline.order_deadline,
        deadline_rule=deadline.rule,
        effective_limit=deadline.effective_limit,
        now=now,
    )
    await trace.step(
        "issued",
        "quote",
        quote.quote_number,
        quote.customer_id,
        {
            "version": draft.version,
            "total": draft.total,
            "order_deadline": deadline.order_deadline.isoformat(),
            "effective_limit": deadline.effective_limit.isoformat(),
        },
    )
    await _answer_request(session, viewer, trace, quote, draft)
    return draft.version


def check_ready(draft: VersionRow, lines: Sequence[QuoteLine], catalogue: Catalogue) -> None:
    """Check a draft as it would be issued: end of support once more, by the dates of today (EOS-4),
    and nothing may be open.

    Raises PastEndOfSupport and QuoteNotReady; both name the lines.
    """
    kind = RequestKind(draft.kind)
    past: list[tuple[str, str]] = []
    places: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=1):
        checked = checked_line(line, kind, catalogue)
        if isinstance(checked, str) or checked.end != line.end:
            past.append((f"/lines/{number}", "past_end_of_support"))
            continue
        places += [(f"/lines/{number}", flag) for flag in open_flags(checked.flags)]
    if past:
        raise PastEndOfSupport(places=past, rules=("EOS-1", "EOS-2", "EOS-4"))
    whole = flags_of(lines, own_flags(draft.flags, draft.decisions))
    of_lines = {flag for line in lines for flag in line.flags}
    places += [("/flags", flag) for flag in open_flags(whole) if flag not in of_lines]
    if places:
        raise QuoteNotReady(places=places, rules=("QUO-1",))


def issuable_deadline(draft: VersionRow, calendar: DeskCalendar, now: datetime) -> OrderDeadline:
    """The order deadline of a draft that is issued now (DL-1, DL-2, DL-5).

    Raises LimitPassed when nobody could order any more.
    """
    found = order_deadline(
        draft.start_date,
        now=now,
        calendar=calendar,
        stated=stated_deadline_of(draft),
        valid_until=draft.valid_until,
    )
    if found.effective_limit < jst_date(now):
        limit = found.effective_limit.isoformat()
        raise LimitPassed(facts={"effective_limit": limit}, rules=(found.rule, "DL-6"))
    return found


async def _supersede(
    session: AsyncSession,
    trace: Trace,
    quote: QuoteRow,
    quote_number: str,
    today: date,
    now: datetime,
) -> None:
    """End the issued version of a quote of this customer, if it has one: superseded, or lapsed
    where its limit had passed already.
    """
    version = await find_version_in_state(session, quote.customer_id, quote_number, "issued")
    if version is None:
        return
    state = effective_state(VersionState.ISSUED, version.effective_limit, today)
    action = VersionAction.LAPSE if state is VersionState.LAPSED else VersionAction.SUPERSEDE
    after = next_version_state(VersionState.ISSUED, action)
    await move_version(
        session,
        customer_id=quote.customer_id,
        quote_number=quote_number,
        version=version.version,
        from_state="issued",
        to_state=after.value,
        reason=None,
        now=now,
    )
    data = {"version": version.version, "by": quote.quote_number}
    await trace.step(after.value, "quote", quote_number, quote.customer_id, data)


async def _answer_request(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote: QuoteRow,
    draft: VersionRow,
) -> None:
    if draft.request_id is None:
        return
    request = await claim_quote_request(session, viewer, draft.request_id)
    await mark_quoted(session, trace, request, quote.quote_number)


async def withdraw_quote(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    held: int | None,
    version: int,
    reason: str,
    *,
    now: datetime,
) -> None:
    """Withdraw a draft or an issued version (QUO-1).

    Raises NotFound, PreconditionFailed, and WrongState for a version that has ended.
    """
    await _end(
        session, viewer, trace, quote_number, held, version, reason, VersionAction.WITHDRAW, now
    )


async def decline_quote(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    held: int | None,
    version: int,
    reason: str,
    *,
    now: datetime,
) -> None:
    """The customer declines an issued version (QUO-1).

    Raises NotFound, PreconditionFailed, VersionNotLatest for an earlier version than the latest,
    and WrongState for one that is not open any more.
    """
    await _end(
        session, viewer, trace, quote_number, held, version, reason, VersionAction.DECLINE, now
    )


async def _end(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    held: int | None,
    version: int,
    reason: str,
    action: VersionAction,
    now: datetime,
) -> None:
    quote, _ = await get_version(session, viewer, quote_number, version)
    await claim_quote(session, viewer, quote.customer_id, quote.quote_number, held, now)
    quote, row = await get_version(session, viewer, quote_number, version)
    if action is VersionAction.DECLINE and version != quote.latest_issued:
        latest = quote.latest_issued or quote.latest_version
        raise VersionNotLatest(facts={"latest_version": latest}, rules=("QUO-2",))
    before = effective_state(VersionState(row.state), row.effective_limit, jst_date(now))
    after = next_version_state(before, action)
    await move_version(
        session,
        customer_id=quote.customer_id,
        quote_number=quote.quote_number,
        version=version,
        from_state=before.value,
        to_state=after.value,
        reason=reason,
        now=now,
    )
    await trace.step(
        after.value, "quote", quote.quote_number, quote.customer_id, {"version": version}
    )
