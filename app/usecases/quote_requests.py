"""Ask for a quote, and answer what the desk asks back (REQ-1, REQ-3 to REQ-5, REQ-7)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.eligibility import store_check
from app.db.ids import new_id
from app.db.quote_requests import QuoteRequestRow, RequestItemRow, add_quote_request
from app.domain.calendar import jst_date
from app.domain.eligibility_facts import EligibilitySettings
from app.domain.eligibility_request import Checked
from app.domain.end_of_support import RequestKind
from app.domain.quote_requests import (
    ProductFinding,
    WantedMachine,
    WantedRequest,
    with_machines,
)
from app.usecases.reads import Trace
from app.usecases.request_reading import Decided, decide_request


class CheckWriter(Protocol):
    """Writes an eligibility check as it is answered: `app.schemas.eligibility.check_bytes`."""

    def __call__(
        self, checked: Checked, *, check_id: uuid.UUID | None, kind: Any, start: date, end: date
    ) -> Mapping[str, bytes]:
        """The bytes in each language."""


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A quote request with its machines."""

    request: QuoteRequestRow
    items: tuple[RequestItemRow, ...]


async def create_quote_request(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    wanted: WantedRequest,
    *,
    now: datetime,
    settings: EligibilitySettings,
    write_check: CheckWriter,
    dry_run: bool = False,
) -> RequestFile:
    """Take a request for a quote: decide what becomes of it, keep it with its eligibility check,
    its event and its audit entry. `now` is the instant that it is decided by. A dry run decides in
    the same way and keeps nothing; the id of its answer means nothing.

    Raises what `decide_request` raises.
    """
    wanted = with_machines(wanted)
    decided = await decide_request(session, viewer, wanted, jst_date(now), settings)
    request = _row_of(wanted, decided, trace, new_id(trace.now))
    items = items_of(wanted)
    if dry_run:
        await trace.read("quote_request", None, [request.customer_id])
        return RequestFile(request._replace(eligibility_check_id=None), items)
    if decided.checked is not None:
        await keep_check(session, request, wanted, decided.checked, write_check)
    await add_quote_request(session, request, items)
    await trace.step(
        "created", "quote_request", str(request.id), request.customer_id, facts_of(request)
    )
    return RequestFile(request, items)


def facts_of(request: QuoteRequestRow) -> dict[str, Any]:
    """What an event tells of a request: ids, states and codes, nothing personal."""
    return {
        "kind": request.kind,
        "state": request.state,
        "missing": list(request.missing),
        "redirect": request.redirect,
        "contract_number": request.contract_number,
    }


def _row_of(
    wanted: WantedRequest, decided: Decided, trace: Trace, request_id: uuid.UUID
) -> QuoteRequestRow:
    return QuoteRequestRow(
        customer_id=decided.customer_id,
        id=request_id,
        kind=wanted.kind.value,
        requester_name=wanted.requester_name,
        requester_email=wanted.requester_email,
        note=wanted.note,
        flags=[],
        question=None,
        reason=None,
        quote_number=None,
        origin=wanted.origin,
        sheet_reference=wanted.sheet_reference,
        revision=1,
        created_by=trace.caller.principal or "",
        created_at=trace.now,
        updated_at=trace.now,
        **decided_values(wanted, decided, new_id(trace.now)),
    )


def decided_values(wanted: WantedRequest, decided: Decided, check_id: uuid.UUID) -> dict[str, Any]:
    """The columns of a request that its decision fills, at first and when it is decided anew."""
    decision, said = decided.decision, wanted.identification
    one = decision.contracts[0] if len(decision.contracts) == 1 else None
    period = decision.period
    return {
        "state": decision.state.value,
        "service_id": said.service_id or (one and one.service_id),
        "contract_number": said.contract_number or (one and one.contract_number),
        "support_service_serial": said.support_service_serial,
        "start_date": period and period.start,
        "end_date": period and period.end,
        "service_level": wanted.service_level or (one and one.service_level),
        "missing": list(decision.missing),
        "warnings": list(decision.warnings),
        "rules": list(decision.rules),
        "findings": [_finding_of(product) for product in decision.products],
        "wished": _as_wished(wanted),
        "redirect": decision.redirect,
        "eligibility_check_id": None if decided.checked is None else check_id,
    }


