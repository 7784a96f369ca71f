"""Contracts on the wire."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

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


def contract_out(
    row: ContractRow,
    *,
    today: date,
    expiring_days: int,
    calendar: DeskCalendar,
    language: Language,
) -> Contract:
    """The answer for one contract on a day, in a language."""
    decision = decide_contract(
        row.kind,
        row.service_level,
        row.start_date,
        row.end_date,
        today=today,
        expiring_days=expiring_days,
        calendar=calendar,
    )
    action = decision.next_action
    return {
        "contract_number": row.contract_number,
        "service_id": row.service_id,
        "customer_id": row.customer_id,
        "customer_name": row.customer_name,
        "kind": row.kind,  # type: ignore[typeddict-item]  # the table's CHECK says the same.
        "service_level": row.service_level,
        "start_date": row.start_date,
        "end_date": row.end_date,
        "status": decision.status,
        "line_count": row.line_count,
        "support_service_serial": row.support_service_serial,
        "billing": row.billing,  # type: ignore[typeddict-item]  # the table's CHECK says the same.
        "renewal_quote_due": decision.renewal_quote_due,
        "next_action": {"code": action, "text": next_action_text(action, language)},
        "warnings": coded_warnings(decision.warnings, language),
        "rules": list(decision.rules),
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
