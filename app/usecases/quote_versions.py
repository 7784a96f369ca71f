"""The desk amends drafts of quotes and drafts next versions (QUO-2)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.change_requests import get_change_request
from app.db.quote_drafts import add_version, rewrite_draft
from app.db.quote_writes import claim_quote, count_version
from app.db.quotes import (
    QuoteRow,
    VersionRow,
    find_version_in_state,
    get_quote,
    list_quote_lines,
)
from app.domain.calendar import jst_date
from app.domain.end_of_support import RequestKind
from app.domain.errors import InvalidInput, NotFound, VersionNotLatest, WrongState
from app.domain.quote_amending import Amendment, amended_lines
from app.domain.quote_states import VersionAction, VersionState, effective_state, next_version_state
from app.usecases.change_requests import check_open
from app.usecases.quote_facts import (
    Draft,
    QuoteSettings,
    content_of,
    finished_draft,
    lines_of_rows,
    load_catalogue,
    told,
)
from app.usecases.quotes import check_total
from app.usecases.reads import Trace


def wrong_state(version: VersionRow, action: VersionAction, now: datetime) -> WrongState:
    """The refusal of an action on a version that is not in its state."""
    state = effective_state(VersionState(version.state), version.effective_limit, jst_date(now))
    try:
        next_version_state(state, action)
    except WrongState as refusal:
        return refusal
    return WrongState(facts={"state": state.value}, rules=("QUO-1",))


async def amend_quote(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    held: int | None,
    amendment: Amendment,
    *,
    settings: QuoteSettings,
    now: datetime,
) -> int:
    """Change the draft of a quote; everything is priced and checked anew. Returns the version.

    Raises NotFound, PreconditionFailed, WrongState without a draft, and what `amended_lines` and
    `finished_draft` raise.
    """
    quote, latest = await get_quote(session, viewer, quote_number)
    await claim_quote(session, viewer, quote.customer_id, quote.quote_number, held, now)
    row = await find_version_in_state(session, quote.customer_id, quote.quote_number, "draft")
    if row is None:
        raise wrong_state(latest, VersionAction.AMEND, now)
    draft = await amended(session, viewer, quote, row, amendment, settings)
    await rewrite_draft(
        session,
        customer_id=quote.customer_id,
        quote_number=quote.quote_number,
        version=row.version,
        content=draft.content,
        lines=draft.lines,
        totals=draft.totals,
        now=now,
    )
    await trace.step(
        "amended", "quote", quote.quote_number, quote.customer_id, told(draft, row.version)
    )
    return row.version


async def amended(
    session: AsyncSession,
    viewer: Viewer,
    quote: QuoteRow,
    version: VersionRow,
    amendment: Amendment,
    settings: QuoteSettings,
) -> Draft:
    """A version with an amendment, checked and priced as of now; nothing is written."""
    lines = lines_of_rows(await list_quote_lines(session, viewer, quote, version.version))
    content = content_of(version)
    products = [line.product_number for line in lines]
    products += [left.product_number for left in content.left_out]
    products += [source.product_number for source in amendment.added]
    catalogue = await load_catalogue(session, products, settings)
    kind = RequestKind(version.kind)
    drafted = amended_lines(
        lines, amendment, kind, catalogue, settings.tax_rate_bp, content.left_out
    )
    decisions = dict(content.decisions)
    if amendment.fee is not None:
        decisions["fee"] = {"amount": amendment.fee.amount, "reason": amendment.fee.reason}
    if amendment.eligibility_reason is not None:
        decisions["eligibility"] = {"reason": amendment.eligibility_reason}
    content = replace(content, decisions=decisions, **amendment.header)
    draft = await finished_draft(session, quote.customer_id, content, drafted, settings)
    check_total(draft, amendment.stated_total)
    return draft


async def draft_next_version(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    quote_number: str,
    amendment: Amendment,
    *,
    settings: QuoteSettings,
    now: datetime,
    based_on: int | None = None,
    change_request_id: UUID | None = None,
) -> int:
    """Draft the next version of a quote from its latest one; returns its number.

    `based_on` is the version that the caller has looked at, `change_request_id` the change request
    that the version answers when it is issued. Raises NotFound, VersionNotLatest for another
    version than the latest, WrongState for a quote that was ordered (REQ-6), DraftExists where a
    draft is in work, InvalidInput and ChangeEnded for a change request that it cannot answer, and
    what amending raises.
    """
    quote, latest = await get_quote(session, viewer, quote_number)
    await claim_quote(session, viewer, quote.customer_id, quote.quote_number, None, now)
    # Read again behind the lock: another caller may just have issued or drafted a version.
    quote, latest = await get_quote(session, viewer, quote_number)
    if based_on is not None and based_on != latest.version:
        raise VersionNotLatest(facts={"latest_version": latest.version}, rules=("QUO-2",))
    if latest.state == VersionState.ORDERED:
        raise WrongState(facts={"state": latest.state}, rules=("QUO-1", "REQ-6"))
    if change_request_id is not None:
        await _check_change(session, viewer, quote, change_request_id)
    draft = await amended(session, viewer, quote, latest, amendment, settings)
    number = await count_version(session, quote.customer_id, quote.quote_number)
    content = replace(draft.content, change_request_id=change_request_id)
    await add_version(
        session,
        customer_id=quote.customer_id,
        quote_number=quote.quote_number,
        version=number,
        content=content,
        lines=draft.lines,
        totals=draft.totals,
        created_by=trace.caller.principal or "",
        now=now,
    )
    data = told(draft, number, based_on=latest.version)
    await trace.step("drafted", "quote", quote.quote_number, quote.customer_id, data)
    return number


async def _check_change(
    session: AsyncSession, viewer: Viewer, quote: QuoteRow, change_id: UUID
) -> None:
    """Check that a version of the quote can answer a change request: one of this customer, about
    this quote or none, and still open.
    """
    place = "/change_request_id"
    try:
        row = await get_change_request(session, viewer, change_id)
    except NotFound:
        raise InvalidInput(places=[(place, "change_request_unknown")], rules=("REQ-2",)) from None
    if row.customer_id != quote.customer_id:
        raise InvalidInput(places=[(place, "change_request_unknown")], rules=("REQ-2",))
    if row.quote_number not in (None, quote.quote_number):
        raise InvalidInput(places=[(place, "change_of_another_quote")], rules=("REQ-2",))
    check_open(row)
