"""Contracts on the wire."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, NamedTuple

from pydantic import Field
from typing_extensions import TypedDict

from app.db.contracts import ContractRow, LineRow
from app.domain.calendar import DeskCalendar
from app.domain.contracts import ContractStatus, decide_contract
from app.domain.languages import Language
from app.domain.next_actions import next_action_text, warning_text
from app.schemas.wire import (
    CodedText,
    Cursor,
    Day,
    InstantOut,
    PageSize,
    Plain,
    StrictQuery,
    instant,
)

# So many are remembered: a kind and level has about one for each day of a few years.
MOST_STANDINGS = 20_000

ContractKind = Literal["contract", "package", "post_warranty"]


class ContractQuery(StrictQuery):
    """Filters of the contract list; all given ones must hold. Identifiers may be written as on
    paper: full-width characters, lower case and spaces are understood.
    """

    service_id: Annotated[
        str | None, Plain, Field(max_length=40, description="Service id (SAID), 12 digits.")
    ] = None
    contract_number: Annotated[
        str | None, Plain, Field(max_length=60, description="The number on the contract.")
    ] = None
    serial_number: Annotated[
        str | None, Plain, Field(max_length=60, description="Serial number of a machine on a line.")
    ] = None
    product_number: Annotated[
        str | None, Plain, Field(max_length=60, description="Product number on a line.")
    ] = None
    customer_id: Annotated[
        str | None, Plain, Field(max_length=40, description="The business's customer code.")
    ] = None
    kind: Annotated[ContractKind | None, Field(description="Contract or kind of package.")] = None
    status: Annotated[
        ContractStatus | None, Field(description="`active` includes the expiring ones.")
    ] = None
    ends_from: Annotated[Day | None, Field(description="Ends on this day or later.")] = None
    ends_to: Annotated[Day | None, Field(description="Ends on this day or earlier.")] = None
    as_of: Annotated[
        Day | None, Field(description="The day on which the status is meant; default today (JST).")
    ] = None
    page_size: PageSize = 50
    cursor: Cursor = None


class Contract(TypedDict):
    """One contract or package: its header, where it stands, and what to do next."""

    contract_number: Annotated[str, Field(examples=["JP-4410-0001"])]
    service_id: Annotated[
        str | None, Field(description="12 digits, without spaces.", examples=["102938475610"])
    ]
    customer_id: Annotated[str, Field(examples=["C0001"])]
    customer_name: str
    kind: ContractKind
    service_level: Annotated[str, Field(examples=["foundation_care_24x7"])]
    start_date: Annotated[Day, Field(description="First day, inclusive (JST).")]
    end_date: Annotated[Day, Field(description="Last day, inclusive (JST).")]
    status: ContractStatus
    line_count: int
    support_service_serial: str | None
    billing: Literal["upfront", "annual", "quarterly", "monthly"] | None
    renewal_quote_due: Annotated[
        Day, Field(description="When the next year's quote is due (REN-1); a guide for packages.")
    ]
    next_action: CodedText
    warnings: list[CodedText]
    rules: Annotated[list[str], Field(description="Ids of the rules that decided.")]
    updated_at: Annotated[InstantOut, Field(description="Last change, RFC 3339 in UTC.")]


class ContractPage(TypedDict):
    """A page of contracts, in the order of their numbers."""

    items: list[Contract]
    next_cursor: Annotated[str | None, Field(description="Cursor of the next page, if any.")]


class ContractLine(TypedDict):
    """One line of a contract."""

    line_number: int
    product_number: str | None
    product_name: str | None
    serial_number: str | None
    quantity: int
    service_level: str
    start_date: Day
    end_date: Day
    annual_price: Annotated[
        int | None, Field(description="Yen a year for the line's unit, without tax.")
    ]
    status: ContractStatus


class ContractLinePage(TypedDict):
    """A page of lines, in the order of their numbers."""

    items: list[ContractLine]
    next_cursor: str | None


class LineQuery(StrictQuery):
    """A page of lines."""

    as_of: Annotated[Day | None, Field(description="Default today (JST).")] = None
    page_size: PageSize = 50
    cursor: Cursor = None


class Standing(NamedTuple):
    """What is decided about a contract, in a language: it depends on its kind, level and period and
    on nothing else of it.
    """

    status: ContractStatus
    renewal_quote_due: date
    next_action: CodedText
    warnings: list[CodedText]
    rules: list[str]


def standing_of(
    kind: str,
    service_level: str,
    start: date,
    end: date,
    *,
    today: date,
    expiring_days: int,
    calendar: DeskCalendar,
    language: Language,
) -> Standing:
    """Decide where a contract stands on a day, and say it in a language."""
    decision = decide_contract(
        kind,
        service_level,
        start,
        end,
        today=today,
        expiring_days=expiring_days,
        calendar=calendar,
    )
    action = decision.next_action
    return Standing(
        decision.status,
        decision.renewal_quote_due,
        {"code": action, "text": next_action_text(action, language)},
        coded_warnings(decision.warnings, language),
        list(decision.rules),
    )


class Standings:
    """Standings that were decided already, while the day and the calendar stay the same."""

    def __init__(self, expiring_days: int) -> None:
        self._expiring_days = expiring_days
        self._basis: tuple[date, DeskCalendar] | None = None
        self._known: dict[tuple[str, str, date, date, Language], Standing] = {}

    def of(
        self, row: ContractRow, *, today: date, calendar: DeskCalendar, language: Language
    ) -> Standing:
        """The standing of a contract; nobody may change what is returned."""
        basis = self._basis
        if basis is None or basis[0] != today or basis[1] is not calendar:
            self._basis, self._known = (today, calendar), {}
        key = (row.kind, row.service_level, row.start_date, row.end_date, language)
        standing = self._known.get(key)
        if standing is None:
            standing = standing_of(
                *key[:4],
                today=today,
                expiring_days=self._expiring_days,
                calendar=calendar,
                language=language,
            )
            if len(self._known) >= MOST_STANDINGS:
                self._known.clear()
            self._known[key] = standing
        return standing


def contract_out(
    row: ContractRow,
    *,
    today: date,
    expiring_days: int,
    calendar: DeskCalendar,
    language: Language,
) -> Contract:
    """The answer for one contract on a day, in a language."""
    return contract_with(
        row,
        standing_of(
            row.kind,
            row.service_level,
            row.start_date,
            row.end_date,
            today=today,
            expiring_days=expiring_days,
            calendar=calendar,
            language=language,
        ),
    )


def contract_with(row: ContractRow, standing: Standing) -> Contract:
    """The answer for one contract whose standing is known."""
    return {
        "contract_number": row.contract_number,
        "service_id": row.service_id,
        "customer_id": row.customer_id,
        "customer_name": row.customer_name,
        "kind": row.kind,  # type: ignore[typeddict-item]  # the table's CHECK says the same.
        "service_level": row.service_level,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "status": standing.status,
        "line_count": row.line_count,
        "support_service_serial": row.support_service_serial,
        "billing": row.billing,  # type: ignore[typeddict-item]  # the table's CHECK says the same.
        "renewal_quote_due": standing.renewal_quote_due,
        "next_action": standing.next_action,
        "warnings": standing.warnings,
        "rules": standing.rules,
        "updated_at": instant(row.updated_at),
    }


def coded_warnings(codes: Sequence[str], language: Language) -> list[CodedText]:
    """Warnings with their texts."""
    return [{"code": code, "text": warning_text(code, language)} for code in codes]


def line_out(row: LineRow, status: ContractStatus) -> ContractLine:
    """The answer for one line."""
    return {
        "line_number": row.line_number,
        "product_number": row.product_number,
        "product_name": row.product_name,
        "serial_number": row.serial_number,
        "quantity": row.quantity,
        "service_level": row.service_level,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "annual_price": row.annual_price,
        "status": status,
    }
