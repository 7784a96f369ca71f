"""Coverage look-ups on the wire."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.db.coverage import CoverRow
from app.domain.coverage import (
    Cover,
    CoverageDecision,
    CoverageStatus,
    CoverState,
    MachineFacts,
    decide_machine,
)
from app.domain.identifiers import (
    normalise_product_number,
    normalise_serial,
    product_number_warnings,
    serial_warnings,
)
from app.domain.languages import Language
from app.domain.next_actions import next_action_text
from app.schemas.contracts import coded_warnings
from app.schemas.wire import CodedText, Day, Plain, Strict

MOST_MACHINES = 1000


class MachineAsked(Strict):
    """A machine, by its serial number and, where two products share it, its product number."""

    serial_number: Annotated[
        str, Plain, Field(min_length=1, max_length=60, examples=["JPT8270P2A"])
    ]
    product_number: (
        Annotated[str, Plain, Field(min_length=1, max_length=60, examples=["868703-B21"])] | None
    ) = None


class CoverageLookup(Strict):
    """Up to 1,000 machines, and the day on which their coverage is asked."""

    items: Annotated[list[MachineAsked], Field(min_length=1, max_length=MOST_MACHINES)]
    as_of: Annotated[Day | None, Field(description="Default today (JST); may be any day.")] = None


class Coverage(TypedDict):
    """One period of cover."""

    kind: Literal["contract", "package", "post_warranty", "warranty"]
    contract_number: str | None
    service_level: str | None
    start_date: Day | None
    end_date: Day | None
    state: CoverState


class Candidate(TypedDict):
    """A product that the serial number may mean."""

    serial_number: str
    product_number: str | None
    product_name: str | None


class MachineCoverage(TypedDict):
    """The answer for one machine, in the place of its question."""

    serial_number: Annotated[str, Field(description="As understood: half-width, upper case.")]
    product_number: str | None
    product_name: str | None
    status: CoverageStatus
    covered_until: Annotated[
        Day | None, Field(description="Last day of unbroken cover from the day asked on.")
    ]
    coverages: Annotated[
        list[Coverage], Field(description="All cover, ranked active, future, expired.")
    ]
    end_of_support: Annotated[Day | None, Field(description="Of the product; null: unknown.")]
    order_deadline: Annotated[
        Day | None, Field(description="Last day to order a seamless renewal (DL-1, DL-7).")
    ]
    next_action: CodedText
    candidates: list[Candidate]
    warnings: list[CodedText]
    rules: list[str]


class CoverageAnswer(TypedDict):
    """One answer a machine, in the order of the questions."""

    items: list[MachineCoverage]


def understood(asked: MachineAsked) -> tuple[str, str | None]:
    """Serial and product number as they are stored: half-width, upper case, without spaces."""
    product_number = asked.product_number
    return (
        normalise_serial(asked.serial_number),
        None if product_number is None else normalise_product_number(product_number),
    )


def coverage_out(
    questions: Sequence[tuple[str, str | None]],
    rows: Sequence[CoverRow],
    *,
    today: date,
    expiring_days: int,
    language: Language,
) -> CoverageAnswer:
    """Decide and present each machine; `rows` are the facts, their positions count from 1."""
    by_position: list[list[CoverRow]] = [[] for _ in questions]
    for row in rows:
        by_position[row[0] - 1].append(row)
    items: list[MachineCoverage] = []
    for (serial_number, product_number), found in zip(questions, by_position, strict=True):
        decision = decide_machine(
            machines_of(found), product_number, today=today, expiring_days=expiring_days
        )
        items.append(_machine_out(serial_number, product_number, decision, language))
    return {"items": items}


def machines_of(rows: Sequence[CoverRow]) -> list[MachineFacts]:
    """The products that one serial number means, each with everything that covers it. Cover that
    names no product belongs to the only product there is.
    """
    machines: dict[str | None, MachineFacts] = {}
    for _, _, number, name, end_of_support, kind, contract_number, level, start, end in rows:
        machine = machines.get(number)
        if machine is None:
            machine = machines[number] = MachineFacts(number, name, end_of_support, [])
        cover = Cover(kind, contract_number, level, start, end)
        machine.covers.append(cover)  # type: ignore[attr-defined]  # the list made just above.
    unnamed = machines.pop(None, None) if len(machines) == 2 else None
    found = list(machines.values())
    if unnamed is not None:
        found[0].covers.extend(unnamed.covers)  # type: ignore[attr-defined]  # the same list.
    return found


def _machine_out(
    serial_number: str,
    product_number: str | None,
    decision: CoverageDecision,
    language: Language,
) -> MachineCoverage:
    machine = decision.machine
    action = decision.next_action
    warnings = decision.warnings
    if machine is None:
        warnings = (*serial_warnings(serial_number), *warnings)
        if product_number is not None:
            warnings = (*product_number_warnings(product_number), *warnings)
    return {
        "serial_number": serial_number,
        "product_number": product_number if machine is None else machine.product_number,
        "product_name": None if machine is None else machine.product_name,
        "status": decision.status,
        "covered_until": decision.covered_until,
        "coverages": [
            {
                "kind": cover.kind,  # type: ignore[typeddict-item]  # the tables' CHECKs say so.
                "contract_number": cover.contract_number,
                "service_level": cover.service_level,
                "start_date": cover.start,
                "end_date": cover.end,
                "state": state,
            }
            for state, cover in decision.covers
        ],
        "end_of_support": None if machine is None else machine.end_of_support,
        "order_deadline": decision.order_deadline,
        "next_action": {"code": action, "text": next_action_text(action, language)},
        "candidates": [
            {
                "serial_number": serial_number,
                "product_number": candidate.product_number,
                "product_name": candidate.product_name,
            }
            for candidate in decision.candidates
        ],
        "warnings": coded_warnings(warnings, language),
        "rules": list(decision.rules),
    }
