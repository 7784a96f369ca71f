"""Fee policies in the database: versions are added and never changed."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import fee_policy
from app.domain.errors import NotFound

# Whoever adds a policy holds this lock until the commit, so that two that overlap cannot both pass.
POLICY_LOCK = 7_201_502
MOST_POLICIES = 1000


class PolicyRow(NamedTuple):
    """One version of a policy, as it was written."""

    code: str
    version: int
    effective_from: date
    effective_to: date | None
    definition: Mapping[str, Any]


_SELECT = select(
    fee_policy.c.code,
    fee_policy.c.version,
    fee_policy.c.effective_from,
    fee_policy.c.effective_to,
    fee_policy.c.definition,
).order_by(fee_policy.c.code, fee_policy.c.version)


_VERSION = (
    select(fee_policy.c.code, func.max(fee_policy.c.version).label("version"))
    .group_by(fee_policy.c.code)
    .subquery()
)
_NEWEST = _SELECT.join(
    _VERSION, (_VERSION.c.code == fee_policy.c.code) & (_VERSION.c.version == fee_policy.c.version)
).limit(MOST_POLICIES)
_DAY = bindparam("day", type_=Date)
_IN_FORCE = _NEWEST.where(
    fee_policy.c.effective_from <= _DAY, func.coalesce(fee_policy.c.effective_to, _DAY) >= _DAY
)


async def lock_policies(session: AsyncSession) -> None:
    """Let nobody else add a policy until this transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(POLICY_LOCK)))


async def policies_in_force(session: AsyncSession, on: date | None = None) -> list[PolicyRow]:
    """The newest version of each policy, those in force on a day when one is given."""
    if on is None:
        return [PolicyRow(*row) for row in await session.execute(_NEWEST)]
    return [PolicyRow(*row) for row in await session.execute(_IN_FORCE, {"day": on})]


async def list_policies(
    session: AsyncSession, *, after: tuple[str, int] | None, limit: int
) -> list[PolicyRow]:
    """At most `limit` versions after the key (code, version), in that order."""
    statement = _SELECT.limit(limit)
    if after is not None:
        statement = statement.where(tuple_(fee_policy.c.code, fee_policy.c.version) > after)
    return [PolicyRow(*row) for row in await session.execute(statement)]


async def get_policy(session: AsyncSession, code: str, version: int) -> PolicyRow:
    """One version of a policy. Raises NotFound."""
    row = (
        await session.execute(
            _SELECT.where(fee_policy.c.code == code, fee_policy.c.version == version)
        )
    ).first()
    if row is None:
        raise NotFound
    return PolicyRow(*row)


async def add_policy(
    session: AsyncSession,
    code: str,
    effective_from: date,
    effective_to: date | None,
    definition: Mapping[str, Any],
    created_by: str,
) -> int:
    """Store the next version of a policy; returns its number."""
    known = await session.scalar(
        select(func.max(fee_policy.c.version)).where(fee_policy.c.code == code)
    )
    version = (known or 0) + 1
    await session.execute(
        insert(fee_policy).values(
            code=code,
            version=version,
            effective_from=effective_from,
            effective_to=effective_to,
            definition=dict(definition),
            created_by=created_by,
        )
    )
    return version
