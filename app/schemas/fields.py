"""Fields that requests, changes and quotes have in common."""

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from app.domain.quote_requests import Written
from app.schemas.wire import Plain

Number = Annotated[str, Plain, Field(min_length=1, max_length=60)]
"""A number of a machine, a product or a contract as it was typed; `read_as` makes it what is
stored.
"""
Level = Annotated[str, Field(pattern="^[a-z0-9_]{1,40}$", examples=["foundation_care_24x7"])]
Email = Annotated[
    str,
    Field(
        pattern=r"^[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,189}$",
        max_length=254,
        examples=["hanako.sato@example.com"],
    ),
]


class RequesterOut(TypedDict):
    """Who asked."""

    name: str
    email: str


def written_otherwise(model: BaseModel, read: Mapping[str, str | None]) -> Written:
    """What was typed for those fields of a model that are stored in another form (`read`)."""
    typed = {name: getattr(model, name) for name in read}
    return tuple((name, text) for name, text in typed.items() if text not in {None, read[name]})


def read_as(written: str | None, normalised: Callable[[str], str]) -> str | None:
    """What was typed as it is stored; None where nothing was."""
    return None if written is None else normalised(written)
