"""What the desk sends about quotes: drafts, amendments, steps."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.identifiers import (
    normalise,
    normalise_contract_number,
)
from app.domain.quote_amending import Amendment
from app.domain.quotes import AddresseeKind, plain_name
from app.schemas.fields import Email, Level, Number
from app.schemas.quote_requests import PeriodIn
from app.schemas.quotes import QuoteKind
from app.schemas.wire import Day, Plain, Strict

MOST_LINES = 2500
MOST_YEN = 10**12

Reason = Annotated[str, Plain, Field(min_length=1, max_length=500)]
Name = Annotated[str, Plain, Field(min_length=1, max_length=200)]
Text = Annotated[str, Plain, Field(min_length=1, max_length=2000)]
Amount = Annotated[int, Field(ge=0, le=MOST_YEN)]
LineNumber = Annotated[int, Field(ge=1, le=MOST_LINES)]
Uuid = Annotated[str, Field(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Quantity = Annotated[int, Field(ge=1, le=100_000)]


class AddresseeIn(Strict):
    """Whom the quote is written to: a company (御中) or a person (様), never both (QUO-3). The name
    comes without the honorific, or with the one that its kind has.
    """

    kind: Literal["company", "person"]
    name: Name

    @model_validator(mode="after")
    def one_honorific(self) -> Self:
        """No company is 様 and no person 御中."""
        if plain_name(AddresseeKind(self.kind), self.name) is None:
            raise PydanticCustomError("other_honorific", "another kind's honorific")
        return self


class ContactIn(Strict):
    """Who is written to about the quote."""

    name: Name
    email: Email


class LineRef(Strict):
    """A line of a contract."""

    contract_number: Number
    line_number: LineNumber

    def place(self) -> tuple[str, int]:
        """The line as it is stored."""
        return normalise_contract_number(self.contract_number), self.line_number


class LineLeftOut(LineRef):
    """A line that is not to be quoted, and why (QUO-6)."""

    reason: Reason


class Terms(Strict):
    """What a quote says besides its lines; null takes away what is there."""

    addressee: AddresseeIn | None = None
    contact: ContactIn | None = None
    conditions: Annotated[Text | None, Field(description="Contract conditions.")] = None
    stated_deadline: Annotated[
        Day | None, Field(description="An order deadline in the conditions (DL-2).")
    ] = None
    deadline_approver: Annotated[
        Name | None, Field(description="For a deadline on or after the start date (DL-2).")
    ] = None
    deadline_reason: Reason | None = None
    valid_until: Annotated[Day | None, Field(description="有効期限 (DL-5).")] = None
    total: Annotated[
        Amount | None,
        Field(description="What the caller reckons it comes to, with tax; refused if it does not."),
    ] = None

    def header(self) -> dict[str, Any]:
        """The columns of the version that are said, with their values."""
        said = self.model_fields_set
        values: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                "conditions",
                "stated_deadline",
                "deadline_approver",
                "deadline_reason",
                "valid_until",
            )
            if name in said
        }
        if self.addressee is not None:
            kind = AddresseeKind(self.addressee.kind)
            values["addressee_kind"] = kind.value
            values["addressee_name"] = plain_name(kind, self.addressee.name)
        if "contact" in said:
            values["contact_name"] = self.contact and self.contact.name
            values["contact_email"] = self.contact and self.contact.email
        return values


class QuoteDraft(Terms):
    """A quote to be drafted: from a request, from contracts, or merged from quotes. `lines` chooses
    some of the contracts' lines; the others need a reason each in `left_out` (QUO-6).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["request_id"]},
                {"required": ["contract_numbers"]},
                {"required": ["merge_of"]},
            ]
        }
    )

    request_id: Uuid | None = None
    contract_numbers: Annotated[list[Number], Field(min_length=1, max_length=50)] | None = None
    merge_of: Annotated[
        list[Number] | None, Field(min_length=2, max_length=50, description="Quotes (QUO-6).")
    ] = None
    lines: Annotated[list[LineRef], Field(min_length=1, max_length=MOST_LINES)] | None = None
    left_out: Annotated[list[LineLeftOut], Field(default_factory=list, max_length=MOST_LINES)]
    kind: Annotated[QuoteKind | None, Field(description="Of contracts: renewal by default.")] = None
    period: PeriodIn | None = None
    co_term_to: Annotated[
        Day | None, Field(description="One end for all lines, each from its own start (QUO-5).")
    ] = None
    service_level: Level | None = None

    @model_validator(mode="after")
    def one_source(self) -> Self:
        """Exactly one of request, contracts and quotes; at most one end."""
        sources = (self.request_id, self.contract_numbers, self.merge_of)
        if sum(source is not None for source in sources) != 1:
            raise PydanticCustomError("one_source", "give one of three")
        period = self.period or PeriodIn()
        ends = (self.co_term_to, period.end_date, period.term_months)
        if self.co_term_to is not None and ends.count(None) != 2:
            raise PydanticCustomError("one_term", "give one end")
        return self

    def numbers(self) -> tuple[str, ...]:
        """The contracts, as they are stored."""
        return tuple(normalise_contract_number(each) for each in self.contract_numbers or ())

    def quotes(self) -> tuple[str, ...]:
        """The quotes to be merged, as they are stored, each once."""
        return tuple(dict.fromkeys(normalise(each) for each in self.merge_of or ()))

    def request(self) -> UUID | None:
        """The request's id."""
        return None if self.request_id is None else UUID(self.request_id)

    def merging(self) -> Amendment:
        """What changes in the merged quote besides that it is one."""
        period = self.period or PeriodIn()
        return Amendment(
            start=period.start_date,
            end=self.co_term_to or period.end_date,
            service_level=self.service_level,
            header=self.header(),
            stated_total=self.total,
        )
