"""Many machines in one request: what is alike is decided once, and each gets its own answer.

The tables of histories were seen to fail when the other of two covers was taken, when cover that
begins on the wished day counted as past, and when a warranty took the place of a contract; the
whole request when an undecided machine did not count.
"""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from app.domain.eligibility import decide_eligibility, decide_machine
from app.domain.eligibility_facts import (
    Declaration,
    EligibilitySettings,
    MachineFacts,
    OperatingState,
    WishedCover,
)
from app.domain.eligibility_request import (
    Candidate,
    PastCover,
    decide_request,
    facts_of_each,
    fee_facts,
    running_end,
    undecided,
)
from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.fee_facts import FeeFacts, Term
from app.domain.fee_policy import (
    DEFAULT_POLICY,
    AppliesTo,
    FeeOutcome,
    FeePolicy,
    GapMode,
    GapRule,
    InspectionRule,
    PreviousCover,
    Tier,
)
from app.domain.fees import assess_fee
from app.domain.findings import Finding, Outcome

TODAY = date(2026, 11, 25)
START = date(2027, 1, 1)
END = date(2027, 12, 31)
DAY = timedelta(days=1)
CHARGED = Tier(outcome=FeeOutcome.FEE, gap=GapRule(mode=GapMode.CHARGE))
POLICIES = [
    FeePolicy("for-all", tiers=(CHARGED,)),
    FeePolicy(
        "for-storage",
        applies_to=AppliesTo(product_family=frozenset({"storage"})),
        tiers=(Tier(outcome=FeeOutcome.FORBIDDEN),),
    ),
    FeePolicy(
        "for-a-level",
        applies_to=AppliesTo(level=frozenset({"proactive_care_24x7"})),
        tiers=(Tier(outcome=FeeOutcome.INSPECTION, inspection=InspectionRule(required=True)),),
    ),
    FeePolicy(
        "after-packages",
        previous_cover=frozenset({PreviousCover.PACKAGE}),
        effective_from=date(2026, 1, 1),
        tiers=(Tier(outcome=FeeOutcome.NONE, waiting_days=30),),
    ),
]
DECLARATIONS = [
    None,
    Declaration(OperatingState.WORKING, "Sato", TODAY),
    Declaration(OperatingState.NOT_WORKING, "Sato", TODAY),
]
LIFECYCLES = [
    None,
    Lifecycle(),
    Lifecycle(end_of_support=END + DAY),
    Lifecycle(end_of_support=END - DAY),
    Lifecycle(last_new_enrollment=TODAY, end_of_support=END + DAY),
]
COVERS = [
    (),
    (PastCover("warranty", None, TODAY - 9 * DAY, None),),
    *(
        (PastCover(kind, date(2024, 1, 1), end, price),)
        for kind, end, price in product(
            ["contract", "package"], [TODAY - 100 * DAY, START], [None, 365_000]
        )
    ),
]
CANDIDATES = [
    Candidate(level, declaration, lifecycle, family, covers, None, None)
    for level, declaration, lifecycle, family, covers in product(
        ["foundation_care_nbd", "proactive_care_24x7", "datacenter_care"],
        DECLARATIONS,
        LIFECYCLES,
        ["server", "storage"],
        COVERS,
    )
]
TERM = Term(months=12)


def facts(wish: WishedCover, candidates: list[Candidate]) -> list[MachineFacts]:
    return facts_of_each(candidates, wish, TERM, POLICIES)


def test_each_machine_gets_the_policy_that_it_would_get_alone() -> None:
    """Seen to fail when the family, the level or the cover is left out of what a policy is
    remembered by.
    """
    wish = WishedCover(RequestKind.REENROLLMENT, START, END, TODAY)
    together = facts(wish, CANDIDATES)
    assert together == [facts(wish, [candidate])[0] for candidate in CANDIDATES]
    assert {one.fee.policy_code for one in together} == {one.code for one in POLICIES}


@pytest.mark.parametrize("kind", [RequestKind.REENROLLMENT, RequestKind.UPGRADE])
@pytest.mark.parametrize("start", [TODAY, START])
def test_each_machine_is_decided_as_it_would_be_alone(kind: RequestKind, start: date) -> None:
    """Seen to fail when the level, the declaration, what the product's dates say or cover that
    still runs is left out of what makes machines alike.
    """
    wish = WishedCover(kind, start, END, TODAY)
    machines = facts(wish, CANDIDATES)
    together = decide_eligibility(wish, machines, EligibilitySettings())
    alone = [decide_machine(wish, machine) for machine in machines]
    assert list(together.machines) == alone
    assert len({one.outcome for one in alone}) >= (1 if start == TODAY else 4)


