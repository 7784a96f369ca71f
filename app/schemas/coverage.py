"""Coverage look-ups on the wire."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Annotated, Literal, NotRequired

from pydantic import Field, with_config
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


@with_config(Strict.model_config)
class MachineAsked(TypedDict):
    """A machine, by its serial number and, where two products share it, its product number.

    A dict and no model, because a thousand models are made in twice the time.
    """

    serial_number: Annotated[
        str, Plain, Field(min_length=1, max_length=60, examples=["JPT8270P2A"])
    ]
    product_number: NotRequired[
        Annotated[str, Plain, Field(min_length=1, max_length=60, examples=["868703-B21"])] | None
    ]


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
    candidates: Sequence[Candidate]
    warnings: Sequence[CodedText]
    rules: Sequence[str]


class CoverageAnswer(TypedDict):
    """One answer a machine, in the order of the questions."""

    items: list[MachineCoverage]


def understood(asked: MachineAsked) -> tuple[str, str | None]:
    """Serial and product number as they are stored: half-width, upper case, without spaces."""
    product_number = asked.get("product_number")
    return (
        normalise_serial(asked["serial_number"]),
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
    covers: dict[str | None, list[Cover]] = {}
    found: list[MachineFacts] = []
    known: list[Cover] | None = None
    last: str | None = None
    for _, _, number, name, end_of_support, kind, contract_number, level, start, end in rows:
        # Most often all rows are of one product.
        if known is None or number != last:
            last = number
            known = covers.get(number)
            if known is None:
                known = covers[number] = []
                found.append(MachineFacts(number, name, end_of_support, known))
        known.append(Cover(kind, contract_number, level, start, end))
    if len(found) == 2 and None in covers:
        found = [machine for machine in found if machine.product_number is not None]
        covers[found[0].product_number].extend(covers[None])
    return found


@cache
def _action_out(code: str, language: Language) -> CodedText:
    """Made once, because a large answer says the same few things a thousand times; it is only ever
    written out.
    """
    return {"code": code, "text": next_action_text(code, language)}


def _machine_out(
    serial_number: str,
    product_number: str | None,
    decision: CoverageDecision,
    language: Language,
) -> MachineCoverage:
    status, machine, covers, until, deadline, action, candidates, warnings, rules = decision
    product_name: str | None = None
    end_of_support: date | None = None
    if machine is not None:
        product_number, product_name, end_of_support, _ = machine
    else:
        warnings = (*serial_warnings(serial_number), *warnings)
        if product_number is not None:
            warnings = (*product_number_warnings(product_number), *warnings)
    return {
        "serial_number": serial_number,
        "product_number": product_number,
        "product_name": product_name,
        "status": status,
        "covered_until": until,
        "coverages": [
            {
                "kind": kind,  # type: ignore[typeddict-item]  # the tables' CHECKs say so.
                "contract_number": contract_number,
                "service_level": level,
                "start_date": start,
                "end_date": end,
                "state": state,
            }
            for state, (kind, contract_number, level, start, end) in covers
        ],
        "end_of_support": end_of_support,
        "order_deadline": deadline,
        "next_action": _action_out(action, language),
        "candidates": _candidates_out(serial_number, candidates) if candidates else (),
        "warnings": coded_warnings(warnings, language) if warnings else (),
        "rules": rules,
    }


def _candidates_out(serial_number: str, candidates: Sequence[MachineFacts]) -> list[Candidate]:
    return [
        {
            "serial_number": serial_number,
            "product_number": candidate.product_number,
            "product_name": candidate.product_name,
        }
        for candidate in candidates
    ]
