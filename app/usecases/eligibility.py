"""Check whether machines can come (back) under contract, and at what fee (ELG, FEE)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.eligibility import HistoryRow, customers_of, list_history, prices_on
from app.db.engine import ReadSession
from app.db.fee_policies import policies_in_force
from app.db.products import ProductRow, find_products
from app.domain.eligibility_facts import (
    Declaration,
    EligibilitySettings,
    MachineEligibility,
    MachineFacts,
    WishedCover,
)
from app.domain.eligibility_request import (
    Candidate,
    Checked,
    PastCover,
    decide_request,
    facts_of_each,
    undecided,
)
from app.domain.end_of_support import Lifecycle
from app.domain.errors import InvalidInput
from app.domain.fee_facts import Term
from app.domain.fee_policy import FeePolicy
from app.domain.fee_policy_reader import read_policy
from app.settings import Settings


class Wish(NamedTuple):
    """One machine of a request: how it is named, the level wished, and its declared condition."""

    serial_number: str | None
    product_number: str | None
    service_level: str
    declaration: Declaration | None


class Product(NamedTuple):
    """What is known of a product: its four dates and its family."""

    lifecycle: Lifecycle
    family: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows about the machines of a request."""

    owners: set[str]
    history: Mapping[str, Sequence[HistoryRow]]
    products: Mapping[str, Product]
    prices: Mapping[tuple[str, str], int]
    policies: Sequence[FeePolicy]


async def check_eligibility(
    session: AsyncSession | ReadSession,
    viewer: Viewer,
    cover: WishedCover,
    term: Term,
    wishes: Sequence[Wish],
    customer_id: str | None,
    settings: EligibilitySettings,
) -> Checked:
    """Decide a request; nothing is stored.

    Raises InvalidInput (`customer_needed`) when the machines do not tell whose request it is.
    """
    known = await _load(session, viewer, cover.start, cover.today, wishes)
    owner = await owner_of(session, viewer, known.owners, customer_id)
    if known.owners - {owner}:
        known = _of_owner(known, owner)
    identified = identify(wishes, known)
    candidates = [
        _candidate(wish, machine, known)
        for wish, machine in zip(wishes, identified, strict=True)
        if machine.problem is None
    ]
    facts = iter(facts_of_each(candidates, cover, term, known.policies))
    machines: list[MachineFacts | MachineEligibility] = [
        next(facts) if machine.problem is None else undecided(machine.problem, cover, term)
        for machine in identified
    ]
    return Checked(
        customer_id=owner,
        identities=tuple((one.serial_number, one.product_number) for one in identified),
        candidates=tuple(one.candidates for one in identified),
        decision=decide_request(cover, machines, settings),
    )


async def _load(
    session: AsyncSession, viewer: Viewer, start: date, today: date, wishes: Sequence[Wish]
) -> Known:
    serials = sorted({wish.serial_number for wish in wishes if wish.serial_number is not None})
    history: dict[str, list[HistoryRow]] = {}
    numbers = {wish.product_number for wish in wishes if wish.product_number is not None}
    owners: set[str] = set()
    for row in await list_history(session, viewer, serials):
        serial, owner, product_number, _, _, _, _, _ = row
        history.setdefault(serial, []).append(row)
        owners.add(owner)
        if product_number:
            numbers.add(product_number)
    return Known(
        owners=owners,
        history=history,
        products={
            number: Product(lifecycle_of(row), row.family)
            for number, row in (await find_products(session, sorted(numbers))).items()
        },
        prices=await prices_on(session, sorted(numbers), start),
        policies=await read_policies(session, today),
    )


def lifecycle_of(row: ProductRow) -> Lifecycle:
    """The dates of a product as the rules take them."""
    return Lifecycle(row.end_of_sale, row.last_new_enrollment, row.last_renewal, row.end_of_support)


async def read_policies(session: AsyncSession, today: date) -> list[FeePolicy]:
    """The fee policies in force."""
    found = []
    for row in await policies_in_force(session, today):
        policy = read_policy({**row.definition, "code": row.code, "version": row.version}).policy
        if policy is not None:
            found.append(policy)
    return found


async def owner_of(
    session: AsyncSession | ReadSession, viewer: Viewer, owners: set[str], customer_id: str | None
) -> str:
    """Whose request it is: as said, else the one customer of what it names (`owners`), else the
    caller's only one.

    Raises InvalidInput: `customer_unknown` for a customer that the viewer may not see,
    `customer_needed` when it stays open.
    """
    if customer_id is not None:
        if customer_id not in owners:
            visible = await customers_of(session, viewer, customer_id)
            if customer_id not in visible:
                raise InvalidInput(places=[("/customer_id", "customer_unknown")])
        return customer_id
    if not owners:
        owners = set(await customers_of(session, viewer))
    if len(owners) != 1:
        raise InvalidInput(places=[("/customer_id", "customer_needed")])
    return next(iter(owners))


def _of_owner(known: Known, owner: str) -> Known:
    """Without what is another customer's, though the caller may see it: the check will be the
    owner's to read.
    """
    own = {
        serial: [row for row in rows if row.customer_id == owner]
        for serial, rows in known.history.items()
    }
    history = {serial: rows for serial, rows in own.items() if rows}
    return replace(known, owners={owner}, history=history)


class Identified(NamedTuple):
    """What a machine of the request was taken for, or the code of why that is open."""

    serial_number: str | None
    product_number: str | None
    candidates: tuple[str, ...]
    problem: str | None


def identify(wishes: Sequence[Wish], known: Known) -> list[Identified]:
    """Say for each machine which product it is. A serial that two products share, a machine named
    twice and one that is not named at all stay open; the others go on (REQ-1).
    """
    seen: set[tuple[str, str | None]] = set()
    found: list[Identified] = []
    for serial, product, _, _ in wishes:
        problem: str | None = None
        shown: tuple[str, ...] = ()
        if product is None and serial is None:
            problem = "machine_unidentified"
        elif product is None:
            rows = known.history.get(serial or "", ())
            bearers = {bearer for _, _, bearer, _, _, _, _, _ in rows if bearer}
            if len(bearers) > 1:
                problem, shown = "serial_ambiguous", tuple(sorted(bearers))
            elif bearers:
                (product,) = bearers
        if serial is not None and problem is None:
            if (serial, product) in seen:
                problem = "machine_twice"
            seen.add((serial, product))
        found.append(Identified(serial, product, shown, problem))
    return found


def _candidate(wish: Wish, machine: Identified, known: Known) -> Candidate:
    serial, product_number, _, _ = machine
    product = known.products.get(product_number or "")
    covers: list[PastCover] = []
    system: str | None = None
    for row in known.history.get(serial or "", ()):
        _, _, covered_product, kind, start, end, annual_price, system_id = row
        if covered_product is None or covered_product == product_number:
            covers.append(PastCover(kind, start, end, annual_price))
            system = system or system_id
    return Candidate(
        service_level=wish.service_level,
        declaration=wish.declaration,
        lifecycle=None if product is None else product.lifecycle,
        family=None if product is None else product.family,
        covers=tuple(covers),
        new_annual=known.prices.get((product_number or "", wish.service_level)),
        system=system,
    )


def eligibility_settings(settings: Settings) -> EligibilitySettings:
    """The settings of ELG-1, ELG-6 and EOS-2."""
    return EligibilitySettings(
        covers_end_of_support_day=settings.rules.covers_last_day,
        valid_days=settings.rules.check_valid_days,
    )