WARRANTY = PastCover("warranty", date(2020, 1, 1), date(2023, 1, 31), None)
OLD_PACKAGE = PastCover("package", date(2023, 2, 1), date(2025, 1, 31), 200_000)
CONTRACT = PastCover("contract", date(2025, 2, 1), date(2026, 1, 31), 300_000)
COMING = PastCover("contract", START, END, 400_000)


@pytest.mark.parametrize(
    ("covers", "previous"),
    [
        # end, kind of cover, annual price, never covered, end of the warranty
        ((), (None, None, None, False, None)),
        ((WARRANTY,), (None, None, None, True, date(2023, 1, 31))),
        (
            (WARRANTY, WARRANTY._replace(end=date(2022, 1, 31))),
            (None, None, None, True, date(2023, 1, 31)),
        ),
        (
            (WARRANTY, WARRANTY._replace(end=date(2024, 1, 31))),
            (None, None, None, True, date(2024, 1, 31)),
        ),
        ((WARRANTY._replace(end=None), WARRANTY), (None, None, None, True, date(2023, 1, 31))),
        (
            (OLD_PACKAGE, WARRANTY),
            (date(2025, 1, 31), PreviousCover.PACKAGE, 200_000, False, date(2023, 1, 31)),
        ),
        (
            (OLD_PACKAGE, CONTRACT),
            (date(2026, 1, 31), PreviousCover.CONTRACT, 300_000, False, None),
        ),
        (
            (CONTRACT, OLD_PACKAGE),
            (date(2026, 1, 31), PreviousCover.CONTRACT, 300_000, False, None),
        ),
        # Of two that ended on one day the first counts.
        (
            (CONTRACT, CONTRACT._replace(kind="package", annual_price=1)),
            (date(2026, 1, 31), PreviousCover.CONTRACT, 300_000, False, None),
        ),
        # What has no end is passed over, and what follows it is not.
        (
            (CONTRACT._replace(end=None), OLD_PACKAGE),
            (date(2025, 1, 31), PreviousCover.PACKAGE, 200_000, False, None),
        ),
        # What begins on the wished day is no past cover; the day before it is.
        ((COMING,), (None, None, None, True, None)),
        (
            (COMING._replace(start=START - DAY),),
            (END, PreviousCover.CONTRACT, 400_000, False, None),
        ),
        ((COMING._replace(start=None),), (END, PreviousCover.CONTRACT, 400_000, False, None)),
    ],
)
def test_fee_8_the_previous_cover_is_the_last_that_began_before_the_start(
    covers: tuple[PastCover, ...],
    previous: tuple[date | None, PreviousCover | None, int | None, bool, date | None],
) -> None:
    wish = WishedCover(RequestKind.REENROLLMENT, START, END, TODAY)
    known = Lifecycle(end_of_support=END + DAY)
    candidate = Candidate("any", None, known, "server", covers, 500_000, None)
    end, cover, annual, never, warranty_end = previous
    expected = FeeFacts(
        new_start=START,
        term=TERM,
        previous_end=end,
        previous_cover=cover,
        never_covered=never,
        warranty_end=warranty_end,
        last_annual=annual,
        new_annual=500_000,
        product_class="server",
        end_of_support=END + DAY,
    )
    assert fee_facts(candidate, wish, TERM) == expected
    unknown = fee_facts(candidate._replace(lifecycle=None), wish, TERM)
    assert unknown.end_of_support is None


@pytest.mark.parametrize(
    ("covers", "last"),
    [
        ((), None),
        ((PastCover("contract", None, TODAY, None),), TODAY),
        ((PastCover("contract", None, TODAY - DAY, None),), None),
        ((PastCover("contract", TODAY, END, None),), END),
        ((PastCover("contract", TODAY + DAY, END, None),), None),
        ((PastCover("package", None, END, None),), END),
        ((PastCover("warranty", None, END, None),), None),
        ((PastCover("contract", None, None, None),), None),
        # One that does not count hides none of those behind it, and the last day of all counts.
        ((PastCover("warranty", None, END, None), PastCover("contract", None, TODAY, None)), TODAY),
        ((PastCover("contract", None, TODAY, None), PastCover("package", None, END, None)), END),
        ((PastCover("package", None, END, None), PastCover("contract", None, TODAY, None)), END),
    ],
)
def test_cover_that_runs_today_is_known_by_its_last_day(
    covers: tuple[PastCover, ...], last: date | None
) -> None:
    assert running_end(covers, TODAY) == last


