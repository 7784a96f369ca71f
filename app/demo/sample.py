"""The sample rows of the file formats: the only rows with dates of their own."""

from datetime import date

from app.demo.fleet import Fleet, Item
from app.demo.spans import Span

SHARED_SERIAL = "JPT8270P2A"


def add_sample(fleet: Fleet) -> None:
    """Add the sample's machines and contracts, with the lines that the sample leaves open."""
    gen10, other_gen10 = "868703-B21", "P06420-B21"
    fleet.add_machine(
        "C0001",
        gen10,
        Span(date(2021, 4, 1), date(2024, 3, 31)),
        serial=SHARED_SERIAL,
        system_id="S-1",
    )
    fleet.add_machine(
        "C0002", other_gen10, Span(date(2022, 10, 1), date(2025, 9, 30)), serial=SHARED_SERIAL
    )
    fleet.add_machine(
        "C0001", gen10, Span(date(2020, 4, 1), date(2023, 3, 31)), serial="JPT8270P4C"
    )
    for number, service_id, level, year, serial in (
        ("JP-4410-0001", "102938475610", "foundation_care_24x7", 2026, SHARED_SERIAL),
        ("JP-4410-0002", "102938475611", "foundation_care_nbd", 2025, "JPT8270P4C"),
    ):
        fleet.add_contract(
            "C0001",
            "contract",
            level,
            Span(date(year, 4, 1), date(year + 1, 3, 31)),
            [Item(gen10, serial)],
            number=number,
            service_id=service_id,
            billing="annual",
        )
    fleet.add_contract(
        "C0002",
        "package",
        "foundation_care_24x7",
        Span(date(2025, 10, 1), date(2028, 9, 30)),
        [Item(other_gen10, SHARED_SERIAL)],
        number="PK-7781-0001",
        support_service_serial="HA1234567890",
    )
