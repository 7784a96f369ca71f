"""Contracts: the list, one contract, its lines as pages and as CSV."""

import csv
import io
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.cursors import cut_page, read_cursor
from app.db.contracts import ContractFilter, LineRow, get_contract, list_contracts, list_lines
from app.db.desk import CalendarMemory
from app.deps import (
    CurrentCalendar,
    CurrentCaller,
    CurrentSettings,
    CurrentViewer,
    Now,
    Reading,
    ReadTrace,
    SpokenLanguage,
)
from app.domain.calendar import jst_date
from app.domain.contracts import contract_status
from app.domain.errors import InvalidCursor, InvalidFilter, NotFound
from app.domain.identifiers import (
    is_contract_number,
    normalise,
    normalise_contract_number,
    normalise_product_number,
    normalise_serial,
    normalise_service_id,
)
from app.problems import problem_responses
from app.routers.answers import HEADERS, NOT_MODIFIED, page, resource
from app.schemas.contracts import (
    Contract,
    ContractLinePage,
    ContractPage,
    ContractQuery,
    LineQuery,
    contract_out,
    line_out,
)
from app.schemas.products import AsOfQuery
from app.strict import StrictRoute

router = APIRouter(tags=["contracts"], route_class=StrictRoute)

ContractNumber = Annotated[
    str,
    Path(description="The contract number, in any case and width.", examples=["JP-4410-0001"]),
]
# A contract with more lines than this is read by pages; the CSV ends with an error instead of
# leaving lines out.
MOST_CSV_LINES = 50_000


def understood_number(raw: str) -> str:
    """The contract number as it is stored. Raises NotFound for what can be no contract number."""
    number = normalise_contract_number(raw)
    if not is_contract_number(number):
        raise NotFound
    return number


@router.get(
    "/v1/contracts",
    response_model=ContractPage,
    responses=problem_responses(InvalidFilter, InvalidCursor),
)
async def read_contracts(
    request: Request,
    query: Annotated[ContractQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    calendar: CurrentCalendar,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """The contracts that the caller may see, by any combination of filters, in pages.

    `status` is meant on `as_of` (default today, JST). Contracts come in the order of their numbers.
    """
    if query.ends_from and query.ends_to and query.ends_to < query.ends_from:
        raise InvalidFilter(pointer="ends_to")
    today = query.as_of or jst_date(now)
    wanted = _wanted(query, today, settings.rules.expiring_days)
    meaning = f"contracts {caller.principal} {asdict(wanted)}"
    secret = request.app.state.cursor_secret
    after: Any = None
    if query.cursor is not None:
        after = tuple(read_cursor(secret, meaning, query.cursor, 2))
    rows = await list_contracts(session, viewer, wanted, after=after, limit=query.page_size + 1)
    shown, next_cursor = cut_page(
        secret, meaning, rows, query.page_size, lambda row: (row.contract_number, row.customer_id)
    )
    await trace.read("contracts", None, (row.customer_id for row in shown))
    items = [
        contract_out(
            row,
            today=today,
            expiring_days=settings.rules.expiring_days,
            calendar=calendar,
            language=language,
        )
        for row in shown
    ]
    return page(request, items, next_cursor)


def _wanted(query: ContractQuery, today: Any, expiring_days: int) -> ContractFilter:
    def read(value: str | None, normalised: Any) -> Any:
        return None if value is None else normalised(value)

    return ContractFilter(
        as_of=today,
        expiring_until=today + timedelta(days=expiring_days),
        service_id=read(query.service_id, normalise_service_id),
        contract_number=read(query.contract_number, normalise_contract_number),
        serial_number=read(query.serial_number, normalise_serial),
        product_number=read(query.product_number, normalise_product_number),
        customer_id=read(query.customer_id, normalise),
        kind=query.kind,
        status=query.status,
        ends_from=query.ends_from,
        ends_to=query.ends_to,
    )


@router.get(
    "/v1/contracts/{contract_number}",
    response_model=Contract,
    responses={**NOT_MODIFIED, **problem_responses(NotFound)},
)
async def read_contract(
    request: Request,
    contract_number: ContractNumber,
    query: Annotated[AsOfQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    language: SpokenLanguage,
    now: Now,
) -> Response:
    """One contract: its header, where it stands, when its renewal quote is due, what to do next."""
    row = await get_contract(session, viewer, understood_number(contract_number))
    await trace.read("contract", row.contract_number, [row.customer_id])
    calendars: CalendarMemory = request.app.state.calendar
    answer = contract_out(
        row,
        today=query.as_of or jst_date(now),
        expiring_days=settings.rules.expiring_days,
        calendar=await calendars.at(session, row.calendar_revision),
        language=language,
    )
    return resource(request, answer, language)


@router.get(
    "/v1/contracts/{contract_number}/lines",
    response_model=ContractLinePage,
    responses=problem_responses(NotFound, InvalidCursor),
)
async def read_contract_lines(
    request: Request,
    contract_number: ContractNumber,
    query: Annotated[LineQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    settings: CurrentSettings,
    now: Now,
) -> Response:
    """The lines of a contract, in pages. Dates and level are the line's own, else the contract's
    (TERM-4).
    """
    owner = await get_contract(session, viewer, understood_number(contract_number))
    meaning = f"lines {caller.principal} {owner.customer_id} {owner.contract_number}"
    secret = request.app.state.cursor_secret
    after = 0
    if query.cursor is not None:
        after = int(read_cursor(secret, meaning, query.cursor, 1)[0])
    rows = await list_lines(session, viewer, owner, after=after, limit=query.page_size + 1)
    await trace.read("contract_lines", owner.contract_number, [owner.customer_id])
    shown, next_cursor = cut_page(
        secret, meaning, rows, query.page_size, lambda row: (str(row.line_number),)
    )
    today = query.as_of or jst_date(now)
    days = settings.rules.expiring_days
    items = [line_out(r, contract_status(r.start_date, r.end_date, today, days)) for r in shown]
    return page(request, items, next_cursor)


@router.get(
    "/v1/contracts/{contract_number}/lines.csv",
    response_class=Response,
    responses={
        **problem_responses(NotFound),
        200: {
            "description": "UTF-8 CSV with a header row.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
    },
)
async def read_contract_lines_csv(
    request: Request,
    contract_number: ContractNumber,
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    now: Now,
) -> Response:
    """All lines of a contract as CSV (UTF-8 with a BOM, so that spreadsheet programs read it)."""
    owner = await get_contract(session, viewer, understood_number(contract_number))
    rows = await list_lines(session, viewer, owner, after=0, limit=MOST_CSV_LINES)
    await trace.read("contract_lines", owner.contract_number, [owner.customer_id])
    return Response(
        csv_of(rows),
        media_type="text/csv; charset=utf-8",
        headers={
            **HEADERS,
            "Content-Disposition": f'attachment; filename="{owner.contract_number}-lines.csv"',
        },
    )


def csv_of(rows: list[LineRow]) -> bytes:
    """Lines as CSV by RFC 4180."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(LineRow._fields)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: object) -> str:
    """A cell that no spreadsheet program takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t"} else text
