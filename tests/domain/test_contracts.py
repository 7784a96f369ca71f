"""Where a contract or package stands on each day, and what its customer does next.

Seen to fail when the last day counted as over, when a package's window opened a day late, and when
the warnings of a calendar that nobody confirmed were dropped.
"""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.contracts import ContractDecision, contract_status, decide_contract
from app.domain.renewals import CoverKind, renewal_quote_due

from .calendars import PLAIN, UNCONFIRMED

DAY = timedelta(days=1)
START, END = date(2026, 4, 1), date(2027, 3, 31)
# By REN-1, for the end above.
QUOTE_DUE = date(2026, 12, 28)
NBD = "foundation_care_nbd"


def decide(today: date, kind: str = "contract", level: str = NBD) -> ContractDecision:
    return decide_contract(kind, level, START, END, today=today, expiring_days=60, calendar=PLAIN)


@pytest.mark.parametrize(
    ("today", "status"),
    [
        (START - DAY, "upcoming"),
        (START, "active"),
        (END - 61 * DAY, "active"),
        (END - 60 * DAY, "expiring"),
        (END, "expiring"),
        (END + DAY, "expired"),
    ],
)
def test_term_1_both_ends_belong_to_a_contract(today: date, status: str) -> None:
    assert contract_status(START, END, today, 60) == status
    assert decide(today).status == status


@pytest.mark.parametrize(
    ("kind", "today", "action", "rules"),
    [
        ("contract", START - DAY, "wait_for_start", ()),
        ("contract", START, "wait_for_quote", ()),
        ("contract", QUOTE_DUE - DAY, "wait_for_quote", ()),
        ("contract", QUOTE_DUE, "request_renewal_quote", ("DL-1",)),
        ("contract", END, "request_renewal_quote", ("DL-1",)),
        ("contract", END + DAY, "request_reenrollment", ("DL-6",)),
        ("package", START - DAY, "wait_for_start", ()),
        ("package", END - 121 * DAY, "none", ("DL-7",)),
        ("package", END - 120 * DAY, "ask_dealer", ("DL-7",)),
        ("package", END, "ask_dealer", ("DL-7",)),
        ("package", END + DAY, "request_reenrollment", ("DL-6",)),
        ("post_warranty", END - 120 * DAY, "ask_dealer", ("DL-7",)),
    ],
)
def test_dl_1_6_7_what_to_do_next(
    kind: str, today: date, action: str, rules: tuple[str, ...]
) -> None:
    found = decide(today, kind)
    assert found.next_action == action
    quote_rule = "REN-1" if kind == "contract" else "REN-2"
    assert found.rules == ("TERM-1", "TERM-4", quote_rule, "CAL-4", *rules)
    assert found.renewal_quote_due == QUOTE_DUE
    assert found.warnings == (() if kind == "contract" else ("best_effort_notice",))


def test_dl_1_a_contract_that_runs_out_before_its_quote_is_due_asks_for_one_now() -> None:
    """Where cover is called expiring earlier than the quote is due, by the setting."""
    early = decide_contract(
        "contract", NBD, START, END, today=END - 99 * DAY, expiring_days=99, calendar=PLAIN
    )
    assert END - 99 * DAY < QUOTE_DUE
    assert (early.status, early.next_action) == ("expiring", "request_renewal_quote")


@pytest.mark.parametrize(
    ("kind", "today", "action"),
    [
        ("contract", START - DAY, "wait_for_start"),
        ("contract", START, "contact_desk"),
        ("contract", END, "contact_desk"),
        ("contract", END + DAY, "contact_desk"),
        ("package", END - 121 * DAY, "none"),
        ("package", END, "ask_dealer"),
        ("package", END + DAY, "contact_desk"),
    ],
)
def test_a_level_that_the_desk_does_not_handle_goes_to_a_person(
    kind: str, today: date, action: str
) -> None:
    found = decide(today, kind, "datacenter_care")
    assert found.next_action == action
    promised = () if kind == "contract" else ("best_effort_notice",)
    assert found.warnings == ("service_level_unrouted", *promised)


def test_cal_3_a_quote_day_in_an_unconfirmed_year_warns() -> None:
    """The calendar of the year after was not confirmed."""
    for kind, before in [("contract", ()), ("package", ("best_effort_notice",))]:
        found = decide_contract(
            kind, NBD, START, END, today=START, expiring_days=60, calendar=UNCONFIRMED
        )
        assert found.warnings == (*before, "calendar_unconfirmed")


@given(
    st.dates(date(2024, 1, 1), date(2028, 1, 1)),
    st.integers(1, 800),
    st.integers(-900, 900),
    st.integers(0, 120),
)
def test_term_1_a_contract_goes_from_one_status_to_the_next(
    start: date, length: int, passed: int, expiring_days: int
) -> None:
    end = start + length * DAY
    order = ["upcoming", "active", "expiring", "expired"]
    today = start + passed * DAY
    now = contract_status(start, end, today, expiring_days)
    assert order.index(now) <= order.index(contract_status(start, end, today + DAY, expiring_days))
    assert (now in {"active", "expiring"}) is (start <= today <= end)
    found = decide_contract(
        "contract", NBD, start, end, today=today, expiring_days=expiring_days, calendar=PLAIN
    )
    assert found.renewal_quote_due == renewal_quote_due(end, CoverKind.CONTRACT, PLAIN).due
