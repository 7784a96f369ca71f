"""Imports: upload files, follow a run, read its row errors."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.engine import ReadSession
from app.db.import_reads import get_run, list_files, list_issues, list_runs
from app.deps import (
    CurrentCaller,
    Now,
    Reading,
    ReadTrace,
    Session,
    SpokenLanguage,
    understood_id,
)
from app.domain.errors import (
    ImportRefused,
    InvalidCursor,
    InvalidFilter,
    NotFound,
)
from app.idempotency import fingerprint, once
from app.problems import problem_responses
from app.routers.answers import NOT_MODIFIED, document, page, resource
from app.routers.import_upload import UPLOAD_BODY, UPLOAD_LIMIT, SentFiles
from app.schemas.imports import (
    ImportHeader,
    ImportPage,
    ImportRun,
    ImportsQuery,
    UploadQuery,
    header_out,
    run_out,
)
from app.strict import StrictRoute
from app.usecases.imports import accept_upload, examine_upload, try_files
from app.write_guards import RequestKey

router = APIRouter(tags=["imports"], route_class=StrictRoute)


@router.post(
    "/v1/imports",
    status_code=202,
    response_model=ImportHeader,
    responses={
        **problem_responses(
            ImportRefused,
        ),
        200: {"model": ImportRun, "description": "The result of a trial (`dry_run`)."},
    },
    openapi_extra=dict(UPLOAD_BODY),
    max_body_size=UPLOAD_LIMIT,
)
async def create_import(
    query: Annotated[UploadQuery, Query()],
    caller: CurrentCaller,
    key: RequestKey,
    upload: SentFiles,
    session: Session,
    trace: ReadTrace,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """Upload import files. They are stored before the answer and loaded soon after, one after
    another in order of dependency; `Location` tells where to follow them.

    A file that cannot be read at all (header, encoding, NUL bytes) refuses the upload, and nothing
    is stored. Rows that are wrong are found when the file is loaded; they stop no other row.
    """
    await examine_upload(upload.files)
    principal = caller.principal or ""
    if key is None:
        trial = await try_files(session, upload.files, created_by=principal, now=now)
        answer = run_out(trial.run, trial.files, trial.issues, None, language)
        return document(answer, language)

    async def store() -> Response:
        import_id = await accept_upload(session, trace, upload.files, created_by=principal, now=now)
        stored = ReadSession(session)
        run = await get_run(stored, import_id)
        files = await list_files(stored, [import_id])
        accepted = document(
            header_out(run, files[import_id]), language, {"Location": f"/v1/imports/{import_id}"}
        )
        accepted.status_code = 202
        return accepted

    return await once(
        session,
        principal=principal,
        key=key,
        request_hash=fingerprint(b"POST /v1/imports", *upload.parts),
        effect=store,
    )


@router.get(
    "/v1/imports",
    response_model=ImportPage,
    responses=problem_responses(InvalidFilter, InvalidCursor),
)
async def read_imports(
    request: Request,
    query: Annotated[ImportsQuery, Query()],
    session: Reading,
    caller: CurrentCaller,
) -> Response:
    """The import runs, the latest first, in pages."""
    meaning = f"imports {caller.principal}"
    secret = request.app.state.cursor_secret
    after: uuid.UUID | None = None
    if query.cursor is not None:
        after = uuid.UUID(read_cursor(secret, meaning, query.cursor, 1)[0])
    rows = await list_runs(session, after=after, limit=query.page_size + 1)
    shown, next_cursor = cut_page(
        secret, meaning, rows, query.page_size, lambda row: (str(row.id),)
    )
    files = await list_files(session, [run.id for run in shown if run.id is not None])
    items = [header_out(run, files[run.id]) for run in shown if run.id is not None]
    return page(request, items, next_cursor)


@router.get(
    "/v1/imports/{import_id}",
    response_model=ImportRun,
    responses={
        **NOT_MODIFIED,
        **problem_responses(NotFound, InvalidFilter, InvalidCursor),
    },
)
async def read_import(
    request: Request,
    import_id: Annotated[
        str, Path(description="The id of the run.", json_schema_extra={"format": "uuid"})
    ],
    query: Annotated[ImportsQuery, Query()],
    session: Reading,
    caller: CurrentCaller,
    language: SpokenLanguage,
) -> Response:
    """One import run: how far each file is, what became of its rows, and row errors in pages."""
    known = understood_id(import_id)
    run = await get_run(session, known)
    meaning = f"import {caller.principal} {import_id}"
    secret = request.app.state.cursor_secret
    after: tuple[int, int] | None = None
    if query.cursor is not None:
        position, number = read_cursor(secret, meaning, query.cursor, 2)
        after = (int(position), int(number))
    files = await list_files(session, [known])
    issues = await list_issues(session, known, after=after, limit=query.page_size + 1)
    shown, next_cursor = cut_page(
        secret, meaning, issues, query.page_size, lambda row: (str(row.position), str(row.number))
    )
    answer = run_out(run, files[known], shown, next_cursor, language)
    return resource(request, answer, language)
