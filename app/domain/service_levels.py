"""The service levels that the desk handles itself; others are stored and routed to a person."""

from typing import Final

HANDLED_LEVELS: Final = frozenset(
    {
        "foundation_care_nbd",
        "foundation_care_24x7",
        "foundation_care_ctr",
        "proactive_care_nbd",
        "proactive_care_24x7",
        "proactive_care_ctr",
    }
)
