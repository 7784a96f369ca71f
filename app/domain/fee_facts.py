"""What a fee is decided from, and what a fee decision says."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.domain.fee_policy import FeeOutcome, PreviousCover
from app.domain.findings import Alternative
from app.domain.periods import end_of_term, months_and_days


class FeeChoice(StrEnum):
    """Between which two the customer or the policy chooses (FEE-4)."""

    GAP = "gap"
    PENALTIES = "penalties"


@dataclass(frozen=True, slots=True)
class Term:
    """The length of the new term: whole months, or else days. Exactly one is given."""

    months: int | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        if (self.months is None) is (self.days is None):
            raise ValueError("a term is given in months or in days")

    def end_from(self, start: date) -> date:
        """Return the last day of the term when it is counted from a day (TERM-2)."""
        if self.months is not None:
            return end_of_term(start, self.months)
        return start + timedelta(days=(self.days or 0) - 1)

    def months_from(self, start: date) -> int:
        """Return the whole months of the term when it is counted from a day."""
        if self.months is not None:
            return self.months
        return months_and_days(start, self.end_from(start)).months


def term_between(start: date, end: date) -> Term:
    """Return the term that runs from `start` to `end`, in months where it is whole months."""
    length = months_and_days(start, end)
    if length.months and not length.days:
        return Term(months=length.months)
    return Term(days=(end - start).days + 1)


@dataclass(frozen=True, slots=True)
class Goodwill:
    """Somebody's decision to waive, which counts only with a name and a reason (FEE-6)."""

    approver: str
    reason: str

    @property
    def counts(self) -> bool:
        """Tell whether both the approver and the reason are given."""
        return bool(self.approver.strip() and self.reason.strip())


@dataclass(frozen=True, slots=True)
class FeeFacts:
    """The facts of one machine, or one line of `quantity` alike machines.

    Annual prices are in yen, without tax, for the whole line. `previous_end` is the last day of the
    cover that ended; for a machine that was `never_covered`, the end of its warranty takes its
    place (FEE-8). None means that nobody knows.
    """

    new_start: date
    term: Term
    previous_end: date | None = None
    previous_cover: PreviousCover | None = None
    never_covered: bool = False
    warranty_end: date | None = None
    last_annual: int | None = None
    new_annual: int | None = None
    quantity: int = 1
    product_class: str | None = None
    end_of_support: date | None = None
    goodwill: Goodwill | None = None
    choice: FeeChoice | None = None


class FeeComponent(NamedTuple):
    """One item of a fee, with the steps of its calculation.

    `amount` is what is charged, in yen: `calculated` or, when it is waived, 0. `basis_amount` is
    the yen that `rate_bp` and `days` were applied to. A component with `per_contract` is charged
    once for all machines of a request.
    """

    kind: str
    basis: str
    amount: int
    calculated: int
    basis_amount: int | None = None
    days: int | None = None
    rate_bp: int | None = None
    waived: bool = False
    per_contract: bool = False


class FeeOption(NamedTuple):
    """One of two that are compared or chosen between, with what it costs and when cover ends
    (FEE-4).
    """

    choice: FeeChoice
    amount: int
    new_end: date
    components: tuple[FeeComponent, ...]


class FeeDecision(NamedTuple):
    """What the policy says for the facts.

    `amount` is the sum of the components in yen; None where a person or the customer still decides,
    or where the policy forbids. `new_end` is the last day of the new term, earlier than asked where
    the term is consumed. `cover_from` is the first day of service after waiting days. `reasons` are
    codes with texts in `app.domain.texts`.
    """

    outcome: FeeOutcome
    policy_code: str
    policy_version: int
    lapse_days: int | None = None
    amount: int | None = None
    components: tuple[FeeComponent, ...] = ()
    options: tuple[FeeOption, ...] = ()
    chosen: FeeChoice | None = None
    consumed_days: int = 0
    new_end: date | None = None
    waiting_days: int = 0
    cover_from: date | None = None
    inspection_required: bool = False
    inspection_valid_days: int | None = None
    reasons: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    rules: tuple[str, ...] = ()
