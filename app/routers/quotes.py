"""Quotes: the desk drafts and amends them, everybody reads what was issued."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from app.db.quotes import get_draft, get_quote
from app.domain.end_of_support import RequestKind
from app.domain.errors import (
    AmountsDisagree,
    CustomersDiffer,
    InvalidInput,
    NotFound,
    PastEndOfSupport,
    StatedDeadlineNeedsApproval,
    WrongState,
)
from app.domain.identifiers import normalise
from app.idempotency import fingerprint, once
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, revised_resource
from app.routers.quote_answers import OnQuotes, answer_of, answered
from app.schemas.quote_amendments import QuoteAmendment
from app.schemas.quote_drafts import QuoteDraft
from app.schemas.quote_requests import PeriodIn
from app.schemas.quotes import QuoteOut, QuoteQuery
from app.schemas.wire import DryRun
from app.strict import StrictRoute
from app.usecases.quote_merging import merge_quotes
from app.usecases.quote_origins import DraftWish
from app.usecases.quote_versions import amend_quote
from app.usecases.quotes import draft_quote
from app.write_guards import HeldRevision, RequestKey

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
    work: OnQuotes,
) -> Response:
    """The latest issued version of a quote with all its lines (QUO-3). The desk also sees drafts:
    with `version=draft`, or where nothing was issued yet; for others such a quote is absent.
    """
    find = get_quote if query.version is None else get_draft
    quote, version = await find(work.session, work.viewer, normalise(quote_number))
    answer = await answer_of(work, quote, version)
    await work.trace.read("quote", quote.quote_number, [quote.customer_id])
    return revised_resource(request, answer, work.language, quote.revision)


@router.post(
    "/v1/quotes",
    status_code=201,
    response_model=QuoteOut,
    responses={
        200: {"model": QuoteOut, "description": "What would be drafted (`dry_run`)."},
        **problem_responses(
            InvalidInput,
            CustomersDiffer,
            WrongState,
            StatedDeadlineNeedsApproval,
            AmountsDisagree,
            PastEndOfSupport,
        ),
    },
)
async def create_quote(
    request: Request,
    wanted: Annotated[QuoteDraft, Body()],
    query: Annotated[DryRun, Query()],
    key: RequestKey,
    work: OnQuotes,
) -> Response:
    """Draft a quote from a request, from contracts, or merged from other quotes of one customer.

    Each line has its own period (a renewal starts the day after the old end, TERM-1), its price
    (the list's on the start date, else what it costs today) for that period (QUO-5) and its gate of
    end of support: shortened to it (EOS-2), left out after it (EOS-1), flagged where it is unknown
    (EOS-3). Fees come from the request's eligibility check. What is open is among `flags` and
    keeps the draft from being issued. With `dry_run=true` nothing is stored and no key is needed.
    """

    async def effect() -> Response:
        return await answered(
            request,
            work,
            lambda: _drafted(work, wanted, query.dry_run),
            trial=query.dry_run,
            created=True,
        )

    return await once(
        work.session,
        principal=work.trace.caller.principal or "",
        key=key,
        request_hash=fingerprint(b"POST /v1/quotes", wanted.model_dump_json().encode()),
        effect=effect,
    )


async def _drafted(work: OnQuotes, wanted: QuoteDraft, trial: bool) -> tuple[str, int]:
    if wanted.merge_of is not None:
        return await merge_quotes(
            work.session,
            work.viewer,
            work.trace,
            wanted.quotes(),
            wanted.merging(),
            settings=work.settings,
            now=work.now,
            trial=trial,
        )
    return await draft_quote(
        work.session,
        work.viewer,
        work.trace,
        wish_of(wanted),
        settings=work.settings,
        now=work.now,
        trial=trial,
    )


def wish_of(wanted: QuoteDraft) -> DraftWish:
    """A draft that is asked for, as the use-case takes it."""
    period = wanted.period or PeriodIn()
    chosen = None if wanted.lines is None else frozenset(line.place() for line in wanted.lines)
    return DraftWish(
        request_id=wanted.request(),
        contract_numbers=wanted.numbers(),
        chosen=chosen,
        left_out={line.place(): line.reason for line in wanted.left_out},
        kind=None if wanted.kind is None else RequestKind(wanted.kind),
        start=period.start_date,
        end=wanted.co_term_to or period.end_date,
        term_months=period.term_months,
        service_level=wanted.service_level,
        header=wanted.header(),
        stated_total=wanted.total,
    )


@router.patch(
    "/v1/quotes/{quote_number}",
    response_model=QuoteOut,
    responses=problem_responses(
        NotFound,
        InvalidInput,
        WrongState,
        StatedDeadlineNeedsApproval,
        AmountsDisagree,
        PastEndOfSupport,
    ),
)
async def change_quote(
    request: Request,
    quote_number: QuoteNumber,
    wanted: Annotated[QuoteAmendment, Body()],
    query: Annotated[DryRun, Query()],
    held: HeldRevision,
    work: OnQuotes,
) -> Response:
    """Change the draft of a quote: its lines, period, level, addressee, conditions, deadline, fee.
    Everything is priced and checked anew; lines get their numbers anew where one is left out. A
    line that was left out comes back with `restored`, priced and checked like a new one. An amount
    or total that does not follow from its parts is refused.
    """

    async def effect() -> tuple[str, int]:
        number = normalise(quote_number)
        version = await amend_quote(
            work.session,
            work.viewer,
            work.trace,
            number,
            held,
            wanted.amendment(),
            settings=work.settings,
            now=work.now,
        )
        return number, version

    return await answered(request, work, effect, trial=query.dry_run)
