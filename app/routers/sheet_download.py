"""The quote-request sheet to fill in, blank or for a contract."""

import asyncio
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.db.contracts import ContractRow, LineRow, get_contract, list_lines
from app.db.ids import new_id
from app.deps import CurrentCaller, CurrentViewer, Now, Reading, ReadTrace
from app.domain.errors import NotAllowed, NotFound, SheetTooLong
from app.domain.periods import renewal_period
from app.domain.sheet_layout import MOST_MACHINES
from app.problems import problem_responses
from app.routers.answers import HEADERS
from app.routers.contracts import understood_number
from app.schemas.sheets import SheetQuery
from app.strict import StrictRoute
from app.workbook_writing import MEDIA_TYPE, SheetValues, write_sheet

router = APIRouter(tags=["quote requests"], route_class=StrictRoute)

FILE_NAME = "見積依頼シート.xlsx"


@router.get(
    "/v1/quote-request-sheet.xlsx",
    response_class=Response,
    responses={
        **problem_responses(NotFound, NotAllowed, SheetTooLong),
        200: {
            "description": "The workbook.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def download_quote_request_sheet(
    query: Annotated[SheetQuery, Query()],
    session: Reading,
    trace: ReadTrace,
    caller: CurrentCaller,
    viewer: CurrentViewer,
    now: Now,
) -> Response:
    """The quote-request sheet (見積依頼シート) to fill in, or filled in for a contract with the
    period that follows (TERM-1, TERM-3).

    Each download carries a reference of its own: one sheet asks for one quote, however often it is
    sent. Reading a contract into it needs the matter `contracts` besides `quotes`.
    """
    values = SheetValues({})
    if query.contract_number is not None:
        if caller.scopes is not None and "contracts" not in caller.scopes:
            raise NotAllowed
        number = understood_number(query.contract_number)
        owner = await get_contract(session, viewer, number)
        lines = await list_lines(session, viewer, owner, after=0, limit=MOST_MACHINES + 1)
        await trace.read("contract_lines", owner.contract_number, [owner.customer_id])
        if len(lines) > MOST_MACHINES:
            raise SheetTooLong(facts={"most": MOST_MACHINES})
        values = filled_in(owner, lines)
    content = await asyncio.to_thread(write_sheet, new_id(now), values)
    return Response(
        content,
        media_type=MEDIA_TYPE,
        headers={
            **HEADERS,
            "Content-Disposition": 'attachment; filename="quote-request-sheet.xlsx"; '
            f"filename*=UTF-8''{quote(FILE_NAME)}",
        },
    )


def filled_in(owner: ContractRow, lines: list[LineRow]) -> SheetValues:
    """The values of a sheet that asks for the next period of a contract."""
    period = renewal_period(owner.end_date)
    fields: dict[str, str | int | date | None] = {
        "kind": "renewal",
        "contract_number": owner.contract_number,
        "service_id": owner.service_id,
        "support_service_serial": owner.support_service_serial,
        "start_date": period.start,
        "end_date": period.end,
        "service_level": owner.service_level,
    }
    machines: list[dict[str, str | int | date | None]] = [
        {
            "product_number": line.product_number,
            "product_name": line.product_name,
            "serial_number": line.serial_number,
            "quantity": line.quantity,
            "service_level": line.service_level,
        }
        for line in lines
    ]
    return SheetValues(fields, machines)
