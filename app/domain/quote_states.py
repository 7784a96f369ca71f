"""States of a quote's version, and which action leads from one to the next (QUO-1)."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from app.domain.errors import WrongState


class VersionState(StrEnum):
    """Where a version of a quote stands; all but the first two are terminal (QUO-1)."""

    DRAFT = "draft"
    ISSUED = "issued"
    ORDERED = "ordered"
    DECLINED = "declined"
    SUPERSEDED = "superseded"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class VersionAction(StrEnum):
    """What can be done to a version. `supersede` and `lapse` are what the service does itself, when
    the next version is issued and when the limit has passed.
    """

    AMEND = "amend"
    ISSUE = "issue"
    ORDER = "order"
    DECLINE = "decline"
    SUPERSEDE = "supersede"
    LAPSE = "lapse"
    WITHDRAW = "withdraw"


TERMINAL: Final = frozenset(VersionState) - {VersionState.DRAFT, VersionState.ISSUED}

_NEXT: Final[Mapping[tuple[VersionState, VersionAction], VersionState]] = {
    (VersionState.DRAFT, VersionAction.AMEND): VersionState.DRAFT,
    (VersionState.DRAFT, VersionAction.ISSUE): VersionState.ISSUED,
    (VersionState.DRAFT, VersionAction.WITHDRAW): VersionState.WITHDRAWN,
    (VersionState.ISSUED, VersionAction.ORDER): VersionState.ORDERED,
    (VersionState.ISSUED, VersionAction.DECLINE): VersionState.DECLINED,
    (VersionState.ISSUED, VersionAction.SUPERSEDE): VersionState.SUPERSEDED,
    (VersionState.ISSUED, VersionAction.LAPSE): VersionState.LAPSED,
    (VersionState.ISSUED, VersionAction.WITHDRAW): VersionState.WITHDRAWN,
}


def effective_state(state: VersionState, effective_limit: date | None, today: date) -> VersionState:
    """Return the state that a version has on a Japanese calendar day: an issued one past its limit
    has lapsed, whether or not anything has written that down yet (DL-3, DL-5, QUO-1).
    """
    passed = effective_limit is not None and today > effective_limit
    return VersionState.LAPSED if state is VersionState.ISSUED and passed else state


def next_version_state(state: VersionState, action: VersionAction) -> VersionState:
    """Return the state to which an action leads.

    Raises WrongState, which names the present state, where the action is not possible (QUO-1).
    """
    found = _NEXT.get((state, action))
    if found is None:
        raise WrongState(facts={"state": state.value}, rules=("QUO-1",))
    return found
