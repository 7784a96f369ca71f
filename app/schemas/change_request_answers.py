"""Change requests as they are answered."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.db.change_requests import ChangeRow
from app.domain.change_records import change_of, record_of, rules_of_change
from app.domain.languages import Language
from app.domain.texts import text
from app.schemas.change_requests import ChangeStates
from app.schemas.contracts import coded_warnings
from app.schemas.fields import RequesterOut
from app.schemas.wire import CodedText, Day, IdentifierOut, InstantOut, instant


class PeriodChangeOut(TypedDict):
    """The period that is wished; null: as it is."""

    kind: Literal["period"]
    start_date: Day | None
    end_date: Day | None


class LevelChangeOut(TypedDict):
    """The level that is wished; without serial numbers for all machines."""

    kind: Literal["level"]
    service_level: str
    serial_numbers: list[str]


class ContactChangeOut(TypedDict):
    """The contact that is wished."""

    kind: Literal["contact"]
    name: str
    email: str


class NamedMachineOut(TypedDict):
    """A machine that is there already."""

    serial_number: str | None
    product_number: str | None


class AddedMachineOut(TypedDict):
    """A machine that comes in."""

    product_number: str
    product_name: str
    serial_number: str | None
    quantity: int
    service_level: str | None


# `from` is no name of Python's, so this one is not written as a class.
ReplacementOut = TypedDict("ReplacementOut", {"from": NamedMachineOut, "to": AddedMachineOut})


class ConfigurationChangeOut(TypedDict):
    """Machines that come in, go, or are exchanged."""

    kind: Literal["configuration"]
    add: list[AddedMachineOut]
    remove: list[NamedMachineOut]
    replace: list[ReplacementOut]


ChangeOut = Annotated[
    PeriodChangeOut | LevelChangeOut | ContactChangeOut | ConfigurationChangeOut,
    Field(discriminator="kind"),
]


class ChangeRequest(TypedDict):
    """A change request: what is to be changed, and where it stands (REQ-2)."""

    id: Annotated[IdentifierOut | None, Field(description="Null for a dry run.")]
    state: ChangeStates
    state_text: str
    customer_id: str
    service_id: str | None
    contract_number: Annotated[str | None, Field(description="Null where several are meant.")]
    quote_number: Annotated[str | None, Field(description="The quote that it is about.")]
    quote_version: Annotated[int | None, Field(description="The version that it is about.")]
    answer_version: Annotated[int | None, Field(description="The version that answers it.")]
    changes: list[ChangeOut]
    warnings: list[CodedText]
    reason: Annotated[str | None, Field(description="Why it was rejected or taken back.")]
    requester: RequesterOut
    created_at: InstantOut
    updated_at: InstantOut
    rules: list[str]


class ChangeRequestPage(TypedDict):
    """A page of change requests, the latest first."""

    items: list[ChangeRequest]
    next_cursor: str | None


def change_request_out(row: ChangeRow, language: Language, *, kept: bool = True) -> ChangeRequest:
    """The answer for one change request; one that was not kept has no id."""
    changes = [change_of(record) for record in row.changes]
    # Written anew: the database keeps the members of a record in an order of its own.
    records: list[Any] = [record_of(change) for change in changes]
    return {
        "id": str(row.id) if kept else None,
        "state": row.state,  # type: ignore[typeddict-item]  # one of the six by its constraint.
        "state_text": text(f"change.{row.state}", language),
        "customer_id": row.customer_id,
        "service_id": row.service_id,
        "contract_number": row.contract_number,
        "quote_number": row.quote_number,
        "quote_version": row.quote_version,
        "answer_version": row.answer_version,
        "changes": records,
        "warnings": coded_warnings(row.warnings, language),
        "reason": row.reason,
        "requester": {"name": row.requester_name, "email": row.requester_email},
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
        "rules": list(rules_of_change(changes, row.warnings)),
    }
