"""Statements that go to the server together with BEGIN.

A script of several statements takes no parameters, and it would be planned anew each time. So each
connection prepares such a statement once under a name, and the script runs it by that name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Executable

from app.db.statements import arguments, shape_of


@dataclass(frozen=True)
class Entry:
    """A statement with its name; `parameters` are the names of what it is given."""

    name: str
    statement: Executable
    parameters: tuple[str, ...]

    def preparation(self) -> str:
        """What a new connection runs."""
        shape, _, _ = shape_of(self.statement, self.parameters, many=False)
        return f"PREPARE {self.name} AS {shape.text}"

    def call(self, given: Mapping[str, Any]) -> str:
        """What a transaction begins with."""
        shape, own, _ = shape_of(self.statement, self.parameters, many=False)
        _, values = arguments(shape, own, given)
        return f"EXECUTE {self.name}({', '.join(map(literal, values))})"


def literal(value: str | int | date | None) -> str:
    """A value as SQL. Text goes in hexadecimal digits, so nothing in it can be taken for SQL.

    Raises TypeError for values of other types.
    """
    match value:
        case None:
            return "NULL"
        case str():
            return f"convert_from('\\x{value.encode().hex()}', 'UTF8')"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case date():
            return f"'{value.isoformat()}'"
    raise TypeError(f"no literal of {type(value).__name__}")
