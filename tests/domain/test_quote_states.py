"""The states of a quote's version (QUO-1)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import WrongState
from app.domain.quote_states import (
    TERMINAL,
    VersionAction,
    VersionState,
    effective_state,
    next_version_state,
)

LIMIT = date(2027, 3, 31)
ALLOWED = {
    ("draft", "amend"): "draft",
    ("draft", "issue"): "issued",
    ("draft", "withdraw"): "withdrawn",
    ("issued", "order"): "ordered",
    ("issued", "decline"): "declined",
    ("issued", "supersede"): "superseded",
    ("issued", "lapse"): "lapsed",
    ("issued", "withdraw"): "withdrawn",
}


@pytest.mark.parametrize("state", VersionState)
@pytest.mark.parametrize("action", VersionAction)
def test_quo_1_every_pair_of_state_and_action(state: VersionState, action: VersionAction) -> None:
    wanted = ALLOWED.get((state.value, action.value))
    if wanted is not None:
        assert next_version_state(state, action) == wanted
        return
    with pytest.raises(WrongState) as refused:
        next_version_state(state, action)
    assert refused.value.facts == {"state": state.value}
    assert refused.value.rules == ("QUO-1",)


@given(st.lists(st.sampled_from(VersionAction), max_size=12))
def test_quo_1_a_terminal_state_is_never_left(actions: list[VersionAction]) -> None:
    state, ended = VersionState.DRAFT, None
    for action in actions:
        try:
            state = next_version_state(state, action)
        except WrongState:
            continue
        assert ended is None
        ended = state if state in TERMINAL else None


@pytest.mark.parametrize(("days", "state"), [(-1, "issued"), (0, "issued"), (1, "lapsed")])
def test_quo_1_an_issued_version_lapses_the_day_after_its_limit(days: int, state: str) -> None:
    today = LIMIT + timedelta(days=days)
    assert effective_state(VersionState.ISSUED, LIMIT, today) == state


@given(st.sampled_from(VersionState), st.dates(), st.none() | st.dates())
def test_quo_1_time_changes_issued_versions_only(
    state: VersionState, today: date, limit: date | None
) -> None:
    shown = effective_state(state, limit, today)
    assert shown is state or (state is VersionState.ISSUED and shown is VersionState.LAPSED)
    if limit is None or today <= limit:
        assert shown is state
