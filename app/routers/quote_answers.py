"""What the operations on quotes share: who asks, on whose behalf, and the answer with a version."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.db.callers import Viewer
from app.db.quotes import QuoteRow, VersionRow, get_version, list_quote_lines
from app.deps import (
    CurrentCalendar,
    CurrentCaller,
    CurrentSettings,
    CurrentViewer,
    Now,
    ReadTrace,
    Session,
    SpokenLanguage,
)
from app.domain.calendar import DeskCalendar, jst_date
from app.domain.languages import Language
from app.routers.answers import document, revised_resource
from app.schemas.quotes import QuoteOut, quote_out
from app.settings import Settings
from app.usecases.quote_facts import QuoteSettings
from app.usecases.reads import Trace

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Work:
    """One request about quotes: its transaction, its caller, and what it decides by."""

    session: AsyncSession
    viewer: Viewer
    trace: Trace
    calendar: DeskCalendar
    settings: QuoteSettings
    language: Language
    now: datetime

    @property
    def desk(self) -> bool:
        """True where the caller works at the desk."""
        return self.trace.caller.kind == "desk"


def quote_settings(settings: Settings) -> QuoteSettings:
    """The settings of quotes (QUO-4, EOS-2)."""
    rules = settings.rules
    return QuoteSettings(rules.tax_rate_bp, rules.tax_rounding, rules.covers_last_day)


async def get_work(
    session: Session,
    viewer: CurrentViewer,
    trace: ReadTrace,
    caller: CurrentCaller,
    calendar: CurrentCalendar,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: Now,
) -> Work:
    """What an operation on quotes works with."""
    return Work(session, viewer, trace, calendar, quote_settings(settings), language, now)


OnQuotes = Annotated[Work, Depends(get_work)]


class _TakenBack(Exception):
    """Undoes what stands in a savepoint."""


async def tried(
    session: AsyncSession, trial: bool, effect: Callable[[], Awaitable[Found]]
) -> Found:
    """Run an effect; a trial (`dry_run`) is taken back when it is done, so it met the same checks
    and came to the same figures, and nothing of it stays.
    """
    if not trial:
        return await effect()
    with contextlib.suppress(_TakenBack):
        async with session.begin_nested():
            found = await effect()
            raise _TakenBack
    return found


async def load_answer(work: Work, quote_number: str, version: int) -> tuple[QuoteRow, QuoteOut]:
    """A version as it stands in the transaction, and the answer with it."""
    quote, row = await get_version(work.session, work.viewer, quote_number, version)
    return quote, await answer_of(work, quote, row)


async def answer_of(work: Work, quote: QuoteRow, version: VersionRow) -> QuoteOut:
    """The answer with one version of a quote."""
    lines = await list_quote_lines(work.session, work.viewer, quote, version.version)
    return quote_out(
        quote,
        version,
        lines,
        today=jst_date(work.now),
        calendar=work.calendar,
        language=work.language,
        desk=work.desk,
    )


async def answered(
    request: Request,
    work: Work,
    effect: Callable[[], Awaitable[tuple[str, int]]],
    *,
    trial: bool,
    created: bool = False,
) -> Response:
    """The answer with the version that an effect leaves behind; what a trial shows leaves no ETag
    and no place, because there is nothing to come back to.
    """

    async def shown() -> tuple[QuoteRow, QuoteOut]:
        return await load_answer(work, *await effect())

    quote, answer = await tried(work.session, trial, shown)
    if trial:
        await work.trace.read("quote", None, [quote.customer_id])
        return document(answer, work.language)
    return revised_resource(
        request,
        answer,
        work.language,
        quote.revision,
        status=201 if created else 200,
        location=f"/v1/quotes/{quote.quote_number}" if created else None,
    )
