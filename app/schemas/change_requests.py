"""Change requests as they come in (REQ-2): the four kinds of changes, and how they end."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.changes import (
    AddedMachine,
    Change,
    ConfigurationChange,
    ContactChange,
    LevelChange,
    NamedMachine,
    PeriodChange,
    Replacement,
)
from app.domain.identifiers import (
    normalise_contract_number,
    normalise_product_number,
    normalise_serial,
    normalise_service_id,
)
from app.schemas.fields import Email, Level, Number, read_as
from app.schemas.wire import Cursor, Day, PageSize, Plain, Strict, StrictQuery

MOST_MACHINES = 1000
MOST_CHANGES = 20
ChangeStates = Literal["received", "referred", "applied", "answered", "rejected", "cancelled"]
PersonName = Annotated[str, Plain, Field(min_length=1, max_length=100, examples=["山田 太郎"])]
QuoteNumber = Annotated[str, Field(pattern="^Q[0-9]{4}-[0-9]{7}$", examples=["Q2026-0000001"])]


class PeriodChangeIn(Strict):
    """Another first day, another last day, or both. A start that moves by more than 90 days is a
    new order (REQ-6).
    """

    kind: Literal["period"]
    start_date: Day | None = None
    end_date: Day | None = None

    def change(self) -> Change:
        """The change as the rules take it."""
        return PeriodChange(self.start_date, self.end_date)


class LevelChangeIn(Strict):
    """Another service level, for the machines with these serial numbers or, without any, for all.
    Different levels within one system warn (REQ-8).
    """

    kind: Literal["level"]
    service_level: Level
    serial_numbers: (
        Annotated[list[Number], Field(min_length=1, max_length=MOST_MACHINES)] | None
    ) = None

    def change(self) -> Change:
        """The change as the rules take it."""
        serials = tuple(normalise_serial(each) for each in self.serial_numbers or ())
        return LevelChange(self.service_level, serials)


class ContactChangeIn(Strict):
    """Another person to be written to about the contract. Alone it is made at once (REQ-2)."""

    kind: Literal["contact"]
    name: PersonName
    email: Email

    def change(self) -> Change:
        """The change as the rules take it."""
        return ContactChange(self.name, self.email)


class NamedMachineIn(Strict):
    """A machine that is there already: by its serial number (and product number where two share
    it), or by the product number of what has no serial number.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["serial_number"]}, {"required": ["product_number"]}]
        }
    )

    serial_number: Number | None = None
    product_number: Number | None = None

    @model_validator(mode="after")
    def is_named(self) -> Self:
        """One of both is given."""
        if self.serial_number is None and self.product_number is None:
            raise PydanticCustomError("machine_unidentified", "name the machine")
        return self

    def machine(self) -> NamedMachine:
        """The machine as the rules take it."""
        return NamedMachine(
            read_as(self.serial_number, normalise_serial),
            read_as(self.product_number, normalise_product_number),
        )


class AddedMachineIn(Strict):
    """A machine that comes in. A licence has no serial number; without a level it takes that of the
    quote, or of the machine that it takes the place of.
    """

    product_number: Number
    product_name: Annotated[str, Plain, Field(min_length=1, max_length=200)]
    serial_number: Number | None = None
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    service_level: Level | None = None

    def machine(self) -> AddedMachine:
        """The machine as the rules take it."""
        return AddedMachine(
            product_number=normalise_product_number(self.product_number),
            product_name=self.product_name,
            serial_number=read_as(self.serial_number, normalise_serial),
            quantity=self.quantity,
            service_level=self.service_level,
        )


class ReplacementIn(Strict):
    """A machine (`from`) that another one (`to`) takes the place of."""

    old: Annotated[NamedMachineIn, Field(alias="from")]
    new: Annotated[AddedMachineIn, Field(alias="to")]


