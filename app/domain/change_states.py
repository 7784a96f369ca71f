"""The states of a change request, and what may be done in each: one table, nothing else.

A change of the contact alone is applied when it comes. One that only a person can settle (after the
order, without an open quote) is referred; the others wait for the desk's answer (REQ-2, REQ-6).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from app.domain.errors import WrongState


class ChangeState(StrEnum):
    """Where a change request stands; all but the first two are terminal."""

    RECEIVED = "received"
    REFERRED = "referred"
    APPLIED = "applied"
    ANSWERED = "answered"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class ChangeAction(StrEnum):
    """What can be done to a change request: the desk answers it with a version of the quote or
    rejects it with a reason; the requester takes it back.
    """

    ANSWER = "answer"
    REJECT = "reject"
    CANCEL = "cancel"


OPEN_STATES: Final = frozenset({ChangeState.RECEIVED, ChangeState.REFERRED})

_ENDINGS: Final = {
    ChangeAction.ANSWER: ChangeState.ANSWERED,
    ChangeAction.REJECT: ChangeState.REJECTED,
    ChangeAction.CANCEL: ChangeState.CANCELLED,
}
# An open change may end in each of the three ways, an ended one is left as it is.
_NEXT: Final[Mapping[tuple[ChangeState, ChangeAction], ChangeState]] = {
    (state, action): end for state in OPEN_STATES for action, end in _ENDINGS.items()
}


def next_change_state(state: ChangeState, action: ChangeAction) -> ChangeState:
    """Return the state to which an action leads.

    Raises WrongState, which names the present state, where the action is not possible (REQ-2).
    """
    found = _NEXT.get((state, action))
    if found is None:
        raise WrongState(facts={"state": state.value}, rules=("REQ-2",))
    return found
