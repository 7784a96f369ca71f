"""Core statements as asyncpg takes them: compiled once for each shape, parameters in their order.

SQLAlchemy makes the text, the conversions of values and the results; what is left out is its
connection, which costs a request more than the database does
(docs/decisions/0010-transactions-on-the-driver.md).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.util import LRUCache

DIALECT: Any = PGDialect_asyncpg(dbapi=PGDialect_asyncpg.import_dbapi())  # type: ignore[no-untyped-call]
# The type of results that only conversions of numbers ask for.
_NUMERIC_OID = 1700

Convert = Callable[[Any], Any] | None


class Outcome(IteratorResult[Any]):
    """The rows of a statement, and how many rows it changed."""

    rowcount = -1


@dataclass(slots=True)
class Shape:
    """What all statements of one shape have in common."""

    compiled: Any
    text: str
    # For each parameter: its key, its place among the values in the statement, its conversion.
    slots: tuple[tuple[str, int | None, Any, Convert], ...] = ()
    # True where the text depends on how many values a list has.
    expanding: bool = False
    returns_rows: bool = True
    result: SimpleResultMetaData | None = None
    named: dict[tuple[str, ...], SimpleResultMetaData] = field(default_factory=dict)


_Known = tuple[Shape, Sequence[Any], Mapping[str, Any]]
_SHAPES: LRUCache[Any, Shape] = LRUCache(1000)
# What is given its parameters is as a rule a constant of a module: nothing of it need be compared.
_CONSTANTS: LRUCache[Any, _Known] = LRUCache(300)
_NO_COLUMNS = SimpleResultMetaData(())
_PARAMETER = re.compile(r"\$(\d+)")


def shape_of(statement: Executable, names: tuple[str, ...], *, many: bool) -> _Known:
    """The shape of a statement that is given parameters of these names, and its own values."""
    if not names:
        return _shape_by_key(statement, names, many)
    this = (statement, names, many)
    known = _CONSTANTS.get(this)
    if known is None:
        known = _CONSTANTS[this] = _shape_by_key(statement, names, many)
    return known


def _shape_by_key(statement: Any, names: tuple[str, ...], many: bool) -> _Known:
    key = statement._generate_cache_key()
    if key is None:
        return _shape(statement, None, names, many), (), {}
    wanted = (key.key, names, many)
    shape = _SHAPES.get(wanted)
    if shape is None:
        shape = _SHAPES[wanted] = _shape(statement, key, names, many)
    return shape, key.bindparams, key.params or {}


def _shape(statement: Any, key: Any, names: tuple[str, ...], many: bool) -> Shape:
    if isinstance(statement, ExecutableDDLElement):
        return Shape(None, str(statement.compile(dialect=DIALECT)), returns_rows=False)
    compiled = statement.compile(
        dialect=DIALECT, cache_key=key, column_keys=list(names) or None, for_executemany=many
    )
    if getattr(compiled, "insert_prefetch", ()) or getattr(compiled, "update_prefetch", ()):
        raise NotImplementedError("defaults of columns belong into the database")
    places = {bind.key: place for place, bind in enumerate(key.bindparams)} if key else {}
    slots = []
    for name in compiled.positiontup or ():
        bind = compiled.binds[name]
        convert = compiled._bind_processors.get(name)
        slots.append((bind.key, places.get(bind.key), bind, convert))
    columns = compiled._result_columns
    return Shape(
        compiled,
        compiled.string,
        tuple(slots),
        expanding=bool(compiled.post_compile_params or compiled.literal_execute_params),
        returns_rows=bool(compiled.effective_returning)
        if compiled.isinsert or compiled.isupdate or compiled.isdelete
        else True,
        result=_metadata(columns) if columns else None,
    )


def _metadata(columns: Sequence[Any]) -> SimpleResultMetaData:
    converts = [one.type._cached_result_processor(DIALECT, _NUMERIC_OID) for one in columns]
    return SimpleResultMetaData(
        [one.keyname for one in columns],
        extra=[one.objects for one in columns],
        _processors=converts if any(converts) else None,
    )


def arguments(shape: Shape, own: Sequence[Any], given: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The text to send and the values of its parameters. Raises StatementError without one."""
    if shape.expanding:
        return _expanded(shape, own, given)
    values = []
    for name, place, bind, convert in shape.slots:
        value = _value(name, place, bind, own, given)
        values.append(value if convert is None else convert(value))
    return shape.text, values


def _value(
    name: str, place: int | None, bind: Any, own: Sequence[Any], given: Mapping[str, Any]
) -> Any:
    if name in given:
        return given[name]
    if place is not None:
        bind = own[place]
    if bind.required:
        raise StatementError(f"no value for {name}", None, None, None)
    return bind.effective_value


def _expanded(shape: Shape, own: Sequence[Any], given: Mapping[str, Any]) -> tuple[str, list[Any]]:
    compiled = shape.compiled
    values = compiled.construct_params(
        given, extracted_parameters=own or None, escape_names=False, _no_postcompile=True
    )
    state = compiled._process_parameters_for_postcompile(values)
    values |= state.additional_parameters
    converts = {**compiled._bind_processors, **state.processors}
    return state.statement, [
        values[name] if converts.get(name) is None else converts[name](values[name])
        for name in state.positiontup
    ]


@lru_cache(maxsize=300)
def together(texts: tuple[str, ...]) -> str:
    """Inserts as one statement, which takes the values of the first, then those of the next."""
    counted = 0
    moved = []
    for text in texts:
        # Every other part is the number of a parameter.
        parts = _PARAMETER.split(text)
        numbers = [int(number) for number in parts[1::2]]
        parts[1::2] = [f"${number + counted}" for number in numbers]
        moved.append("".join(parts))
        counted += max(numbers, default=0)
    *first, last = moved
    named = ", ".join(f"part_{place} AS ({text})" for place, text in enumerate(first))
    return f"WITH {named} {last}" if named else last


def outcome(shape: Shape, records: Sequence[Any]) -> Outcome:
    """The records of asyncpg as a result of SQLAlchemy."""
    if shape.result is not None:
        return Outcome(shape.result, iter(records))
    # Text says nothing of its columns: the records do.
    names = tuple(records[0].keys()) if records else ("none",)
    metadata = shape.named.get(names)
    if metadata is None:
        metadata = shape.named[names] = SimpleResultMetaData(names)
    return Outcome(metadata, iter(records))


def changed(status: str) -> Outcome:
    """The outcome of a statement without rows, by the tag that the server answers with."""
    made = Outcome(_NO_COLUMNS, iter(()))
    count = status.rpartition(" ")[2]
    made.rowcount = int(count) if count.isdigit() else -1
    return made


def translated(failure: Exception, text: str, *, gone: bool) -> Exception:
    """A failure of asyncpg as SQLAlchemy names it, without the values; others as they are."""
    known = DIALECT.dbapi._asyncpg_error_translate
    for kind in type(failure).__mro__:
        if kind in known:
            original = known[kind](str(failure), failure)
            original.__cause__ = failure
            made = DBAPIError.instance(
                text,
                None,
                original,
                DIALECT.dbapi.Error,
                hide_parameters=True,
                connection_invalidated=gone,
                dialect=DIALECT,
            )
            return made if isinstance(made, Exception) else failure
    return failure
