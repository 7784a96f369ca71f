"""What decisions are made of: outcomes in their order, reasons with their rule, alternatives."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple


class Outcome(StrEnum):
    """The outcome for a machine or a whole request, from the best to the worst (ELG-5)."""

    ELIGIBLE = "eligible"
    ELIGIBLE_WITH_CONDITIONS = "eligible_with_conditions"
    NEEDS_INSPECTION = "needs_inspection"
    NEEDS_REVIEW = "needs_review"
    NOT_ELIGIBLE = "not_eligible"


_RANK: Final = {outcome: rank for rank, outcome in enumerate(Outcome)}


class Finding(NamedTuple):
    """One reason for an outcome: a stable code, the rule that gives it, and the outcome it forces.

    The texts of the code in Japanese and English stand in `app.domain.texts`.
    """

    code: str
    rule: str
    outcome: Outcome


class Alternative(NamedTuple):
    """Something that is possible instead of what was asked (ELG-5).

    `start` and `end` are Japanese calendar days, both inclusive, where the alternative has them;
    `term_months` or `term_days` where it is a length.
    """

    code: str
    rule: str
    start: date | None = None
    end: date | None = None
    term_months: int | None = None
    term_days: int | None = None


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst of the outcomes; `eligible` where there are none (ELG-5)."""
    return max(outcomes, key=_RANK.__getitem__, default=Outcome.ELIGIBLE)


def rules_of(*groups: Iterable[str]) -> tuple[str, ...]:
    """Return rule ids without repetition, in the order in which they first come."""
    return tuple(dict.fromkeys(rule for group in groups for rule in group))
