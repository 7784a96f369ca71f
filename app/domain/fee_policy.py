"""The re-enrollment fee policy as data: what the desk can say about a fee (FEE-1 to FEE-9).

Money is in yen, rates in basis points (10,000 = 100 %), lapses and caps in days. A policy is
frozen: what it decided is stored with its code and version.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class FeeOutcome(StrEnum):
    """What a tier says about a lapse, from the best to the worst (FEE-1)."""

    NONE = "none"
    FEE = "fee"
    INSPECTION = "inspection"
    MANUAL = "manual"
    FORBIDDEN = "forbidden"


class GapMode(StrEnum):
    """How days without cover are made good (FEE-2)."""

    NONE = "none"
    CHARGE = "charge"
    CONSUME_TERM = "consume_term"


class PriceBasis(StrEnum):
    """Which annual price the gap is charged at: the last one paid or the new one (FEE-2)."""

    LAST_ANNUAL = "last_annual"
    NEW_ANNUAL = "new_annual"


class PenaltyKind(StrEnum):
    """How a penalty is reckoned (FEE-3)."""

    PERCENT = "percent"
    FIXED = "fixed"


class PenaltyBase(StrEnum):
    """What a penalty is a percentage of (FEE-3)."""

    GAP = "gap"
    LAST_ANNUAL = "last_annual"
    NEW_ANNUAL = "new_annual"
    GAP_PLUS_NEW = "gap_plus_new"


class Per(StrEnum):
    """What a fixed penalty is counted by (FEE-3)."""

    UNIT = "unit"
    CONTRACT = "contract"
    PRODUCT_CLASS = "product_class"


class Combine(StrEnum):
    """How gap and penalties come together (FEE-4)."""

    SUM = "sum"
    LESSER = "lesser"
    CUSTOMER_CHOICE = "customer_choice"


class Waivable(StrEnum):
    """What a waiver can waive (FEE-6)."""

    GAP = "gap"
    PENALTIES = "penalties"
    INSPECTION = "inspection"


class Proration(StrEnum):
    """How a part of a year is reckoned (FEE-7)."""

    ACT_365 = "act_365"
    ACT_ACT = "act_act"
    D30_360 = "d30_360"
    MONTHS_CEIL = "months_ceil"


class PreviousCover(StrEnum):
    """What kind of cover ended before the lapse."""

    CONTRACT = "contract"
    PACKAGE = "package"
    WARRANTY = "warranty"


@dataclass(frozen=True, slots=True)
class GapRule:
    """How the lapse itself is charged, or taken from the new term (FEE-2)."""

    mode: GapMode = GapMode.NONE
    basis: PriceBasis = PriceBasis.LAST_ANNUAL
    multiplier_bp: int = 10_000
    cap_days: int | None = None


@dataclass(frozen=True, slots=True)
class PenaltyRule:
    """One penalty: a percentage with bounds, or a fixed amount (FEE-3)."""

    kind: PenaltyKind
    of: PenaltyBase = PenaltyBase.GAP
    rate_bp: int = 0
    minimum: int | None = None
    maximum: int | None = None
    amount: int = 0
    per: Per = Per.UNIT
    amount_by_class: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class InspectionRule:
    """Whether machines are inspected first, at what fee, and whether it is credited (FEE-5)."""

    required: bool = False
    fee_by_class: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    valid_days: int = 30
    creditable: bool = False


@dataclass(frozen=True, slots=True)
class Waiver:
    """What is waived when every condition that is set holds (FEE-6)."""

    waive: frozenset[Waivable]
    term_months_gte: int | None = None
    seamless_from: frozenset[PreviousCover] = frozenset()
    goodwill: bool = False


@dataclass(frozen=True, slots=True)
class Tier:
    """What holds for lapses up to `max_lapse_days`; None for all longer ones (FEE-1)."""

    max_lapse_days: int | None = None
    outcome: FeeOutcome = FeeOutcome.MANUAL
    gap: GapRule = GapRule()
    penalties: tuple[PenaltyRule, ...] = ()
    combine: Combine = Combine.SUM
    inspection: InspectionRule = field(default_factory=InspectionRule)
    waiting_days: int = 0
    waivers: tuple[Waiver, ...] = ()

    @property
    def inspects(self) -> bool:
        """Tell whether a machine is inspected before it is taken (FEE-5)."""
        return self.inspection.required or self.outcome is FeeOutcome.INSPECTION


@dataclass(frozen=True, slots=True)
class AppliesTo:
    """Which cases a policy is for; an empty set means all."""

    request_kind: frozenset[str] = frozenset()
    product_kind: frozenset[str] = frozenset()
    level: frozenset[str] = frozenset()
    product_family: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """A fee policy, effective from and to Japanese calendar days, both inclusive."""

    code: str
    version: int = 1
    effective_from: date | None = None
    effective_to: date | None = None
    applies_to: AppliesTo = AppliesTo()
    previous_cover: frozenset[PreviousCover] = frozenset(PreviousCover)
    min_new_term_months: int = 0
    min_days_to_end_of_support: int = 0
    tiers: tuple[Tier, ...] = field(default_factory=lambda: (Tier(),))
    proration: Proration = Proration.ACT_365
    rounding: str = "floor"
    when_unknown_previous_end: FeeOutcome = FeeOutcome.MANUAL


# FEE-9: what is shipped names no amount at all; a person sets the fee until the desk has a policy.
DEFAULT_POLICY: Final = FeePolicy(code="default-manual")


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """The facts that a policy is chosen by."""

    on: date
    request_kind: str
    product_kind: str | None = None
    level: str | None = None
    product_family: str | None = None
    previous_cover: PreviousCover | None = None


def _conditions(applies: AppliesTo) -> tuple[frozenset[str], ...]:
    return (applies.request_kind, applies.product_kind, applies.level, applies.product_family)


def _is_effective(policy: FeePolicy, on: date) -> bool:
    return (policy.effective_from or date.min) <= on <= (policy.effective_to or date.max)


def _applies(policy: FeePolicy, case: PolicyCase) -> bool:
    facts = (case.request_kind, case.product_kind, case.level, case.product_family)
    return (
        _is_effective(policy, case.on)
        and all(
            not wanted or fact in wanted
            for wanted, fact in zip(_conditions(policy.applies_to), facts, strict=True)
        )
        and (case.previous_cover is None or case.previous_cover in policy.previous_cover)
    )


def choose_policy(policies: Iterable[FeePolicy], case: PolicyCase) -> FeePolicy:
    """Return the policy for a case: the one with most conditions, then the one begun last.

    Where none applies, the default policy, which leaves the fee to a person (FEE-9).
    """
    fitting = [policy for policy in policies if _applies(policy, case)]
    return max(
        fitting,
        key=lambda policy: (
            sum(map(bool, _conditions(policy.applies_to))),
            policy.effective_from or date.min,
            policy.version,
            policy.code,
        ),
        default=DEFAULT_POLICY,
    )


def policies_overlap(one: FeePolicy, other: FeePolicy) -> bool:
    """Tell whether two policies with the same conditions are effective on a common day."""
    return (
        one.applies_to == other.applies_to
        and not one.previous_cover.isdisjoint(other.previous_cover)
        and (one.effective_from or date.min) <= (other.effective_to or date.max)
        and (other.effective_from or date.min) <= (one.effective_to or date.max)
    )
