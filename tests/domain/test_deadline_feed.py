"""The entries of the deadline feed (DL-5, DL-8)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.deadline_feed import DeadlineFacts, feed_entry, is_in_feed

ISSUED_AT = datetime(2026, 11, 20, 3, 0, 0, 123456, tzinfo=UTC)
NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
LIMIT = date(2027, 3, 31)


def facts(version: int, state: str, limit: date = LIMIT) -> DeadlineFacts:
    return DeadlineFacts("Q2026-0000001", version, state, limit, ISSUED_AT)


def test_dl_8_an_entry_is_one_day_whose_end_is_exclusive() -> None:
    entry = feed_entry(facts(1, "issued"), NOW)
    assert entry.uid == "Q2026-0000001@order-deadlines.renewal-desk"
    assert (entry.day, entry.end) == (LIMIT, date(2027, 4, 1))
    assert (entry.sequence, entry.cancelled) == (0, False)
    assert entry.changed_at == datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    assert entry.changed_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("version", "state", "sequence", "cancelled"),
    [
        (1, "issued", 0, False),
        (1, "ordered", 1, True),
        (1, "declined", 1, True),
        (1, "withdrawn", 1, True),
        (1, "lapsed", 1, True),
        (1, "superseded", 1, True),
        (2, "issued", 2, False),
        (2, "lapsed", 3, True),
    ],
)
def test_dl_8_each_step_of_a_quote_has_a_higher_sequence(
    version: int, state: str, sequence: int, cancelled: bool
) -> None:
    entry = feed_entry(facts(version, state), NOW)
    assert (entry.sequence, entry.cancelled) == (sequence, cancelled)


def test_dl_3_the_limit_itself_is_open_until_midnight_in_japan() -> None:
    last = datetime(2027, 3, 31, 14, 59, 59, tzinfo=UTC)
    assert not feed_entry(facts(1, "issued"), last).cancelled
    over = feed_entry(facts(1, "issued"), last + timedelta(seconds=1))
    assert (over.cancelled, over.sequence) == (True, 1)
    assert over.changed_at == datetime(2027, 3, 31, 15, 0, tzinfo=UTC)


def test_dl_8_a_cancelled_entry_leaves_after_thirty_days() -> None:
    entry = feed_entry(facts(1, "withdrawn"), NOW)
    assert is_in_feed(entry, entry.changed_at + timedelta(days=30) - timedelta(seconds=1))
    assert not is_in_feed(entry, entry.changed_at + timedelta(days=30))
    assert is_in_feed(feed_entry(facts(1, "issued"), NOW), NOW)


STATES = st.sampled_from(["ordered", "declined", "withdrawn", "lapsed"])
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(
    lambda since: datetime(2026, 1, 1, tzinfo=UTC) + since
)


@given(st.integers(1, 50), STATES, st.dates(date(2026, 1, 1), date(2028, 1, 1)), INSTANTS)
def test_dl_8_an_entry_keeps_its_uid_and_counts_up_through_a_quotes_life(
    version: int, end: str, limit: date, now: datetime
) -> None:
    life = [
        feed_entry(facts(version, "issued", limit), now),
        feed_entry(facts(version, end, limit), now),
        feed_entry(facts(version + 1, "issued", limit + timedelta(days=9)), now),
    ]
    assert len({entry.uid for entry in life}) == 1
    # Nothing changes between an issued version past its limit and a lapsed one.
    assert life[0].sequence <= life[1].sequence < life[2].sequence
    assert (life[0].sequence == life[1].sequence) == life[0].cancelled
    assert all(entry.end - entry.day == timedelta(days=1) for entry in life)


@given(st.dates(date(2026, 1, 1), date(2028, 1, 1)), INSTANTS, st.timedeltas(timedelta(0)))
def test_dl_8_an_entry_is_never_older_than_before(
    limit: date, now: datetime, later: timedelta
) -> None:
    later = min(later, timedelta(days=400))
    before = feed_entry(facts(1, "issued", limit), now)
    after = feed_entry(facts(1, "issued", limit), now + later)
    assert (before.sequence, before.changed_at) <= (after.sequence, after.changed_at)
