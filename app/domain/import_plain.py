"""Lines of import files that need no second look: one pattern instead of a check a cell.

Nearly every line of a large file is plain: its cells have no quotes, need no change and are not
odd. Such a line is stored as it stands; every other line goes the ordinary way. A pattern here may
be narrower than the check of its column, never wider (tests/domain/test_import_plain.py).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from app.domain.import_files import FileColumn, ImportFile

# The shapes of a day that exists in every year; the last of February is looked at twice.
_DAY: Final = (
    "(?:19|2[0-9])[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_COUNT: Final = "[1-9][0-9]{0,8}"
# ASCII without the comma, the quotation mark and the backslash; kana, kanji and full-width letters.
_LETTER: Final = r"!#-+\--\[\]-~\u3001-\u3003\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff\uff01-\uff9f"
_TEXT: Final = f"[{_LETTER}](?:[ {_LETTER}]{{0,198}}[{_LETTER}])?"
_SERIAL: Final = "(?:[A-Z0-9]{10}|[A-Z0-9]{12})"

PLAIN_CELLS: Final[Mapping[str, str]] = {
    "annual_price": "(?:0|[1-9][0-9]{0,17})",
    "billing": "(?:upfront|annual|quarterly|monthly)",
    "contract_number": "[A-Z0-9-]{4,20}",
    "customer_id": "[A-Z0-9-]{1,20}",
    "end_date": _DAY,
    "kind": "(?:contract|package|post_warranty)",
    "line_number": _COUNT,
    "product_name": _TEXT,
    "product_number": "[A-Z0-9]{5,7}(?:-[A-Z0-9]{3})?",
    "quantity": _COUNT,
    "serial_number": _SERIAL,
    "service_id": "1[0-9]{11}",
    "service_level": "[a-z0-9_]{1,40}",
    "start_date": _DAY,
    "support_service_serial": _SERIAL,
    "system_id": "[A-Z0-9-]{1,40}",
    "valid_from": _DAY,
    "warranty_end": _DAY,
    "warranty_start": _DAY,
}


def plain_line(file: ImportFile, columns: Sequence[FileColumn]) -> re.Pattern[str] | None:
    """The pattern of a plain line of a file whose columns come in this order.

    Its groups are the line without its end, and the start and the end of the period (empty, where
    the file has none). None where a column has no plain form.
    """
    names = [column.name for column in columns]
    if file.row_check is not None or any(name not in PLAIN_CELLS for name in names):
        return None
    period = file.period or ()
    if period and names.index(period[0]) > names.index(period[1]):
        # The groups are told apart by their order.
        return None
    cells: list[str] = []
    for column in columns:
        # An empty cell is plain where empty is what is stored.
        optional = "" if column.required or column.check("") else "?"
        opening = "(" if column.name in period else "(?:"
        cells.append(f"{opening}(?:{PLAIN_CELLS[column.name]}){optional})")
    return re.compile(f"({','.join(cells)}){'' if period else '()()'}\r?\n")
