"""What a change request is about: its contract, the quote in hand, what both say now (REQ-2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.change_cover import (
    NamedContract,
    StandingQuote,
    find_contracts,
    find_quote,
    list_contracted_machines,
    list_quoted_machines,
    list_quotes_in_hand,
)
from app.db.change_requests import find_contact
from app.db.products import find_products
from app.domain.change_requests import ChangeFacts
from app.domain.changes import Change, ContactChange, Cover, added_machines, is_contact_only
from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.errors import InvalidInput, VersionNotLatest


@dataclass(frozen=True, slots=True)
class WantedChange:
    """A change request as somebody sends it; identifiers are normalised. `quote_version` is the
    version that its sender has before them.
    """

    requester_name: str
    requester_email: str
    changes: tuple[Change, ...]
    service_id: str | None = None
    contract_number: str | None = None
    quote_number: str | None = None
    quote_version: int | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a change request turned out to be about: the one contract, where it is one, and the
    quote in hand.
    """

    customer_id: str
    contracts: Sequence[NamedContract]
    standing: StandingQuote | None

    @property
    def contract(self) -> NamedContract | None:
        """The contract, where there is no doubt which: the only one, or that of the quote."""
        if len(self.contracts) == 1:
            return self.contracts[0]
        number = None if self.standing is None else self.standing.contract_number
        return next((each for each in self.contracts if each.contract_number == number), None)


def _refused(pointer: str, code: str) -> InvalidInput:
    return InvalidInput(places=[(pointer, code)], rules=("REQ-2",))


async def _contracts_of(
    session: AsyncSession, viewer: Viewer, wanted: WantedChange
) -> list[NamedContract]:
    """The contracts that the numbers of a request name together; they must agree (REQ-2)."""
    if wanted.contract_number is None and wanted.service_id is None:
        raise _refused("/contract_number", "identification_needed")
    found = await find_contracts(
        session,
        viewer,
        contract_number=wanted.contract_number,
        service_id=wanted.service_id,
        customer_id=wanted.customer_id,
    )
    both = found
    for name in ("contract_number", "service_id"):
        value = getattr(wanted, name)
        if value is None:
            continue
        if not any(getattr(each, name) == value for each in found):
            raise _refused(f"/{name}", f"{name}_not_found")
        both = [each for each in both if getattr(each, name) == value]
    if not both:
        raise _refused("/contract_number", "service_id_and_contract_number_disagree")
    if len({each.customer_id for each in both}) > 1:
        raise _refused("/customer_id", "customer_needed")
    return both


async def find_target(
    session: AsyncSession, viewer: Viewer, wanted: WantedChange, today: date
) -> Target:
    """Find what a change request is about.

    Raises InvalidInput for numbers that name nothing or disagree, VersionNotLatest.
    """
    contracts = await _contracts_of(session, viewer, wanted)
    customer_id = contracts[0].customer_id
    numbers = [each.contract_number for each in contracts]
    if wanted.quote_number is None:
        if is_contact_only(wanted.changes):
            return Target(customer_id, contracts, None)
        in_hand = await list_quotes_in_hand(session, viewer, customer_id, numbers, today)
        issued = [each for each in in_hand if each.state == "issued"]
        if len(issued) > 1:
            raise _refused("/quote_number", "quote_number_needed")
        return Target(customer_id, contracts, next(iter([*issued, *in_hand]), None))
    standing = await find_quote(session, viewer, wanted.quote_number, customer_id, numbers)
    if standing is None:
        raise _refused("/quote_number", "quote_number_not_found")
    if wanted.quote_version not in {None, standing.version}:
        raise VersionNotLatest(
            pointer="/quote_version", facts={"latest_version": standing.version}, rules=("QUO-2",)
        )
    return Target(customer_id, contracts, standing)


async def _cover_of(
    session: AsyncSession, viewer: Viewer, wanted: WantedChange, target: Target
) -> Cover:
    """What there is now: by the quote, else by the contract, which alone has a contact."""
    standing, named = target.standing, target.contract
    if named is not None and is_contact_only(wanted.changes):
        return Cover(named.start_date, named.end_date, named.service_level, ())
    if standing is not None and not is_contact_only(wanted.changes):
        machines = await list_quoted_machines(session, viewer, standing)
        return Cover(standing.start_date, standing.end_date, standing.service_level, machines)
    if named is None:
        raise _refused("/contract_number", "contract_number_needed")
    machines = await list_contracted_machines(session, viewer, named)
    return Cover(named.start_date, named.end_date, named.service_level, machines)


async def find_facts(
    session: AsyncSession, viewer: Viewer, wanted: WantedChange, target: Target, today: date
) -> ChangeFacts:
    """Collect what a change request meets. Raises InvalidInput where the contract is in doubt."""
    standing, named = target.standing, target.contract
    cover = await _cover_of(session, viewer, wanted, target)
    numbers = {machine.product_number for machine in cover.machines}
    numbers |= {machine.product_number for _, machine in added_machines(wanted.changes)}
    products = await find_products(session, sorted(each for each in numbers if each is not None))
    contact = None
    if named is not None:
        contact = await find_contact(session, viewer, named.customer_id, named.contract_number)
    return ChangeFacts(
        cover=cover,
        quote_state=None if standing is None else _state_on(standing, today),
        kind=RequestKind.RENEWAL if standing is None else RequestKind(standing.kind),
        lifecycles={
            number: Lifecycle(
                each.end_of_sale, each.last_new_enrollment, each.last_renewal, each.end_of_support
            )
            for number, each in products.items()
        },
        contact=None if contact is None else ContactChange(*contact),
    )


def _state_on(standing: StandingQuote, today: date) -> str:
    """The state of a quote on a day: one past its limit has lapsed, written down or not."""
    limit = standing.effective_limit
    passed = standing.state == "issued" and limit is not None and limit < today
    return "lapsed" if passed else standing.state
