"""Many machines in one request: what is alike is decided once, and each gets its own answer."""

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
from app.domain.eligibility_request import Candidate, PastCover, facts_of_each
from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.fee_facts import Term
from app.domain.fee_policy import (
    AppliesTo,
    FeeOutcome,
    FeePolicy,
    GapMode,
    GapRule,
    InspectionRule,
    PreviousCover,
    Tier,
)

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
