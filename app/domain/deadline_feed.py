"""The entries of a calendar feed of order deadlines: one for each quote, whatever its version.

A calendar program knows an entry again by its UID and takes a higher SEQUENCE for a newer state of
it (RFC 5545, RFC 5546). Both follow from the quote alone, so that every process and every reading
gives the same.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from app.domain.calendar import jst_date, jst_midnight

ENDED_ENTRY_DAYS: Final = 30
"""How long an entry stays in the feed as cancelled; a calendar that was not opened in that time
drops it with the feed.
"""

_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DeadlineFacts:
    """The newest version of a quote that was ever issued; `changed_at` is when its state or dates
    changed last.
    """

    quote_number: str
    version: int
    state: str
    effective_limit: date
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An all-day entry on the effective limit. `end` is the day after it: the end of an all-day
    entry is exclusive.
    """

    uid: str
    sequence: int
    cancelled: bool
    day: date
    end: date
    changed_at: datetime


def feed_entry(facts: DeadlineFacts, now: datetime) -> FeedEntry:
    """Return the entry of a quote as it stands at an aware instant (DL-5, DL-8).

    A version that nobody can order any more (ordered, declined, withdrawn, lapsed, or past its
    limit) cancels the entry; the next version brings it back on its own day. The sequence counts
    two steps for each version, its issue and its end, so each change has a higher one.
    """
    # Past the limit is the same as lapsed; the background job only writes it down.
    limit_passed = facts.effective_limit < jst_date(now)
    cancelled = facts.state != "issued" or limit_passed
    changed_at = facts.changed_at
    if limit_passed and facts.state == "issued":
        changed_at = max(changed_at, jst_midnight(facts.effective_limit + _ONE_DAY))
    return FeedEntry(
        uid=f"{facts.quote_number}@order-deadlines.renewal-desk",
        sequence=2 * (facts.version - 1) + cancelled,
        cancelled=cancelled,
        day=facts.effective_limit,
        end=facts.effective_limit + _ONE_DAY,
        changed_at=changed_at.astimezone(UTC).replace(microsecond=0),
    )


def is_in_feed(entry: FeedEntry, now: datetime) -> bool:
    """Tell whether an entry is still shown: an open one is, a cancelled one for 30 days."""
    return not entry.cancelled or now - entry.changed_at < timedelta(days=ENDED_ENTRY_DAYS)
