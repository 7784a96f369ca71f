"""Quotes: the desk drafts and amends them, everybody reads what was issued."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.db.quotes import get_draft, get_quote, list_quote_lines
from app.deps import (
    CurrentCalendar,
    CurrentCaller,
    CurrentViewer,
    Now,
    Reading,
    ReadTrace,
    SpokenLanguage,
)
from app.domain.calendar import jst_date
from app.domain.errors import NotFound
from app.domain.identifiers import normalise
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, revised_resource
from app.schemas.quotes import QuoteOut, QuoteQuery, quote_out
from app.strict import StrictRoute

router = APIRouter(tags=["quotes"], route_class=StrictRoute)

QuoteNumber = Annotated[
    str,
    Path(description="The number on the quote.", examples=["Q2026-0000001"]),
]


@router.get(
    "/v1/quotes/{quote_number}",
    response_model=QuoteOut,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_quote(
    request: Request,
    quote_number: QuoteNumber,
    query: Annotated[QuoteQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    calendar: CurrentCalendar,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """The latest issued version of a quote with all its lines (QUO-3). The desk also sees drafts:
    with `version=draft`, or where nothing was issued yet; for others such a quote is absent.
    """
    find = get_quote if query.version is None else get_draft
    quote, version = await find(session, viewer, normalise(quote_number))
    lines = await list_quote_lines(session, viewer, quote, version.version)
    await trace.read("quote", quote.quote_number, [quote.customer_id])
    answer = quote_out(
        quote,
        version,
        lines,
        today=jst_date(now),
        calendar=calendar,
        language=language,
        desk=caller.kind == "desk",
    )
    return revised_resource(request, answer, language, quote.revision)
