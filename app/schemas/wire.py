"""What all schemas share: strict input, plain text, dates as they are written, coded texts."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from app.domain.identifiers import is_printable_text


class Strict(BaseModel):
    """Input that is taken as it is meant: no unknown member, no conversion, nothing mutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class StrictQuery(BaseModel):
    """The query parameters of an operation: known ones only."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _printable(text: str) -> str:
    if not is_printable_text(text):
        raise PydanticCustomError("control_character", "control characters are not allowed")
    return text


Plain = AfterValidator(_printable)
"""Text without control characters, line breaks and lone surrogates."""


def _calendar_day(value: Any) -> date:
    """A day written YYYY-MM-DD and nothing else: no time, no other calendar, no number."""
    if not isinstance(value, str):
        raise PydanticCustomError("date_type", "a date is a string")
    if len(value) != 10 or not value.isascii() or value[4] != "-" or value[7] != "-":
        raise PydanticCustomError("invalid_date", "a date is written YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("invalid_date", "no such day") from None


Day = Annotated[
    date,
    BeforeValidator(_calendar_day, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date"}, examples=["2027-03-31"]),
]
"""A Japanese calendar day, written YYYY-MM-DD."""


class CodedText(TypedDict):
    """A stable code with a text in the caller's language."""

    code: Annotated[str, Field(description="Stable code.")]
    text: Annotated[str, Field(description="The same in words, in the language asked for.")]


def instant(value: datetime) -> str:
    """An instant as RFC 3339 in UTC."""
    return value.isoformat().replace("+00:00", "Z")


def day(value: date | None) -> str | None:
    """A calendar day as YYYY-MM-DD."""
    return None if value is None else value.isoformat()
