"""The context of a transaction that several callers share: known before, verified with the rows.

The context must be what membership and serves give in the transaction that answers. Reading that
first, entering it and then asking costs the lane two more round trips a batch. So it enters what it
found the last time, and the statement itself says, from the same snapshot as its rows, whether that
still stands: rows of a context that holds a customer whom none of these callers may see today are
thrown away and read again in the context that was read anew. What is missing in a context only
hides rows, and a caller without rows goes the ordinary way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Date,
    Text,
    any_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.sql import visitors

from app.db.callers import customers_literal, in_force
from app.db.tables import caller_grant

SCOPE = "contracts"
_SEPARATOR = "\x1f"
# How many principals are remembered, and how many characters their customers may take together.
MOST_PRINCIPALS = 10_000
MOST_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as text with the names of its parameters in their order."""

    text: str
    names: tuple[str, ...]
    defaults: dict[str, Any]

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """The parameters in the order of the text."""
        defaults = self.defaults
        return [values[name] if name in values else defaults[name] for name in self.names]


def compiled(statement: Any) -> Compiled:
    """Compile a Core statement for asyncpg once and for all."""
    made = statement.compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call]
    defaults = {name: value for name, value in made.params.items() if value is not None}
    return Compiled(str(made), tuple(made.positiontup or ()), defaults)


_GRANTED = (
    caller_grant.c.principal == any_(bindparam("principals", type_=ARRAY(Text))),
    in_force(bindparam("scope", type_=Text), bindparam("today", type_=Date)),
)
GRANTS = compiled(select(caller_grant.c.principal, caller_grant.c.customer_id).where(*_GRANTED))


def shared(statement: Any) -> Compiled:
    """A statement of many callers with one more column in front: whether the context of the
    transaction holds only customers whom one of these callers may see. Its arrays come as texts
    (`joined`): asyncpg takes longer over an array than over all the rest of a call.
    """
    held = func.unnest(cast(func.current_setting("app.customers"), ARRAY(Text))).column_valued(
        "held"
    )
    granted = select(caller_grant.c.customer_id).where(*_GRANTED)
    strange = exists().where(held.not_in(granted))
    rows = statement.subquery("answered")
    whole = select((~strange).label("stands"), *rows.c)
    return compiled(visitors.replacement_traverse(whole, {}, _as_text))


def joined(values: Iterable[str | None]) -> str:
    """Values as one text, for a statement made by `shared`; None is written as nothing.

    Raises ValueError when a value holds the separator, which none that may come here can.
    """
    texts = [value or "" for value in values]
    text = _SEPARATOR.join(texts)
    if text.count(_SEPARATOR) != len(texts) - 1:
        raise ValueError("a value with a control character")
    return text


def _as_text(element: Any, **_: Any) -> Any:
    if isinstance(element, BindParameter) and isinstance(element.type, ARRAY):
        text = bindparam(element.key, type_=Text)
        return func.string_to_array(
            text, literal_column(f"chr({ord(_SEPARATOR)})"), literal_column("''"), type_=ARRAY(Text)
        )
    return None


class Contexts:
    """The customers that principals were found to see on one day, as `SET LOCAL` takes them."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._known: dict[str, str] = {}
        self._characters = 0

    def remembered(self, principals: Iterable[str], today: date) -> str | None:
        """The statement that enters the union of what these principals were found to see; None when
        one of them is not known.
        """
        if today != self._day:
            return None
        known = self._known
        try:
            return _entry({known[principal] for principal in principals})
        except KeyError:
            return None

    def learned(self, principals: Sequence[str], today: date, grants: Iterable[Any]) -> str:
        """Remember who may see whom, as pairs that were read in this transaction, and return the
        statement that enters their union.
        """
        found: dict[str, list[str]] = {principal: [] for principal in principals}
        for principal, customer_id in grants:
            found[principal].append(customer_id)
        # Every code is checked before it may stand in a statement.
        texts = {
            principal: customers_literal(customers)[1:-1] for principal, customers in found.items()
        }
        self._characters += sum(map(len, texts.values()))
        full = len(self._known) > MOST_PRINCIPALS or self._characters > MOST_CHARACTERS
        if today != self._day or full:
            self._day, self._known, self._characters = today, {}, 0
        self._known.update(texts)
        return _entry(set(texts.values()))

    def forget(self, principal: str) -> None:
        """Read this principal's customers anew the next time."""
        self._known.pop(principal, None)


def _entry(texts: set[str]) -> str:
    return f"SET LOCAL app.customers = '{{{','.join(filter(None, texts))}}}'"
