"""Quotes in lists: all of them, the versions of one, and what differs between two versions."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.quote_lists import QuoteFilter, find_version_before, list_quotes
from app.db.quotes import get_quote, get_version, list_quote_lines, list_versions
from app.deps import (
    CurrentCalendar,
    CurrentCaller,
    CurrentViewer,
    Now,
    Reading,
    ReadTrace,
    SpokenLanguage,
    understood_id,
)
from app.domain.calendar import jst_date
from app.domain.errors import InvalidCursor, InvalidFilter, NotFound
from app.domain.identifiers import normalise, normalise_contract_number, normalise_service_id
from app.domain.quote_diff import difference
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, page, resource, revised_resource
from app.routers.quotes import QuoteNumber
from app.schemas.quote_differences import QuoteDifference, difference_out, quoted
from app.schemas.quote_lists import (
    DiffQuery,
    PagedQuery,
    QuotePage,
    QuotesQuery,
    VersionPage,
    summary_out,
    version_out,
)
from app.schemas.quotes import QuoteOut, quote_out
from app.strict import StrictRoute

router = APIRouter(tags=["quotes"], route_class=StrictRoute)

MOST_VERSIONS = 10_000
Version = Annotated[
    int, Path(ge=1, le=MOST_VERSIONS, description="The number of the version.", examples=[1])
]


@router.get(
    "/v1/quotes",
    response_model=QuotePage,
    responses=problem_responses(InvalidFilter, InvalidCursor),
)
async def read_quotes(
    request: Request,
    query: Annotated[QuotesQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    now: Now,
) -> Response:
    """The quotes that the caller may see, by any combination of filters, in pages and in the order
    of their numbers. Each is shown by the version that stands; drafts are for the desk.
    """
    wanted = _wanted(query, now)
    meaning = f"quotes {caller.principal} {asdict(wanted)}"
    secret = request.app.state.cursor_secret
    after: tuple[str, str] | None = None
    if query.cursor is not None:
        number, customer = read_cursor(secret, meaning, query.cursor, 2)
        after = (number, customer)
    rows = await list_quotes(session, viewer, wanted, after=after, limit=query.page_size + 1)
    shown, next_cursor = cut_page(
        secret, meaning, rows, query.page_size, lambda row: (row.quote_number, row.customer_id)
    )
    await trace.read("quotes", None, (row.customer_id for row in shown))
    return page(request, [summary_out(row, wanted.today) for row in shown], next_cursor)


def _wanted(query: QuotesQuery, now: Now) -> QuoteFilter:
    first, last = query.deadline_from, query.deadline_to
    if first is not None and last is not None and last < first:
        raise InvalidFilter(pointer="deadline_to")
    try:
        request_id = None if query.request_id is None else understood_id(query.request_id)
    except NotFound:
        raise InvalidFilter(pointer="request_id") from None
    number, service, customer = query.contract_number, query.service_id, query.customer_id
    return QuoteFilter(
        today=jst_date(now),
        state=query.state,
        contract_number=None if number is None else normalise_contract_number(number),
        service_id=None if service is None else normalise_service_id(service),
        customer_id=None if customer is None else normalise(customer),
        request_id=request_id,
        deadline_from=first,
        deadline_to=last,
    )


@router.get(
    "/v1/quotes/{quote_number}/versions",
    response_model=VersionPage,
    responses=problem_responses(NotFound, InvalidCursor),
)
async def read_quote_versions(
    request: Request,
    quote_number: QuoteNumber,
    query: Annotated[PagedQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    now: Now,
) -> Response:
    """The versions of a quote that were issued, in their order; the desk also sees a draft."""
    owner, _ = await get_quote(session, viewer, normalise(quote_number))
    meaning = f"versions {caller.principal} {owner.customer_id} {owner.quote_number}"
    secret = request.app.state.cursor_secret
    after = 0
    if query.cursor is not None:
        after = int(read_cursor(secret, meaning, query.cursor, 1)[0])
    rows = await list_versions(session, viewer, owner, after, query.page_size + 1)
    shown, next_cursor = cut_page(
        secret, meaning, rows, query.page_size, lambda row: (str(row.version),)
    )
    await trace.read("quote", owner.quote_number, [owner.customer_id])
    return page(request, [version_out(row, jst_date(now)) for row in shown], next_cursor)


@router.get(
    "/v1/quotes/{quote_number}/versions/{version}",
    response_model=QuoteOut,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_quote_version(
    request: Request,
    quote_number: QuoteNumber,
    version: Version,
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    calendar: CurrentCalendar,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """One version of a quote, as it was issued (QUO-2)."""
    quote, found = await get_version(session, viewer, normalise(quote_number), version)
    lines = await list_quote_lines(session, viewer, quote, found.version)
    await trace.read("quote", quote.quote_number, [quote.customer_id])
    answer = quote_out(
        quote,
        found,
        lines,
        today=jst_date(now),
        calendar=calendar,
        language=language,
        desk=caller.kind == "desk",
    )
    return revised_resource(request, answer, language, quote.revision)


@router.get(
    "/v1/quotes/{quote_number}/versions/{version}/diff",
    response_model=QuoteDifference,
    responses={**NOT_MODIFIED, **problem_responses(NotFound, InvalidFilter)},
)
async def read_quote_difference(
    request: Request,
    quote_number: QuoteNumber,
    version: Version,
    query: Annotated[DiffQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """What a version changes against an earlier one, by default the one issued before it: dates,
    level, conditions, lines and amounts, each before and after (QUO-2).
    """
    number = normalise(quote_number)
    quote, after = await get_version(session, viewer, number, version)
    against = query.against
    if against is None:
        against = await find_version_before(session, viewer, number, version)
    if against is None:
        raise InvalidFilter(pointer="against")
    _, before = await get_version(session, viewer, number, against)
    await trace.read("quote", quote.quote_number, [quote.customer_id])
    found = difference(
        quoted(before, await list_quote_lines(session, viewer, quote, before.version)),
        quoted(after, await list_quote_lines(session, viewer, quote, after.version)),
    )
    return resource(request, difference_out(quote.quote_number, found, language), language)