class ConfigurationChangeIn(Strict):
    """Machines that come in, go, or are exchanged."""

    kind: Literal["configuration"]
    add: Annotated[list[AddedMachineIn], Field(default_factory=list, max_length=MOST_MACHINES)]
    remove: Annotated[list[NamedMachineIn], Field(default_factory=list, max_length=MOST_MACHINES)]
    replace: Annotated[list[ReplacementIn], Field(default_factory=list, max_length=MOST_MACHINES)]

    def change(self) -> Change:
        """The change as the rules take it."""
        return ConfigurationChange(
            add=tuple(each.machine() for each in self.add),
            remove=tuple(each.machine() for each in self.remove),
            replace=tuple(
                Replacement(each.old.machine(), each.new.machine()) for each in self.replace
            ),
        )


ChangeIn = Annotated[
    PeriodChangeIn | LevelChangeIn | ContactChangeIn | ConfigurationChangeIn,
    Field(discriminator="kind"),
]


class RequesterIn(Strict):
    """Who asks."""

    name: PersonName
    email: Email


class ChangeRequestIn(Strict):
    """What is to be changed about a contract, or about the quote for its next period: a service id
    or contract number, and at least one change (REQ-2).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["service_id"]}, {"required": ["contract_number"]}]
        }
    )

    service_id: Number | None = None
    contract_number: Number | None = None
    quote_number: Annotated[
        QuoteNumber | None,
        Field(description="The quote that is meant; without it the open one of the contract."),
    ] = None
    quote_version: Annotated[
        int | None,
        Field(
            ge=1, le=10_000, description="The version before you; refused if no longer the latest."
        ),
    ] = None
    customer_id: Annotated[str, Field(pattern="^[A-Z0-9-]{1,20}$")] | None = None
    requester: RequesterIn
    # That it is empty has a refusal of its own, which names the rule.
    changes: Annotated[
        list[ChangeIn],
        Field(default_factory=list, max_length=MOST_CHANGES, json_schema_extra={"minItems": 1}),
    ]

    def numbers(self) -> dict[str, str | None]:
        """The numbers as they are stored."""
        return {
            "service_id": read_as(self.service_id, normalise_service_id),
            "contract_number": read_as(self.contract_number, normalise_contract_number),
            "customer_id": self.customer_id,
        }

    def wanted(self) -> tuple[Change, ...]:
        """The changes as the rules take them."""
        return tuple(each.change() for each in self.changes)


class ChangeQuery(StrictQuery):
    """Which change requests are shown."""

    state: Annotated[ChangeStates | None, Field(description="Where they stand.")] = None
    contract_number: Annotated[
        str | None, Plain, Field(max_length=60, description="The number on the contract.")
    ] = None
    service_id: Annotated[
        str | None, Plain, Field(max_length=60, description="Service id (SAID), 12 digits.")
    ] = None
    quote_number: Annotated[
        str | None, Plain, Field(max_length=60, description="The quote that they are about.")
    ] = None
    customer_id: Annotated[
        str | None, Plain, Field(max_length=60, description="The business's customer code.")
    ] = None
    cursor: Cursor = None
    page_size: PageSize = 50


class ChangeEnding(Strict):
    """Why a change is taken back."""

    reason: Annotated[str, Plain, Field(min_length=1, max_length=500)] | None = None


class ChangeRejection(Strict):
    """Why a change is not made; its requester reads it."""

    reason: Annotated[str, Plain, Field(min_length=1, max_length=500)]


class ChangeAnswer(Strict):
    """How the desk answers a change request: with the version that its changes make of the newest
    one, drafted and issued at once; or with a `version` that the desk has issued itself.
    """

    based_on: Annotated[
        int | None,
        Field(
            ge=1,
            le=10_000,
            description="The version before the desk; default the one that the request is about.",
        ),
    ] = None
    version: Annotated[
        int | None, Field(ge=1, le=10_000, description="An issued version that answers it.")
    ] = None
    quote_number: Annotated[
        QuoteNumber | None, Field(description="The quote, where the request names none.")
    ] = None
