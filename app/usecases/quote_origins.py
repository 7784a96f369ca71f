"""Where a new quote comes from: contracts that are named, or a quote request (QUO-6, REQ)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.callers import Viewer
from app.db.quote_requests import (
    QuoteRequestRow,
    RequestItemRow,
    claim_quote_request,
    list_request_items,
)
from app.db.quote_sources import (
    ContractLineRow,
    CustomerRow,
    LinesWanted,
    find_check_facts,
    get_customer,
    list_contract_lines,
)
from app.domain.end_of_support import RequestKind
from app.domain.errors import CustomersDiffer, InvalidInput, NotFound
from app.domain.quote_drafting import Source
from app.domain.quotes import CheckFacts
from app.domain.request_states import RequestAction, RequestState, next_request_state

Place = tuple[str, int]
"""A line of a contract: the contract's number and the line's."""


@dataclass(frozen=True, slots=True)
class DraftWish:
    """What the desk wants drafted: from a request or from contracts. `chosen` are the lines that
    are to be quoted, where not all are; `left_out` says of the others why not (QUO-6). `header`
    holds columns of the version.
    """

    request_id: UUID | None = None
    contract_numbers: tuple[str, ...] = ()
    chosen: frozenset[Place] | None = None
    left_out: Mapping[Place, str] = field(default_factory=dict)
    kind: RequestKind | None = None
    start: date | None = None
    end: date | None = None
    term_months: int | None = None
    service_level: str | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    stated_total: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What a quote is drafted from, whichever way it was named."""

    customer: CustomerRow
    kind: RequestKind
    sources: tuple[Source, ...]
    contract_number: str | None = None
    service_id: str | None = None
    start: date | None = None
    end: date | None = None
    service_level: str | None = None
    request: QuoteRequestRow | None = None
    check: CheckFacts | None = None


async def load_origin(session: AsyncSession, viewer: Viewer, wish: DraftWish) -> Origin:
    """What a wish is about.

    Raises InvalidInput for a contract or request that is not there and for lines without a reason,
    CustomersDiffer for contracts of several customers, WrongState for a request that has ended.
    """
    if wish.request_id is not None:
        return await _of_request(session, viewer, wish, wish.request_id)
    rows = await list_contract_lines(session, viewer, LinesWanted(wish.contract_numbers))
    known = {row.contract_number for row in rows}
    missing = [
        (f"/contract_numbers/{place}", "contract_unknown")
        for place, number in enumerate(wish.contract_numbers)
        if number not in known
    ]
    if missing:
        raise InvalidInput(places=missing)
    if len({row.customer_id for row in rows}) > 1:
        raise CustomersDiffer(rules=("QUO-6",))
    sources = _chosen(rows, wish)
    first = rows[0]
    return Origin(
        customer=CustomerRow(*first[:4]),
        kind=wish.kind or RequestKind.RENEWAL,
        sources=sources,
        contract_number=first.contract_number if len(known) == 1 else None,
        service_id=_only({row.service_id for row in rows}),
    )


