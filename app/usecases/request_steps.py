"""What is done with a quote request after it came: by its requester, by the desk, by its quote.

Every step locks the request, asks the table of states, changes it, and writes its event and audit
entry; a refusal writes nothing.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.ids import new_id
from app.db.quote_requests import (
    QuoteRequestRow,
    RequestItemRow,
    change_quote_request,
    claim_quote_request,
    list_request_items,
    replace_request_items,
)
from app.domain.calendar import jst_date
from app.domain.eligibility_facts import Declaration, EligibilitySettings, OperatingState
from app.domain.end_of_support import RequestKind
from app.domain.errors import PreconditionFailed
from app.domain.quote_requests import (
    Identification,
    WantedMachine,
    WantedRequest,
    WishedPeriod,
    with_machines,
)
from app.domain.request_states import RequestAction, RequestState, next_request_state
from app.usecases.quote_requests import (
    CheckWriter,
    RequestFile,
    decided_values,
    facts_of,
    items_of,
    keep_check,
)
from app.usecases.reads import Trace
from app.usecases.request_reading import decide_request

_TOLD: Mapping[RequestAction, str] = {
    RequestAction.ASK: "information_requested",
    RequestAction.INFORM: "information_added",
    RequestAction.START: "started",
    RequestAction.DRAFT: "started",
    RequestAction.QUOTE: "quoted",
    RequestAction.REJECT: "rejected",
    RequestAction.REDIRECT: "redirected",
    RequestAction.CANCEL: "cancelled",
}


async def take_step(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    request_id: uuid.UUID,
    held: int,
    action: RequestAction,
    changes: Mapping[str, Any] | None = None,
) -> RequestFile:
    """Do something with a request that changes its state and the given columns.

    Raises NotFound, PreconditionFailed when the caller holds an earlier revision than the present
    one, WrongState when the state does not allow it.
    """
    request = await _held(session, viewer, request_id, held)
    changed = await _apply(session, trace, request, action, changes or {})
    return RequestFile(changed, tuple(await list_request_items(session, changed)))


async def _held(
    session: AsyncSession, viewer: Viewer, request_id: uuid.UUID, held: int
) -> QuoteRequestRow:
    request = await claim_quote_request(session, viewer, request_id)
    if request.revision != held:
        raise PreconditionFailed(pointer="if-match")
    return request


async def _apply(
    session: AsyncSession,
    trace: Trace,
    request: QuoteRequestRow,
    action: RequestAction,
    changes: Mapping[str, Any],
) -> QuoteRequestRow:
    state = next_request_state(RequestState(request.state), action)
    changed = await change_quote_request(
        session, request, {"state": state.value, **changes}, trace.now
    )
    data = {**facts_of(changed), "quote_number": changed.quote_number}
    await trace.step(_TOLD[action], "quote_request", str(changed.id), changed.customer_id, data)
    return changed


async def mark_in_progress(
    session: AsyncSession, trace: Trace, request: QuoteRequestRow
) -> QuoteRequestRow:
    """A quote is drafted from the request, which the caller has claimed. One that is in progress or
    quoted already stays as it is. Raises WrongState.
    """
    state = next_request_state(RequestState(request.state), RequestAction.DRAFT)
    if state == request.state:
        return request
    return await _apply(session, trace, request, RequestAction.DRAFT, {})


async def mark_quoted(
    session: AsyncSession, trace: Trace, request: QuoteRequestRow, quote_number: str
) -> QuoteRequestRow:
    """A quote of the request, which the caller has claimed, was issued. Raises WrongState."""
    return await _apply(
        session, trace, request, RequestAction.QUOTE, {"quote_number": quote_number}
    )


async def add_information(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    request_id: uuid.UUID,
    held: int,
    added: Mapping[str, Any],
    *,
    now: datetime,
    settings: EligibilitySettings,
    write_check: CheckWriter,
) -> RequestFile:
    """Add what was missing, and decide the request anew: it is received, or the next question comes
    back. `added` holds those fields of WantedRequest that are given, `identification` as the given
    ones of its own fields.

    Raises what `take_step` and `decide_request` raise.
    """
    request = await _held(session, viewer, request_id, held)
    next_request_state(RequestState(request.state), RequestAction.INFORM)
    before = tuple(await list_request_items(session, request))
    wanted = _with(wanted_of(request, before), added)
    decided = await decide_request(session, viewer, wanted, jst_date(now), settings)
    values = decided_values(wanted, decided, new_id(trace.now))
    changed = await _apply(
        session,
        trace,
        request,
        RequestAction.INFORM,
        {**values, "note": wanted.note, "question": None},
    )
    if decided.checked is not None:
        await keep_check(session, changed, wanted, decided.checked, write_check)
    items = items_of(wanted)
    if items != before:
        await replace_request_items(session, changed, items)
    return RequestFile(changed, items)


def wanted_of(request: QuoteRequestRow, items: tuple[RequestItemRow, ...]) -> WantedRequest:
    """The request as it was asked for, from what is stored of it."""
    # The quantity of a machine is not kept where nobody gave one.
    incomplete = "configuration_incomplete" in {*request.missing, *request.warnings}
    wish = request.wished
    written = wish.get("written_machines", {})
    machines = tuple(
        _machine_of(item, written.get(str(item.position), {}), counted=not incomplete)
        for item in items
    )
    renewal = request.kind == RequestKind.RENEWAL
    start, end = wish.get("start_date"), wish.get("end_date")
    return WantedRequest(
        kind=RequestKind(request.kind),
        requester_name=request.requester_name,
        requester_email=request.requester_email,
        customer_id=request.customer_id,
        identification=Identification(
            wish.get("service_id"),
            wish.get("contract_number"),
            wish.get("support_service_serial"),
            machines if renewal else (),
            tuple(wish.get("written", {}).items()),
        ),
        period=WishedPeriod(
            start=None if start is None else date.fromisoformat(start),
            end=None if end is None else date.fromisoformat(end),
            term_months=wish.get("term_months"),
        ),
        service_level=wish.get("service_level"),
        items=() if renewal else machines,
        note=request.note,
        origin=request.origin,
        sheet_reference=request.sheet_reference,
    )


def _machine_of(
    item: RequestItemRow, written: Mapping[str, str], *, counted: bool
) -> WantedMachine:
    return WantedMachine(
        product_number=item.product_number,
        product_name=item.product_name,
        serial_number=item.serial_number,
        quantity=item.quantity if counted else None,
        service_level=item.service_level,
        declaration=None
        if item.condition_state is None
        else Declaration(OperatingState(item.condition_state), item.declared_by, item.declared_on),
        written=tuple(written.items()),
    )


def _with(wanted: WantedRequest, added: Mapping[str, Any]) -> WantedRequest:
    """The request with what was added. A number that did not agree is corrected by giving it anew,
    or taken back by giving it as null.
    """
    fields = dict(added)
    if "identification" in fields:
        said = {"written": (), **fields["identification"]}
        kept = tuple(pair for pair in wanted.identification.written if pair[0] not in said)
        said["written"] = (*kept, *said["written"])
        fields["identification"] = replace(wanted.identification, **said)
    if fields.get("note") is not None and wanted.note is not None:
        fields["note"] = f"{wanted.note}\n{fields['note']}"
    return with_machines(replace(wanted, **fields))
