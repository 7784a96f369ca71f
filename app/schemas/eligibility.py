"""Eligibility checks on the wire."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

import orjson
from pydantic import Field
from typing_extensions import TypedDict

from app.domain.eligibility_facts import (
    Eligibility,
    MachineEligibility,
)
from app.domain.eligibility_request import Checked
from app.domain.fee_facts import FeeDecision
from app.domain.findings import Alternative, Finding
from app.domain.languages import Language
from app.domain.texts import text
from app.schemas.contracts import coded_warnings
from app.schemas.fees import FeeComponentOut, component_out
from app.schemas.wire import CodedText, Day, IdentifierOut

LANGUAGES: tuple[Language, ...] = ("ja", "en")


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