def _only(values: set[str | None]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None


def _chosen(rows: Sequence[ContractLineRow], wish: DraftWish) -> tuple[Source, ...]:
    """The lines of contracts, those that the desk leaves out with its reason.

    Raises InvalidInput for a line that is not there, and for one without choice or reason (QUO-6).
    """
    places = {(row.contract_number, row.line_number): row for row in rows}
    unknown = [place for place in (*(wish.chosen or ()), *wish.left_out) if place not in places]
    if unknown:
        raise InvalidInput(places=[("/lines", "line_unknown")], rules=("QUO-6",))
    out = set(wish.left_out)
    if wish.chosen is not None:
        if wish.chosen & out:
            raise InvalidInput(places=[("/left_out", "line_twice")], rules=("QUO-6",))
        if places.keys() - wish.chosen - out:
            raise InvalidInput(places=[("/left_out", "reason_needed")], rules=("QUO-6",))
    return tuple(_source_of(row, wish.left_out.get(place)) for place, row in places.items())


def _source_of(row: ContractLineRow, leave_out_reason: str | None) -> Source:
    """A line of a contract as what is to be renewed, or why it is not to be."""
    return Source(
        product_name=row.product_name or row.product_number or row.serial_number or "-",
        service_level=row.service_level,
        product_number=row.product_number,
        serial_number=row.serial_number,
        quantity=row.quantity,
        own_level=row.service_level,
        annual_price=row.annual_price,
        covered_until=row.end_date,
        contract_number=row.contract_number,
        line_number=row.line_number,
        leave_out_reason=leave_out_reason,
    )


async def _of_request(
    session: AsyncSession, viewer: Viewer, wish: DraftWish, request_id: UUID
) -> Origin:
    try:
        request = await claim_quote_request(session, viewer, request_id)
    except NotFound:
        raise InvalidInput(places=[("/request_id", "request_unknown")]) from None
    next_request_state(RequestState(request.state), RequestAction.DRAFT)
    items = await list_request_items(session, request)
    kind = RequestKind(request.kind)
    serials = tuple(item.serial_number for item in items if item.serial_number is not None)
    rows = await list_contract_lines(
        session,
        viewer,
        LinesWanted(
            contract_numbers=(request.contract_number,) if request.contract_number else (),
            service_id=None if request.contract_number else request.service_id,
            support_service_serial=request.support_service_serial,
            serial_numbers=serials,
            customer_id=request.customer_id,
        ),
    )
    if kind is RequestKind.RENEWAL and not items:
        sources = _chosen(_latest_contracts(rows), wish)
    else:
        sources = _machines(items, rows, wish.service_level or request.service_level)
    check = None
    if request.eligibility_check_id is not None:
        check = await find_check_facts(session, request.customer_id, request.eligibility_check_id)
    return Origin(
        customer=await get_customer(session, viewer, request.customer_id),
        kind=kind,
        sources=sources,
        contract_number=request.contract_number
        or _only({each.contract_number for each in sources}),
        service_id=request.service_id,
        start=request.start_date,
        end=request.end_date,
        service_level=request.service_level,
        request=request,
        check=check,
    )


def _latest_contracts(rows: Sequence[ContractLineRow]) -> list[ContractLineRow]:
    """The lines of the contract that ends last: a service id names earlier ones as well."""
    ends: dict[str, date] = {}
    for row in rows:
        number = row.contract_number
        ends[number] = max(ends.get(number, row.end_date), row.end_date)
    last = max(ends.values(), default=None)
    return [row for row in rows if ends[row.contract_number] == last]


def _machines(
    items: Sequence[RequestItemRow], rows: Sequence[ContractLineRow], level: str | None
) -> tuple[Source, ...]:
    """The machines of a request, each with the line that covered it last, where one did.

    Raises InvalidInput where nothing says at which level one of them is to be.
    """
    last: dict[str, ContractLineRow] = {}
    for row in sorted(rows, key=lambda row: row.end_date):
        if row.serial_number is not None:
            last[row.serial_number] = row
    found = []
    for item in items:
        covered = last.get(item.serial_number or "")
        own = (
            item.service_level or level or (covered.service_level if covered is not None else None)
        )
        if own is None:
            raise InvalidInput(places=[("/service_level", "required")])
        found.append(
            Source(
                product_name=item.product_name
                or (covered.product_name if covered is not None else None)
                or item.product_number
                or item.serial_number
                or "-",
                service_level=own,
                product_number=item.product_number or (covered.product_number if covered else None),
                serial_number=item.serial_number,
                quantity=item.quantity,
                own_level=None if covered is None else covered.service_level,
                annual_price=None if covered is None else covered.annual_price,
                covered_until=None if covered is None else covered.end_date,
                contract_number=None if covered is None else covered.contract_number,
                line_number=None if covered is None else covered.line_number,
            )
        )
    return tuple(found)
