"""Fee simulations on the wire."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from app.db.fee_policies import PolicyRow
from app.domain.fee_facts import FeeComponent, FeeDecision, FeeFacts, Term
from app.domain.fee_policy import PreviousCover
from app.domain.languages import Language
from app.schemas.contracts import coded_warnings
from app.schemas.fee_policy import TriedDefinition
from app.schemas.wire import CodedText, Cursor, Day, PageSize, Strict, StrictQuery

MOST_CASES = 1000
MOST_YEN = 10**12
Yen = Annotated[int, Field(ge=0, le=MOST_YEN)]
NULL: JsonDict = {"type": "null"}
TERMS = (("term_days", "term_months"), ("term_months", "term_days"))


class FeeCase(Strict):
    """One machine or line: when its cover ended, when the new one starts, and its prices in yen a
    year without tax. Null means unknown.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [given], "properties": {given: {"type": "integer"}, other: NULL}}
                for given, other in TERMS
            ]
        }
    )

    previous_end: Day | None = None
    new_start: Day
    term_days: Annotated[int, Field(ge=1, le=3700)] | None = None
    term_months: Annotated[int, Field(ge=1, le=120)] | None = None
    last_annual_price: Yen | None = None
    new_annual_price: Yen | None = None
    end_of_support: Day | None = None
    previous_cover: Literal["contract", "package", "warranty"] | None = None
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1

    @model_validator(mode="after")
    def one_term(self) -> Self:
        """The term is given in days or in months, not in both."""
        if (self.term_days is None) == (self.term_months is None):
            raise PydanticCustomError("one_term", "give term_days or term_months")
        return self

    def facts(self) -> FeeFacts:
        """The case as the rules take it."""
        return FeeFacts(
            new_start=self.new_start,
            term=Term(months=self.term_months, days=self.term_days),
            previous_end=self.previous_end,
            previous_cover=None
            if self.previous_cover is None
            else PreviousCover(self.previous_cover),
            last_annual=self.last_annual_price,
            new_annual=self.new_annual_price,
            quantity=self.quantity,
            end_of_support=self.end_of_support,
        )


class FeeSimulation(Strict):
    """A policy and the cases to try it on."""

    policy: TriedDefinition
    cases: Annotated[list[FeeCase], Field(min_length=1, max_length=MOST_CASES)]


class FeeComponentOut(TypedDict):
    """One item of a fee, with the steps of its calculation."""

    kind: str
    basis: str
    basis_amount: Annotated[int | None, Field(description="Yen.")]
    days: int | None
    rate_bp: Annotated[int | None, Field(description="Basis points: 10,000 is 100 %.")]
    amount: Annotated[int, Field(description="Yen without tax; 0 where it was waived.")]
    calculated: Annotated[int, Field(description="Yen before a waiver.")]
    waived: bool


def component_out(component: FeeComponent) -> FeeComponentOut:
    """The answer for one item."""
    return {
        "kind": component.kind,
        "basis": component.basis,
        "basis_amount": component.basis_amount,
        "days": component.days,
        "rate_bp": component.rate_bp,
        "amount": component.amount,
        "calculated": component.calculated,
        "waived": component.waived,
    }


class FeeResult(TypedDict):
    """What the policy says about one case."""

    lapse_days: Annotated[int | None, Field(description="Days without cover; 0 is seamless.")]
    outcome: Literal["none", "fee", "inspection", "manual", "forbidden"]
    amount: Annotated[int | None, Field(description="Yen without tax; null: no figure.")]
    components: list[FeeComponentOut]
    new_end: Annotated[Day | None, Field(description="Last day of the new term.")]
    cover_from: Day | None
    inspection_required: bool
    reasons: list[CodedText]
    rules: list[str]


class FeeResults(TypedDict):
    """One result a case, in the order of the cases."""

    results: list[FeeResult]


def fee_result_out(decision: FeeDecision, language: Language) -> FeeResult:
    """The answer for one case."""
    return {
        "lapse_days": decision.lapse_days,
        "outcome": decision.outcome.value,
        "amount": decision.amount,
        "components": [component_out(component) for component in decision.components],
        "new_end": decision.new_end,
        "cover_from": decision.cover_from,
        "inspection_required": decision.inspection_required,
        "reasons": coded_warnings(decision.reasons, language),
        "rules": list(decision.rules),
    }


class PageQuery(StrictQuery):
    """A page of a list."""

    page_size: PageSize = 50
    cursor: Cursor = None


class FeePolicyOut(TypedDict):
    """One version of a fee policy, as the desk wrote it."""

    code: str
    version: int
    effective_from: Day
    effective_to: Day | None
    definition: Annotated[
        dict[str, Any], Field(description="The policy as it was written, without code and version.")
    ]


class FeePolicyPage(TypedDict):
    """A page of policy versions, by code and version."""

    items: list[FeePolicyOut]
    next_cursor: str | None


def policy_out(row: PolicyRow) -> FeePolicyOut:
    """The answer for one version."""
    return {
        "code": row.code,
        "version": row.version,
        "effective_from": row.effective_from,
        "effective_to": row.effective_to,
        "definition": dict(row.definition),
    }
