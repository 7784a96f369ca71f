"""Take change requests in (REQ-2, REQ-6, REQ-8), and bring them to their end."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.change_requests import (
    ChangeRow,
    ContactRow,
    add_change_request,
    change_change_request,
    claim_change_request,
    set_contact,
)
from app.db.ids import new_id
from app.domain.calendar import jst_date
from app.domain.change_records import change_of, record_of
from app.domain.change_requests import ChangeDecision, decide_change
from app.domain.change_states import (
    OPEN_STATES,
    ChangeAction,
    ChangeState,
    next_change_state,
)
from app.domain.changes import Change, ContactChange
from app.domain.errors import ChangeEnded
from app.usecases.change_targets import Target, WantedChange, find_facts, find_target
from app.usecases.reads import Trace


async def create_change_request(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    wanted: WantedChange,
    *,
    now: datetime,
    dry_run: bool = False,
) -> ChangeRow:
    """Take a change request: decide what becomes of it and keep it with its event and audit entry.
    A change of the contact alone is made at once. A dry run decides in the same way and keeps
    nothing; the id of its answer means nothing.

    Raises InvalidInput for numbers that name nothing or disagree, VersionNotLatest, and what
    `decide_change` raises.
    """
    today = jst_date(now)
    target = await find_target(session, viewer, wanted, today)
    facts = await find_facts(session, viewer, wanted, target, today)
    decision = decide_change(wanted.changes, facts)
    row = _row_of(wanted, target, decision, trace)
    if dry_run:
        await trace.read("change_request", None, [row.customer_id])
        return row
    await add_change_request(session, row)
    await trace.step("created", "change_request", str(row.id), row.customer_id, facts_of(row))
    if decision.state is ChangeState.APPLIED:
        await apply_contact(session, trace, row, wanted.changes)
        await trace.step("applied", "change_request", str(row.id), row.customer_id, facts_of(row))
    return row


def _row_of(
    wanted: WantedChange, target: Target, decision: ChangeDecision, trace: Trace
) -> ChangeRow:
    standing, named = target.standing, target.contract
    return ChangeRow(
        customer_id=target.customer_id,
        id=new_id(trace.now),
        state=decision.state.value,
        service_id=wanted.service_id or (None if named is None else named.service_id),
        contract_number=None if named is None else named.contract_number,
        quote_number=None if standing is None else standing.quote_number,
        quote_version=None if standing is None else standing.version,
        answer_version=None,
        requester_name=wanted.requester_name,
        requester_email=wanted.requester_email,
        changes=[record_of(change) for change in wanted.changes],
        warnings=decision.warnings,
        reason=None,
        revision=1,
        created_by=trace.caller.principal or "",
        created_at=trace.now,
        updated_at=trace.now,
    )


def facts_of(row: ChangeRow) -> dict[str, Any]:
    """What an event tells of a change request: numbers, states and kinds, nothing personal."""
    return {
        "state": row.state,
        "kinds": sorted({change["kind"] for change in row.changes}),
        "contract_number": row.contract_number,
        "quote_number": row.quote_number,
        "quote_version": row.quote_version,
        "answer_version": row.answer_version,
    }


async def apply_contact(
    session: AsyncSession, trace: Trace, row: ChangeRow, changes: Sequence[Change]
) -> None:
    """Name the new contact of the contract, where the changes have one (REQ-2)."""
    for change in changes:
        if isinstance(change, ContactChange) and row.contract_number is not None:
            await set_contact(
                session,
                row.customer_id,
                row.contract_number,
                ContactRow(change.name, change.email),
                updated_by=trace.caller.principal or "",
                now=trace.now,
            )


async def answer_by_version(
    session: AsyncSession, trace: Trace, row: ChangeRow, quote_number: str, version: int
) -> ChangeRow:
    """A claimed change request is answered with an issued version, and a new contact is named where
    it asks for one. Raises WrongState.
    """
    await apply_contact(session, trace, row, [change_of(record) for record in row.changes])
    values = {"quote_number": quote_number, "answer_version": version}
    return await finish_change(session, trace, row, ChangeAction.ANSWER, values)


async def end_change_request(
    session: AsyncSession,
    viewer: Viewer,
    trace: Trace,
    change_id: uuid.UUID,
    held: int,
    action: ChangeAction,
    reason: str | None,
) -> ChangeRow:
    """Reject a change request or take it back, with a reason.

    Raises NotFound, PreconditionFailed when the caller holds an earlier revision than the present
    one, WrongState when it has ended already.
    """
    row = await claim_change_request(session, viewer, change_id, held)
    return await finish_change(session, trace, row, action, {"reason": reason})


def check_open(row: ChangeRow) -> None:
    """Raise ChangeEnded for a change request that no version can answer any more (REQ-2)."""
    if ChangeState(row.state) not in OPEN_STATES:
        raise ChangeEnded(facts={"state": row.state}, rules=("REQ-2",))


async def finish_change(
    session: AsyncSession,
    trace: Trace,
    row: ChangeRow,
    action: ChangeAction,
    values: Mapping[str, Any],
) -> ChangeRow:
    """Bring a claimed change request to its end. Raises WrongState."""
    state = next_change_state(ChangeState(row.state), action)
    changed = await change_change_request(session, row, {"state": state.value, **values}, trace.now)
    await trace.step(
        state.value, "change_request", str(changed.id), changed.customer_id, facts_of(changed)
    )
    return changed
