"""What a quote-request sheet asks for, as a quote request (REQ-4)."""

from app.domain.eligibility_facts import Declaration, OperatingState
from app.domain.end_of_support import RequestKind
from app.domain.quote_requests import (
    Identification,
    WantedMachine,
    WantedRequest,
    WishedPeriod,
)
from app.domain.sheet_reading import Reading, SheetMachine


def wanted_of(reading: Reading, customer_id: str | None) -> WantedRequest:
    """The request that a sheet without errors asks for. In a renewal its machines say what is
    meant, in the other kinds what is to be enrolled.
    """
    asked = reading.request
    kind = RequestKind(asked.kind)
    machines = tuple(_machine_of(each) for each in asked.machines)
    renewal = kind is RequestKind.RENEWAL
    return WantedRequest(
        kind=kind,
        requester_name=asked.requester_name,
        requester_email=asked.requester_email,
        customer_id=customer_id,
        identification=Identification(
            asked.service_id,
            asked.contract_number,
            asked.support_service_serial,
            machines if renewal else (),
            asked.written,
        ),
        period=WishedPeriod(start=asked.start_date, end=asked.end_date),
        service_level=asked.service_level,
        items=() if renewal else machines,
        note=asked.note,
        origin="sheet",
        sheet_reference=reading.reference,
    )


def _machine_of(machine: SheetMachine) -> WantedMachine:
    said = machine.condition_state
    return WantedMachine(
        product_number=machine.product_number,
        product_name=machine.product_name,
        serial_number=machine.serial_number,
        quantity=machine.quantity,
        service_level=machine.service_level,
        declaration=None
        if said is None
        else Declaration(OperatingState(said), machine.declared_by, machine.declared_on),
        written=machine.written,
    )
