"""Eligibility checks on the wire."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, Self

import orjson
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from app.domain.eligibility_facts import (
    Declaration,
    Eligibility,
    MachineEligibility,
    OperatingState,
)
from app.domain.eligibility_request import Checked
from app.domain.fee_facts import FeeDecision
from app.domain.findings import Alternative, Finding
from app.domain.identifiers import normalise_product_number, normalise_serial
from app.domain.languages import Language
from app.domain.texts import text
from app.schemas.contracts import coded_warnings
from app.schemas.fees import FeeComponentOut, component_out
from app.schemas.wire import CodedText, Day, IdentifierOut, Plain, Strict

MOST_MACHINES = 1000
LANGUAGES: tuple[Language, ...] = ("ja", "en")


class OperatingCondition(Strict):
    """Who said on which day how the machine runs (ELG-2)."""

    state: Literal["working", "unknown", "not_working"]
    declared_by: Annotated[str, Plain, Field(min_length=1, max_length=100)] | None = None
    declared_on: Day | None = None

    def declaration(self) -> Declaration:
        """The declaration as the rules take it."""
        return Declaration(OperatingState(self.state), self.declared_by, self.declared_on)


class MachineWished(Strict):
    """A machine, by serial number (and product number where two share it) or by product number."""

    serial_number: Annotated[str, Plain, Field(min_length=1, max_length=60)] | None = None
    product_number: Annotated[str, Plain, Field(min_length=1, max_length=60)] | None = None
    service_level: Annotated[
        str, Field(pattern="^[a-z0-9_]{1,40}$", examples=["foundation_care_24x7"])
    ]
    operating_condition: OperatingCondition | None = None

    def identity(self) -> tuple[str | None, str | None]:
        """Serial and product number as they are stored."""
        serial, product = self.serial_number, self.product_number
        return (
            None if serial is None else normalise_serial(serial),
            None if product is None else normalise_product_number(product),
        )


class EligibilityQuestion(Strict):
    """Which machines, from when, for how long, at which level."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"end_date": {"type": "null"}}},
                {"properties": {"term_months": {"type": "null"}}},
            ]
        }
    )

    kind: Literal["reenrollment", "new_enrollment", "upgrade"]
    start_date: Annotated[Day, Field(description="First day wished (JST).")]
    end_date: Annotated[Day | None, Field(description="Last day wished, or term_months.")] = None
    term_months: Annotated[int, Field(ge=1, le=120)] | None = None
    customer_id: Annotated[str, Field(pattern="^[A-Z0-9-]{1,20}$")] | None = None
    items: Annotated[list[MachineWished], Field(min_length=1, max_length=MOST_MACHINES)]

    @model_validator(mode="after")
    def one_period(self) -> Self:
        """The end is given as a day or by a term, and lies after the start."""
        if self.end_date is not None and self.term_months is not None:
            raise PydanticCustomError("one_term", "give end_date or term_months")
        if self.end_date is not None and self.end_date < self.start_date:
            raise PydanticCustomError("end_before_start", "the end lies before the start")
        return self


class Reason(TypedDict):
    """Why an outcome is what it is."""

    code: str
    rule: str
    text: str


class OtherWay(TypedDict):
    """What is possible instead."""

    code: str
    rule: str
    text: str
    start_date: Day | None
    end_date: Day | None
    term_months: int | None


class PolicyNamed(TypedDict):
    """The fee policy that was used, by code and version."""

    code: str
    version: int


Outcomes = Literal[
    "eligible", "eligible_with_conditions", "needs_inspection", "needs_review", "not_eligible"
]
FeeOutcomes = Literal["none", "fee", "inspection", "manual", "forbidden"]


class MachineFee(TypedDict):
    """The fee of one machine, itemised; null amount: no figure, a person sets it."""

    outcome: FeeOutcomes
    amount: Annotated[int | None, Field(description="Yen without tax.")]
    lapse_days: int | None
    components: list[FeeComponentOut]
    new_end: Day | None
    policy: PolicyNamed


class MachineAnswer(TypedDict):
    """The decision for one machine, in the place of its question."""

    serial_number: str | None
    product_number: str | None
    outcome: Outcomes
    outcome_text: str
    reasons: list[Reason]
    conditions: Annotated[list[CodedText], Field(description="To be done before ordering.")]
    alternatives: list[OtherWay]
    fee: MachineFee
    candidates: Annotated[list[str], Field(description="Product numbers that share the serial.")]
    rules: list[str]


class WholeFee(TypedDict):
    """The fee of the whole request."""

    outcome: FeeOutcomes
    amount: Annotated[int | None, Field(description="Yen without tax; null where one is open.")]
    components: list[FeeComponentOut]


