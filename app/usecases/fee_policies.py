"""Fee policies: the desk says in data what a re-enrollment costs (FEE)."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.fee_policies import PolicyRow, add_policy, lock_policies, policies_in_force
from app.domain.errors import InvalidInput, PolicyOverlaps
from app.domain.fee_policy import FeePolicy, policies_overlap
from app.domain.fee_policy_reader import read_policy
from app.usecases.reads import Trace

_CODE = re.compile(r"[A-Za-z0-9._-]{1,40}")


def sound_policy(definition: Mapping[str, Any], at: str = "") -> FeePolicy:
    """The policy that a definition describes. Raises InvalidInput with every mistake in its place
    below the pointer `at`.
    """
    reading = read_policy(dict(definition))
    if reading.policy is None:
        raise InvalidInput(
            places=[(f"{at}{problem.pointer}", problem.code) for problem in reading.problems]
        )
    return reading.policy


async def create_policy(
    session: AsyncSession, trace: Trace, definition: Mapping[str, Any], today: date
) -> PolicyRow:
    """Store the next version of a policy; it takes the place of the earlier ones of its code.

    Raises InvalidInput for a definition with mistakes, and PolicyOverlaps when another policy is in
    force for the same cases on a common day.
    """
    policy = sound_policy(definition)
    if not policy.code:
        raise InvalidInput(places=[("/code", "required")])
    if _CODE.fullmatch(policy.code) is None:
        raise InvalidInput(places=[("/code", "wrong_shape")])
    begins = policy.effective_from or today
    if policy.effective_to is not None and policy.effective_to < begins:
        raise InvalidInput(places=[("/effective_to", "out_of_range")])
    await lock_policies(session)
    for other in await policies_in_force(session):
        known = sound_policy({**other.definition, "code": other.code})
        if other.code != policy.code and policies_overlap(known, policy):
            raise PolicyOverlaps(rules=("FEE-1",))
    kept = {name: value for name, value in definition.items() if name not in {"code", "version"}}
    kept["effective_from"] = begins.isoformat()
    version = await add_policy(
        session,
        policy.code,
        begins,
        policy.effective_to,
        kept,
        trace.caller.principal or "",
    )
    await trace.change("created", "fee_policy", f"{policy.code} {version}")
    return PolicyRow(policy.code, version, begins, policy.effective_to, kept)
