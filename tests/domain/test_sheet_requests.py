"""A sheet becomes the same request as a call of the API (REQ-4).

Seen to fail when the machines of a renewal came as items, and when a machine without a declaration
got an empty one.
"""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from app.domain.eligibility_facts import Declaration, OperatingState
from app.domain.end_of_support import RequestKind
from app.domain.quote_requests import Identification, WantedMachine, WantedRequest, WishedPeriod
from app.domain.sheet_reading import Reading, SheetMachine, SheetRequest
from app.domain.sheet_requests import wanted_of

REFERENCE = UUID("019ab8a4-3b80-7000-8000-000000000001")
DECLARED = SheetMachine(
    row=6,
    product_number="867959-B21",
    product_name="DL360",
    serial_number="JPDEMO0001",
    quantity=2,
    service_level="foundation_care_nbd",
    condition_state="unknown",
    declared_by="佐藤",
    declared_on=date(2026, 11, 20),
    written=(("serial_number", "jpdemo0001"),),
)
SILENT = replace(DECLARED, row=7, condition_state=None, declared_by=None, declared_on=None)
ASKED = SheetRequest(
    kind="renewal",
    contract_number="JP-4410-0001",
    service_id="123456789012",
    support_service_serial="JPSUP00001",
    start_date=date(2027, 1, 1),
    end_date=date(2027, 12, 31),
    service_level="foundation_care_24x7",
    requester_name="山田",
    requester_email="a@example.com",
    note="急ぎ",
    machines=(DECLARED, SILENT),
    written=(("contract_number", "jp-4410-0001"),),
)
MACHINES = (
    WantedMachine(
        product_number="867959-B21",
        product_name="DL360",
        serial_number="JPDEMO0001",
        quantity=2,
        service_level="foundation_care_nbd",
        declaration=Declaration(OperatingState.UNKNOWN, "佐藤", date(2026, 11, 20)),
        written=(("serial_number", "jpdemo0001"),),
    ),
    WantedMachine(
        product_number="867959-B21",
        product_name="DL360",
        serial_number="JPDEMO0001",
        quantity=2,
        service_level="foundation_care_nbd",
        declaration=None,
        written=(("serial_number", "jpdemo0001"),),
    ),
)


@pytest.mark.parametrize("kind", RequestKind)
@pytest.mark.parametrize("customer_id", ["C0001", None])
def test_req_4_every_field_of_a_sheet_finds_its_place(
    kind: RequestKind, customer_id: str | None
) -> None:
    reading = Reading(REFERENCE, replace(ASKED, kind=kind.value), ())
    renewal = kind is RequestKind.RENEWAL
    assert wanted_of(reading, customer_id) == WantedRequest(
        kind=kind,
        requester_name="山田",
        requester_email="a@example.com",
        customer_id=customer_id,
        identification=Identification(
            service_id="123456789012",
            contract_number="JP-4410-0001",
            support_service_serial="JPSUP00001",
            configuration=MACHINES if renewal else (),
            written=(("contract_number", "jp-4410-0001"),),
        ),
        period=WishedPeriod(start=date(2027, 1, 1), end=date(2027, 12, 31)),
        service_level="foundation_care_24x7",
        items=() if renewal else MACHINES,
        note="急ぎ",
        origin="sheet",
        sheet_reference=REFERENCE,
    )
