"""Import runs on the wire."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.db.import_reads import FileRow, IssueRow, RunRow
from app.domain.import_texts import import_text
from app.domain.languages import Language
from app.schemas.wire import Cursor, IdentifierOut, InstantOut, PageSize, StrictQuery, instant

RunState = Literal["queued", "running", "completed", "failed"]


class UploadQuery(StrictQuery):
    """How an upload is meant."""

    dry_run: Annotated[
        bool,
        Field(
            description="Check and merge for trial: the answer says what would be, nothing stays."
        ),
    ] = False


class ImportsQuery(StrictQuery):
    """A page of a list."""

    page_size: PageSize = 50
    cursor: Cursor = None


class ImportFile(TypedDict):
    """A file of a run: how far it is and what became of its rows."""

    name: str
    encoding: str
    state: Literal["queued", "running", "loaded", "refused"]
    error: Annotated[str | None, Field(description="Why the whole file was refused.")]
    bytes_total: int
    bytes_read: int
    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    refused: Annotated[int, Field(description="Rows that were refused; all others were taken.")]
    warnings: int


class ImportIssue(TypedDict):
    """What is wrong at one place of a file. What stands there is not repeated."""

    file: str
    line: Annotated[int, Field(description="The line of the file on which the row starts.")]
    column: str | None
    code: str
    severity: Literal["error", "warning"]
    message: str


class ImportIssuePage(TypedDict):
    """A page of issues, in the order of the files and their lines."""

    items: list[ImportIssue]
    next_cursor: str | None


class ImportHeader(TypedDict):
    """An import run with its files. `failed` means that a file was refused whole."""

    id: Annotated[IdentifierOut | None, Field(description="Null of a trial.")]
    state: RunState
    created_by: str
    created_at: InstantOut
    started_at: InstantOut | None
    finished_at: InstantOut | None
    files: list[ImportFile]


class ImportRun(ImportHeader):
    """An import run with its files and a page of its issues: of each file the first 1,000 errors
    and the first 100 warnings are kept, all are counted.
    """

    errors: ImportIssuePage


class ImportPage(TypedDict):
    """A page of runs, the latest first."""

    items: list[ImportHeader]
    next_cursor: str | None


def file_out(file: FileRow) -> ImportFile:
    """The answer for one file."""
    return {
        "name": file.name,
        "encoding": file.encoding,
        "state": file.state,  # type: ignore[typeddict-item]  # held to these by a CHECK
        "error": file.error_code,
        "bytes_total": file.bytes_total,
        "bytes_read": file.bytes_read,
        "rows_read": file.rows_read,
        "inserted": file.inserted,
        "updated": file.updated,
        "unchanged": file.unchanged,
        "refused": file.refused,
        "warnings": file.warned,
    }


def issue_out(issue: IssueRow, language: Language) -> ImportIssue:
    """The answer for one issue."""
    return {
        "file": issue.file,
        "line": issue.line,
        "column": issue.column,
        "code": issue.code,
        "severity": issue.severity,  # type: ignore[typeddict-item]  # held to these by a CHECK
        "message": import_text(issue.code, language),
    }


def header_out(run: RunRow, files: Sequence[FileRow]) -> ImportHeader:
    """The answer for one run without its issues."""
    return {
        "id": None if run.id is None else str(run.id),
        "state": run.state,  # type: ignore[typeddict-item]  # held to these by a CHECK
        "created_by": run.created_by,
        "created_at": instant(run.created_at),
        "started_at": None if run.started_at is None else instant(run.started_at),
        "finished_at": None if run.finished_at is None else instant(run.finished_at),
        "files": [file_out(file) for file in files],
    }


def run_out(
    run: RunRow,
    files: Sequence[FileRow],
    issues: Sequence[IssueRow],
    next_cursor: str | None,
    language: Language,
) -> ImportRun:
    """The answer for one run."""
    items = [issue_out(issue, language) for issue in issues]
    return {
        **header_out(run, files),
        "errors": {"items": items, "next_cursor": next_cursor},
    }
