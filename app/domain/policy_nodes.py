"""The objects of a policy while they are read: typed members, and every mistake with its place.

A pointer names only keys that the policy is known to have, so that nothing a caller sent comes
back.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

MOST_YEN: Final = 1_000_000_000_000
MOST_BASIS_POINTS: Final = 1_000_000
MOST_DAYS: Final = 36_500
MOST_MONTHS: Final = 1_200
MOST_ITEMS: Final = 100

# `date.fromisoformat` reads week dates and dates without hyphens too, which are not ours.
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_Choice = TypeVar("_Choice", bound=StrEnum)
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One mistake in a policy: the JSON pointer of its place and a stable code."""

    pointer: str
    code: str


class PolicyNode:
    """An object of the policy while it is read; problems of all nodes are gathered in one list."""

    def __init__(self, value: object, pointer: str, problems: list[PolicyProblem]) -> None:
        self.pointer = pointer
        self.problems = problems
        self.members: Mapping[str, object] = value if isinstance(value, Mapping) else {}
        self.earlier = len(problems)
        if not isinstance(value, Mapping):
            self.report("not_an_object")

    def report(self, code: str, key: str | None = None) -> None:
        """Note a mistake in this object, or in its member `key`."""
        pointer = self.pointer if key is None else f"{self.pointer}/{key}"
        self.problems.append(PolicyProblem(pointer, code))

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing was reported since the reading of this object began.

        What the parts mean together is checked only where every part could be read: a mistake
        would be reported twice otherwise.
        """
        return len(self.problems) == self.earlier

    def known(self, *keys: str) -> None:
        """Refuse every member that is not one of the keys."""
        for key in self.members:
            if key not in keys:
                # The key itself came from outside and is not repeated in the pointer.
                self.report("unknown_key")

    def child(self, key: str) -> "PolicyNode":
        """Return the object at a key; an omitted one is empty."""
        value = self.members.get(key)
        return PolicyNode({} if value is None else value, f"{self.pointer}/{key}", self.problems)

    def text(self, key: str) -> str:
        """Return the text at a key; an omitted one is empty."""
        value = self.members.get(key, "")
        if isinstance(value, str):
            return value
        self.report("not_a_text", key)
        return ""

    def flag(self, key: str) -> bool:
        """Return the boolean at a key; an omitted one is False."""
        value = self.members.get(key, False)
        if isinstance(value, bool):
            return value
        self.report("not_a_boolean", key)
        return False

    def optional_number(self, key: str, most: int, negative: str) -> int | None:
        """Return the whole number at a key from 0 to `most`, or None where it is omitted."""
        value = self.members.get(key)
        if value is None:
            return None
        return self.checked(value, key, most, negative)

    def number(self, key: str, most: int, negative: str, default: int = 0) -> int:
        """Return the whole number at a key from 0 to `most`; `negative` is the code for one
        below 0.
        """
        value = self.members.get(key, default)
        return self.checked(value, key, most, negative)

    def checked(self, value: object, key: str | None, most: int, negative: str) -> int:
        """Return a value if it is a whole number from 0 to `most`, else note the mistake."""
        # In Python a boolean is a whole number too; in a policy it is a mistake.
        if isinstance(value, bool) or not isinstance(value, int):
            self.report("not_a_whole_number", key)
        elif value < 0:
            self.report(negative, key)
        elif value > most:
            self.report("number_too_large", key)
        else:
            return value
        return 0

    def day(self, key: str) -> date | None:
        """Return the date at a key, written YYYY-MM-DD or read as a date by YAML already."""
        value = self.members.get(key)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        if value is not None:
            self.report("not_a_date", key)
        return None

    def choice(self, key: str, default: _Choice) -> _Choice:
        """Return which of the default's kind the member names; an omitted one is the default."""
        value = self.members.get(key, default)
        return self.one_of(value, key, default)

    def one_of(self, value: object, key: str, default: _Choice) -> _Choice:
        """Return which of the default's kind a value names, else note the mistake."""
        for member in type(default):
            if value == member.value:
                return member
        self.report("unknown_value", key)
        return default

    def items(self, key: str, read: Callable[[object, str], _Item]) -> tuple[_Item, ...]:
        """Return the list at a key, each item read with its own place; an omitted one is empty."""
        value = self.members.get(key, ())
        if not isinstance(value, (list, tuple)):
            self.report("not_a_list", key)
            return ()
        if len(value) > MOST_ITEMS:
            self.report("too_many_items", key)
            return ()
        return tuple(read(each, f"{key}/{index}") for index, each in enumerate(value))

    def choices(self, key: str, default: _Choice) -> frozenset[_Choice]:
        """Return the set of the default's kind that a list names."""
        return frozenset(self.items(key, lambda value, at: self.one_of(value, at, default)))

    def texts(self, key: str) -> frozenset[str]:
        """Return the set of texts that a list holds; an empty text is a mistake."""

        def read(value: object, at: str) -> str:
            if isinstance(value, str) and value:
                return value
            self.report("not_a_text", at)
            return ""

        return frozenset(self.items(key, read))

    def yen_by_class(self, key: str) -> Mapping[str, int]:
        """Return the amounts in yen that an object gives by product class."""
        child = self.child(key)
        amounts = {
            str(name): child.checked(amount, None, MOST_YEN, "negative_amount")
            for name, amount in child.members.items()
        }
        return MappingProxyType(amounts)