def test_what_is_known_of_a_machine_goes_into_its_facts() -> None:
    wish = WishedCover(RequestKind.REENROLLMENT, START, END, TODAY)
    declaration = Declaration(OperatingState.WORKING, "Sato", TODAY)
    lifecycle = Lifecycle(end_of_support=END + DAY)
    running = PastCover("contract", None, TODAY, 365_000)
    candidate = Candidate("any", declaration, lifecycle, "server", (running,), 1, "system 1")
    assert facts(wish, [candidate]) == [
        MachineFacts(
            service_level="any",
            lifecycle=lifecycle,
            declaration=declaration,
            fee=assess_fee(POLICIES[0], fee_facts(candidate, wish, TERM)),
            contract_end=TODAY,
            system="system 1",
        )
    ]


def test_a_machine_that_ran_out_of_warranty_gets_the_policy_for_that() -> None:
    policies = [
        FeePolicy("after-warranty", previous_cover=frozenset({PreviousCover.WARRANTY})),
        FeePolicy("for-others", previous_cover=frozenset({PreviousCover.CONTRACT})),
    ]
    wish = WishedCover(RequestKind.REENROLLMENT, START, END, TODAY)
    codes = [
        facts_of_each(
            [Candidate("any", None, None, None, covers, None, None)], wish, TERM, policies
        )[0].fee.policy_code
        for covers in [(WARRANTY,), (WARRANTY, CONTRACT)]
    ]
    assert codes == ["after-warranty", "for-others"]


def test_a_policy_for_one_kind_of_request_is_for_that_kind_only() -> None:
    upgrade = AppliesTo(request_kind=frozenset({RequestKind.UPGRADE.value}))
    policies = [FeePolicy("for-upgrades", applies_to=upgrade)]
    candidate = Candidate("any", None, None, None, (CONTRACT,), None, None)
    for kind, code in [
        (RequestKind.UPGRADE, "for-upgrades"),
        (RequestKind.REENROLLMENT, DEFAULT_POLICY.code),
    ]:
        wish = WishedCover(kind, START, END, TODAY)
        assert facts_of_each([candidate], wish, TERM, policies)[0].fee.policy_code == code


def test_elg_5_a_machine_that_nobody_could_identify_stands_in_its_place_and_counts() -> None:
    wish = WishedCover(RequestKind.REENROLLMENT, START, END, TODAY)
    working = Declaration(OperatingState.WORKING, "Sato", TODAY)
    good, refused = facts(
        wish,
        [
            Candidate(
                "foundation_care_nbd",
                declaration,
                Lifecycle(end_of_support=END + DAY),
                "server",
                (PastCover("contract", date(2024, 1, 1), TODAY, 365_000),),
                365_000,
                None,
            )
            for declaration in [working, Declaration(OperatingState.NOT_WORKING, "Sato", TODAY)]
        ],
    )
    unknown = undecided("unknown_machine", wish, TERM)
    settings = EligibilitySettings()
    alone = decide_eligibility(wish, [good], settings)
    assert alone.outcome < Outcome.NEEDS_REVIEW

    whole = decide_request(wish, [unknown, good, unknown], settings)
    assert whole.machines == (unknown, alone.machines[0], unknown)
    assert whole.outcome is Outcome.NEEDS_REVIEW
    assert (whole.fee, whole.valid_until, whole.rules) == (
        alone.fee,
        alone.valid_until,
        alone.rules,
    )
    assert decide_request(wish, [good], settings) == alone
    short = EligibilitySettings(valid_days=3)
    assert decide_request(wish, [good], short).valid_until == TODAY + 3 * DAY < alone.valid_until
    assert decide_request(wish, [unknown, refused], settings).outcome is Outcome.NOT_ELIGIBLE
    too_early = replace(wish, start=TODAY)
    assert decide_request(too_early, [unknown], settings).outcome is Outcome.NOT_ELIGIBLE


def test_req_1_a_machine_that_nobody_could_identify_goes_to_a_person_without_an_amount() -> None:
    wish = WishedCover(RequestKind.REENROLLMENT, START, END, TODAY)
    result = undecided("unknown_machine", wish, TERM)
    assert result.outcome is Outcome.NEEDS_REVIEW
    assert result.reasons == (Finding("unknown_machine", "REQ-1", Outcome.NEEDS_REVIEW),)
    assert (result.conditions, result.alternatives) == ((), ())
    assert result.rules == ("REQ-1",)
    assert (result.fee.policy_code, result.fee.outcome) == (
        DEFAULT_POLICY.code,
        FeeOutcome.MANUAL,
    )
    assert result.fee.amount is None
    assert result.fee == assess_fee(DEFAULT_POLICY, FeeFacts(new_start=START, term=TERM))
