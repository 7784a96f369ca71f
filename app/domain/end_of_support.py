"""End of support of a product against a wished period (EOS-1 to EOS-5)."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.domain.findings import Alternative, Finding, Outcome, worst

_ONE_DAY: Final = timedelta(days=1)
_RULES: Final = ("EOS-1", "EOS-2", "EOS-3", "EOS-4")


class RequestKind(StrEnum):
    """What is asked for."""

    RENEWAL = "renewal"
    REENROLLMENT = "reenrollment"
    NEW_ENROLLMENT = "new_enrollment"
    UPGRADE = "upgrade"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The four dates that a product may carry, as far as they are known (EOS-4).

    The two "last" dates are the last days on which cover of that kind may start.
    """

    end_of_sale: date | None = None
    last_new_enrollment: date | None = None
    last_renewal: date | None = None
    end_of_support: date | None = None


@dataclass(frozen=True, slots=True)
class SupportDecision:
    """Whether a product's dates allow a period, and what they allow instead."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    alternatives: tuple[Alternative, ...]
    last_day: date | None
    rules: tuple[str, ...] = _RULES


def last_supported_day(end_of_support: date, covers_last_day: bool = True) -> date:
    """Return the last day that cover may include; the setting says whether the date counts
    (EOS-2).
    """
    return end_of_support if covers_last_day else end_of_support - _ONE_DAY


def _support_finding(
    start: date, end: date, end_of_support: date | None, last_day: date | None
) -> Finding | None:
    if end_of_support is None or last_day is None:
        # A date that nobody knows is never guessed: a person looks.
        return Finding("end_of_support_unknown", "EOS-3", Outcome.NEEDS_REVIEW)
    if end_of_support <= start:
        return Finding("end_of_support_reached", "EOS-1", Outcome.NOT_ELIGIBLE)
    if end > last_day:
        return Finding("end_after_end_of_support", "EOS-2", Outcome.NOT_ELIGIBLE)
    return None


def _last_start_finding(kind: RequestKind, start: date, lifecycle: Lifecycle) -> Finding | None:
    if kind is RequestKind.RENEWAL:
        if lifecycle.last_renewal is not None and start > lifecycle.last_renewal:
            return Finding("last_renewal_passed", "EOS-4", Outcome.NOT_ELIGIBLE)
        return None
    if lifecycle.last_new_enrollment is None or start <= lifecycle.last_new_enrollment:
        return None
    if kind is RequestKind.NEW_ENROLLMENT:
        return Finding("last_new_enrollment_passed", "EOS-4", Outcome.NOT_ELIGIBLE)
    # The page asks of a re-enrollment or an upgrade only that the end of support has not come.
    # Whether the date for new enrollments binds them is for a person to say.
    return Finding("last_new_enrollment_passed", "EOS-4", Outcome.NEEDS_REVIEW)


def decide_end_of_support(
    kind: RequestKind,
    start: date,
    end: date,
    lifecycle: Lifecycle,
    *,
    covers_last_day: bool = True,
) -> SupportDecision:
    """Return whether the product's dates allow cover from `start` to `end` (EOS-1 to EOS-4).

    Asked again in the same way at request, at quote issue and at order.
    """
    end_of_support = lifecycle.end_of_support
    last_day = end_of_support and last_supported_day(end_of_support, covers_last_day)
    support = _support_finding(start, end, end_of_support, last_day)
    last_start = _last_start_finding(kind, start, lifecycle)
    findings = tuple(each for each in (support, last_start) if each is not None)
    alternatives: tuple[Alternative, ...] = ()
    start_refused = last_start is not None and last_start.outcome is Outcome.NOT_ELIGIBLE
    if support is not None and support.rule == "EOS-2" and not start_refused:
        alternatives = (Alternative("shorter_term", "EOS-2", start=start, end=last_day),)
    return SupportDecision(
        outcome=worst(each.outcome for each in findings),
        findings=findings,
        alternatives=alternatives,
        last_day=last_day,
    )


def refused_after_move(
    kind: RequestKind,
    start: date,
    end: date,
    lifecycle: Lifecycle,
    *,
    covers_last_day: bool = True,
) -> bool:
    """Tell whether what is open would be refused by the dates that its product has by now (EOS-5).

    What only a person could say (EOS-3) is no reason: it was open before, too.
    """
    found = decide_end_of_support(kind, start, end, lifecycle, covers_last_day=covers_last_day)
    return found.outcome is Outcome.NOT_ELIGIBLE
