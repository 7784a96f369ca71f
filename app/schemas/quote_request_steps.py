"""What is done with a quote request after it came, as it is asked for."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.eligibility_questions import MOST_MACHINES
from app.schemas.fields import Level
from app.schemas.quote_requests import IdentificationIn, Note, PeriodIn, RequestedMachine
from app.schemas.wire import Lines, Strict

PlaceToGo = Literal["packages", "technical-questions", "repairs"]
Reason = Annotated[str, Lines, Field(min_length=1, max_length=1000)]


class AddedInformation(Strict):
    """What was missing. Members of `identification` that are given take the place of the earlier
    ones, null takes one back; `items` and `period` are replaced as a whole; a note is added.
    """

    identification: IdentificationIn | None = None
    period: PeriodIn | None = None
    service_level: Level | None = None
    items: Annotated[
        list[RequestedMachine] | None, Field(min_length=1, max_length=MOST_MACHINES)
    ] = None
    note: Note | None = None

    @model_validator(mode="after")
    def something(self) -> Self:
        """At least one member is given."""
        if not self.added():
            raise PydanticCustomError("nothing_given", "give what was missing")
        return self

    def added(self) -> dict[str, Any]:
        """The given fields of a WantedRequest."""
        found: dict[str, Any] = {
            "identification": self.identification and self.identification.fields(),
            "period": self.period and self.period.wish(),
            "service_level": self.service_level,
            "items": self.items and tuple(one.machine() for one in self.items),
            "note": self.note,
        }
        return {name: value for name, value in found.items() if value}


class Cancellation(Strict):
    """Why a request is taken back."""

    reason: Reason | None = None


class Rejection(Strict):
    """Why the desk makes no quote."""

    reason: Reason


class Redirection(Strict):
    """Where the requester is sent on to (REQ-7)."""

    redirect: PlaceToGo
    reason: Reason | None = None


class InformationRequest(Strict):
    """What the desk wants to know: what is missing by its codes, a question in words, or both."""

    missing: Annotated[
        list[
            Literal[
                "identification_needed",
                "configuration_incomplete",
                "period_needed",
                "level_needed",
                "machines_needed",
                "declaration_missing",
                "other",
            ]
        ],
        Field(min_length=1, max_length=10),
    ]
    question: Reason | None = None
