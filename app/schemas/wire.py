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
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic.config import JsonDict
from pydantic_core import CoreSchema, PydanticCustomError
from typing_extensions import TypedDict

from app.domain.identifiers import is_printable_note, is_printable_text


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


def _printable_lines(text: str) -> str:
    if not is_printable_note(text):
        raise PydanticCustomError("control_character", "control characters are not allowed")
    return text


class _Plain(AfterValidator):
    """Says in the description too which characters are refused."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        printable = PRINTABLE if self is Plain else rf"(?:[\n\t]|{PRINTABLE})"
        return {**handler(schema), "pattern": f"^{printable}*$"}


# What `is_printable_text` refuses; a lone surrogate is not JSON to begin with.
PRINTABLE = r"[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]"
Plain = _Plain(_printable)
"""Text without control characters, line breaks and lone surrogates. An optional one in a body is
`Annotated[str, Plain, …] | None`: the other way round, Plain and the limits would meet the null.
"""
Lines = _Plain(_printable_lines)
"""As Plain, with line feeds and tabs: what people write in several lines."""


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
    Field(
        json_schema_extra={
            "format": "date",
            "pattern": "^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$",
        },
        examples=["2027-03-31"],
    ),
]
"""A Japanese calendar day from 1900 to 2999, written YYYY-MM-DD."""


AS_ASKED: JsonDict = {
    "pattern": r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
}
"""How an instant in a query is written; `StrictQuery` holds it to that."""
InstantOut = Annotated[
    str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-25T01:00:00Z"])
]
"""An instant of an answer, RFC 3339 in UTC."""
IdentifierOut = Annotated[
    str,
    Field(json_schema_extra={"format": "uuid"}, examples=["019c1b2e-7d00-7c3a-9a41-0d5f2b6e8c17"]),
]
"""An id that the service made, in an answer."""
PageSize = Annotated[int, Field(ge=1, le=100, description="How many items a page has at most.")]
Cursor = Annotated[
    str | None,
    Field(
        max_length=500,
        description="`next_cursor` of the page before, unchanged and with the same filters; none "
        "for the first page.",
    ),
]


def _instant(value: Any) -> datetime:
    """An instant written as RFC 3339 with its offset, between 2000 and 2099."""
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "an instant is a string")
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("invalid_instant", "no such instant") from None
    if "T" not in value or read.tzinfo is None or not 2000 <= read.year <= 2099:
        raise PydanticCustomError("invalid_instant", "an instant has an offset")
    return read


Moment = Annotated[
    datetime,
    BeforeValidator(_instant, json_schema_input_type=str),
    Field(
        json_schema_extra={"format": "date-time", "pattern": "^20[0-9]{2}-"},
        examples=["2027-03-31T15:30:00Z"],
    ),
]
"""An instant, written as RFC 3339 with an offset."""


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
