"""Coverage of a machine on a day: which product is meant, until when it is covered, what next."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.coverage import (
    Cover,
    CoverageDecision,
    MachineFacts,
    decide_coverage,
    decide_machine,
)

TODAY = date(2026, 11, 25)
DAY = timedelta(days=1)
EXPIRING_DAYS = 90
LEVEL = "foundation_care_24x7"


def cover(
    start: int | None, end: int | None, kind: str = "contract", level: str | None = LEVEL
) -> Cover:
    """A period of cover from day to day, counted from today."""
    number = None if kind == "warranty" else "JP-10"
    days = [None if at is None else TODAY + at * DAY for at in (start, end)]
    return Cover(kind, number, None if kind == "warranty" else level, *days)


def decided(covers: Sequence[Cover], support: int | None = 2000) -> CoverageDecision:
    ends = None if support is None else TODAY + support * DAY
    machine = MachineFacts("P1-B21", "Made-up", ends, covers)
    return decide_coverage(machine, today=TODAY, expiring_days=EXPIRING_DAYS)


@pytest.mark.parametrize(
    ("covers", "support", "status", "until", "action"),
    [
        # The last day counts, and so does the first.
        ([cover(-364, 0)], 2000, "expiring", 0, "request_renewal_quote"),
        ([cover(0, 364)], 2000, "covered", 364, "none"),
        ([cover(-365, -1)], 2000, "lapsed", None, "request_reenrollment"),
        ([cover(1, 365)], 2000, "never_covered", None, "wait_for_start"),
        ([cover(-365, -1), cover(1, 365)], 2000, "lapsed", None, "wait_for_start"),
        # Cover that begins the day after is unbroken; a day later it is not.
        ([cover(-364, 10), cover(11, 375)], 2000, "covered", 375, "none"),
        ([cover(-364, 10), cover(12, 376)], 2000, "expiring", 10, "request_renewal_quote"),
        # 90 days are soon, 91 are not.
        ([cover(-10, 90)], 2000, "expiring", 90, "request_renewal_quote"),
        ([cover(-10, 91)], 2000, "covered", 91, "none"),
        # What covers last decides who is asked.
        ([cover(-364, 20, "package")], 2000, "expiring", 20, "ask_dealer"),
        ([cover(-364, 20, "warranty")], 2000, "expiring", 20, "request_new_enrollment"),
        ([cover(-364, 20, level="odd")], 2000, "expiring", 20, "contact_desk"),
        (
            [cover(-364, 10, "package"), cover(11, 50)],
            2000,
            "expiring",
            50,
            "request_renewal_quote",
        ),
        ([cover(-364, 10), cover(11, 50, "package")], 2000, "expiring", 50, "ask_dealer"),
        (
            [cover(-364, 20), cover(-364, -1, "package")],
            2000,
            "expiring",
            20,
            "request_renewal_quote",
        ),
        # A warranty alone is no cover to come back to (FEE-8).
        ([cover(-900, -1, "warranty")], 2000, "never_covered", None, "request_new_enrollment"),
        ([cover(None, None, "warranty")], 2000, "never_covered", None, "request_new_enrollment"),
        # A renewal begins the day after the end, and support must end later than that (EOS-1).
        ([cover(-364, 20)], 21, "expiring", 20, "plan_replacement"),
        ([cover(-364, 20)], 22, "expiring", 20, "request_renewal_quote"),
        ([cover(-364, -1)], 1, "lapsed", None, "plan_replacement"),
        ([cover(-364, -1)], 2, "lapsed", None, "request_reenrollment"),
    ],
)
def test_term_1_status_end_and_what_next(
    covers: list[Cover], support: int, status: str, until: int | None, action: str
) -> None:
    answer = decided(covers, support)
    end = None if until is None else TODAY + until * DAY
    assert (answer.status, answer.covered_until, answer.next_action) == (status, end, action)


@pytest.mark.parametrize(
    ("covers", "support", "deadline", "rules"),
    [
        ([cover(-364, 20)], 2000, 20, ("TERM-1", "DL-1", "EOS-1")),
        ([cover(-364, 20, "package")], 2000, 20, ("TERM-1", "DL-7", "EOS-1")),
        ([cover(-364, 20)], None, 20, ("TERM-1", "DL-1", "EOS-3")),
        ([cover(-364, 20)], 21, None, ("TERM-1", "DL-1", "EOS-1")),
        ([cover(-364, -1)], 2000, None, ("TERM-1", "DL-6", "ELG-1", "EOS-1")),
        ([cover(-9, -1, "warranty")], None, None, ("TERM-1", "FEE-8", "ELG-1", "EOS-3")),
    ],
)
def test_dl_1_the_order_deadline_is_the_day_before_the_renewal_would_start(
    covers: list[Cover], support: int | None, deadline: int | None, rules: tuple[str, ...]
) -> None:
    answer = decided(covers, support)
    day = None if deadline is None else TODAY + deadline * DAY
    assert (answer.order_deadline, answer.rules) == (day, rules)


@pytest.mark.parametrize(
    ("covers", "support", "warnings"),
    [
        ([cover(-364, 20), cover(-9, -1, "warranty")], 2000, ()),
        (
            [cover(None, None, "warranty"), cover(-364, 20, level="odd")],
            None,
            ("warranty_unknown", "end_of_support_unknown", "service_level_unrouted"),
        ),
        ([cover(-364, 20)], 19, ("end_of_support_before_end",)),
        (
            [cover(None, None, "warranty"), cover(-364, 20)],
            19,
            ("warranty_unknown", "end_of_support_before_end"),
        ),
        ([cover(-364, 20)], 20, ()),
        # A level that covered once or will cover is nobody's concern today.
        ([cover(-364, -1, level="odd"), cover(5, 20, level="odd")], 2000, ()),
    ],
)
def test_what_a_reader_is_warned_of(
    covers: list[Cover], support: int | None, warnings: tuple[str, ...]
) -> None:
    assert decided(covers, support).warnings == warnings


def test_cover_is_ranked_active_future_expired() -> None:
    ranked = [
        ("active", cover(-5, 30)),
        ("active", cover(-9, 20)),
        ("active", cover(-9, 20, "warranty")),
        ("future", cover(31, 40)),
        ("future", cover(50, 60)),
        ("expired", cover(-50, -10)),
        ("expired", cover(-50, -20)),
    ]
    assert decided([item for _, item in reversed(ranked)]).covers == tuple(ranked)


@pytest.mark.parametrize("days", [(-9, 20), (5, 20), (-9, -1)])
def test_cover_of_one_period_is_ranked_by_kind_and_number(days: tuple[int, int]) -> None:
    """Seen to fail when two were too few to be sorted, and when the number did not count."""
    contracts = [cover(*days)._replace(contract_number=number) for number in ("JP-1", "JP-2")]
    package = cover(*days, "package")._replace(contract_number="JP-0")
    for ranked in (contracts, [contracts[1], package], [*contracts, package]):
        assert [each for _, each in decided(ranked[::-1]).covers] == ranked
        assert [each for _, each in decided(ranked).covers] == ranked


def test_of_future_cover_the_first_to_start_comes_first() -> None:
    later, sooner = cover(31, 40), cover(30, 90, "package")
    assert [each for _, each in decided([later, sooner]).covers] == [sooner, later]


def test_the_answer_bears_the_machine_that_was_asked_for() -> None:
    for covers in ([], [cover(-9, 20)]):
        answer = decided(covers)
        assert answer.machine == MachineFacts("P1-B21", "Made-up", TODAY + 2000 * DAY, covers)
        assert answer.candidates == ()


DAYS = st.integers(-6, 9)
PERIODS = st.lists(
    st.builds(
        lambda start, length, kind: cover(start, start + length, kind),
        DAYS,
        st.integers(0, 4),
        st.sampled_from(["contract", "package", "post_warranty", "warranty"]),
    ),
    max_size=5,
)


@given(covers=PERIODS)
def test_term_1_covered_until_is_the_last_day_of_a_walk_day_by_day(covers: list[Cover]) -> None:
    def covers_on(day: date) -> bool:
        return any(
            each.start is not None and each.end is not None and each.start <= day <= each.end
            for each in covers
        )

    last = None
    day = TODAY
    while covers_on(day):
        last = day
        day += DAY
    answer = decided(covers)
    assert answer.covered_until == last
    assert (answer.status in {"covered", "expiring"}) == (last is not None)
    assert sorted(map(repr, covers)) == sorted(repr(each) for _, each in answer.covers)


TWO = [MachineFacts("P1-B21", "One", None, []), MachineFacts("P2-B21", "Two", None, [])]


@pytest.mark.parametrize(
    ("machines", "asked", "status", "chosen", "candidates", "warnings"),
    [
        ([], None, "not_found", None, [], ()),
        ([], "P1-B21", "not_found", None, [], ()),
        (TWO, None, "ambiguous", None, TWO, ()),
        (TWO, "P3-B21", "not_found", None, TWO, ("product_mismatch",)),
        (TWO, "P2-B21", "never_covered", TWO[1], [], ("end_of_support_unknown",)),
        (TWO[:1], None, "never_covered", TWO[0], [], ("end_of_support_unknown",)),
    ],
)
def test_req_1_identifications_agree_or_the_answer_asks(
    machines: list[MachineFacts],
    asked: str | None,
    status: str,
    chosen: MachineFacts | None,
    candidates: list[MachineFacts],
    warnings: tuple[str, ...],
) -> None:
    answer = decide_machine(machines, asked, today=TODAY, expiring_days=EXPIRING_DAYS)
    assert (answer.status, answer.machine) == (status, chosen)
    assert (list(answer.candidates), answer.warnings) == (candidates, warnings)
    if chosen is None:
        action = "choose_product" if status == "ambiguous" else "check_serial"
        assert (answer.next_action, answer.rules) == (action, ("REQ-1",))
        assert (answer.covers, answer.covered_until, answer.order_deadline) == ((), None, None)


def test_a_machine_that_was_found_is_decided_on_the_day() -> None:
    machine = MachineFacts("P1-B21", "One", None, [cover(-364, 20)])
    for expiring_days in (19, 20):
        answer = decide_machine([machine], None, today=TODAY, expiring_days=expiring_days)
        assert answer == decide_coverage(machine, today=TODAY, expiring_days=expiring_days)
