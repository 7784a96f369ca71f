"""Quote requests as they come in: the request itself, and what is done with it."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.end_of_support import RequestKind
from app.domain.identifiers import (
    normalise_contract_number,
    normalise_keeping_case,
    normalise_product_number,
    normalise_serial,
    normalise_service_id,
)
from app.domain.quote_requests import (
    Identification,
    WantedMachine,
    WantedRequest,
    WishedPeriod,
)
from app.schemas.eligibility_questions import MOST_MACHINES, OperatingCondition
from app.schemas.fields import Email, Level, Number, read_as, written_otherwise
from app.schemas.wire import Cursor, Day, Lines, PageSize, Plain, Strict, StrictQuery

Kinds = Literal["renewal", "reenrollment", "new_enrollment", "upgrade"]
States = Literal[
    "received",
    "needs_information",
    "in_progress",
    "quoted",
    "rejected",
    "cancelled",
    "redirected",
]
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]
CustomerCode = Annotated[str, Field(pattern="^[A-Z0-9-]{1,20}$", examples=["C0001"])]
Note = Annotated[str, Lines, Field(min_length=1, max_length=2000)]


class ConfiguredMachine(Strict):
    """A machine of the configuration to renew. All four members are needed (REQ-1); what is left
    out is asked back. A licence has no serial number.
    """

    product_number: Number | None = None
    product_name: Annotated[str, Plain, Field(min_length=1, max_length=200)] | None = None
    serial_number: Number | None = None
    quantity: Quantity | None = None

    def machine(self) -> WantedMachine:
        """The machine as the rules take it."""
        product_number = read_as(self.product_number, normalise_product_number)
        serial_number = read_as(self.serial_number, normalise_serial)
        return WantedMachine(
            product_number=product_number,
            product_name=self.product_name,
            serial_number=serial_number,
            quantity=self.quantity,
            written=written_otherwise(
                self, {"product_number": product_number, "serial_number": serial_number}
            ),
        )


class IdentificationIn(Strict):
    """Which contract is meant, in one way or in several that agree (REQ-1)."""

    service_id: Number | None = None
    contract_number: Number | None = None
    support_service_serial: Number | None = None
    configuration: Annotated[list[ConfiguredMachine], Field(max_length=MOST_MACHINES)] | None = None

    def fields(self) -> dict[str, Any]:
        """The fields of an Identification that are given."""
        read = {
            "service_id": read_as(self.service_id, normalise_service_id),
            "contract_number": read_as(self.contract_number, normalise_contract_number),
            # The serial number of a package keeps its case.
            "support_service_serial": read_as(self.support_service_serial, normalise_keeping_case),
        }
        machines = tuple(one.machine() for one in self.configuration or ())
        found: dict[str, Any] = {**read, "configuration": machines}
        given = {name: value for name, value in found.items() if name in self.model_fields_set}
        written = written_otherwise(self, read)
        return given | ({"written": written} if written else {})


class PeriodIn(Strict):
    """The wished period. A renewal starts the day after the old end where nothing else is said, and
    lasts 12 months (TERM-1, TERM-3).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"end_date": {"type": "null"}}},
                {"properties": {"term_months": {"type": "null"}}},
            ]
        }
    )

    start_date: Day | None = None
    end_date: Day | None = None
    term_months: Annotated[int, Field(ge=1, le=120)] | None = None

    @model_validator(mode="after")
    def one_period(self) -> Self:
        """The end is given as a day or by a term, and lies after the start."""
        if self.end_date is not None and self.term_months is not None:
            raise PydanticCustomError("one_term", "give end_date or term_months")
        if None not in {self.start_date, self.end_date} and self._ends_before():
            raise PydanticCustomError("end_before_start", "the end lies before the start")
        return self

    def _ends_before(self) -> bool:
        return (self.end_date or date.max) < (self.start_date or date.min)

    def wish(self) -> WishedPeriod:
        """The period as the rules take it."""
        return WishedPeriod(self.start_date, self.end_date, self.term_months)


