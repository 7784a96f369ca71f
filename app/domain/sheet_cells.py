"""One cell of a quote-request sheet: what may stand in it, and how it is understood.

A spreadsheet stores what a person typed as it pleases: a day as a number, a number as a text in
full-width digits. What is sure is taken; where something may be lost (a serial number that became a
number has no leading zeros any more) the sender is asked.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple

from app.domain import import_cells
from app.domain.identifiers import is_printable_note, normalise_keeping_case
from app.domain.import_cells import CellRefused, Check
from app.domain.sheet_layout import CHOICES

NOTE_LIMIT: Final = 2_000
NAME_LIMIT: Final = 200
PERSON_LIMIT: Final = 100
MOST_UNITS: Final = 9_999

_DAY: Final = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_SPACES: Final = " \u00a0\u3000"


# Their text is kept beside them where it is another one; of an identifier among thousands of spaces
# no more than this.
_IDENTIFIERS: Final = frozenset(
    {"contract_number", "service_id", "support_service_serial", "product_number", "serial_number"}
)
_LONGEST_WRITTEN: Final = 100


class Cell(NamedTuple):
    """What stands in a cell: `kind` is s (text), n (number), d (day or instant), b (truth value),
    f (formula) or e (an error of a formula).
    """

    kind: str
    text: str


def as_written(cell: Cell) -> str:
    """The text of a text cell. Raises CellRefused for any other kind."""
    if cell.kind == "s":
        return cell.text
    codes = {"f": "formula_not_allowed", "e": "error_value", "n": "number_not_text"}
    raise CellRefused(codes.get(cell.kind, "not_text"))


def as_text(cell: Cell) -> str:
    """The text of a cell that may also hold a whole number. Raises CellRefused."""
    if cell.kind == "n" and cell.text.lstrip("-").isdigit():
        return cell.text
    return as_written(cell)


def written_otherwise(key: str, cell: Cell | None, read: str) -> Iterator[tuple[str, str]]:
    """The text of an identifier that was written otherwise than it is read, by its name."""
    if key in _IDENTIFIERS and cell is not None and read and cell.text != read:
        yield key, cell.text[:_LONGEST_WRITTEN]


def person(cell: Cell) -> str:
    """A person's name."""
    return import_cells.plain_text(PERSON_LIMIT)(as_written(cell))


def name(cell: Cell) -> str:
    """A product's name: its characters stay as they are, ① and ㈱ too. A name may be a number."""
    return import_cells.plain_text(NAME_LIMIT)(as_text(cell))


def note(cell: Cell) -> str:
    """A text of several lines."""
    text = as_text(cell).replace("\r\n", "\n").replace("\r", "\n").strip(_SPACES + "\n")
    if len(text) > NOTE_LIMIT:
        raise CellRefused("too_long")
    if not is_printable_note(text):
        raise CellRefused("control_character")
    return text


def serial_number(cell: Cell) -> str:
    """A machine's serial number, in its comparable form."""
    return import_cells.serial_number(as_written(cell))


def product_number(cell: Cell) -> str:
    """A product number, in its comparable form."""
    return import_cells.product_number(as_written(cell))


def contract_number(cell: Cell) -> str:
    """A contract number. One that is all digits may have become a number: it has no leading zero
    to lose that anybody would print.
    """
    return import_cells.contract_number(as_text(cell))


def service_id(cell: Cell) -> str:
    """A service id; it begins with 1, so a number has lost nothing."""
    return import_cells.service_id(as_text(cell))


def package_serial(cell: Cell) -> str:
    """A support service serial: it keeps its case."""
    text = normalise_keeping_case(as_written(cell))
    return import_cells.plain_text(import_cells.NUMBER_LIMIT)(text)


def email(cell: Cell) -> str:
    """An e-mail address; full-width letters are taken for what they mean."""
    return import_cells.email(unicodedata.normalize("NFKC", as_written(cell)))


def day(cell: Cell) -> str:
    """A day, as a day of the spreadsheet or written 2027-04-01, 2027/4/1 or 2027年4月1日."""
    if cell.kind == "d":
        return import_cells.day(cell.text[:10])
    if cell.kind == "n":
        raise CellRefused("not_a_date")
    text = unicodedata.normalize("NFKC", as_written(cell)).strip(_SPACES)
    if not text:
        return ""
    found = _DAY.fullmatch(text)
    if found is None:
        raise CellRefused("not_a_date")
    try:
        written = date(*map(int, found.groups())).isoformat()
    except ValueError:
        raise CellRefused("not_a_date") from None
    return import_cells.day(written)


_quantity: Final[Check] = import_cells.whole_number(1, MOST_UNITS)


def quantity(cell: Cell) -> str:
    """A number of units."""
    if cell.kind == "n":
        return _quantity(cell.text)
    return _quantity(unicodedata.normalize("NFKC", as_written(cell)))


def _known_words(choices: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    words: dict[str, str] = {}
    for code, labels in choices.items():
        for word in (code, *labels):
            words[_folded(word)] = code
    return words


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip(_SPACES).casefold()


_WORDS: Final = {key: _known_words(choices) for key, choices in CHOICES.items()}


def kind(cell: Cell) -> str:
    """The kind of the request, as its word of the list or its code."""
    return _choice("kind", cell)


def condition(cell: Cell) -> str:
    """The declared condition of a machine."""
    return _choice("condition_state", cell)


def service_level(cell: Cell) -> str:
    """A service level of the list; another one by its code, which a person will look at."""
    text = as_written(cell)
    known = _WORDS["service_level"].get(_folded(text))
    return known if known is not None else import_cells.service_level(text)


def _choice(key: str, cell: Cell) -> str:
    text = _folded(as_written(cell))
    if not text:
        return ""
    code = _WORDS[key].get(text)
    if code is None:
        raise CellRefused("not_a_choice")
    return code
