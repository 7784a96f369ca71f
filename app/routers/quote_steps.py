"""The steps of quotes: issued, withdrawn, declined, the next version, split, tried."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from starlette.responses import Response

from app.domain.errors import (
    AmountsDisagree,
    ChangeEnded,
    DraftExists,
    InvalidInput,
    LimitPassed,
    LinesQuotedElsewhere,
    NotFound,
    PastEndOfSupport,
    QuoteNotReady,
    StatedDeadlineNeedsApproval,
    VersionNotLatest,
    WrongState,
)
from app.domain.identifiers import normalise
from app.idempotency import fingerprint, once
from app.problems import problem_responses
from app.routers.answers import document
from app.routers.quote_answers import OnQuotes, answered
from app.routers.quotes import QuoteNumber
from app.schemas.quote_amendments import EndOfVersion, NextVersion, SplitLines
from app.schemas.quote_previews import Preview, PreviewQuestion, preview_out
from app.schemas.quotes import QuoteOut
from app.schemas.wire import DryRun
from app.strict import StrictRoute
from app.usecases.quote_issuing import issue_quote
from app.usecases.quote_merging import preview_quote, split_quote
from app.usecases.quote_steps import decline_quote, withdraw_quote
from app.usecases.quote_versions import draft_next_version
from app.write_guards import HeldRevision, RequestKey

router = APIRouter(tags=["quotes"], route_class=StrictRoute)


@router.post(
    "/v1/quotes/{quote_number}/issue",
    response_model=QuoteOut,
    responses=problem_responses(
        NotFound,
        WrongState,
        QuoteNotReady,
        PastEndOfSupport,
        LinesQuotedElsewhere,
        LimitPassed,
        ChangeEnded,
    ),
)
async def issue_draft(
    request: Request,
    quote_number: QuoteNumber,
    query: Annotated[DryRun, Query()],
    held: HeldRevision,
    work: OnQuotes,
) -> Response:
    """Issue the draft: from now on it does not change (QUO-2). The order deadline and the effective
    limit are reckoned (DL-1, DL-2, DL-5), end of support is checked once more (EOS-4), the version
    issued before is superseded, the request it is for is quoted, and the change request it answers
    is answered (REQ-2).
    """

    async def effect() -> tuple[str, int]:
        number = normalise(quote_number)
        version = await issue_quote(
            work.session,
            work.viewer,
            work.trace,
            number,
            held,
            calendar=work.calendar,
            settings=work.settings,
            now=work.now,
        )
        return number, version

    return await answered(request, work, effect, trial=query.dry_run)


@router.post(
    "/v1/quotes/{quote_number}/withdrawal",
    response_model=QuoteOut,
    responses=problem_responses(NotFound, WrongState),
)
async def withdraw_version(
    request: Request,
    quote_number: QuoteNumber,
    wanted: Annotated[EndOfVersion, Body()],
    query: Annotated[DryRun, Query()],
    held: HeldRevision,
    work: OnQuotes,
) -> Response:
    """Withdraw a draft or an issued version, with a reason (QUO-1)."""

    async def effect() -> tuple[str, int]:
        number = normalise(quote_number)
        await withdraw_quote(
            work.session,
            work.viewer,
            work.trace,
            number,
            held,
            wanted.version,
            wanted.reason,
            now=work.now,
        )
        return number, wanted.version

    return await answered(request, work, effect, trial=query.dry_run)


@router.post(
    "/v1/quotes/{quote_number}/decline",
    response_model=QuoteOut,
    responses=problem_responses(NotFound, WrongState, VersionNotLatest),
)
async def decline_version(
    request: Request,
    quote_number: QuoteNumber,
    wanted: Annotated[EndOfVersion, Body()],
    query: Annotated[DryRun, Query()],
    held: HeldRevision,
    work: OnQuotes,
) -> Response:
    """Decline the latest issued version, with a reason (QUO-1). After its limit it has lapsed and
    cannot be declined any more.
    """

    async def effect() -> tuple[str, int]:
        number = normalise(quote_number)
        await decline_quote(
            work.session,
            work.viewer,
            work.trace,
            number,
            held,
            wanted.version,
            wanted.reason,
            now=work.now,
        )
        return number, wanted.version

    return await answered(request, work, effect, trial=query.dry_run)


@router.post(
    "/v1/quotes/{quote_number}/versions",
    status_code=201,
    response_model=QuoteOut,
    responses={
        200: {"model": QuoteOut, "description": "What would be drafted (`dry_run`)."},
        **problem_responses(
            NotFound,
            InvalidInput,
            WrongState,
            DraftExists,
            ChangeEnded,
            VersionNotLatest,
            StatedDeadlineNeedsApproval,
            AmountsDisagree,
            PastEndOfSupport,
        ),
    },
)
async def create_version(
    request: Request,
    quote_number: QuoteNumber,
    wanted: Annotated[NextVersion, Body()],
    query: Annotated[DryRun, Query()],
    key: RequestKey,
    work: OnQuotes,
) -> Response:
    """Draft the next version from the latest one, with changes if any (QUO-2). A quote has one
    draft at most; one that was ordered gets no further version (REQ-6). With `change_request_id`
    the version answers that change request when it is issued.
    """
    number = normalise(quote_number)

    async def drafted() -> tuple[str, int]:
        version = await draft_next_version(
            work.session,
            work.viewer,
            work.trace,
            number,
            wanted.amendment(),
            settings=work.settings,
            now=work.now,
            based_on=wanted.based_on,
            change_request_id=wanted.change(),
        )
        return number, version

    async def effect() -> Response:
        return await answered(request, work, drafted, trial=query.dry_run, created=True)

    return await once(
        work.session,
        principal=work.trace.caller.principal or "",
        key=key,
        request_hash=fingerprint(
            b"POST /v1/quotes/versions", number.encode(), wanted.model_dump_json().encode()
        ),
        effect=effect,
    )


@router.post(
    "/v1/quotes/{quote_number}/split",
    status_code=201,
    response_model=QuoteOut,
    responses={
        200: {"model": QuoteOut, "description": "What would be split off (`dry_run`)."},
        **problem_responses(NotFound, InvalidInput, WrongState, StatedDeadlineNeedsApproval),
    },
)
async def split_draft(
    request: Request,
    quote_number: QuoteNumber,
    wanted: Annotated[SplitLines, Body()],
    query: Annotated[DryRun, Query()],
    key: RequestKey,
    held: HeldRevision,
    work: OnQuotes,
) -> Response:
    """Take lines of the draft into a quote of their own, which is the answer. Both keep where they
    come from (QUO-6); fees stay where they are.
    """
    number = normalise(quote_number)

    async def effect() -> Response:
        return await answered(
            request,
            work,
            lambda: split_quote(
                work.session,
                work.viewer,
                work.trace,
                number,
                held,
                wanted.line_numbers,
                settings=work.settings,
                now=work.now,
                trial=query.dry_run,
            ),
            trial=query.dry_run,
            created=True,
        )

    return await once(
        work.session,
        principal=work.trace.caller.principal or "",
        key=key,
        request_hash=fingerprint(
            b"POST /v1/quotes/split", number.encode(), wanted.model_dump_json().encode()
        ),
        effect=effect,
    )


@router.post(
    "/v1/quote-previews",
    response_model=Preview,
    responses=problem_responses(InvalidInput, NotFound),
)
async def preview_common_end(
    question: Annotated[PreviewQuestion, Body()], work: OnQuotes
) -> Response:
    """What it means for each chosen line of a quote to end on one day: its old and new end, its
    price and the difference, or why it cannot (QUO-5, EOS-2). The draft is looked at where there is
    one. Nothing is stored.
    """
    quote, version, lines, previews = await preview_quote(
        work.session,
        work.viewer,
        question.number(),
        question.co_term_to,
        question.line_numbers,
        work.settings,
    )
    await work.trace.read("quote", quote.quote_number, [quote.customer_id])
    answer = preview_out(
        quote.quote_number, version.version, lines, previews, question, work.language
    )
    return document(answer, work.language)
