"""Quote requests: what is asked for, and whether its identifications agree (REQ-1, REQ-5).

Identifiers are normalised before they come here. Dates are Japanese calendar days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from app.domain.eligibility_facts import Declaration
from app.domain.end_of_support import RequestKind
from app.domain.findings import Alternative, Finding

PLACES_TO_GO: Final = ("packages", "technical-questions", "repairs")
"""Ids of `app.domain.guide.REDIRECTS`: where what this desk does not take is taken (REQ-7)."""

# Families of the catalogue whose products have no serial number.
LICENCE_FAMILIES: Final = frozenset({"licence", "license", "software"})


Written = tuple[tuple[str, str], ...]
"""Names of identifiers, and the text that each was given as before it was normalised."""


@dataclass(frozen=True, slots=True)
class WantedMachine:
    """A machine of a request. In the configuration of a renewal product number, name, serial and
    quantity must all be there (REQ-1); the other kinds need a level and a declaration (REQ-3).
    `written` has, by name, the texts of identifiers that were written otherwise than they are here.
    """

    product_number: str | None = None
    product_name: str | None = None
    serial_number: str | None = None
    quantity: int | None = None
    service_level: str | None = None
    declaration: Declaration | None = None
    written: Written = ()


@dataclass(frozen=True, slots=True)
class Identification:
    """What a renewal is asked for, in the three ways of REQ-1. `written` as in WantedMachine."""

    service_id: str | None = None
    contract_number: str | None = None
    support_service_serial: str | None = None
    configuration: tuple[WantedMachine, ...] = ()
    written: Written = ()

    def references(self) -> dict[str, str]:
        """The numbers that are given, by name."""
        given = {
            "service_id": self.service_id,
            "contract_number": self.contract_number,
            "support_service_serial": self.support_service_serial,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class WishedPeriod:
    """The period as it was asked for: an end or a term; a renewal may leave the start open."""

    start: date | None = None
    end: date | None = None
    term_months: int | None = None


@dataclass(frozen=True, slots=True)
class WantedRequest:
    """A quote request as somebody asks for it, by whichever way it comes.

    `redirect` is one of PLACES_TO_GO where the asker says that it is about something else. `origin`
    is `api` or `sheet`.
    """

    kind: RequestKind
    requester_name: str
    requester_email: str
    customer_id: str | None = None
    identification: Identification = Identification()
    period: WishedPeriod = WishedPeriod()
    service_level: str | None = None
    items: tuple[WantedMachine, ...] = ()
    note: str | None = None
    redirect: str | None = None
    origin: str = "api"
    sheet_reference: UUID | None = None


def with_machines(wanted: WantedRequest) -> WantedRequest:
    """Return the request with the machines of a renewal in one place: those that are named as items
    are its configuration.
    """
    if wanted.kind is not RequestKind.RENEWAL or not wanted.items:
        return wanted
    configured = (*wanted.identification.configuration, *wanted.items)
    return replace(
        wanted,
        identification=replace(wanted.identification, configuration=configured),
        items=(),
    )


class KnownContract(NamedTuple):
    """A contract or package that the asker may see."""

    customer_id: str
    contract_number: str
    service_id: str | None
    support_service_serial: str | None
    kind: str
    service_level: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class ProductFinding:
    """What the dates of one product say against the wished period, and what is possible instead
    (EOS-4).
    """

    product_number: str
    findings: tuple[Finding, ...]
    alternatives: tuple[Alternative, ...] = ()


Machines = Mapping[tuple[str | None, str | None], frozenset[KnownContract]]
"""The contracts of machines, by serial and product number."""


def quantity_warnings(machines: Sequence[WantedMachine]) -> tuple[str, ...]:
    """Return the warning for a quantity that is unlike the count of serial numbers; what has no
    serial number at all is a licence (REQ-5).
    """
    unlike = any(
        machine.serial_number is not None and machine.quantity not in {None, 1}
        for machine in machines
    )
    return ("serial_count_unlike_quantity",) if unlike else ()


def is_complete(machine: WantedMachine, licences: frozenset[str]) -> bool:
    """Tell whether a machine of a configuration has all four: product number, name, serial and
    quantity. A licence (`licences` are product numbers) has no serial (REQ-1, REQ-5).
    """
    named = machine.product_number is not None and machine.product_name is not None
    serial = machine.serial_number is not None or machine.product_number in licences
    return named and serial and machine.quantity is not None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the identifications of a request name together, and what has to be asked."""

    contracts: frozenset[KnownContract] = frozenset()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def _named(
    identification: Identification, contracts: Sequence[KnownContract]
) -> dict[str, frozenset[KnownContract]]:
    return {
        name: frozenset(each for each in contracts if getattr(each, name) == value)
        for name, value in identification.references().items()
    }


def _disagreements(named: Mapping[str, frozenset[KnownContract]]) -> list[str]:
    found = {name: which for name, which in named.items() if which}
    names = list(found)
    pairs = [
        f"{one}_and_{other}_disagree"
        for place, one in enumerate(names)
        for other in names[place + 1 :]
        if not found[one] & found[other]
    ]
    if not pairs and found and not frozenset.intersection(*found.values()):
        return ["identifications_disagree"]
    return pairs


def agree(
    identification: Identification,
    contracts: Sequence[KnownContract],
    machines: Machines,
    licences: frozenset[str] = frozenset(),
) -> Agreement:
    """Return which contracts the identifications of a request name together (REQ-1).

    One of them is enough; what is given besides must agree with it. `contracts` are those of the
    numbers and `machines` those of the configuration, as far as the asker may see them: what is
    hidden is not there.
    """
    configured = identification.configuration
    complete = all(is_complete(machine, licences) for machine in configured)
    references = identification.references()
    if not references and not (configured and complete):
        code = "configuration_incomplete" if configured else "identification_needed"
        return Agreement(missing=(code,))
    named = _named(identification, contracts)
    missing = [f"{name}_not_found" for name, which in named.items() if not which]
    missing += _disagreements(named)
    found = [which for which in named.values() if which]
    together = frozenset.intersection(*found) if found else frozenset()
    of_machines: frozenset[KnownContract] = frozenset()
    for machine in configured:
        if machine.product_number is None and machine.serial_number is None:
            continue
        own = machines.get((machine.serial_number, machine.product_number), frozenset())
        of_machines |= own
        if not own:
            missing.append("machine_not_found")
        missing += [
            f"{name}_and_configuration_disagree"
            for name, which in named.items()
            if own and which and not own & which
        ]
    return Agreement(
        contracts=together if references else of_machines,
        missing=tuple(dict.fromkeys(missing)),
        warnings=() if complete else ("configuration_incomplete",),
    )
