"""What becomes of a quote request when it comes: received, asked back, or sent on (REQ-1, REQ-3,
REQ-7; TERM, DL-6 and EOS-4 of renewals).

Dates are Japanese calendar days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from app.domain.eligibility_facts import Eligibility
from app.domain.end_of_support import Lifecycle, RequestKind, decide_end_of_support
from app.domain.findings import Finding, Outcome, rules_of
from app.domain.periods import DEFAULT_TERM_MONTHS, Period, day_after, end_of_term
from app.domain.quote_requests import (
    Agreement,
    KnownContract,
    ProductFinding,
    WantedRequest,
    WishedPeriod,
    quantity_warnings,
)
from app.domain.request_states import RequestState
from app.domain.service_levels import HANDLED_LEVELS

# What of an eligibility check only the asker can tell.
ASKED_BACK: Final = frozenset(
    {"declaration_missing", "declaration_incomplete", "serial_ambiguous", "machine_unidentified"}
)
_PRODUCT_UNKNOWN: Final = Finding("product_unknown", "EOS-3", Outcome.NEEDS_REVIEW)


@dataclass(frozen=True, slots=True)
class RequestDecision:
    """What a request is at first: its state, what is missing, what to mind, where to go instead.

    `missing` and `warnings` are codes of `app.domain.texts`, `redirect` is one of PLACES_TO_GO.
    `contracts` are those that the request follows. `period` is None where it stays open.
    """

    state: RequestState
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    redirect: str | None = None
    contracts: tuple[KnownContract, ...] = ()
    period: Period | None = None
    products: tuple[ProductFinding, ...] = ()
    rules: tuple[str, ...] = ()


def redirected(place: str) -> RequestDecision:
    """The decision to send somebody on; no case is opened (REQ-7)."""
    return RequestDecision(RequestState.REDIRECTED, redirect=place, rules=("REQ-7",))


def contracts_to_renew(
    contracts: Sequence[KnownContract], today: date
) -> tuple[KnownContract, ...]:
    """Return the contracts that a renewal follows: those that still run or are to come, else the
    last that ended. One service id may stand on the contracts of many years.
    """
    running = [each for each in contracts if each.end >= today]
    last = max((each.end for each in contracts), default=None)
    chosen = running or [each for each in contracts if each.end == last]
    return tuple(sorted(chosen, key=lambda each: each.contract_number))


def period_of(wish: WishedPeriod, start: date) -> Period:
    """Return the wished period from its start on; 12 months where nothing else is said (TERM-2,
    TERM-3).
    """
    first = wish.start or start
    return Period(first, wish.end or end_of_term(first, wish.term_months or DEFAULT_TERM_MONTHS))


def decide_renewal(wanted: WantedRequest, agreement: Agreement, today: date) -> RequestDecision:
    """Return what becomes of a renewal (REQ-1, REQ-5, REQ-7, TERM-1, TERM-3, DL-6)."""
    rules: tuple[str, ...] = ("REQ-1", "REQ-5")
    warnings = (*agreement.warnings, *quantity_warnings(wanted.identification.configuration))
    if agreement.missing:
        return RequestDecision(
            RequestState.NEEDS_INFORMATION, agreement.missing, warnings, rules=rules
        )
    if all(each.kind != "contract" for each in agreement.contracts):
        # Packages are sold outright by dealers; this desk never sells them.
        return replace(redirected("packages"), rules=("REQ-1", "REQ-7"))
    own = [each for each in agreement.contracts if each.kind == "contract"]
    contracts = contracts_to_renew(own, today)
    ends = {each.end for each in contracts}
    levels = {each.service_level for each in contracts}
    if wanted.service_level is not None:
        levels = {wanted.service_level}
    if levels - HANDLED_LEVELS:
        warnings = (*warnings, "level_needs_person")
    if any(day_after(end) <= today for end in ends):
        warnings, rules = (*warnings, "reenrollment_needed"), (*rules, "DL-6")
    period, of_period = _period_of_renewal(wanted.period, ends)
    backwards = period is not None and period.end < period.start
    return RequestDecision(
        state=RequestState.NEEDS_INFORMATION if backwards else RequestState.RECEIVED,
        missing=("end_before_start",) if backwards else (),
        warnings=(*warnings, *of_period),
        contracts=contracts,
        period=None if backwards else period,
        rules=(*rules, "TERM-1", "TERM-2", "TERM-3"),
    )


def _period_of_renewal(
    wish: WishedPeriod, ends: set[date]
) -> tuple[Period | None, tuple[str, ...]]:
    if len(ends) != 1:
        # Contracts that end on different days have no common first day to guess.
        if wish.start is None:
            return None, ("period_open",)
        return period_of(wish, wish.start), ()
    seamless = day_after(ends.pop())
    period = period_of(wish, seamless)
    if period.start > seamless:
        return period, ("start_leaves_gap",)
    return period, ("start_overlaps",) if period.start < seamless else ()


def with_products(
    decision: RequestDecision,
    products: Mapping[str, Lifecycle | None],
    *,
    covers_last_day: bool = True,
) -> RequestDecision:
    """Return the decision with what the dates of its products say against its period (EOS-1 to
    EOS-4). A product that is not in the catalogue is for a person.
    """
    if decision.period is None:
        return decision
    found = []
    for number, lifecycle in sorted(products.items()):
        if lifecycle is None:
            found.append(ProductFinding(number, (_PRODUCT_UNKNOWN,)))
            continue
        support = decide_end_of_support(
            RequestKind.RENEWAL,
            decision.period.start,
            decision.period.end,
            lifecycle,
            covers_last_day=covers_last_day,
        )
        if support.findings:
            found.append(ProductFinding(number, support.findings, support.alternatives))
    return replace(
        decision,
        products=tuple(found),
        rules=rules_of(decision.rules, ("EOS-1", "EOS-2", "EOS-3", "EOS-4")),
    )


def decide_enrollment(
    wanted: WantedRequest,
    agreement: Agreement | None,
    period: Period,
    decision: Eligibility,
    products: Sequence[str | None],
) -> RequestDecision:
    """Return what becomes of a re-enrollment, new enrollment or upgrade, after its eligibility
    check (REQ-3). `products` are the product numbers of the check's machines, in their order.

    What only the asker can tell is asked back; everything else is for the desk to read in the
    check, which never refuses a request by itself.
    """
    reasons = [each for machine in decision.machines for each in machine.reasons]
    missing = [each.code for each in reasons if each.code in ASKED_BACK]
    if agreement is not None:
        missing = [*agreement.missing, *missing]
    findings: dict[str, ProductFinding] = {}
    for number, machine in zip(products, decision.machines, strict=True):
        found = tuple(each for each in machine.reasons if each.rule.startswith("EOS"))
        if number is not None and found:
            ways = tuple(each for each in machine.alternatives if each.rule.startswith("EOS"))
            findings[number] = ProductFinding(number, found, ways)
    warnings = [each.code for each in decision.reasons]
    warnings += [each.code for each in reasons if each.code not in ASKED_BACK]
    warnings += [*decision.warnings, *quantity_warnings(wanted.items)]
    return RequestDecision(
        state=RequestState.NEEDS_INFORMATION if missing else RequestState.RECEIVED,
        missing=tuple(dict.fromkeys(missing)),
        warnings=tuple(dict.fromkeys(warnings)),
        contracts=() if agreement is None else tuple(sorted(agreement.contracts)),
        period=period,
        products=tuple(findings.values()),
        rules=rules_of(("REQ-3", "REQ-4", "REQ-5"), decision.rules),
    )
