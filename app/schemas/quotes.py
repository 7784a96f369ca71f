"""Quotes on the wire: one version of a quote, as every operation shows it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.db.quotes import QuoteLineRow, QuoteRow, VersionRow
from app.domain.calendar import DeskCalendar
from app.domain.languages import Language
from app.domain.quote_states import VersionState, effective_state
from app.domain.quotes import CUSTOMER_FLAGS, AddresseeKind, addressee_line
from app.domain.texts import text
from app.schemas.wire import CodedText, Day, IdentifierOut, StrictQuery

QuoteKind = Literal["renewal", "reenrollment", "new_enrollment", "upgrade"]
State = Literal["draft", "issued", "ordered", "declined", "superseded", "lapsed", "withdrawn"]
Yen = Annotated[int, Field(description="Yen without tax.")]
Rate = Annotated[float, Field(description="Percent.", examples=[10])]


class QuoteQuery(StrictQuery):
    """Which version of the quote is meant."""

    version: Annotated[
        Literal["draft"] | None,
        Field(description="`draft`: the one in work, for the desk; else the latest issued one."),
    ] = None


class Addressee(TypedDict):
    """Whom the quote is written to; `line` as it is printed, with its honorific (QUO-3)."""

    kind: Literal["company", "person"]
    name: str
    line: Annotated[str, Field(examples=["株式会社見本 御中"])]


class QuoteContact(TypedDict):
    """Who is written to about the quote."""

    name: str | None
    email: str | None


class QuoteLineOut(TypedDict):
    """The service on a machine, for the line's own period (TERM-4)."""

    line_number: int
    product_number: str | None
    product_name: str
    serial_number: str | None
    quantity: int
    service_level: str | None
    start_date: Day | None
    end_date: Day | None
    annual_price: Annotated[int | None, Field(description="Yen a unit and year, without tax.")]
    unit_price: Annotated[int, Field(description="Yen a unit for the line's period (QUO-5).")]
    amount: Yen
    tax_rate: Rate
    contract_number: str | None
    contract_line_number: int | None
    flags: list[CodedText]


class FeeLineOut(TypedDict):
    """A fee, such as the re-enrollment fee (FEE)."""

    line_number: int
    name: str
    quantity: int
    unit_price: Yen
    amount: Yen
    tax_rate: Rate


class LeftOutOut(TypedDict):
    """A line of the contract that is not quoted, and why (QUO-6)."""

    left_out_number: Annotated[int, Field(description="Its number in this list, from 1.")]
    contract_number: str | None
    line_number: int | None
    product_number: str | None
    serial_number: str | None
    reason: Annotated[str, Field(description="A code; `desk` where `text` is the desk's own.")]
    text: str


class TaxOut(TypedDict):
    """The tax of one rate, rounded once for the document (QUO-4)."""

    rate: Rate
    taxable: Yen
    amount: Annotated[int, Field(description="Yen of tax.")]


class QuoteOut(TypedDict):
    """One version of a quote. A version is never changed once it is issued (QUO-2)."""

    quote_number: Annotated[str, Field(examples=["Q2026-0000001"])]
    version: int
    latest_version: Annotated[int, Field(description="The highest version that you may see.")]
    version_count: int
    state: Annotated[
        State, Field(description="`lapsed` from the day after the effective limit (QUO-1, DL-5).")
    ]
    kind: QuoteKind
    customer_id: str
    customer_name: str
    addressee: Addressee
    contact: QuoteContact
    contract_number: str | None
    service_id: str | None
    service_level: str
    issued_on: Day | None
    start_date: Day
    end_date: Day
    lines: list[QuoteLineOut]
    fee_lines: list[FeeLineOut]
    left_out: list[LeftOutOut]
    subtotal: Yen
    tax: list[TaxOut]
    total: Annotated[int, Field(description="Yen with tax.")]
    conditions: str | None
    stated_deadline: Annotated[Day | None, Field(description="In the conditions (DL-2).")]
    valid_until: Annotated[Day | None, Field(description="有効期限 (DL-5).")]
    order_deadline: Annotated[Day | None, Field(description="DL-1 or DL-2; null in a draft.")]
    advised_order_date: Annotated[Day | None, Field(description="The business day (DL-4).")]
    effective_limit: Annotated[Day | None, Field(description="The earlier of both (DL-5).")]
    deadline_rule: Annotated[Literal["DL-1", "DL-2", "DL-5"] | None, Field()]
    merged_from: Annotated[list[str], Field(description="Quotes that went into this one (QUO-6).")]
    split_from: str | None
    request_id: IdentifierOut | None
    change_request_id: IdentifierOut | None
    eligibility_check_id: IdentifierOut | None
    reason: Annotated[str | None, Field(description="Why it was declined or withdrawn.")]
    flags: Annotated[list[CodedText], Field(description="What is open or remarkable.")]
    decisions: Annotated[
        dict[str, Any], Field(description="What the desk decided, and why; for the desk only.")
    ]
    revision: Annotated[int, Field(description="Grows with every change of the quote.")]
    rules: Annotated[list[str], Field(description="Ids of the rules that decided.")]


