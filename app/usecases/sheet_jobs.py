"""Read a long quote-request sheet after it was accepted: the worker's part (`accept_sheet`)."""

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import Caller
from app.db import sheets as db
from app.db.callers import Viewer, enter_desk, enter_portal
from app.db.engine import Database
from app.domain.calendar import jst_date
from app.domain.eligibility_facts import EligibilitySettings
from app.domain.errors import DatabaseUnavailable, DeskError, Overloaded
from app.domain.sheet_layout import FIRST_MACHINE_ROW, MACHINE_SHEET
from app.domain.sheet_reading import Fault, Reading, read_sheet
from app.usecases.quote_requests import CheckWriter
from app.usecases.reads import Trace
from app.usecases.sheets import Rules, make_request, told_of
from app.workbook_reading import read_workbook

# Rows whose results are stored, and told as progress, in one transaction.
BATCH = 500


@dataclass(frozen=True, slots=True)
class _Acting:
    """A transaction in the name of whoever sent a sheet, with the rights it has by now."""

    session: AsyncSession
    viewer: Viewer
    trace: Trace


async def read_upload(
    database: Database,
    customer_id: str,
    upload_id: uuid.UUID,
    now: datetime,
    *,
    settings: EligibilitySettings,
    write_check: CheckWriter,
) -> None:
    """Read an accepted sheet to its end: results for each row, and a quote request when there is
    no error in any. `now` is the instant of the records.

    It may be interrupted anywhere and called again, also twice at the same moment: the sheet
    becomes one request. Raises only what may pass (Overloaded, DatabaseUnavailable).
    """
    async with database.transaction("desk") as session:
        waiting = await db.find_waiting(session, customer_id, upload_id)
    if waiting is None:
        return
    try:
        reading = read_sheet(await read_workbook(waiting.content))
        await _store_rows(database, waiting, reading, now)
        decided_at = datetime.fromisoformat(waiting.context["now"])
        rules = Rules(decided_at, settings, write_check)
        async with _acting(database, waiting, now) as acting:
            if await db.claim_upload(acting.session, waiting.upload):
                await _finish(acting, waiting, reading, rules)
    except (Overloaded, DatabaseUnavailable):
        raise
    except DeskError as refusal:
        await _refuse(database, waiting, refusal, now)


async def _store_rows(
    database: Database, waiting: db.Waiting, reading: Reading, now: datetime
) -> None:
    results = list(row_results(reading))
    for start in range(0, len(results), BATCH):
        some = results[start : start + BATCH]
        async with _acting(database, waiting, now) as acting:
            await db.add_sheet_rows(acting.session, waiting.upload, some)
            await db.set_progress(acting.session, waiting.upload, start + len(some))


def row_results(reading: Reading) -> Iterable[db.SheetRowRow]:
    """What became of each machine: refused for an error, warned for what is only unusual."""
    faults: dict[int, list[Fault]] = {}
    for fault in reading.faults:
        if fault.sheet == MACHINE_SHEET:
            faults.setdefault(fault.row, []).append(fault)
    for machine in reading.request.machines:
        own = faults.get(machine.row, [])
        severities = {fault.severity for fault in own}
        state = "refused" if "error" in severities else "warned" if own else "accepted"
        yield db.SheetRowRow(machine.row, state, [_told(fault) for fault in own])


def _told(fault: Fault) -> dict[str, str]:
    return {
        "sheet": fault.sheet,
        "cell": fault.cell,
        "code": fault.code,
        "severity": fault.severity,
    }


async def _finish(acting: _Acting, waiting: db.Waiting, reading: Reading, rules: Rules) -> None:
    if reading.errors:
        await _end(acting, waiting, [_told(fault) for fault in reading.faults if _general(fault)])
        return
    newest = await db.find_accepted(
        acting.session, acting.viewer, reading.reference, waiting.upload.customer_id
    )
    if newest is not None and newest.id != waiting.upload.id:
        # A corrected sheet came while this one waited; it must not be undone by the earlier one.
        await _end(acting, waiting, [_of_file("newer_sheet_came")])
        return
    taken = await make_request(
        acting.session, acting.viewer, acting.trace, reading, waiting.upload.customer_id, rules
    )
    await _end(acting, waiting, (), taken.file.request.id)


def _of_file(code: str) -> dict[str, str]:
    return {"sheet": "", "cell": "", "code": code, "severity": "error"}


def _general(fault: Fault) -> bool:
    """Whether a fault belongs to no row of a machine."""
    return fault.sheet != MACHINE_SHEET or fault.row < FIRST_MACHINE_ROW


async def _end(
    acting: _Acting,
    waiting: db.Waiting,
    errors: Iterable[Mapping[str, str]],
    request_id: uuid.UUID | None = None,
) -> None:
    upload = waiting.upload
    await db.finish_upload(
        acting.session, upload, acting.trace.now, request_id=request_id, errors=list(errors)
    )
    state = "refused" if request_id is None else "completed"
    ended = upload._replace(state=state, request_id=request_id)
    await acting.trace.step(
        state, "sheet_upload", str(upload.id), upload.customer_id, told_of(ended)
    )


async def _refuse(
    database: Database, waiting: db.Waiting, refusal: DeskError, now: datetime
) -> None:
    """End an upload that cannot become a request, whatever rights its sender still has."""
    codes = [code for _, code in refusal.places] or [refusal.code]
    errors = [_of_file(code) for code in codes]
    async with database.transaction("desk") as session:
        if await db.claim_upload(session, waiting.upload):
            caller, viewer = _sender(waiting.context, now)
            trace = Trace(session, caller, now, waiting.context["request_id"])
            await _end(_Acting(session, viewer, trace), waiting, errors)


def _sender(context: Mapping[str, Any], now: datetime) -> tuple[Caller, Viewer]:
    """Who sent an upload. The token of that time may be over by now; its client may be withdrawn,
    and that counts.
    """
    desk = context["kind"] == "desk"
    caller = Caller(context["kind"], context["principal"], None, context["client_id"])
    viewer = Viewer(
        principal=None if desk else caller.principal,
        token_id=None,
        client_id=caller.client_id,
        scope=context["scope"],
        today=jst_date(now),
    )
    return caller, viewer


@asynccontextmanager
async def _acting(database: Database, waiting: db.Waiting, now: datetime) -> AsyncIterator[_Acting]:
    caller, viewer = _sender(waiting.context, now)
    desk = caller.kind == "desk"
    async with database.transaction("desk" if desk else "portal") as session:
        if desk:
            await enter_desk(session, principal=caller.principal or "", token_id=None)
        else:
            await enter_portal(session, viewer)
        # Raises NotFound for a sender whose relation to the customer has ended since.
        await db.get_upload(session, viewer, waiting.upload.id)
        trace = Trace(session, caller, now, waiting.context["request_id"])
        yield _Acting(session, viewer, trace)
