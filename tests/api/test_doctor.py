"""`renewal-desk doctor` (TRUST 8): each invariant finds one violation, and only that one.

Seen to fail: with the conditions of the queries in `app.usecases.doctor` turned so that they count
nothing.
"""

import pytest
from sqlalchemy import text

from app.usecases.doctor import INVARIANTS, examine
from tests.conftest import Service

A_CONTRACT = "WHERE contract_number = 'JP-4410-0001'"
A_FILE = "WHERE (import_id, position) = (SELECT import_id, position FROM import_file LIMIT 1)"
TWO_VERSIONS = "WHERE quote_number = 'Q2026-0000004'"

# How each invariant is broken once. Constraints that would refuse it are dropped first.
VIOLATIONS = {
    "a contract number belongs to one customer": (
        "INSERT INTO contract SELECT 'C0002', contract_number, service_id, kind, service_level,"
        f" stated_start, stated_end, stated_start, stated_end, 0 FROM contract {A_CONTRACT}",
    ),
    "a machine belongs to one customer": (
        "INSERT INTO equipment (customer_id, serial_number, product_number)"
        " SELECT 'C0002', serial_number, product_number FROM equipment"
        " WHERE serial_number = 'JPDEMO0001'",
    ),
    "a contract's period and line count are those of its lines": (
        f"UPDATE contract SET line_count = line_count + 1 {A_CONTRACT}",
    ),
    "a line ends no earlier than it starts": (
        # The line's own end lies before its contract's start, from which it has no other start.
        "ALTER TABLE contract DROP CONSTRAINT ck_contract_period",
        "INSERT INTO contract (customer_id, contract_number, kind, service_level, stated_start,"
        " stated_end, start_date, end_date, line_count) VALUES ('C0001', 'JP-DOCTOR-1',"
        " 'contract', 'foundation_care_nbd', '2026-06-01', '2027-05-31', '2026-06-01',"
        " '2026-05-01', 1)",
        "INSERT INTO contract_line (customer_id, contract_number, line_number, end_date)"
        " VALUES ('C0001', 'JP-DOCTOR-1', 1, '2026-05-01')",
    ),
    "a finished import keeps no content": (f"UPDATE import_file SET content = 'x' {A_FILE}",),
    "a loaded file accounts for every row": (
        f"UPDATE import_file SET rows_read = rows_read + 1 {A_FILE}",
    ),
    "the calendar has one revision": ("DELETE FROM calendar_revision",),
    "the totals of a version are those of its lines": (
        "ALTER TABLE quote_version DISABLE TRIGGER keep_issued",
        f"UPDATE quote_version SET total = total + 1 {TWO_VERSIONS} AND version = 1",
    ),
    "a quote has at most one issued version": (
        "ALTER TABLE quote_version DISABLE TRIGGER keep_issued",
        "DROP INDEX uq_quote_version_issued",
        f"UPDATE quote_version SET state = 'issued' {TWO_VERSIONS} AND version = 1",
    ),
    "the latest version of a quote is its highest": (
        f"UPDATE quote SET latest_version = 3 {TWO_VERSIONS}",
    ),
}


async def counts(service: Service) -> dict[str, int]:
    """What the doctor finds."""
    async with service.database.transaction("desk") as session:
        return {finding.name: finding.count for finding in await examine(session)}


def test_every_invariant_has_a_violation_to_find() -> None:
    assert set(VIOLATIONS) == set(INVARIANTS)


async def test_the_demo_set_is_sound(service: Service) -> None:
    assert set((await counts(service)).values()) == {0}


@pytest.mark.parametrize("name", VIOLATIONS)
async def test_one_violation_is_found_and_called_by_its_name(
    own_service: Service, name: str
) -> None:
    async with own_service.owner() as session:
        for statement in VIOLATIONS[name]:
            await session.execute(text(statement))
    found = await counts(own_service)
    assert {known for known, count in found.items() if count} == {name}
    assert found[name] == 1
