"""Quote-request sheets that are sent: taken at once or read by a worker, and followed."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.sheets import SheetRowRow, UploadRow, get_upload, list_sheet_rows
from app.deps import (
    CurrentCaller,
    CurrentSettings,
    CurrentViewer,
    Now,
    Reading,
    ReadTrace,
    Session,
    SpokenLanguage,
    understood_id,
)
from app.domain.errors import (
    InvalidCursor,
    InvalidInput,
    NotFound,
    SheetOfAnotherVersion,
    SheetRefused,
    SheetTooLong,
    WorkbookRefused,
    WrongState,
)
from app.domain.languages import Language
from app.domain.sheet_layout import MOST_AT_ONCE, MOST_MACHINES
from app.idempotency import fingerprint, once
from app.problems import problem_responses
from app.routers.answers import HEADERS, NOT_MODIFIED, document, resource, revised_resource
from app.routers.sheet_upload import SHEET_BODY, SHEET_LIMIT, SentSheet
from app.schemas.eligibility import check_bytes
from app.schemas.quote_request_answers import QuoteRequest, quote_request_out
from app.schemas.sheets import (
    SheetUpload,
    SheetUploadQuery,
    errors_csv,
    upload_out,
)
from app.schemas.wire import DryRun
from app.strict import StrictRoute
from app.usecases.eligibility import eligibility_settings
from app.usecases.sheets import Rules, Taken, accept_sheet, take_sheet
from app.write_guards import RequestKey

router = APIRouter(tags=["quote requests"], route_class=StrictRoute)

UploadId = Annotated[
    str, Path(description="The id of the upload.", json_schema_extra={"format": "uuid"})
]


@router.post(
    "/v1/quote-request-sheets",
    status_code=201,
    response_model=QuoteRequest,
    responses={
        **problem_responses(
            WorkbookRefused,
            SheetOfAnotherVersion,
            SheetTooLong,
            SheetRefused,
            InvalidInput,
            WrongState,
        ),
        200: {
            "model": QuoteRequest,
            "description": "A trial (`dry_run`); or the request that this sheet made before, as it "
            "is now.",
        },
        202: {
            "model": SheetUpload,
            "description": f"More than {MOST_AT_ONCE} machines: read soon, to be followed at "
            "`Location`.",
        },
    },
    openapi_extra=dict(SHEET_BODY),
    max_body_size=SHEET_LIMIT,
)
async def upload_quote_request_sheet(
    request: Request,
    query: Annotated[DryRun, Query()],
    key: RequestKey,
    sent: SentSheet,
    session: Session,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Ask for a quote by sheet: up to 2,500 machines.

    Every wrong cell is told, and a sheet with one stores nothing: correct it and send the same
    sheet again. Sent again unchanged it finds the request that it made; changed, it replaces what
    that request asks for, as long as nobody has begun to work on it (409 afterwards).
    """
    long = len(sent.reading.request.machines) > MOST_AT_ONCE

    async def take() -> Response:
        if long and not query.dry_run:
            upload = await accept_sheet(
                session, viewer, trace, sent.reading, sent.content, sent.customer_id, now
            )
            return accepted(upload, language)
        taken = await take_sheet(
            session,
            viewer,
            trace,
            sent.reading,
            sent.content,
            sent.customer_id,
            Rules(now, eligibility_settings(settings), check_bytes),
            dry_run=query.dry_run,
        )
        return taken_out(request, taken, language, dry_run=query.dry_run)

    return await once(
        session,
        principal=caller.principal or "",
        key=key,
        request_hash=fingerprint(
            b"POST /v1/quote-request-sheets", sent.content, (sent.customer_id or "").encode()
        ),
        effect=take,
    )


def accepted(upload: UploadRow, language: Language) -> Response:
    """The answer to a sheet that is read soon."""
    location = f"/v1/quote-request-sheets/{upload.id}"
    answer = document(upload_out(upload, [], None, language), language, {"Location": location})
    answer.status_code = 202
    return answer


def taken_out(request: Request, taken: Taken, language: Language, *, dry_run: bool) -> Response:
    """The answer to a sheet that is a request by now: a new one, or the one that it was before."""
    file = taken.file
    answer = quote_request_out(file.request, file.items, language, kept=not dry_run)
    if dry_run:
        return document(answer, language)
    return revised_resource(
        request,
        answer,
        language,
        file.request.revision,
        status=201 if taken.created else 200,
        location=f"/v1/quote-requests/{file.request.id}",
    )


@router.get(
    "/v1/quote-request-sheets/{upload_id}",
    response_model=SheetUpload,
    responses={**NOT_MODIFIED, **problem_responses(NotFound, InvalidCursor)},
)
async def read_quote_request_sheet(
    request: Request,
    upload_id: UploadId,
    query: Annotated[SheetUploadQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    language: SpokenLanguage,
) -> Response:
    """How far an uploaded sheet is read, what it became, and its rows in pages."""
    upload = await get_upload(session, viewer, understood_id(upload_id))
    await trace.read("sheet_upload", upload_id, [upload.customer_id])
    meaning = f"sheet {caller.principal} {upload.id}"
    secret = request.app.state.cursor_secret
    after = 0
    if query.cursor is not None:
        after = int(read_cursor(secret, meaning, query.cursor, 1)[0])
    rows = await list_sheet_rows(session, upload, after=after, limit=query.page_size + 1)
    shown, next_cursor = cut_page(
        secret, meaning, rows, query.page_size, lambda row: (str(row.row_number),)
    )
    return resource(request, upload_out(upload, shown, next_cursor, language), language)


@router.get(
    "/v1/quote-request-sheets/{upload_id}/errors.csv",
    response_class=Response,
    responses={
        **problem_responses(NotFound),
        200: {
            "description": "UTF-8 CSV with a header row.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
    },
)
async def download_sheet_errors(
    upload_id: UploadId,
    session: Reading,
    trace: ReadTrace,
    viewer: CurrentViewer,
) -> Response:
    """All faults of an uploaded sheet as CSV, by sheet and cell, in both languages."""
    upload, rows = await _faulty(session, viewer, upload_id)
    await trace.read("sheet_upload", upload_id, [upload.customer_id])
    return Response(
        errors_csv(upload, rows),
        media_type="text/csv; charset=utf-8",
        headers={
            **HEADERS,
            "Content-Disposition": f'attachment; filename="sheet-errors-{upload.id}.csv"',
        },
    )


async def _faulty(
    session: Reading, viewer: CurrentViewer, upload_id: str
) -> tuple[UploadRow, list[SheetRowRow]]:
    upload = await get_upload(session, viewer, understood_id(upload_id))
    rows = await list_sheet_rows(session, upload, after=0, limit=MOST_MACHINES, only_faulty=True)
    return upload, rows
