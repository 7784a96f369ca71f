"""What all schemas share: strict input, plain text, dates as they are written, coded texts."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, LiteralString, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from app.domain.identifiers import is_printable_text


class Strict(BaseModel):
    """Input that is taken as it is meant: no unknown member, no conversion, nothing mutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


FIRST_YEAR = 1900
LAST_YEAR = 2999
"""Days and instants outside these years are refused: no contract has them, and a day more or less
than the calendar has is an error in every calculation.
"""

# How a value in a query is written. Pydantic alone would also take " 7", "7.0", "1_0" and
# full-width digits as numbers, "on" as true, and "1700000000" as an instant.
_WRITTEN: Mapping[type, tuple[re.Pattern[str], LiteralString]] = {
    int: (re.compile(r"-?[0-9]{1,15}"), "int_parsing"),
    bool: (re.compile(r"true|false"), "bool_parsing"),
    datetime: (
        re.compile(
            r"(?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
            r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
        ),
        "invalid_instant",
    ),
}


class StrictQuery(BaseModel):
    """The query parameters of an operation: known ones only, each written in the one way that it
    has. An instant is RFC 3339 with `Z` or an offset.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _as_written(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            meant = cls.model_fields[str(info.field_name)].annotation
            for kind in get_args(meant) or (meant,):
                written = _WRITTEN.get(kind)
                if written is not None and written[0].fullmatch(value) is None:
                    raise PydanticCustomError(written[1], "not written as it must be")
        return value


def _printable(text: str) -> str:
    if not is_printable_text(text):
        raise PydanticCustomError("control_character", "control characters are not allowed")
    return text


Plain = AfterValidator(_printable)
"""Text without control characters, line breaks and lone surrogates. An optional one in a body is
`Annotated[str, Plain, …] | None`: the other way round, Plain and the limits would meet the null.
"""


def _calendar_day(value: Any) -> date:
    """A day written YYYY-MM-DD and nothing else: no time, no other calendar, no number."""
    if not isinstance(value, str):
        raise PydanticCustomError("date_type", "a date is a string")
    if len(value) != 10 or not value.isascii() or value[4] != "-" or value[7] != "-":
        raise PydanticCustomError("invalid_date", "a date is written YYYY-MM-DD")
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("invalid_date", "no such day") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise PydanticCustomError("day_out_of_range", "no day of this service")
    return found


Day = Annotated[
    date,
    BeforeValidator(_calendar_day, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date"}, examples=["2027-03-31"]),
]
"""A Japanese calendar day from 1900 to 2999, written YYYY-MM-DD."""


class DryRun(StrictQuery):
    """Whether only to try."""

    dry_run: Annotated[
        bool, Field(description="`true`: the same checks and figures, nothing stored.")
    ] = False


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
