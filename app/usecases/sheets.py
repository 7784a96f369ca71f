"""Take a quote-request sheet: at once, or later by a worker (REQ-3, REQ-4).

A sheet carries a reference, so that sending it again asks no second time: the same content finds
the request that it made, other content replaces what it asked for, as long as nobody has begun.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import sheets as db
from app.db.callers import Viewer
from app.db.eligibility import list_history
from app.db.ids import new_id
from app.db.jobs import enqueue
from app.db.quote_requests import (
    QuoteRequestRow,
    change_quote_request,
    claim_quote_request,
    list_request_items,
    replace_request_items,
)
from app.domain.calendar import jst_date
from app.domain.eligibility_facts import EligibilitySettings
from app.domain.errors import SheetRefused, WrongState
from app.domain.quote_requests import WantedRequest
from app.domain.sheet_reading import Reading
from app.domain.sheet_requests import wanted_of
from app.usecases.eligibility import owner_of
from app.usecases.quote_requests import (
    CheckWriter,
    RequestFile,
    create_quote_request,
    decided_values,
    facts_of,
    items_of,
    keep_check,
)
from app.usecases.reads import Trace
from app.usecases.request_reading import decide_request

# The task of the worker (`app.worker.TASKS`).
READ_SHEET = "read_sheet"
# So many places of a refused sheet are told at once; the fact `errors` says how many there are.
MOST_PLACES = 500
# A request that nobody has begun to work on may still be replaced by a corrected sheet.
REPLACEABLE = frozenset({"received", "needs_information"})


@dataclass(frozen=True, slots=True)
class Taken:
    """The request of a sheet: whether it is a new one, and whether this sheet changed anything."""

    file: RequestFile
    created: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What deciding a sheet needs beside it: the instant that decides, settings, and how an
    eligibility check is written.
    """

    now: datetime
    settings: EligibilitySettings
    write_check: CheckWriter


def check_reading(reading: Reading) -> None:
    """Refuse a sheet with faults, all of them at once. Raises SheetRefused."""
    faults = reading.errors
    if faults:
        raise SheetRefused(
            places=[(f"/{fault.sheet}/{fault.cell}", fault.code) for fault in faults[:MOST_PLACES]],
            facts={"errors": len(faults)},
            rules=("REQ-4",),
        )


def fingerprint_of(reading: Reading) -> str:
    """The SHA-256 of what a sheet asks for: saving it again changes its bytes and not this; nor
    does writing a number in another way.
    """
    asked = asdict(reading.request)
    for part in (asked, *asked["machines"]):
        del part["written"]
    return hashlib.sha256(orjson.dumps(asked, default=str)).hexdigest()


async def take_sheet(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    reading: Reading,
    content: bytes,
    customer_id: str | None,
    rules: Rules,
    *,
    dry_run: bool = False,
) -> Taken:
    """Make a quote request of a sheet, or bring the one that it made up to date.

    Raises SheetRefused, WrongState when somebody works on the request already, and what
    `create_quote_request` raises.
    """
    check_reading(reading)
    taken = await make_request(session, viewer, trace, reading, customer_id, rules, dry_run=dry_run)
    if taken.changed and not dry_run:
        upload = _upload_of(reading, taken.file.request.customer_id, trace)
        done = upload._replace(
            state="completed",
            rows_done=upload.rows_total,
            request_id=taken.file.request.id,
            finished_at=trace.now,
        )
        await db.add_upload(session, done, content, {})
        await trace.step("completed", "sheet_upload", str(done.id), done.customer_id, told_of(done))
    return taken


async def make_request(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    reading: Reading,
    customer_id: str | None,
    rules: Rules,
    *,
    dry_run: bool = False,
) -> Taken:
    """The request of a sheet without errors: a new one, the earlier one of the same sheet as it is,
    or that one with what the sheet asks for by now. Raises what `take_sheet` raises.
    """
    wanted = wanted_of(reading, customer_id)
    await db.lock_reference(session, reading.reference)
    earlier = await db.find_completed(session, viewer, reading.reference, customer_id)
    if earlier is None or earlier.request_id is None:
        file = await create_quote_request(
            session,
            viewer,
            trace,
            wanted,
            now=rules.now,
            settings=rules.settings,
            write_check=rules.write_check,
            dry_run=dry_run,
        )
        return Taken(file, created=True, changed=True)
    request = await claim_quote_request(session, viewer, earlier.request_id)
    if earlier.sha256 == fingerprint_of(reading):
        await trace.read("quote_request", str(request.id), [request.customer_id])
        items = tuple(await list_request_items(session, request))
        return Taken(RequestFile(request, items), created=False, changed=False)
    if request.state not in REPLACEABLE:
        raise WrongState(facts={"state": request.state, "action": "replace"})
    wanted = replace(wanted, customer_id=earlier.customer_id)
    return await _replace(session, viewer, trace, request, wanted, rules, dry_run)


