"""The desk answers a change request with a version of the quote (QUO-2, REQ-2)."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.change_requests import ChangeRow, claim_change_request, get_change_request
from app.db.quotes import get_quote, get_version, list_quote_lines
from app.domain.calendar import DeskCalendar
from app.domain.change_answers import amendment_of, prices_outgrown
from app.domain.change_records import change_of
from app.domain.change_states import ChangeAction, ChangeState, next_change_state
from app.domain.errors import InvalidInput, QuoteNotReady, VersionNotLatest
from app.usecases.change_requests import answer_by_version
from app.usecases.quote_facts import QuoteSettings, lines_of_rows
from app.usecases.quote_issuing import issue_quote
from app.usecases.quote_versions import draft_next_version
from app.usecases.reads import Trace


@dataclass(frozen=True, slots=True)
class WantedAnswer:
    """How the desk answers: with the version that the changes make of `based_on` (by default the
    one that the request is about), or with one that is issued already.
    """

    based_on: int | None = None
    quote_number: str | None = None
    version: int | None = None


async def answer_change_request(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    change_id: uuid.UUID,
    held: int,
    wanted: WantedAnswer,
    *,
    calendar: DeskCalendar,
    settings: QuoteSettings,
    now: datetime,
) -> ChangeRow:
    """Answer a change request. Without a version of its own the next one is drafted from the
    changes and issued in the same transaction, so that of two answers on one version one comes
    through.

    Raises NotFound, PreconditionFailed, WrongState for a request that has ended or a quote that was
    ordered, VersionNotLatest, InvalidInput where no quote is named, QuoteNotReady where a price of
    the desk's own does not fit any more, and what drafting and issuing raise.
    """
    row = await claim_change_request(session, viewer, change_id, held)
    next_change_state(ChangeState(row.state), ChangeAction.ANSWER)
    number = row.quote_number or wanted.quote_number
    if number is None:
        raise InvalidInput(places=[("/quote_number", "required")], rules=("REQ-2",))
    if wanted.version is not None:
        await _check_version(session, viewer, row, number, wanted.version)
        return await answer_by_version(session, trace, row, number, wanted.version)
    await _make_version(
        session, viewer, trace, row, number, wanted.based_on, calendar, settings, now
    )
    return await get_change_request(session, viewer, row.id)


async def _make_version(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    row: ChangeRow,
    number: str,
    based_on: int | None,
    calendar: DeskCalendar,
    settings: QuoteSettings,
    now: datetime,
) -> None:
    """Draft the next version from the changes, and issue it, which answers the request."""
    quote, latest = await get_quote(session, viewer, number)
    lines = lines_of_rows(await list_quote_lines(session, viewer, quote, latest.version))
    changes = [change_of(record) for record in row.changes]
    amendment = amendment_of(changes, lines, latest.service_level)
    outgrown = prices_outgrown(amendment, lines)
    if outgrown:
        # The desk drafts such a version itself, and answers with it.
        places = [(f"/lines/{line}", "price_set") for line in outgrown]
        raise QuoteNotReady(places=places, rules=("QUO-5",))
    await draft_next_version(
        session,
        viewer,
        trace,
        number,
        amendment,
        settings=settings,
        now=now,
        # The lines above were read without a lock: drafting refuses if they are no longer the
        # latest.
        based_on=based_on or row.quote_version or latest.version,
        change_request_id=row.id,
    )
    await issue_quote(
        session, viewer, trace, number, None, calendar=calendar, settings=settings, now=now
    )


async def _check_version(
    session: AsyncSession, viewer: Viewer, row: ChangeRow, number: str, version: int
) -> None:
    """An answer that was issued before: the latest version, later than the one asked about."""
    quote, _ = await get_quote(session, viewer, number)
    if quote.customer_id != row.customer_id:
        raise InvalidInput(places=[("/quote_number", "quote_number_not_found")], rules=("REQ-2",))
    if version != quote.latest_issued:
        raise VersionNotLatest(
            pointer="/version", facts={"latest_version": quote.latest_issued or 0}, rules=("QUO-2",)
        )
    if row.quote_version is not None and version <= row.quote_version:
        raise InvalidInput(places=[("/version", "version_before_change")], rules=("REQ-2",))
    await get_version(session, viewer, number, version)