def _as_wished(wanted: WantedRequest) -> dict[str, Any]:
    """What was asked for where the columns hold what it comes to, and what was written where they
    hold it normalised (machines by their position).
    """
    wish = wanted.period
    machines = {
        str(position): dict(machine.written)
        for position, machine in enumerate(machines_of(wanted), start=1)
        if machine.written
    }
    said = {
        **wanted.identification.references(),
        "start_date": wish.start and wish.start.isoformat(),
        "end_date": wish.end and wish.end.isoformat(),
        "term_months": wish.term_months,
        "service_level": wanted.service_level,
        "written": dict(wanted.identification.written) or None,
        "written_machines": machines or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _finding_of(product: ProductFinding) -> dict[str, Any]:
    return {
        "product_number": product.product_number,
        "reasons": [{"code": each.code, "rule": each.rule} for each in product.findings],
        "alternatives": [
            {
                "code": each.code,
                "rule": each.rule,
                "start_date": each.start and each.start.isoformat(),
                "end_date": each.end and each.end.isoformat(),
            }
            for each in product.alternatives
        ],
    }


def items_of(wanted: WantedRequest) -> tuple[RequestItemRow, ...]:
    """The machines of a request as they are stored: the configuration of a renewal, else what is to
    be enrolled.
    """
    return tuple(_item_of(place, each) for place, each in enumerate(machines_of(wanted), start=1))


def machines_of(wanted: WantedRequest) -> tuple[WantedMachine, ...]:
    """The machines of a request in their order."""
    renewal = wanted.kind is RequestKind.RENEWAL
    return wanted.identification.configuration if renewal else wanted.items


def _item_of(position: int, machine: WantedMachine) -> RequestItemRow:
    said = machine.declaration
    return RequestItemRow(
        position=position,
        product_number=machine.product_number,
        product_name=machine.product_name,
        serial_number=machine.serial_number,
        quantity=machine.quantity or 1,
        service_level=machine.service_level,
        condition_state=None if said is None else said.state.value,
        declared_by=None if said is None else said.declared_by,
        declared_on=None if said is None else said.declared_on,
    )


async def keep_check(
    session: AsyncSession,
    request: QuoteRequestRow,
    wanted: WantedRequest,
    checked: Checked,
    write_check: CheckWriter,
) -> None:
    """Keep the eligibility check of a request like one that is asked for by itself (ELG-6)."""
    check_id, start, end = request.eligibility_check_id, request.start_date, request.end_date
    if check_id is None or start is None or end is None:
        return
    await store_check(
        session,
        check_id=check_id,
        customer_id=request.customer_id,
        created_by=request.created_by,
        created_at=request.updated_at,
        kind=request.kind,
        outcome=checked.decision.outcome.value,
        start_date=start,
        valid_until=checked.decision.valid_until,
        facts={
            "kind": request.kind,
            "start_date": start.isoformat(),
            "end_date": end.isoformat(),
            "customer_id": request.customer_id,
            "items": [_asked(machine, wanted.service_level) for machine in wanted.items],
        },
        answers=write_check(checked, check_id=check_id, kind=request.kind, start=start, end=end),
    )


def _asked(machine: WantedMachine, service_level: str | None) -> dict[str, Any]:
    said = machine.declaration
    return {
        "serial_number": machine.serial_number,
        "product_number": machine.product_number,
        "service_level": machine.service_level or service_level,
        "operating_condition": None
        if said is None
        else {
            "state": said.state.value,
            "declared_by": said.declared_by,
            "declared_on": said.declared_on and said.declared_on.isoformat(),
        },
    }
