"""Whether a machine is covered on a day, until when, and what its customer should do next.

Contracts, packages and the warranty count alike. Dates are Japanese calendar days, both ends
inclusive (TERM-1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
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


class RankedCover(NamedTuple):
    """A period of cover with its state on the day."""

    state: CoverState
    cover: Cover


@dataclass(frozen=True, slots=True)
class CoverageDecision:
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
    if product_number is not None:
        chosen = [machine for machine in machines if machine.product_number == product_number]
        if not chosen:
            warnings = ("product_mismatch",) if machines else ()
            return _unresolved("not_found", "check_serial", tuple(machines), warnings)
    else:
        chosen = list(machines)
        if not chosen:
            return _unresolved("not_found", "check_serial", (), ())
        if len(chosen) > 1:
            return _unresolved("ambiguous", "choose_product", tuple(chosen), ())
    return decide_coverage(chosen[0], today=today, expiring_days=expiring_days)


def decide_coverage(machine: MachineFacts, *, today: date, expiring_days: int) -> CoverageDecision:
    """Decide the coverage of one machine on one day.

    Rules: TERM-1 (inclusive ends; cover that begins the day after the old end is unbroken), DL-1
    and DL-7 (order deadline), EOS-1 and EOS-3 (end of support), DL-6 and FEE-8 (lapsed and never
    covered).
    """
    warnings: list[str] = []
    ranked = _rank(machine.covers, today, warnings)
    active = [item.cover for item in ranked if item.state == "active"]
    until = _covered_until(ranked, today)
    support_ends = machine.end_of_support
    if support_ends is None:
        warnings.append("end_of_support_unknown")
    elif until is not None and support_ends < until:
        warnings.append("end_of_support_before_end")
    if any(
        cover.service_level is not None and cover.service_level not in HANDLED_LEVELS
        for cover in active
    ):
        warnings.append("service_level_unrouted")
    if until is None:
        return _uncovered(machine, ranked, today, tuple(warnings))
    return _covered(machine, ranked, until, today, expiring_days, tuple(warnings))


def _rank(covers: Sequence[Cover], today: date, warnings: list[str]) -> tuple[RankedCover, ...]:
    """Rank cover active → future → expired; active and expired by their end, the last first, future
    by its start, the first first. A period without an end cannot be placed and is left out.
    """
    ranked: list[RankedCover] = []
    for cover in covers:
        if cover.end is None:
            if "warranty_unknown" not in warnings:
                warnings.append("warranty_unknown")
        elif cover.end < today:
            ranked.append(RankedCover("expired", cover))
        elif (cover.start or _FAR_PAST) > today:
            ranked.append(RankedCover("future", cover))
        else:
            ranked.append(RankedCover("active", cover))
    if len(ranked) > 1:
        ranked.sort(key=_rank_key)
    return tuple(ranked)


_ORDER = {"active": 0, "future": 1, "expired": 2}


def _rank_key(item: RankedCover) -> tuple[int, int, str, str]:
    state, cover = item
    start, end = cover.start or _FAR_PAST, cover.end or _FAR_PAST
    by_day = start.toordinal() if state == "future" else -end.toordinal()
    return (_ORDER[state], by_day, cover.kind, cover.contract_number or "")


def _covered_until(ranked: Sequence[RankedCover], today: date) -> date | None:
    """The last day of unbroken cover, or None without cover today."""
    until: date | None = None
    for state, cover in ranked:
        if cover.end is None or state == "expired":
            continue
        if state == "active":
            until = cover.end if until is None else max(until, cover.end)
        elif until is not None and (cover.start or _FAR_PAST) <= until + _ONE_DAY:
            until = max(until, cover.end)
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
    last = next(item.cover for item in ranked if item.cover.end == until)
    next_start = until + _ONE_DAY
    renewable = machine.end_of_support is None or machine.end_of_support > next_start
    rules = ["TERM-1", "DL-1" if last.kind == "contract" else "DL-7"]
    rules.append("EOS-3" if machine.end_of_support is None else "EOS-1")
    if not expiring:
        action = "none"
    elif not renewable:
        action = "plan_replacement"
    else:
        action = _renewal_action(last)
    return CoverageDecision(
        status="expiring" if expiring else "covered",
        machine=machine,
        covers=ranked,
        covered_until=until,
        order_deadline=until if renewable else None,
        next_action=action,
        candidates=(),
        warnings=warnings,
        rules=tuple(rules),
    )


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
    lapsed = any(item.state == "expired" and item.cover.kind != "warranty" for item in ranked)
    support_ends = machine.end_of_support
    # The earliest start is tomorrow (ELG-1), and support must end later than the start (EOS-1).
    too_late = support_ends is not None and support_ends <= today + _ONE_DAY
    if any(item.state == "future" for item in ranked):
        action = "wait_for_start"
    elif too_late:
        action = "plan_replacement"
    else:
        action = "request_reenrollment" if lapsed else "request_new_enrollment"
    return CoverageDecision(
        status="lapsed" if lapsed else "never_covered",
        machine=machine,
        covers=ranked,
        covered_until=None,
        order_deadline=None,
        next_action=action,
        candidates=(),
        warnings=warnings,
        rules=(
            "TERM-1",
            "DL-6" if lapsed else "FEE-8",
            "ELG-1",
            "EOS-3" if support_ends is None else "EOS-1",
        ),
    )
