"""The shape of an example of the API description."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Example:
    """A request and who sends it. `ids` are members of the path that the answer to another example
    gives: `{"check_id": "create_eligibility_check"}`. `holds` is the example whose ETag is sent as
    `If-Match`. The other examples of an operation are called by its name and their place:
    `ask_for_quote/0`.
    """

    caller: str = "public"
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    ids: Mapping[str, str] = field(default_factory=dict)
    holds: str | None = None
    # The same operation asked in another way, for its other answer.
    others: tuple["Example", ...] = ()
