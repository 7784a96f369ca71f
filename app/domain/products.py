"""Where a product stands in its life on a day (EOS). Dates are Japanese calendar days."""

from datetime import date
from typing import Literal

LifecycleState = Literal["on_sale", "supported", "ended", "unknown"]


def lifecycle_state(
    end_of_sale: date | None, end_of_support: date | None, today: date
) -> LifecycleState:
    """The state on a day. On the day of its end of support a product has reached it (EOS-1); an
    unknown end of support is never guessed (EOS-3).
    """
    if end_of_support is None:
        return "unknown"
    if today >= end_of_support:
        return "ended"
    if end_of_sale is not None and today > end_of_sale:
        return "supported"
    return "on_sale"
