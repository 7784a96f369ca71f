"""Quote requests as they are answered."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

from app.db.quote_requests import QuoteRequestRow, RequestItemRow
from app.domain.guide import REDIRECTS, said
from app.domain.languages import Language
from app.domain.texts import text
from app.schemas.eligibility import Reason
from app.schemas.fields import RequesterOut
from app.schemas.quote_requests import Kinds, States
from app.schemas.wire import CodedText, Day, IdentifierOut, InstantOut, instant


class Period(TypedDict):
    """A period, both days inclusive."""

    start_date: Day
    end_date: Day


class IdentificationOut(TypedDict):
    """Which contract is meant: as it was said, or as it was found."""

    service_id: str | None
    contract_number: str | None
    support_service_serial: str | None


class Condition(TypedDict):
    """Who said on which day how the machine runs (ELG-2)."""

    state: Literal["working", "unknown", "not_working"]
    declared_by: str | None
    declared_on: Day | None


class RequestItem(TypedDict):
    """One machine of a request."""

    position: int
    product_number: str | None
    product_name: str | None
    serial_number: str | None
    quantity: int
    service_level: str | None
    operating_condition: Condition | None


class OtherPeriod(TypedDict):
    """What is possible instead."""

    code: str
    rule: str
    text: str
    start_date: Day | None
    end_date: Day | None


class ProductLimit(TypedDict):
    """What the dates of a product say against the wished period (EOS-4)."""

    product_number: str
    reasons: list[Reason]
    alternatives: list[OtherPeriod]


class PlaceOut(TypedDict):
    """Where to go with it (REQ-7)."""

    code: Literal["packages", "technical-questions", "repairs"]
    topic: str
    go_to: str


class QuoteRequestSummary(TypedDict):
    """A quote request without its machines."""

    id: Annotated[IdentifierOut | None, Field(description="Null for a dry run.")]
    customer_id: str
    kind: Kinds
    state: States
    state_text: str
    missing: Annotated[list[CodedText], Field(description="What has to be added (REQ-1).")]
    question: Annotated[str | None, Field(description="What the desk wants to know.")]
    warnings: list[CodedText]
    flags: Annotated[list[str], Field(description="Set when something moved since (EOS-5).")]
    identification: IdentificationOut
    period: Annotated[Period | None, Field(description="Null where it stays open.")]
    service_level: str | None
    eligibility_check_id: IdentifierOut | None
    redirect: PlaceOut | None
    quote_number: str | None
    reason: Annotated[str | None, Field(description="Why it was rejected, cancelled or sent on.")]
    requester: RequesterOut
    note: str | None
    origin: Literal["api", "sheet"]
    created_at: InstantOut
    updated_at: InstantOut
    rules: list[str]


class WrittenText(TypedDict):
    """How an identifier was written; `position` is that of the machine, null for the request's."""

    position: int | None
    field: str
    text: str


class QuoteRequest(QuoteRequestSummary):
    """A quote request with its machines and what their dates allow."""

    items: list[RequestItem]
    as_written: Annotated[
        list[WrittenText],
        Field(description="Identifiers that were written otherwise than they are shown."),
    ]
    end_of_support: list[ProductLimit]


class QuoteRequestPage(TypedDict):
    """A page of quote requests, the latest first."""

    items: list[QuoteRequestSummary]
    next_cursor: str | None


def _coded(codes: Sequence[str], language: Language) -> list[CodedText]:
    return [{"code": code, "text": text(code, language)} for code in codes]


def _place(code: str | None, language: Language) -> PlaceOut | None:
    for each in REDIRECTS:
        if each.id == code:
            return {
                "code": cast("Any", each.id),
                "topic": said(each.topic, language),
                "go_to": said(each.go_to, language),
            }
    return None


def summary_out(
    row: QuoteRequestRow, language: Language, *, kept: bool = True
) -> QuoteRequestSummary:
    """The answer for one request without its machines; one that was not kept has no id."""
    period: Period | None = None
    if row.start_date is not None and row.end_date is not None:
        period = {"start_date": row.start_date, "end_date": row.end_date}
    return {
        "id": str(row.id) if kept else None,
        "customer_id": row.customer_id,
        "kind": cast("Any", row.kind),
        "state": cast("Any", row.state),
        "state_text": text(f"request.{row.state}", language),
        "missing": _coded(row.missing, language),
        "question": row.question,
        "warnings": _coded(row.warnings, language),
        "flags": list(row.flags),
        "identification": {
            "service_id": row.service_id,
            "contract_number": row.contract_number,
            "support_service_serial": row.support_service_serial,
        },
        "period": period,
        "service_level": row.service_level,
        "eligibility_check_id": None
        if row.eligibility_check_id is None
        else str(row.eligibility_check_id),
        "redirect": _place(row.redirect, language),
        "quote_number": row.quote_number,
        "reason": row.reason,
        "requester": {"name": row.requester_name, "email": row.requester_email},
        "note": row.note,
        "origin": cast("Any", row.origin),
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
        "rules": list(row.rules),
    }


def _item_out(item: RequestItemRow) -> RequestItem:
    return {
        "position": item.position,
        "product_number": item.product_number,
        "product_name": item.product_name,
        "serial_number": item.serial_number,
        "quantity": item.quantity,
        "service_level": item.service_level,
        "operating_condition": None
        if item.condition_state is None
        else {
            "state": cast("Any", item.condition_state),
            "declared_by": item.declared_by,
            "declared_on": item.declared_on,
        },
    }


def _limit_out(finding: Any, language: Language) -> ProductLimit:
    return {
        "product_number": finding["product_number"],
        "reasons": [
            {"code": each["code"], "rule": each["rule"], "text": text(each["code"], language)}
            for each in finding["reasons"]
        ],
        "alternatives": [
            {
                "code": each["code"],
                "rule": each["rule"],
                "text": text(each["code"], language),
                "start_date": each["start_date"],
                "end_date": each["end_date"],
            }
            for each in finding["alternatives"]
        ],
    }


def _written(wished: Mapping[str, Any]) -> Iterator[WrittenText]:
    # The database keeps the members of an object in an order of its own.
    for name, typed in sorted(wished.get("written", {}).items()):
        yield {"position": None, "field": name, "text": typed}
    machines = {int(place): texts for place, texts in wished.get("written_machines", {}).items()}
    for position, texts in sorted(machines.items()):
        for name, typed in sorted(texts.items()):
            yield {"position": position, "field": name, "text": typed}


def quote_request_out(
    row: QuoteRequestRow,
    items: Sequence[RequestItemRow],
    language: Language,
    *,
    kept: bool = True,
) -> QuoteRequest:
    """The answer for one request with its machines."""
    return {
        **summary_out(row, language, kept=kept),
        "items": [_item_out(item) for item in items],
        "as_written": list(_written(row.wished)),
        "end_of_support": [_limit_out(finding, language) for finding in row.findings],
    }
