"""Which printed document is asked for."""

from typing import Annotated

from pydantic import Field

from app.schemas.wire import StrictQuery

_LARGEST_VERSION = 2**31 - 1


class DocumentQuery(StrictQuery):
    """Which version of the quote is meant."""

    version: Annotated[
        int | None,
        Field(ge=1, le=_LARGEST_VERSION, description="Default the latest issued one."),
    ] = None
