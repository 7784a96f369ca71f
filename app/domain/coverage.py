"""Whether a machine is covered on a day, until when, and what its customer should do next.

Contracts, packages and the warranty count alike. Dates are Japanese calendar days, both ends
inclusive (TERM-1).
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from app.domain.service_levels import HANDLED_LEVELS

CoverageStatus = Literal["covered", "expiring", "lapsed", "never_covered", "ambiguous", "not_found"]
CoverState = Literal["active", "future", "expired"]

_ONE_DAY = timedelta(days=1)
_FAR_PAST = date.min


class Cover(NamedTuple):
    """One period of cover of a machine. `kind` is contract, package, post_warranty or warranty; a
    warranty has no contract number and no level, and its dates may be unknown.
    """

    kind: str
    contract_number: str | None
    service_level: str | None
    start: date | None
    end: date | None


class MachineFacts(NamedTuple):
    """One product under a serial number with everything that covers it."""

    product_number: str | None
    product_name: str | None
    end_of_support: date | None
    covers: Sequence[Cover]


# A period of cover with its state on the day.
RankedCover = tuple[CoverState, Cover]


class CoverageDecision(NamedTuple):
    """The answer for one machine.

    `covers` are ranked active, future, expired. `covered_until` is the last day of unbroken cover
    from today on, None without cover today. `order_deadline` is the last day on which a seamless
    renewal can be ordered (DL-1: the day before it would start), None where none is possible.
    `machine` is the product that was meant, None when that is open. `candidates` are the products
    to choose from. Codes are those of `app.domain.next_actions`.
    """

    status: CoverageStatus
    machine: MachineFacts | None
    covers: tuple[RankedCover, ...]
    covered_until: date | None
    order_deadline: date | None
    next_action: str
    candidates: tuple[MachineFacts, ...]
    warnings: tuple[str, ...]
    rules: tuple[str, ...]


def _unresolved(
    status: CoverageStatus,
    action: str,
    candidates: tuple[MachineFacts, ...],
    warnings: tuple[str, ...],
) -> CoverageDecision:
    return CoverageDecision(
        status=status,
        machine=None,
        covers=(),
        covered_until=None,
        order_deadline=None,
        next_action=action,
        candidates=candidates,
        warnings=warnings,
        rules=("REQ-1",),
    )


def decide_machine(
    machines: Sequence[MachineFacts],
    product_number: str | None,
    *,
    today: date,
    expiring_days: int,
) -> CoverageDecision:
    """Decide which product a serial number means, and its coverage.

    `machines` are all products that bear the serial number and that the caller may see. Without a
    product number several of them are ambiguous; with one that none bears, nothing is found and the
    others are shown as candidates (REQ-1: identifications must agree, else the answer asks).
    """
    chosen = machines
    if product_number is not None:
        chosen = [machine for machine in machines if machine.product_number == product_number]
        if not chosen:
            warnings = ("product_mismatch",) if machines else ()
            return _unresolved("not_found", "check_serial", tuple(machines), warnings)
    elif not machines:
        return _unresolved("not_found", "check_serial", (), ())
    elif len(machines) > 1:
        return _unresolved("ambiguous", "choose_product", tuple(machines), ())
    return decide_coverage(chosen[0], today=today, expiring_days=expiring_days)


def decide_coverage(machine: MachineFacts, *, today: date, expiring_days: int) -> CoverageDecision:
    """Decide the coverage of one machine on one day.

    Rules: TERM-1 (inclusive ends; cover that begins the day after the old end is unbroken), DL-1
    and DL-7 (order deadline), EOS-1 and EOS-3 (end of support), DL-6 and FEE-8 (lapsed and never
    covered).
    """
    active: list[RankedCover] = []
    future: list[RankedCover] = []
    expired: list[RankedCover] = []
    warnings: tuple[str, ...] = ()
    unrouted = False
    for cover in machine.covers:
        _, _, level, start, end = cover
        if end is None:
            # It cannot be placed and is left out.
            warnings = ("warranty_unknown",)
        elif end < today:
            expired.append(("expired", cover))
        elif start is not None and start > today:
            future.append(("future", cover))
        else:
            active.append(("active", cover))
            unrouted = unrouted or (level is not None and level not in HANDLED_LEVELS)
    ranked = _rank(active, future, expired)
    until = _covered_until(active, future)
    support_ends = machine.end_of_support
    if support_ends is None:
        warnings += ("end_of_support_unknown",)
    elif until is not None and support_ends < until:
        warnings += ("end_of_support_before_end",)
    if unrouted:
        warnings += ("service_level_unrouted",)
    if until is None:
        return _uncovered(machine, ranked, today, warnings)
    return _covered(machine, ranked, until, today, expiring_days, warnings)


def _rank(
    active: list[RankedCover], future: list[RankedCover], expired: list[RankedCover]
) -> tuple[RankedCover, ...]:
    """Rank cover active → future → expired; active and expired by their end, the last first, future
    by its start, the first first. Sorts the lists themselves.
    """
    # Most machines have one of each at most: what needs no sorting is not asked for its key.
    if len(active) > 1:
        active.sort(key=_last_end_first)
    if len(future) > 1:
        future.sort(key=_first_start_first)
    if len(expired) > 1:
        expired.sort(key=_last_end_first)
    return (*active, *future, *expired)


def _last_end_first(item: RankedCover) -> tuple[int, str, str]:
    kind, contract_number, _, _, end = item[1]
    return (-(end or _FAR_PAST).toordinal(), kind, contract_number or "")


def _first_start_first(item: RankedCover) -> tuple[int, str, str]:
    kind, contract_number, _, start, _ = item[1]
    return ((start or _FAR_PAST).toordinal(), kind, contract_number or "")


def _covered_until(active: Sequence[RankedCover], future: Sequence[RankedCover]) -> date | None:
    """The last day of unbroken cover, or None without cover today; both are ranked."""
    if not active:
        return None
    # The last end stands first.
    until = active[0][1].end
    for _, (_, _, _, start, end) in future:
        if until is None or start is None or end is None or start > until + _ONE_DAY:
            break
        until = max(until, end)
    return until


def _covered(
    machine: MachineFacts,
    ranked: tuple[RankedCover, ...],
    until: date,
    today: date,
    expiring_days: int,
    warnings: tuple[str, ...],
) -> CoverageDecision:
    expiring = (until - today).days <= expiring_days
    last = ranked[0][1]
    for _, last in ranked:
        if last.end == until:
            break
    support_ends = machine.end_of_support
    renewable = support_ends is None or support_ends > until + _ONE_DAY
    if not expiring:
        action = "none"
    elif not renewable:
        action = "plan_replacement"
    else:
        action = _renewal_action(last)
    rules = (
        "TERM-1",
        "DL-1" if last.kind == "contract" else "DL-7",
        "EOS-3" if support_ends is None else "EOS-1",
    )
    status: CoverageStatus = "expiring" if expiring else "covered"
    deadline = until if renewable else None
    return CoverageDecision(status, machine, ranked, until, deadline, action, (), warnings, rules)


def _renewal_action(last: Cover) -> str:
    if last.service_level is not None and last.service_level not in HANDLED_LEVELS:
        return "contact_desk"
    if last.kind == "contract":
        return "request_renewal_quote"
    return "request_new_enrollment" if last.kind == "warranty" else "ask_dealer"


def _uncovered(
    machine: MachineFacts,
    ranked: tuple[RankedCover, ...],
    today: date,
    warnings: tuple[str, ...],
) -> CoverageDecision:
    """A machine without cover today: lapsed when a contract or package covered it before, never
    covered when none did (a warranty alone is no cover to come back to, FEE-8).
    """
    lapsed = future = False
    for state, cover in ranked:
        if state == "future":
            future = True
        elif cover.kind != "warranty":
            lapsed = True
    support_ends = machine.end_of_support
    # The earliest start is tomorrow (ELG-1), and support must end later than the start (EOS-1).
    too_late = support_ends is not None and support_ends <= today + _ONE_DAY
    if future:
        action = "wait_for_start"
    elif too_late:
        action = "plan_replacement"
    else:
        action = "request_reenrollment" if lapsed else "request_new_enrollment"
    rules = (
        "TERM-1",
        "DL-6" if lapsed else "FEE-8",
        "ELG-1",
        "EOS-3" if support_ends is None else "EOS-1",
    )
    status: CoverageStatus = "lapsed" if lapsed else "never_covered"
    return CoverageDecision(status, machine, ranked, None, None, action, (), warnings, rules)
