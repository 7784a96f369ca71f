"""The test clock on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from app.schemas.wire import Moment, Strict, instant


class ClockSetting(Strict):
    """What the tenant's clock shows from now on."""

    now: Annotated[Moment, Field(description="RFC 3339 with an offset; 2000 to 2099.")]
    frozen: Annotated[
        bool, Field(description="`true`: it stands; `false`: it runs on from there.")
    ] = True


class ClockAnswer(TypedDict):
    """What the tenant's clock shows."""

    now: str
    frozen: bool


def clock_out(now: datetime, frozen: bool) -> ClockAnswer:
    """The answer for a clock."""
    return {"now": instant(now), "frozen": frozen}
