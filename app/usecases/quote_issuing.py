"""The desk issues a quote: from then on the version stands as it is (QUO-1, QUO-2)."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.change_requests import ChangeRow, claim_change_request
from app.db.quote_families import list_standing_lines, lock_issues
from app.db.quote_requests import claim_quote_request
from app.db.quote_writes import claim_quote, issue_version, move_version
from app.db.quotes import (
    QuoteRow,
    VersionRow,
    find_version_in_state,
    get_quote,
    list_quote_lines,
)
from app.domain.calendar import DeskCalendar, jst_date
from app.domain.deadlines import OrderDeadline, order_deadline
from app.domain.end_of_support import RequestKind
from app.domain.errors import (
    LimitPassed,
    LinesQuotedElsewhere,
    PastEndOfSupport,
    PreconditionFailed,
    QuoteNotReady,
)
from app.domain.quote_drafting import Catalogue, checked_line
from app.domain.quote_families import quoted_elsewhere
from app.domain.quote_states import (
    VersionAction,
    VersionState,
    effective_state,
    next_version_state,
)
from app.domain.quotes import QuoteLine, flags_of, open_flags, own_flags
from app.usecases.change_requests import answer_by_version, check_open
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
    transaction (QUO-2), the quote request that it is for is quoted, and the change request that it
    answers is answered with it (REQ-2). Returns the version.

    Raises NotFound, PreconditionFailed, WrongState without a draft, QuoteNotReady while something
    is open, PastEndOfSupport when a product's dates have moved (EOS-4), LimitPassed (DL-5),
    LinesQuotedElsewhere, ChangeEnded.
    """
    quote, latest = await get_quote(session, viewer, quote_number)
    change = await _claim_change(session, viewer, quote)
    await claim_quote(session, viewer, quote.customer_id, quote.quote_number, held, now)
    draft = await find_version_in_state(session, quote.customer_id, quote.quote_number, "draft")
    if draft is None:
        raise wrong_state(latest, VersionAction.ISSUE, now)
    if draft.change_request_id != (None if change is None else change.id):
        # Another draft stands there than before the quote was locked.
        raise PreconditionFailed(pointer="if-match")
    if change is not None:
        check_open(change)
    for merged in sorted(quote.merged_from):
        await claim_quote(session, viewer, quote.customer_id, merged, None, now)
    await _check_lines(session, viewer, quote, draft, settings, now)
    deadline = issuable_deadline(draft, calendar, now)
    for number in (quote.quote_number, *sorted(quote.merged_from)):
        await _supersede(session, trace, quote, number, jst_date(now), now)
    await issue_version(
        session,
        customer_id=quote.customer_id,
        quote_number=quote.quote_number,
        version=draft.version,
        issued_on=jst_date(now),
        issued_by=trace.caller.principal or "",
        order_deadline=deadline.order_deadline,
        deadline_rule=deadline.rule,
        effective_limit=deadline.effective_limit,
        now=now,
    )
    told = {
        "version": draft.version,
        "total": draft.total,
        "order_deadline": deadline.order_deadline.isoformat(),
        "effective_limit": deadline.effective_limit.isoformat(),
    }
    await trace.step("issued", "quote", quote.quote_number, quote.customer_id, told)
    await _answer_request(session, viewer, trace, quote, draft)
    if change is not None:
        await answer_by_version(session, trace, change, quote.quote_number, draft.version)
    return draft.version


async def _claim_change(session: AsyncSession, viewer: Viewer, quote: QuoteRow) -> ChangeRow | None:
    """The change request that the draft answers, locked before the quote is, in the order in which
    answering it locks them.
    """
    draft = await find_version_in_state(session, quote.customer_id, quote.quote_number, "draft")
    if draft is None or draft.change_request_id is None:
        return None
    return await claim_change_request(session, viewer, draft.change_request_id, None)


async def _check_lines(
    session: AsyncSession,
    viewer: Viewer,
    quote: QuoteRow,
    draft: VersionRow,
    settings: QuoteSettings,
    now: datetime,
) -> None:
    """Check that nothing is open at the lines, and that no other quote offers them (QUO-6)."""
    lines = lines_of_rows(await list_quote_lines(session, viewer, quote, draft.version))
    products = [line.product_number for line in lines]
    check_ready(draft, lines, await load_catalogue(session, products, settings))
    await lock_issues(session, quote.customer_id)
    rows = await list_standing_lines(session, viewer, quote, jst_date(now))
    others = lines_of_rows([row for _, row in rows])
    twice = quoted_elsewhere(lines, zip((number for number, _ in rows), others, strict=True))
    if twice:
        raise LinesQuotedElsewhere(
            places=[(f"/lines/{place}", "quoted_elsewhere") for place, _ in twice],
            facts={"quote_number": twice[0][1]},
            rules=("QUO-6",),
        )


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
