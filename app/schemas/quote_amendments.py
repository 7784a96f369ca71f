"""What the desk changes in drafts of quotes, and the steps of a version."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.identifiers import normalise_product_number, normalise_serial
from app.domain.quote_amending import Amendment, FeeSetting, LineChange
from app.domain.quote_drafting import Source
from app.schemas.fields import Level, Number
from app.schemas.quote_drafts import (
    MOST_LINES,
    Amount,
    LineNumber,
    Name,
    Quantity,
    Reason,
    Terms,
    Uuid,
)
from app.schemas.wire import Day, Strict

LeftOutNumber = Annotated[int, Field(ge=1, le=1_000_000)]


class LineAmendment(Strict):
    """What changes at one line of the draft; what is not said stays."""

    line_number: LineNumber
    quantity: Quantity | None = None
    service_level: Level | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    unit_price: Annotated[
        Amount | None, Field(description="Yen a unit for the line's period; needs price_reason.")
    ] = None
    price_reason: Reason | None = None
    list_price: Annotated[
        bool, Field(description="True: the price of the list again instead of the desk's.")
    ] = False
    amount: Annotated[
        Amount | None, Field(description="What the caller reckons the line to be; checked.")
    ] = None
    tax_rate_bp: Annotated[
        int | None, Field(ge=0, le=10_000, description="Tax in basis points; 1000 is 10 %.")
    ] = None
    support_reason: Annotated[
        Reason | None,
        Field(description="Why an unknown end of support is no obstacle (EOS-3)."),
    ] = None
    leave_out_reason: Annotated[
        Reason | None, Field(description="Leaves the line out, for this reason (QUO-6).")
    ] = None

    @model_validator(mode="after")
    def a_price_has_a_reason(self) -> Self:
        """A price that the desk sets says why."""
        if self.unit_price is not None and self.price_reason is None:
            raise PydanticCustomError("reason_needed", "a price needs a reason")
        return self

    def change(self) -> LineChange:
        """The change as the rules take it."""
        return LineChange(
            line_number=self.line_number,
            quantity=self.quantity,
            service_level=self.service_level,
            start=self.start_date,
            end=self.end_date,
            unit_price=self.unit_price,
            price_reason=self.price_reason,
            list_price=self.list_price,
            amount=self.amount,
            tax_rate_bp=self.tax_rate_bp,
            support_reason=self.support_reason,
            leave_out_reason=self.leave_out_reason,
        )


class AddedMachine(Strict):
    """A machine that comes into the quote, for the quote's own period."""

    product_number: Number
    product_name: Name
    serial_number: Number | None = None
    quantity: Quantity = 1
    service_level: Level

    def source(self) -> Source:
        """The machine as what is to be quoted."""
        serial = self.serial_number
        return Source(
            product_name=self.product_name,
            service_level=self.service_level,
            product_number=normalise_product_number(self.product_number),
            serial_number=None if serial is None else normalise_serial(serial),
            quantity=self.quantity,
        )


class FeeIn(Strict):
    """The fee that the desk sets; an amount of 0 waives it. Either way it says why (FEE-6)."""

    amount: Annotated[Amount, Field(description="Yen without tax.")]
    reason: Reason


class QuoteAmendment(Terms):
    """What changes in the draft; what is not said stays. Everything is priced and checked anew."""

    lines: Annotated[list[LineAmendment], Field(default_factory=list, max_length=MOST_LINES)]
    restored: Annotated[
        list[LeftOutNumber],
        Field(
            default_factory=list,
            max_length=MOST_LINES,
            description="Lines left out that come back, by their `left_out_number` (QUO-6): for"
            " the period and level they were left out with, unless one for all lines is given.",
        ),
    ]
    added: Annotated[list[AddedMachine], Field(default_factory=list, max_length=MOST_LINES)]
    start_date: Annotated[Day | None, Field(description="For all lines.")] = None
    end_date: Annotated[
        Day | None, Field(description="For all lines; those whose support ends before end there.")
    ] = None
    service_level: Annotated[Level | None, Field(description="For all lines.")] = None
    fee: FeeIn | None = None
    eligibility_reason: Annotated[
        Reason | None, Field(description="What was found about the eligibility check's outcome.")
    ] = None

    def amendment(self) -> Amendment:
        """The amendment as the rules take it."""
        return Amendment(
            lines=tuple(line.change() for line in self.lines),
            restored=tuple(self.restored),
            added=tuple(machine.source() for machine in self.added),
            start=self.start_date,
            end=self.end_date,
            service_level=self.service_level,
            fee=None if self.fee is None else FeeSetting(self.fee.amount, self.fee.reason),
            eligibility_reason=self.eligibility_reason,
            header=self.header(),
            stated_total=self.total,
        )


class NextVersion(QuoteAmendment):
    """The next version of a quote: the latest one, with these changes."""

    based_on: Annotated[
        int | None,
        Field(ge=1, le=1_000_000, description="The version looked at; refused if not the latest."),
    ] = None
    change_request_id: Annotated[
        Uuid | None,
        Field(description="The change request that it answers as soon as it is issued (REQ-2)."),
    ] = None

    def change(self) -> UUID | None:
        """The change request's id."""
        return None if self.change_request_id is None else UUID(self.change_request_id)


class EndOfVersion(Strict):
    """A version that is withdrawn or declined, and why."""

    version: Annotated[int, Field(ge=1, le=1_000_000)]
    reason: Reason


class SplitLines(Strict):
    """Lines of the draft that go into a quote of their own."""

    line_numbers: Annotated[list[LineNumber], Field(min_length=1, max_length=MOST_LINES)]
