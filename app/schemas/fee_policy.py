"""The fee policy object in the API description. It is read by `app.domain.fee_policy_reader`, which
names each mistake; what its parts must mean together is said only there.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter, with_config
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from app.domain.fee_policy import (
    Combine,
    FeeOutcome,
    GapMode,
    PenaltyBase,
    Per,
    PreviousCover,
    PriceBasis,
    Proration,
    Waivable,
)
from app.domain.policy_nodes import (
    MOST_BASIS_POINTS,
    MOST_DAYS,
    MOST_ITEMS,
    MOST_MONTHS,
    MOST_YEN,
)
from app.schemas.wire import Plain

CLOSED = with_config(ConfigDict(extra="forbid"))
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
Months = Annotated[int, Field(ge=0, le=MOST_MONTHS)]
Yen = Annotated[int, Field(ge=0, le=MOST_YEN)]
BasisPoints = Annotated[
    int, Field(ge=0, le=MOST_BASIS_POINTS, description="10,000 is 100 %.", examples=[15000])
]
YenByClass = dict[Annotated[str, Plain], Yen]
Names = Annotated[list[Annotated[str, Plain, Field(min_length=1)]], Field(max_length=MOST_ITEMS)]
EffectiveDay = Annotated[str, Field(json_schema_extra={"format": "date"}, examples=["2026-04-01"])]


@CLOSED
class PolicyGap(TypedDict):
    """How the lapse itself is charged, or taken from the new term (FEE-2)."""

    mode: NotRequired[GapMode]
    basis: NotRequired[PriceBasis]
    multiplier_bp: NotRequired[BasisPoints]
    cap_days: NotRequired[Days | None]


@CLOSED
class PolicyPercentPenalty(TypedDict):
    """A penalty as a percentage, with bounds (FEE-3)."""

    kind: Literal["percent"]
    of: NotRequired[PenaltyBase]
    rate_bp: BasisPoints
    min: NotRequired[Yen | None]
    max: NotRequired[Yen | None]


@CLOSED
class PolicyFixedPenalty(TypedDict):
    """A penalty as an amount, by unit, contract or product class (FEE-3)."""

    kind: Literal["fixed"]
    amount: NotRequired[Yen]
    per: NotRequired[Per]
    amount_by_class: NotRequired[YenByClass]


@CLOSED
class PolicyInspection(TypedDict):
    """Whether machines are inspected first, and at what fee (FEE-5)."""

    required: NotRequired[bool]
    fee_by_class: NotRequired[YenByClass]
    valid_days: NotRequired[Days]
    creditable: NotRequired[bool]


@CLOSED
class PolicyWaiverCondition(TypedDict):
    """When something is waived; every member that is given must hold."""

    term_months_gte: NotRequired[Months | None]
    seamless_from: NotRequired[Annotated[list[PreviousCover], Field(max_length=MOST_ITEMS)]]
    goodwill: NotRequired[bool]


@CLOSED
class PolicyWaiver(TypedDict):
    """What is waived, and when (FEE-6)."""

    waive: Annotated[list[Waivable], Field(min_length=1, max_length=MOST_ITEMS)]
    when: PolicyWaiverCondition


@CLOSED
class PolicyTier(TypedDict):
    """What holds for lapses up to a number of days; without one for all longer ones (FEE-1)."""

    max_lapse_days: NotRequired[Days | None]
    outcome: NotRequired[FeeOutcome]
    gap: NotRequired[PolicyGap | None]
    penalties: NotRequired[
        Annotated[list[PolicyPercentPenalty | PolicyFixedPenalty], Field(max_length=MOST_ITEMS)]
    ]
    combine: NotRequired[Combine]
    inspection: NotRequired[PolicyInspection | None]
    waiting_days: NotRequired[Days]
    waivers: NotRequired[Annotated[list[PolicyWaiver], Field(max_length=MOST_ITEMS)]]


@CLOSED
class PolicyConditions(TypedDict):
    """Which cases a policy is for; an empty list means all."""

    request_kind: NotRequired[
        Annotated[
            list[Literal["renewal", "reenrollment", "new_enrollment", "upgrade"]],
            Field(max_length=MOST_ITEMS),
        ]
    ]
    product_kind: NotRequired[Names]
    level: NotRequired[Names]
    product_family: NotRequired[Names]


class _PolicyMembers(TypedDict):
    version: NotRequired[
        Annotated[int, Field(ge=0, le=MOST_YEN, description="Not kept: versions are counted.")]
    ]
    effective_from: NotRequired[EffectiveDay | None]
    effective_to: NotRequired[EffectiveDay | None]
    applies_to: NotRequired[PolicyConditions | None]
    previous_cover: NotRequired[Annotated[list[PreviousCover], Field(max_length=MOST_ITEMS)]]
    min_new_term_months: NotRequired[Months]
    min_days_to_end_of_support: NotRequired[Days]
    tiers: NotRequired[Annotated[list[PolicyTier], Field(min_length=1, max_length=MOST_ITEMS)]]
    proration: NotRequired[Proration]
    rounding: NotRequired[Literal["floor"]]
    when_unknown_previous_end: NotRequired[Literal["manual", "forbidden"]]


@CLOSED
class TriedPolicy(_PolicyMembers):
    """A re-enrollment fee policy to try (FEE-1 to FEE-9). An omitted member takes the neutral
    value, an unknown one is refused.
    """

    code: NotRequired[Annotated[str, Plain]]


@CLOSED
class WrittenPolicy(_PolicyMembers):
    """A re-enrollment fee policy to keep (FEE-1 to FEE-9). An omitted member takes the neutral
    value, an unknown one is refused.
    """

    code: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,40}$")]


@dataclass(frozen=True)
class DescribedAs:
    """Describes a plain object as something else, for a reader of its own to judge."""

    shape: Any

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(TypeAdapter(self.shape).core_schema)


TriedDefinition = Annotated[dict[str, Any], DescribedAs(TriedPolicy)]
WrittenDefinition = Annotated[dict[str, Any], DescribedAs(WrittenPolicy)]
