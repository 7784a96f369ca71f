"""One arranged database for the tests of who sees what, served with the lane and without it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import URL

from app.auth_keys import SigningKeys
from app.settings import Settings
from tests.api.parties import World, arrange
from tests.conftest import Service, Tokens, own_database, started


@dataclass(frozen=True)
class TwoWays:
    """The same database behind two services."""

    lane: Service
    no_lane: Service
    world: World

    def of(self, way: str) -> Service:
        """The service with the lane, or the one without it."""
        return self.lane if way == "lane" else self.no_lane


@pytest.fixture(scope="session")
async def two_ways(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> AsyncIterator[TwoWays]:
    """Parties, their objects and a canary for each customer; two services look at them."""
    name, tokens = template
    plain = replace(settings, http=replace(settings.http, lane=False))
    with own_database(server, name) as url:
        async with (
            started(url, settings, keys, tokens) as lane,
            started(url, plain, keys, tokens) as no_lane,
        ):
            yield TwoWays(lane, no_lane, await arrange(lane))


@pytest.fixture(scope="module")
async def asked(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> AsyncIterator[Service]:
    """A service of the module's own, on which what its tests store piles up."""
    name, tokens = template
    with own_database(server, name) as url:
        async with started(url, settings, keys, tokens) as running:
            yield running