class RequestedMachine(Strict):
    """A machine to enroll: by serial number (and product number where two share it) or by product
    number, as in eligibility checks.
    """

    serial_number: Number | None = None
    product_number: Number | None = None
    product_name: Annotated[str, Plain, Field(min_length=1, max_length=200)] | None = None
    quantity: Quantity | None = None
    service_level: Level | None = None
    operating_condition: OperatingCondition | None = None

    def machine(self) -> WantedMachine:
        """The machine as the rules take it."""
        said = self.operating_condition
        product_number = read_as(self.product_number, normalise_product_number)
        serial_number = read_as(self.serial_number, normalise_serial)
        return WantedMachine(
            product_number=product_number,
            product_name=self.product_name,
            serial_number=serial_number,
            quantity=self.quantity,
            written=written_otherwise(
                self, {"product_number": product_number, "serial_number": serial_number}
            ),
            service_level=self.service_level,
            declaration=None if said is None else said.declaration(),
        )


class Requester(Strict):
    """Who asks, and where the answer goes."""

    name: Annotated[str, Plain, Field(min_length=1, max_length=200)]
    email: Email


class QuoteRequestIn(Strict):
    """What a quote is asked for. `identification` is for renewals (REQ-1); `items` and `period` are
    for the other kinds (REQ-3), where each machine has a level, its own or the request's.
    """

    kind: Kinds
    customer_id: Annotated[
        CustomerCode | None,
        Field(description="For callers with several customers, where nothing else tells it."),
    ] = None
    identification: IdentificationIn | None = None
    period: PeriodIn | None = None
    service_level: Level | None = None
    items: Annotated[list[RequestedMachine], Field(max_length=MOST_MACHINES)] | None = None
    requester: Requester
    note: Note | None = None
    concern: Annotated[
        Literal["contract", "packages", "technical-questions", "repairs"],
        Field(description="What it is about. What this desk does not take is sent on (REQ-7)."),
    ] = "contract"

    @model_validator(mode="after")
    def each_machine_has_a_level(self) -> Self:
        """A machine to enroll has a level, its own or the request's."""
        if self.kind == "renewal":
            return self
        if self.service_level is None and any(
            one.service_level is None for one in self.items or ()
        ):
            raise PydanticCustomError("level_missing", "each machine needs a service level")
        return self

    def wanted(self) -> WantedRequest:
        """The request as the rules take it."""
        said = self.identification
        return WantedRequest(
            kind=RequestKind(self.kind),
            requester_name=self.requester.name,
            requester_email=self.requester.email,
            customer_id=self.customer_id,
            identification=Identification() if said is None else Identification(**said.fields()),
            period=WishedPeriod() if self.period is None else self.period.wish(),
            service_level=self.service_level,
            items=tuple(one.machine() for one in self.items or ()),
            note=self.note,
            redirect=None if self.concern == "contract" else self.concern,
        )


class QuoteRequestQuery(StrictQuery):
    """Filters of the list of quote requests."""

    state: Annotated[
        Literal[
            "received",
            "needs_information",
            "in_progress",
            "quoted",
            "rejected",
            "cancelled",
            "redirected",
            "open",
        ]
        | None,
        Field(description="`open`: received, needing information or in progress."),
    ] = None
    kind: Annotated[Kinds | None, Field(description="What was asked for.")] = None
    contract_number: Annotated[
        str | None, Plain, Field(max_length=60, description="In any case and width.")
    ] = None
    customer_id: Annotated[
        str | None, Plain, Field(max_length=20, description="Requests of this customer.")
    ] = None
    created_from: Annotated[Day | None, Field(description="Asked on this day (JST) or later.")] = (
        None
    )
    created_to: Annotated[Day | None, Field(description="Asked on this day (JST) or earlier.")] = (
        None
    )
    page_size: PageSize = 50
    cursor: Cursor = None
