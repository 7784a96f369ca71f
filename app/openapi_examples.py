"""Examples of the API description: a request for every operation, and what the service answers.

The requests stand here; the answers in openapi_answers.json are those of the demo set, written by
tests/api/test_examples.py, which sends every request and compares.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ANSWERS = Path(__file__).with_name("openapi_answers.json")


@dataclass(frozen=True)
class Example:
    """A request, and its answers by status and media type."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    caller: str = "customer"


REQUESTS: Mapping[str, Example] = {}


def recorded_answers() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """The answers by operation, status and media type."""
    answers: dict[str, dict[str, dict[str, Any]]] = json.loads(_ANSWERS.read_text("utf-8"))
    return answers
