"""Decide what becomes of a quote request: load what it names, then ask the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.products import ProductRow, find_products
from app.db.renewable import (
    ContractProduct,
    MachineContract,
    list_contract_products,
    list_machine_contracts,
)
from app.domain.eligibility_facts import EligibilitySettings, WishedCover
from app.domain.eligibility_request import Checked
from app.domain.end_of_support import Lifecycle, RequestKind
from app.domain.errors import InvalidInput
from app.domain.fee_facts import term_between
from app.domain.quote_requests import (
    LICENCE_FAMILIES,
    Agreement,
    KnownContract,
    WantedMachine,
    WantedRequest,
    agree,
)
from app.domain.request_decisions import (
    RequestDecision,
    decide_enrollment,
    decide_renewal,
    period_of,
    redirected,
    with_products,
)
from app.usecases.eligibility import Wish, check_eligibility, owner_of


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided request: whose it is, the decision, and the eligibility check where one was run."""

    customer_id: str
    decision: RequestDecision
    checked: Checked | None = None


@dataclass(frozen=True, slots=True)
class _Named:
    """What the identifications of a request name in the database."""

    products: Mapping[str, ProductRow]
    licences: frozenset[str]
    by_number: Sequence[ContractProduct]
    by_machine: Sequence[MachineContract]

    @property
    def owners(self) -> set[str]:
        contracts = [row.contract for row in self.by_number]
        contracts += [row.contract for row in self.by_machine]
        return {one.customer_id for one in contracts}

    def agreement(self, wanted: WantedRequest) -> Agreement:
        """Whether they agree (REQ-1)."""
        return agree(
            wanted.identification,
            [row.contract for row in self.by_number],
            {
                (one.serial_number, one.product_number): self._contracts_of(one)
                for one in wanted.identification.configuration
            },
            self.licences,
        )

    def _contracts_of(self, machine: WantedMachine) -> frozenset[KnownContract]:
        return frozenset(
            row.contract
            for row in self.by_machine
            if row.serial_number == machine.serial_number
            and machine.product_number in {None, row.product_number}
        )

    def lifecycles(
        self, wanted: WantedRequest, decision: RequestDecision
    ) -> dict[str, Lifecycle | None]:
        """The dates of the products to renew: those that are named, else those of the contracts."""
        named = {one.product_number for one in wanted.identification.configuration}
        if named - {None}:
            return {number: self._lifecycle(number) for number in named if number is not None}
        return {
            row.product_number: row.lifecycle
            for row in self.by_number
            if row.product_number is not None and row.contract in decision.contracts
        }

    def _lifecycle(self, number: str) -> Lifecycle | None:
        row = self.products.get(number)
        if row is None:
            return None
        return Lifecycle(
            row.end_of_sale, row.last_new_enrollment, row.last_renewal, row.end_of_support
        )


async def decide_request(
    session: AsyncSession,
    viewer: Viewer,
    wanted: WantedRequest,
    today: date,
    settings: EligibilitySettings,
) -> Decided:
    """Decide a request; nothing is stored.

    Raises InvalidInput: `customer_unknown`, `customer_needed`, and `required` where an enrollment
    has no machines or no first day (REQ-3, REQ-4).
    """
    named = await _load(session, viewer, wanted)
    if wanted.redirect is not None:
        owner = await owner_of(session, viewer, named.owners, wanted.customer_id)
        return Decided(owner, redirected(wanted.redirect))
    if wanted.kind is not RequestKind.RENEWAL:
        return await _decide_enrollment(session, viewer, wanted, named, today, settings)
    owner = await owner_of(session, viewer, named.owners, wanted.customer_id)
    decision = decide_renewal(wanted, named.agreement(wanted), today)
    if decision.contracts:
        decision = with_products(
            decision,
            named.lifecycles(wanted, decision),
            covers_last_day=settings.covers_end_of_support_day,
        )
    return Decided(owner, decision)


async def _load(session: AsyncSession, viewer: Viewer, wanted: WantedRequest) -> _Named:
    configured = wanted.identification.configuration
    numbers = {one.product_number for one in configured if one.product_number is not None}
    products = await find_products(session, sorted(numbers)) if numbers else {}
    licences = frozenset(
        row.product_number
        for row in products.values()
        if (row.family or "").casefold() in LICENCE_FAMILIES
    )
    references = wanted.identification.references()
    by_number: Sequence[ContractProduct] = ()
    if references:
        by_number = await list_contract_products(session, viewer, references, wanted.customer_id)
    by_machine: Sequence[MachineContract] = ()
    if configured:
        serials = {one.serial_number for one in configured if one.serial_number is not None}
        by_machine = await list_machine_contracts(
            session, viewer, sorted(serials), sorted(licences), wanted.customer_id
        )
    return _Named(products, licences, by_number, by_machine)


async def _decide_enrollment(
    session: AsyncSession,
    viewer: Viewer,
    wanted: WantedRequest,
    named: _Named,
    today: date,
    settings: EligibilitySettings,
) -> Decided:
    absent = [
        place
        for place, given in (("/items", wanted.items), ("/period", wanted.period.start))
        if not given
    ]
    if wanted.period.start is None or absent:
        raise InvalidInput(
            places=[(place, "required") for place in absent], rules=("REQ-3", "REQ-4")
        )
    period = period_of(wanted.period, wanted.period.start)
    cover = WishedCover(wanted.kind, period.start, period.end, today)
    owners = named.owners
    customer_id = wanted.customer_id or (owners.pop() if len(owners) == 1 else None)
    checked = await check_eligibility(
        session,
        viewer,
        cover,
        term_between(period.start, period.end),
        [
            Wish(
                one.serial_number,
                one.product_number,
                one.service_level or wanted.service_level or "",
                one.declaration,
            )
            for one in wanted.items
        ],
        customer_id,
        settings,
    )
    given = wanted.identification.references() or wanted.identification.configuration
    decision = decide_enrollment(
        wanted,
        named.agreement(wanted) if given else None,
        period,
        checked.decision,
        [product for _, product in checked.identities],
    )
    return Decided(checked.customer_id, decision, checked)
