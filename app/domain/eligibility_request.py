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


class Candidate(NamedTuple):
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
    previous_end: date | None = None
    previous_cover: PreviousCover | None = None
    last_annual: int | None = None
    warranty_end: date | None = None
    for kind, start, end, annual in candidate.covers:
        if end is None:
            continue
        if kind == "warranty":
            if warranty_end is None or end > warranty_end:
                warranty_end = end
        elif (start is None or start < wish.start) and (previous_end is None or end > previous_end):
            contract = kind == "contract"
            previous_cover = PreviousCover.CONTRACT if contract else PreviousCover.PACKAGE
            previous_end, last_annual = end, annual
    known = candidate.lifecycle
    return FeeFacts(
        new_start=wish.start,
        term=term,
        previous_end=previous_end,
        previous_cover=previous_cover,
        never_covered=previous_end is None and bool(candidate.covers),
        warranty_end=warranty_end,
        last_annual=last_annual,
        new_annual=candidate.new_annual,
        product_class=candidate.family,
        end_of_support=None if known is None else known.end_of_support,
    )


def running_end(covers: Iterable[PastCover], today: date) -> date | None:
    """The last day of the contract or package that covers a machine today, if one does."""
    last: date | None = None
    for kind, start, end, _ in covers:
        if kind == "warranty" or end is None or end < today:
            continue
        if (start is None or start <= today) and (last is None or end > last):
            last = end
    return last


def facts_of_each(
    candidates: Iterable[Candidate], wish: WishedCover, term: Term, policies: Sequence[FeePolicy]
) -> list[MachineFacts]:
    """The facts of machines with what the fee policy in force says about each (FEE-1). The policy
    is chosen once for all machines of one level, family and previous cover.
    """
    chosen: dict[tuple[str, str | None, PreviousCover | None], FeePolicy] = {}
    found: list[MachineFacts] = []
    for candidate in candidates:
        paid = fee_facts(candidate, wish, term)
        cover = paid.previous_cover
        if cover is None and paid.warranty_end is not None:
            cover = PreviousCover.WARRANTY
        level, family = candidate.service_level, candidate.family
        policy = chosen.get((level, family, cover))
        if policy is None:
            case = PolicyCase(
                on=wish.today,
                request_kind=wish.kind.value,
                level=level,
                product_family=family,
                previous_cover=cover,
            )
            policy = chosen[level, family, cover] = choose_policy(policies, case)
        found.append(
            MachineFacts(
                service_level=level,
                lifecycle=candidate.lifecycle,
                declaration=candidate.declaration,
                fee=assess_fee(policy, paid),
                contract_end=running_end(candidate.covers, wish.today),
                system=candidate.system,
            )
        )
    return found


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
        outcome=worst((decided.outcome, *{machine.outcome for machine in every})),
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
