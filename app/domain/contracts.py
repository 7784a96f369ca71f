"""Where a contract stands on a day, and what its customer should do next.

Dates are Japanese calendar days, both ends inclusive (TERM-1).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from app.domain.calendar import DeskCalendar
from app.domain.renewals import CoverKind, renewal_quote_due
from app.domain.service_levels import HANDLED_LEVELS

ContractStatus = Literal["upcoming", "active", "expiring", "expired"]

# DL-7: a post-warranty package may be bought from 120 days before the end up to the end itself.
PACKAGE_WINDOW_DAYS = 120


@dataclass(frozen=True, slots=True)
class ContractDecision:
    """Where a contract stands.

    `renewal_quote_due` is the day by which the next year's quote is due (REN-1); for a package it
    is a guide only (REN-2). `next_action` and `warnings` are codes of `app.domain.next_actions`.
    """

    status: ContractStatus
    renewal_quote_due: date
    next_action: str
    warnings: tuple[str, ...]
    rules: tuple[str, ...]


def contract_status(start: date, end: date, today: date, expiring_days: int) -> ContractStatus:
    """The status on a day: expiring when the end is at most `expiring_days` days away (TERM-1)."""
    if today < start:
        return "upcoming"
    if today > end:
        return "expired"
    return "expiring" if (end - today).days <= expiring_days else "active"


def decide_contract(
    kind: str,
    service_level: str,
    start: date,
    end: date,
    *,
    today: date,
    expiring_days: int,
    calendar: DeskCalendar,
) -> ContractDecision:
    """Decide status, due day of the renewal quote and next action of a contract or package.

    Rules: TERM-1 (inclusive ends), TERM-4 (the period comes from the lines), REN-1 and REN-2 (the
    quote's day), DL-6 (a late order is a re-enrollment), DL-7 (the package window).
    """
    # A post-warranty package is sold outright like any other (REN-2).
    sold_as = CoverKind.CONTRACT if kind == "contract" else CoverKind.PACKAGE
    due = renewal_quote_due(end, sold_as, calendar)
    status = contract_status(start, end, today, expiring_days)
    action, rules = _next_action(kind, status, end, due.due, today)
    warnings = due.warnings if due.promised else ("best_effort_notice", *due.warnings)
    if service_level not in HANDLED_LEVELS:
        warnings = ("service_level_unrouted", *warnings)
        if action not in {"none", "wait_for_start", "ask_dealer"}:
            action = "contact_desk"
    return ContractDecision(
        status=status,
        renewal_quote_due=due.due,
        next_action=action,
        warnings=warnings,
        rules=("TERM-1", "TERM-4", *due.rules, *rules),
    )


def _next_action(
    kind: str, status: ContractStatus, end: date, quote_due: date, today: date
) -> tuple[str, tuple[str, ...]]:
    if status == "upcoming":
        return "wait_for_start", ()
    if status == "expired":
        return "request_reenrollment", ("DL-6",)
    if kind != "contract":
        opens = end - timedelta(days=PACKAGE_WINDOW_DAYS)
        return ("ask_dealer" if today >= opens else "none"), ("DL-7",)
    if status == "expiring" or today >= quote_due:
        return "request_renewal_quote", ("DL-1",)
    return "wait_for_quote", ()
