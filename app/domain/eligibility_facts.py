"""What eligibility is decided from, and what the decision says (ELG-1 to ELG-7)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.fee_facts import FeeDecision
from app.domain.fees import FeeTotal
from app.domain.findings import Alternative, Finding, Outcome


class OperatingState(StrEnum):
    """How a machine runs, as somebody declared it (ELG-2)."""

    WORKING = "working"
    UNKNOWN = "unknown"
    NOT_WORKING = "not_working"


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who said on which Japanese day how a machine runs (ELG-2)."""

    state: OperatingState
    declared_by: str | None = None
    declared_on: date | None = None


@dataclass(frozen=True, slots=True)
class EligibilitySettings:
    """The settings of ELG-1, ELG-6 and EOS-2; the defaults ask for nothing more than the rules.

    `lead_days` is how many days after today the earliest start lies, at least one. `latest_start`
    is the last start date that is taken. `valid_days` is how long a check holds.
    """

    lead_days: int = 1
    latest_start: date | None = None
    covers_end_of_support_day: bool = True
    valid_days: int = 30


@dataclass(frozen=True, slots=True)
class WishedCover:
    """What is asked for: a kind and a period; `today` is the Japanese day of the check."""

    kind: RequestKind
    start: date
    end: date
    today: date


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """The facts of one machine, from the database and from the declaration together.

    `lifecycle` is None where the product is not known. `contract_end` is the last day of the
    contract or package that covers the machine now, if any; a warranty is no such cover. `fee` is
    what the policy said for the machine. `system` names the system that the machine belongs to;
    machines without one count as one system.
    """

    service_level: str
    lifecycle: Lifecycle | None
    declaration: Declaration | None
    fee: FeeDecision
    contract_end: date | None = None
    system: str | None = None


class MachineEligibility(NamedTuple):
    """The decision for one machine: its outcome, why, and what else is possible (ELG-5).

    `conditions` are codes of what must be done before ordering.
    """

    outcome: Outcome
    reasons: tuple[Finding, ...]
    conditions: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    fee: FeeDecision
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The decision for a whole request: the worst of its machines (ELG-5), and until when it holds.

    `reasons` are those of the request itself, such as its start date. `valid_until` is a Japanese
    calendar day, inclusive, and never later than the last day on which the start is still in the
    future (ELG-6).
    """

    outcome: Outcome
    reasons: tuple[Finding, ...]
    machines: tuple[MachineEligibility, ...]
    fee: FeeTotal
    warnings: tuple[str, ...]
    valid_until: date
    rules: tuple[str, ...]