def rate_out(rate_bp: int) -> float:
    """A rate of basis points in percent; a whole one without a point."""
    return rate_bp // 100 if rate_bp % 100 == 0 else rate_bp / 100


def flags_out(flags: Sequence[str], *, desk: bool, language: Language) -> list[CodedText]:
    """Flags with their texts: all of them for the desk, a few for others."""
    return [
        {"code": flag, "text": text(f"quote.{flag}", language)}
        for flag in flags
        if desk or flag in CUSTOMER_FLAGS
    ]


def line_out(row: QuoteLineRow, *, desk: bool, language: Language) -> QuoteLineOut:
    """The answer for one service line."""
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
        "unit_price": row.unit_price,
        "amount": row.amount,
        "tax_rate": rate_out(row.tax_rate_bp),
        "contract_number": row.contract_number,
        "contract_line_number": row.contract_line_number,
        "flags": flags_out(row.flags, desk=desk, language=language),
    }


def line_name(kind: str, product_name: str, language: Language) -> str:
    """What a line is called: the product as it is, the fee in the language of the answer."""
    return text("quote.fee_line", language) if kind == "fee" else product_name


def fee_line_out(row: QuoteLineRow, language: Language) -> FeeLineOut:
    """The answer for one fee line."""
    return {
        "line_number": row.line_number,
        "name": line_name(row.kind, row.product_name, language),
        "quantity": row.quantity,
        "unit_price": row.unit_price,
        "amount": row.amount,
        "tax_rate": rate_out(row.tax_rate_bp),
    }


def left_out_out(number: int, left: Mapping[str, Any], language: Language) -> LeftOutOut:
    """The answer for one line left out."""
    return {
        "left_out_number": number,
        "contract_number": left["contract_number"],
        "line_number": left["line_number"],
        "product_number": left.get("product_number"),
        "serial_number": left.get("serial_number"),
        "reason": left["reason"],
        "text": left.get("note") or text(f"left_out.{left['reason']}", language),
    }


def tax_out(tax: Sequence[Mapping[str, int]]) -> list[TaxOut]:
    """The tax of a version, per rate."""
    return [
        {"rate": rate_out(each["rate_bp"]), "taxable": each["taxable"], "amount": each["tax"]}
        for each in tax
    ]


def addressee_out(version: VersionRow) -> Addressee:
    """The addressee of a version."""
    kind = AddresseeKind(version.addressee_kind)
    name = version.addressee_name
    return {"kind": kind.value, "name": name, "line": addressee_line(kind, name)}


def shown_state(version: VersionRow, today: date) -> VersionState:
    """The state of a version on a Japanese calendar day (QUO-1)."""
    return effective_state(VersionState(version.state), version.effective_limit, today)


def quote_out(
    quote: QuoteRow,
    version: VersionRow,
    lines: Sequence[QuoteLineRow],
    *,
    today: date,
    calendar: DeskCalendar,
    language: Language,
    desk: bool,
) -> QuoteOut:
    """The answer for one version of a quote; the desk is shown more than others."""
    limit = version.effective_limit
    reckoned = () if version.deadline_rule is None else (version.deadline_rule, "DL-4", "DL-5")
    rules = dict.fromkeys(("QUO-1", "QUO-3", "QUO-4", "QUO-5", *reckoned))
    return {
        "quote_number": quote.quote_number,
        "version": version.version,
        "latest_version": quote.latest_version if desk else quote.latest_issued or version.version,
        "version_count": quote.version_count,
        "state": shown_state(version, today).value,
        "kind": version.kind,  # type: ignore[typeddict-item]
        "customer_id": quote.customer_id,
        "customer_name": quote.customer_name,
        "addressee": addressee_out(version),
        "contact": {"name": version.contact_name, "email": version.contact_email},
        "contract_number": quote.contract_number,
        "service_id": quote.service_id,
        "service_level": version.service_level,
        "issued_on": version.issued_on,
        "start_date": version.start_date,
        "end_date": version.end_date,
        "lines": [
            line_out(row, desk=desk, language=language) for row in lines if row.kind == "service"
        ],
        "fee_lines": [fee_line_out(row, language) for row in lines if row.kind == "fee"],
        "left_out": [
            left_out_out(number, left, language)
            for number, left in enumerate(version.left_out, start=1)
        ],
        "subtotal": version.subtotal,
        "tax": tax_out(version.tax),
        "total": version.total,
        "conditions": version.conditions,
        "stated_deadline": version.stated_deadline,
        "valid_until": version.valid_until,
        "order_deadline": version.order_deadline,
        "advised_order_date": None if limit is None else calendar.preceding(limit),
        "effective_limit": limit,
        "deadline_rule": version.deadline_rule,  # type: ignore[typeddict-item]
        "merged_from": list(quote.merged_from),
        "split_from": quote.split_from,
        "request_id": _id(version.request_id),
        "change_request_id": _id(version.change_request_id),
        "eligibility_check_id": _id(version.eligibility_check_id),
        "reason": version.reason,
        "flags": flags_out(version.flags, desk=desk, language=language),
        "decisions": dict(version.decisions) if desk else {},
        "revision": quote.revision,
        "rules": list(rules),
    }


def _id(value: object) -> str | None:
    return None if value is None else str(value)
