"""What an eligibility check is asked: machines, their condition and the cover wished."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.eligibility_facts import Declaration, OperatingState
from app.domain.identifiers import normalise_product_number, normalise_serial
from app.schemas.fields import Level, Number
from app.schemas.wire import Day, Plain, Strict

MOST_MACHINES = 1000


class OperatingCondition(Strict):
    """Who said on which day how the machine runs (ELG-2)."""

    state: Literal["working", "unknown", "not_working"]
    declared_by: Annotated[str, Plain, Field(min_length=1, max_length=100)] | None = None
    declared_on: Day | None = None

    def declaration(self) -> Declaration:
        """The declaration as the rules take it."""
        return Declaration(OperatingState(self.state), self.declared_by, self.declared_on)


class MachineWished(Strict):
    """A machine, by serial number (and product number where two share it) or by product number."""

    serial_number: Number | None = None
    product_number: Number | None = None
    service_level: Level
    operating_condition: OperatingCondition | None = None

    def identity(self) -> tuple[str | None, str | None]:
        """Serial and product number as they are stored."""
        serial, product = self.serial_number, self.product_number
        return (
            None if serial is None else normalise_serial(serial),
            None if product is None else normalise_product_number(product),
        )


class EligibilityQuestion(Strict):
    """Which machines, from when, for how long, at which level."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"end_date": {"type": "null"}}},
                {"properties": {"term_months": {"type": "null"}}},
            ]
        }
    )

    kind: Literal["reenrollment", "new_enrollment", "upgrade"]
    start_date: Annotated[Day, Field(description="First day wished (JST).")]
    end_date: Annotated[Day | None, Field(description="Last day wished, or term_months.")] = None
    term_months: Annotated[int, Field(ge=1, le=120)] | None = None
    customer_id: Annotated[str, Field(pattern="^[A-Z0-9-]{1,20}$")] | None = None
    items: Annotated[list[MachineWished], Field(min_length=1, max_length=MOST_MACHINES)]

    @model_validator(mode="after")
    def one_period(self) -> Self:
        """The end is given as a day or by a term, and lies after the start."""
        if self.end_date is not None and self.term_months is not None:
            raise PydanticCustomError("one_term", "give end_date or term_months")
        if self.end_date is not None and self.end_date < self.start_date:
            raise PydanticCustomError("end_before_start", "the end lies before the start")
        return self