async def _replace(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    request: QuoteRequestRow,
    wanted: WantedRequest,
    rules: Rules,
    dry_run: bool,
) -> Taken:
    """Put what a corrected sheet asks for into the place of what it asked before."""
    decided = await decide_request(session, viewer, wanted, jst_date(rules.now), rules.settings)
    items = items_of(wanted)
    values = {
        **decided_values(wanted, decided, new_id(trace.now)),
        "kind": wanted.kind.value,
        "requester_name": wanted.requester_name,
        "requester_email": wanted.requester_email,
        "note": wanted.note,
        "question": None,
    }
    if dry_run:
        await trace.read("quote_request", str(request.id), [request.customer_id])
        return Taken(RequestFile(request._replace(**values), items), created=False, changed=True)
    changed = await change_quote_request(session, request, values, trace.now)
    if decided.checked is not None:
        await keep_check(session, changed, wanted, decided.checked, rules.write_check)
    await replace_request_items(session, changed, items)
    await trace.step(
        "replaced", "quote_request", str(changed.id), changed.customer_id, facts_of(changed)
    )
    return Taken(RequestFile(changed, items), created=False, changed=True)


async def accept_sheet(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    reading: Reading,
    content: bytes,
    customer_id: str | None,
    now: datetime,
) -> db.UploadRow:
    """Store a long sheet to be read by a worker soon. The same sheet, sent again, is the upload
    that waits or was read already.

    Raises InvalidInput when it stays open whose request it is.
    """
    await db.lock_reference(session, reading.reference)
    earlier = await db.find_accepted(session, viewer, reading.reference, customer_id)
    if earlier is not None and earlier.sha256 == fingerprint_of(reading):
        return earlier
    owner = await _owner(session, viewer, reading, customer_id)
    upload = _upload_of(reading, owner, trace)
    context = {
        "kind": trace.caller.kind,
        "principal": trace.caller.principal,
        "client_id": trace.caller.client_id,
        "scope": viewer.scope,
        "request_id": trace.request_id,
        # The instant at which it came decides, whenever a worker gets to it.
        "now": now.isoformat(),
    }
    await db.add_upload(session, upload, content, context)
    await trace.step("received", "sheet_upload", str(upload.id), owner, told_of(upload))
    ids = {"customer_id": owner, "upload_id": str(upload.id)}
    await enqueue(session, READ_SHEET, ids)
    return upload


async def _owner(
    session: AsyncSession, viewer: Viewer, reading: Reading, customer_id: str | None
) -> str:
    asked = reading.request
    owners = await db.owners_of_numbers(
        session,
        viewer,
        contract_number=asked.contract_number,
        service_id=asked.service_id,
        support_service_serial=asked.support_service_serial,
    )
    if not owners:
        serials = {one.serial_number for one in asked.machines if one.serial_number is not None}
        owners = {row.customer_id for row in await list_history(session, viewer, sorted(serials))}
    return await owner_of(session, viewer, owners, customer_id)


def _upload_of(reading: Reading, customer_id: str, trace: Trace) -> db.UploadRow:
    return db.UploadRow(
        customer_id=customer_id,
        id=new_id(trace.now),
        state="queued",
        reference=reading.reference,
        sha256=fingerprint_of(reading),
        rows_total=len(reading.request.machines),
        rows_done=0,
        errors=(),
        request_id=None,
        created_by=trace.caller.principal or "",
        created_at=trace.now,
        finished_at=None,
    )


def told_of(upload: db.UploadRow) -> dict[str, Any]:
    """What an event tells of an upload: its size, and what it became."""
    request_id = None if upload.request_id is None else str(upload.request_id)
    return {"state": upload.state, "rows": upload.rows_total, "request_id": request_id}