class EligibilityAnswer(TypedDict):
    """Can these machines come (back) under contract, and at what fee."""

    id: Annotated[IdentifierOut | None, Field(description="To read it again; null for a dry run.")]
    kind: Literal["reenrollment", "new_enrollment", "upgrade"]
    customer_id: str
    start_date: Day
    end_date: Day
    outcome: Outcomes
    outcome_text: str
    reasons: list[Reason]
    items: list[MachineAnswer]
    fee: WholeFee
    policy: PolicyNamed
    warnings: list[CodedText]
    valid_until: Annotated[Day, Field(description="The check holds up to this day (ELG-6).")]
    rules: list[str]


def _reasons(findings: Sequence[Finding], language: Language) -> list[Reason]:
    return [{"code": f.code, "rule": f.rule, "text": text(f.code, language)} for f in findings]


def _other_ways(ways: Sequence[Alternative], language: Language) -> list[OtherWay]:
    return [
        {
            "code": way.code,
            "rule": way.rule,
            "text": text(way.code, language),
            "start_date": way.start,
            "end_date": way.end,
            "term_months": way.term_months,
        }
        for way in ways
    ]


class _Said(NamedTuple):
    """What the answers for all machines with one decision say alike, their fees aside. Written out
    for each of them and never changed.
    """

    outcome: Outcomes
    outcome_text: str
    reasons: list[Reason]
    conditions: list[CodedText]
    alternatives: list[OtherWay]
    rules: list[str]


def _said(machine: MachineEligibility, language: Language) -> _Said:
    return _Said(
        outcome=machine.outcome.value,
        outcome_text=text(f"outcome.{machine.outcome.value}", language),
        reasons=_reasons(machine.reasons, language),
        conditions=coded_warnings(machine.conditions, language),
        alternatives=_other_ways(machine.alternatives, language),
        rules=list(machine.rules),
    )


def _fee(fee: FeeDecision) -> MachineFee:
    return {
        "outcome": fee.outcome.value,
        "amount": fee.amount,
        "lapse_days": fee.lapse_days,
        "components": [component_out(component) for component in fee.components],
        "new_end": fee.new_end,
        "policy": {"code": fee.policy_code, "version": fee.policy_version},
    }


def _machines_out(
    identities: Sequence[tuple[str | None, str | None]],
    candidates: Sequence[Sequence[str]],
    machines: Sequence[MachineEligibility],
    language: Language,
) -> list[MachineAnswer]:
    said: dict[tuple[object, ...], _Said] = {}
    items: list[MachineAnswer] = []
    for (serial, product), found, machine in zip(identities, candidates, machines, strict=True):
        outcome, reasons, conditions, ways, _, rules = machine
        alike = (outcome, reasons, conditions, ways, rules)
        words = said.get(alike)
        if words is None:
            words = said[alike] = _said(machine, language)
        items.append(
            {
                "serial_number": serial,
                "product_number": product,
                "outcome": words.outcome,
                "outcome_text": words.outcome_text,
                "reasons": words.reasons,
                "conditions": words.conditions,
                "alternatives": words.alternatives,
                "fee": _fee(machine.fee),
                "candidates": list(found),
                "rules": words.rules,
            }
        )
    return items


def eligibility_out(
    decision: Eligibility,
    *,
    check_id: str | None,
    kind: Any,
    customer_id: str,
    start: date,
    end: date,
    identities: Sequence[tuple[str | None, str | None]],
    candidates: Sequence[Sequence[str]],
    language: Language,
) -> EligibilityAnswer:
    """The answer for one check, in a language."""
    first = decision.machines[0].fee
    return {
        "id": check_id,
        "kind": kind,
        "customer_id": customer_id,
        "start_date": start,
        "end_date": end,
        "outcome": decision.outcome.value,
        "outcome_text": text(f"outcome.{decision.outcome.value}", language),
        "reasons": _reasons(decision.reasons, language),
        "items": _machines_out(identities, candidates, decision.machines, language),
        "fee": {
            "outcome": decision.fee.outcome.value,
            "amount": decision.fee.amount,
            "components": [component_out(component) for component in decision.fee.components],
        },
        "policy": {"code": first.policy_code, "version": first.policy_version},
        "warnings": coded_warnings(decision.warnings, language),
        "valid_until": decision.valid_until,
        "rules": list(decision.rules),
    }


def check_bytes(
    checked: Checked,
    *,
    check_id: uuid.UUID | None,
    kind: Any,
    start: date,
    end: date,
    languages: Sequence[Language] = LANGUAGES,
) -> dict[str, bytes]:
    """The bytes of a check's answer in each language, as they are sent and kept (ELG-6)."""
    return {
        language: orjson.dumps(
            eligibility_out(
                checked.decision,
                check_id=None if check_id is None else str(check_id),
                kind=kind,
                customer_id=checked.customer_id,
                start=start,
                end=end,
                identities=checked.identities,
                candidates=checked.candidates,
                language=language,
            )
        )
        for language in languages
    }
