"""One cell of an import file: what may stand in a column, and how it is stored.

A check takes the text of a cell and returns the text that is stored; the empty text means unknown,
in the file and in the answer. It raises CellRefused with a code otherwise. Checks of columns where
nearly every row has another value run millions of times: text that is clean already leaves them by
the first line.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from app.domain.identifiers import (
    is_contract_number,
    is_customer_code,
    is_printable_text,
    is_service_id,
    normalise,
    normalise_contract_number,
    normalise_product_number,
    normalise_serial,
    normalise_service_id,
)

Check = Callable[[str], str]

NAME_LIMIT: Final = 200
NUMBER_LIMIT: Final = 40
# A day outside these years is a stand-in for "always" or a slip, and breaks calculations.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2999
INT_MAX: Final = 2**31 - 1
BIGINT_MAX: Final = 2**63 - 1

# The spaces that people and spreadsheets leave around a value. Control characters are not among
# them: they are refused, not trimmed away.
_SPACES: Final = " \u00a0\u3000"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}")
_LEVEL: Final = re.compile(r"[a-z0-9_]{1,40}")
_PLAIN_SERIAL: Final = re.compile(r"[A-Z0-9]{1,40}")
_CONTRACT_NUMBER: Final = re.compile(r"[A-Z0-9-]{4,20}")
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)


class CellRefused(Exception):
    """The text of a cell is not one that its column takes; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def day(text: str) -> str:
    """Take a real day written YYYY-MM-DD."""
    text = text.strip(_SPACES)
    if not text:
        return ""
    if not _DAY.fullmatch(text):
        raise CellRefused("not_a_date")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise CellRefused("not_a_date") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise CellRefused("out_of_range")
    return text


def time_of_day(text: str) -> str:
    """Take a time written HH:MM."""
    text = text.strip(_SPACES)
    if text and not _TIME.fullmatch(text):
        raise CellRefused("not_a_time")
    return text


def whole_number(low: int, high: int, *, default: str = "") -> Check:
    """Make a check of a whole number from `low` to `high`, written in plain digits."""

    def check(text: str) -> str:
        text = text.strip(_SPACES)
        if not text:
            return default
        if not _NUMBER.fullmatch(text):
            raise CellRefused("not_a_number")
        number = int(text)
        if not low <= number <= high:
            raise CellRefused("out_of_range")
        return str(number)

    return check


def one_of(*words: str, default: str = "") -> Check:
    """Make a check of a column that takes a few fixed words."""
    known = {"": default} | {word: word for word in words}

    def check(text: str) -> str:
        word = known.get(text)
        if word is None:
            word = known.get(text.strip(_SPACES))
            if word is None:
                raise CellRefused("not_a_choice")
        return word

    return check


def yes_or_no(text: str) -> str:
    """Take true or false; spreadsheets write them in capitals. Empty is false."""
    word = text.strip(_SPACES).lower() or "false"
    if word not in {"true", "false"}:
        raise CellRefused("not_a_choice")
    return word


def plain_text(limit: int = NAME_LIMIT, *, default: str = "") -> Check:
    """Make a check of a name: the characters stay as they are, spaces around it go."""

    def check(text: str) -> str:
        text = text.strip(_SPACES) or default
        if len(text) > limit:
            raise CellRefused("too_long")
        # Text that Python calls printable is a part of what the house calls printable.
        if not text.isprintable() and not is_printable_text(text):
            raise CellRefused("control_character")
        return text

    return check


def _identifier(text: str, normalised: str) -> str:
    """Bound what was normalised; text that came back as the same object was clean already."""
    if len(normalised) > NUMBER_LIMIT:
        raise CellRefused("too_long")
    if normalised is not text and not is_printable_text(normalised):
        raise CellRefused("control_character")
    return normalised


def serial_number(text: str) -> str:
    """Take a serial number of any shape; an unusual one is a warning elsewhere."""
    if not text or _PLAIN_SERIAL.fullmatch(text):
        return text
    return _identifier(text, normalise_serial(text))


def product_number(text: str) -> str:
    """Take a product number of any shape; an unusual one is a warning elsewhere."""
    return _identifier(text, normalise_product_number(text))


def code(text: str) -> str:
    """Take a code of somebody's own: a system's, a corporate number."""
    return _identifier(text, normalise(text))


def party_code(text: str) -> str:
    """Take the code of a customer or a partner."""
    value = normalise(text)
    if value and not is_customer_code(value):
        raise CellRefused("not_a_code")
    return value


def contract_number(text: str) -> str:
    """Take a contract number."""
    if _CONTRACT_NUMBER.fullmatch(text):
        return text
    value = normalise_contract_number(text)
    if value and not is_contract_number(value):
        raise CellRefused("not_a_contract_number")
    return value


def service_id(text: str) -> str:
    """Take a service id: 12 digits beginning with 1, printed with spaces or without."""
    value = normalise_service_id(text) if text else ""
    if value and not is_service_id(value):
        raise CellRefused("not_a_service_id")
    return value


def service_level(text: str) -> str:
    """Take the word of a service level; unknown words are stored and go to a person."""
    value = text.strip(_SPACES)
    if value and not _LEVEL.fullmatch(value):
        raise CellRefused("not_a_service_level")
    return value


def email(text: str) -> str:
    """Take an address of the plain kind; nothing in it can start a new line of a mail."""
    value = text.strip(_SPACES)
    if value and (len(value) > 254 or not _EMAIL.fullmatch(value)):
        raise CellRefused("not_an_email")
    return value
