"""The shared side of the rate limits: leases from callers' allowances, in one table.

A lease is one statement and a transaction of its own, so a request that is refused or undone has
counted all the same. It needs no other: whoever asks at once for one caller waits for the row.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    DateTime,
    Double,
    Integer,
    LargeBinary,
    bindparam,
    case,
    delete,
    extract,
    func,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.contexts import compiled
from app.db.engine import Database, connector
from app.db.pool import Pool
from app.db.tables import rate_limit
from app.domain.rate_limits import Policy
from app.settings import DatabaseSettings

# Requests wait for these connections only when they have no lease; more would not be faster.
CONNECTIONS = 2
WAIT_SECONDS = 1.0


class Lease(NamedTuple):
    """What was granted (0 units: nothing), and how much of the allowance is spent at an instant."""

    units: int
    spent: float
    at: float


_BURST = bindparam("burst", type_=Double)
_NOW = bindparam("now", type_=DateTime(timezone=True))
_WANTED = bindparam("wanted", type_=Integer)
# GCRA counted in units: what was spent before drains evenly, and a lease must fit above the rest.
_ELAPSED = func.greatest(0.0, extract("epoch", _NOW - rate_limit.c.at).cast(Double))
_SPENT = func.greatest(
    0.0, rate_limit.c.spent - bindparam("rate", type_=Double) * _ELAPSED, type_=Double
)
# Sums of fractions: a unit that is there but for this much is there.
_FREE = func.floor(_BURST - _SPENT + 1e-6, type_=Double).cast(Integer)
_ENOUGH = bindparam("needed", type_=Integer) <= _FREE
_GRANTED = case((_ENOUGH, func.least(_WANTED, _FREE)), else_=0)
_LEASE = compiled(
    insert(rate_limit)
    .values(
        key=bindparam("key", type_=LargeBinary),
        spent=_WANTED.cast(Double),
        at=_NOW,
        granted=_WANTED,
    )
    .on_conflict_do_update(
        index_elements=[rate_limit.c.key],
        set_={
            "spent": _SPENT + _GRANTED.cast(Double),
            # Clocks of several machines differ: time that has filled something never comes again.
            "at": func.greatest(rate_limit.c.at, _NOW),
            "granted": _GRANTED,
        },
    )
    .returning(rate_limit.c.granted, rate_limit.c.spent, rate_limit.c.at)
)


class Allowances:
    """The connections by which leases are taken. They log in as the desk: callers from outside have
    no right on the table, so whatever goes wrong in their transactions leaves the limits alone.
    """

    def __init__(self, database: Database, settings: DatabaseSettings) -> None:
        self._pool = Pool(
            connector(database.urls.desk, settings, "limits"), CONNECTIONS, WAIT_SECONDS
        )

    async def lease(
        self, key: bytes, *, needed: int, wanted: int, policy: Policy, now: datetime
    ) -> Lease:
        """Lease up to `wanted` units for a caller: at least `needed`, which is no more than the
        policy allows at once, or none.
        """
        values = {
            "key": key,
            "needed": needed,
            "wanted": min(wanted, int(policy.burst)),
            "burst": policy.burst,
            "rate": policy.rate,
            "now": now,
        }
        connection = await self._pool.take()
        try:
            row = await connection.fetchrow(_LEASE.text, *_LEASE.arguments(values))
        finally:
            self._pool.give(connection)
        return Lease(row[0], row[1], row[2].timestamp())

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()


async def purge_rate_limits(session: AsyncSession, before: datetime) -> None:
    """Delete the accounts of callers who have asked for nothing since an instant more than a minute
    ago: whoever has none has everything.
    """
    await session.execute(delete(rate_limit).where(rate_limit.c.at < before))
