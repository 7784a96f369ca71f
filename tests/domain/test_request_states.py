"""The states of a quote request: every pair of state and action."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import WrongState
from app.domain.request_states import (
    OPEN_STATES,
    RequestAction,
    RequestState,
    next_request_state,
)

# One row for each state: what it allows, and what comes of it. Everything else is refused.
ALLOWED: dict[str, dict[str, str]] = {
    "received": {
        "ask": "needs_information",
        "start": "in_progress",
        "draft": "in_progress",
        "reject": "rejected",
        "redirect": "redirected",
        "cancel": "cancelled",
    },
    "needs_information": {
        "ask": "needs_information",
        "inform": "received",
        "reject": "rejected",
        "redirect": "redirected",
        "cancel": "cancelled",
    },
    "in_progress": {
        "ask": "needs_information",
        "draft": "in_progress",
        "quote": "quoted",
        "reject": "rejected",
        "redirect": "redirected",
        "cancel": "cancelled",
    },
    "quoted": {"draft": "quoted", "quote": "quoted"},
    "rejected": {},
    "cancelled": {},
    "redirected": {},
}


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize("action", RequestAction)
def test_every_state_and_action(state: RequestState, action: RequestAction) -> None:
    expected = ALLOWED[state].get(action)
    if expected is not None:
        assert next_request_state(state, action) == expected
        return
    with pytest.raises(WrongState) as refused:
        next_request_state(state, action)
    assert refused.value.facts == {"state": state.value, "action": action.value}


@given(st.lists(st.sampled_from(RequestAction), max_size=30))
def test_what_has_ended_stays_ended(actions: list[RequestAction]) -> None:
    state, ended = RequestState.RECEIVED, False
    for action in actions:
        try:
            after = next_request_state(state, action)
        except WrongState:
            continue
        assert not ended
        state, ended = after, after in {"rejected", "cancelled", "redirected"}
    assert (state in OPEN_STATES) is (not ended and state != "quoted")
