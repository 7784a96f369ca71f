"""From a machine's history to the facts that eligibility and fee are decided from (ELG, FEE).

Dates are Japanese calendar days, prices yen a year without tax.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from app.domain.eligibility import decide_eligibility
from app.domain.eligibility_facts import (
    Declaration,
    Eligibility,
    EligibilitySettings,
    MachineEligibility,
    MachineFacts,
    WishedCover,
)
from app.domain.end_of_support import Lifecycle
from app.domain.fee_facts import FeeFacts, Term
from app.domain.fee_policy import (
    DEFAULT_POLICY,
    FeePolicy,
    PolicyCase,
    PreviousCover,
    choose_policy,
)
from app.domain.fees import assess_fee
from app.domain.findings import Finding, Outcome, worst


class PastCover(NamedTuple):
    """One period of cover in a machine's history; `annual_price` is its line's, if known."""

    kind: str
    start: date | None
    end: date | None
    annual_price: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A machine of the request with everything known of it.

    `lifecycle` is None where the product is not in the catalogue; `new_annual` where no price list
    names the level on the start day.
    """

    service_level: str
    declaration: Declaration | None
    lifecycle: Lifecycle | None
    family: str | None
    covers: tuple[PastCover, ...]
    new_annual: int | None
    system: str | None


def fee_facts(candidate: Candidate, wish: WishedCover, term: Term) -> FeeFacts:
    """The facts of the fee: the last contract or package that began before the wished start, else
    the warranty (FEE-8).
    """
    before = [
        cover
        for cover in candidate.covers
        if cover.end is not None
        and cover.kind != "warranty"
        and (cover.start is None or cover.start < wish.start)
    ]
    last = max(before, key=lambda cover: cover.end or date.min, default=None)
    warranties = [
        cover.end
        for cover in candidate.covers
        if cover.kind == "warranty" and cover.end is not None
    ]
    known = candidate.lifecycle
    facts = FeeFacts(
        new_start=wish.start,
        term=term,
        never_covered=last is None and bool(candidate.covers),
        warranty_end=max(warranties, default=None),
        new_annual=candidate.new_annual,
        product_class=candidate.family,
        end_of_support=None if known is None else known.end_of_support,
    )
    if last is None:
        return facts
    return replace(
        facts,
        previous_end=last.end,
        previous_cover=PreviousCover.CONTRACT if last.kind == "contract" else PreviousCover.PACKAGE,
        last_annual=last.annual_price,
    )


def running_end(covers: Iterable[PastCover], today: date) -> date | None:
    """The last day of the contract or package that covers a machine today, if one does."""
    return max(
        (
            cover.end
            for cover in covers
            if cover.kind != "warranty"
            and cover.end is not None
            and cover.end >= today
            and (cover.start is None or cover.start <= today)
        ),
        default=None,
    )


def facts_of(
    candidate: Candidate, wish: WishedCover, term: Term, policies: Sequence[FeePolicy]
) -> MachineFacts:
    """The facts of one machine with what the fee policy in force says about it (FEE-1)."""
    paid = fee_facts(candidate, wish, term)
    cover = paid.previous_cover
    if cover is None and paid.warranty_end is not None:
        cover = PreviousCover.WARRANTY
    policy = choose_policy(
        policies,
        PolicyCase(
            on=wish.today,
            request_kind=wish.kind.value,
            product_kind=None,
            level=candidate.service_level,
            product_family=candidate.family,
            previous_cover=cover,
        ),
    )
    return MachineFacts(
        service_level=candidate.service_level,
        lifecycle=candidate.lifecycle,
        declaration=candidate.declaration,
        fee=assess_fee(policy, paid),
        contract_end=running_end(candidate.covers, wish.today),
        system=candidate.system,
    )


def undecided(code: str, wish: WishedCover, term: Term) -> MachineEligibility:
    """The result of a machine that could not be identified: a person reads it (REQ-1)."""
    return MachineEligibility(
        outcome=Outcome.NEEDS_REVIEW,
        reasons=(Finding(code, "REQ-1", Outcome.NEEDS_REVIEW),),
        conditions=(),
        alternatives=(),
        fee=assess_fee(DEFAULT_POLICY, FeeFacts(new_start=wish.start, term=term)),
        rules=("REQ-1",),
    )


def decide_request(
    wish: WishedCover,
    machines: Sequence[MachineFacts | MachineEligibility],
    settings: EligibilitySettings,
) -> Eligibility:
    """Decide a whole request. Machines that could not be identified stand in it as undecided, in
    their places, and the whole is the worst of all (ELG-5).
    """
    decided = decide_eligibility(
        wish, [machine for machine in machines if isinstance(machine, MachineFacts)], settings
    )
    results = iter(decided.machines)
    every = tuple(
        next(results) if isinstance(machine, MachineFacts) else machine for machine in machines
    )
    return replace(
        decided,
        machines=every,
        outcome=worst((decided.outcome, *(machine.outcome for machine in every))),
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """A decided request: whose it is, what each machine was taken for (serial and product number),
    the products to choose from where that is open, and the decision.
    """

    customer_id: str
    identities: tuple[tuple[str | None, str | None], ...]
    candidates: tuple[tuple[str, ...], ...]
    decision: Eligibility
