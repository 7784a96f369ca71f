"""The first wall stands alone too (TRUST 9): the conditions of the queries, without row security.

Row security hides a condition that somebody forgot from every other test, so here it is open.

Seen to fail: with the condition of `list_contracts` put inside an OR with the caller's filter, with
`visible_to` left out of the warranties in `app.db.coverage`, with `in_force` without its dates, and
without the condition of one quote request or of their list.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import URL, text

from app.auth_keys import SigningKeys
from app.db.quote_tables import TENANT_TABLES
from app.settings import Settings
from tests.api.conftest import TwoWays
from tests.api.parties import arrange
from tests.api.walls import LOOKERS, check_own_only
from tests.conftest import Tokens, own_database, started


@pytest.fixture(scope="module")
async def no_second_wall(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> AsyncIterator[TwoWays]:
    """The arranged database with row security that lets everything through, behind both ways."""
    name, tokens = template
    plain = replace(settings, http=replace(settings.http, lane=False))
    with own_database(server, name) as url:
        async with (
            started(url, settings, keys, tokens) as lane,
            started(url, plain, keys, tokens) as no_lane,
        ):
            world = await arrange(lane)
            async with lane.owner() as session:
                for table in TENANT_TABLES:
                    await session.execute(text(f"ALTER POLICY portal ON {table} USING (true)"))
            yield TwoWays(lane, no_lane, world)


async def test_the_second_wall_is_open(no_second_wall: TwoWays) -> None:
    """Without this the rest would prove nothing."""
    async with no_second_wall.lane.database.transaction("portal") as session:
        assert await session.scalar(text("SELECT count(*) FROM contract")) > 100


@pytest.mark.parametrize("way", ["lane", "no lane"])
@pytest.mark.parametrize("name", LOOKERS)
async def test_without_row_security_no_foreign_row_comes_through_the_api(
    no_second_wall: TwoWays, way: str, name: str
) -> None:
    await check_own_only(no_second_wall.of(way), no_second_wall.world, name)


@pytest.mark.parametrize("name", ["customer", "partner"])
async def test_a_machine_without_a_contract_is_hidden_too(
    no_second_wall: TwoWays, name: str
) -> None:
    """JPGHOST001 of C0002 has a warranty and no line: only half of the statement finds it."""
    service = no_second_wall.lane
    async with service.database.transaction("desk") as session:
        await session.execute(
            text(
                "INSERT INTO equipment (customer_id, serial_number, product_number, warranty_start,"
                " warranty_end) VALUES ('C0002', 'JPGHOST001', 'JL354A', '2026-01-01',"
                " '2027-12-31') ON CONFLICT DO NOTHING"
            )
        )
    body = {"items": [{"serial_number": "JPGHOST001"}]}
    for caller, status in ((name, "not_found"), ("other", "covered")):
        answer = await service.post("/v1/coverage-lookups", caller, json=body)
        assert answer.json()["items"][0]["status"] == status
