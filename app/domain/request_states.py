"""The states of a quote request, and what may be done in each: one table, nothing else.

A request that was rejected, cancelled or redirected has ended. One that was quoted goes on as its
quote, which may get further versions.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from app.domain.errors import WrongState


class RequestState(StrEnum):
    """Where a quote request stands."""

    RECEIVED = "received"
    NEEDS_INFORMATION = "needs_information"
    IN_PROGRESS = "in_progress"
    QUOTED = "quoted"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    REDIRECTED = "redirected"


class RequestAction(StrEnum):
    """What is done with a quote request.

    `ask` wants something of the requester, `inform` is the requester's answer; `start` is somebody
    at the desk who takes it up, `draft` and `quote` are a quote that is drafted from it and issued.
    """

    ASK = "ask"
    INFORM = "inform"
    START = "start"
    DRAFT = "draft"
    QUOTE = "quote"
    REJECT = "reject"
    REDIRECT = "redirect"
    CANCEL = "cancel"


OPEN_STATES: Final = (
    RequestState.RECEIVED,
    RequestState.NEEDS_INFORMATION,
    RequestState.IN_PROGRESS,
)
"""The states in which somebody still has to do something before there is a quote."""

_ENDINGS: Final = {
    RequestAction.REJECT: RequestState.REJECTED,
    RequestAction.REDIRECT: RequestState.REDIRECTED,
    RequestAction.CANCEL: RequestState.CANCELLED,
}
TRANSITIONS: Final[Mapping[tuple[RequestState, RequestAction], RequestState]] = {
    (RequestState.RECEIVED, RequestAction.ASK): RequestState.NEEDS_INFORMATION,
    (RequestState.RECEIVED, RequestAction.START): RequestState.IN_PROGRESS,
    (RequestState.RECEIVED, RequestAction.DRAFT): RequestState.IN_PROGRESS,
    (RequestState.NEEDS_INFORMATION, RequestAction.ASK): RequestState.NEEDS_INFORMATION,
    (RequestState.NEEDS_INFORMATION, RequestAction.INFORM): RequestState.RECEIVED,
    (RequestState.IN_PROGRESS, RequestAction.ASK): RequestState.NEEDS_INFORMATION,
    (RequestState.IN_PROGRESS, RequestAction.DRAFT): RequestState.IN_PROGRESS,
    (RequestState.IN_PROGRESS, RequestAction.QUOTE): RequestState.QUOTED,
    # A later version, or one more of the quotes that a request was split into (QUO-6).
    (RequestState.QUOTED, RequestAction.DRAFT): RequestState.QUOTED,
    (RequestState.QUOTED, RequestAction.QUOTE): RequestState.QUOTED,
    **{(state, action): end for state in OPEN_STATES for action, end in _ENDINGS.items()},
}


def next_request_state(state: RequestState, action: RequestAction) -> RequestState:
    """Return the state after an action. Raises WrongState with the state named, where the state
    does not allow the action.
    """
    after = TRANSITIONS.get((state, action))
    if after is None:
        raise WrongState(facts={"state": state.value, "action": action.value})
    return after
