"""The import files: which columns each has, what may stand in them, and how rows hang together.

`FILES` is in dependency order: a file only refers to files before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from app.domain import import_cells as cells
from app.domain.identifiers import (
    corporate_number_warnings,
    product_number_warnings,
    serial_warnings,
)
from app.domain.import_cells import BIGINT_MAX, INT_MAX, Check

Warn = Callable[[str], tuple[str, ...]]
Encoding = str

# The encodings that a file may have, by the names that callers use.
ENCODINGS: Final = ("utf-8", "cp932")


class FileRefused(Exception):
    """A whole file cannot be read. `line` and `column` say where, as far as that is known."""

    def __init__(self, code: str, line: int = 1, column: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.line = line
        self.column = column


class Issue(NamedTuple):
    """What is wrong at one place of a file. It never holds what stands there."""

    line: int
    column: str | None
    code: str
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column: its name, its check, whether it must be filled, and what is odd in it.

    `repeats` says that few different values stand in many rows, so that a reader may remember what
    the check answered.
    """

    name: str
    check: Check
    required: bool = False
    warn: Warn | None = None
    repeats: bool = True


@dataclass(frozen=True, slots=True)
class ImportFile:
    """One kind of file. `key` names the columns that tell its rows apart.

    `period` names two columns of which the second must not lie before the first. `row_check` looks
    at a whole row, given by column name, and yields (column, code) for what does not fit together.
    """

    name: str
    columns: tuple[FileColumn, ...]
    key: tuple[str, ...]
    period: tuple[str, str] | None = None
    row_check: Callable[[dict[str, str]], Sequence[tuple[str, str]]] | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in the order of the description."""
        return tuple(column.name for column in self.columns)

    def columns_in_order(self, header: Sequence[str]) -> tuple[FileColumn, ...]:
        """Return the columns in the order of a file's header.

        Raises FileRefused for a column that is missing, unknown or there twice. An unknown
        column is named by its place, because its name is the caller's text.
        """
        known = {column.name: column for column in self.columns}
        names = [name.strip().lower() for name in header]
        for place, name in enumerate(names, 1):
            if name not in known:
                raise FileRefused("unknown_column", 1, f"#{place}")
            if name in names[: place - 1]:
                raise FileRefused("duplicate_column", 1, name)
        for name in known:
            if name not in names:
                raise FileRefused("missing_column", 1, name)
        return tuple(known[name] for name in names)


def _opening_hours(row: dict[str, str]) -> Sequence[tuple[str, str]]:
    """A short day has both hours in order, a closed day has none (CAL-2)."""
    opens, closes = row["opens"], row["closes"]
    if row["kind"] == "closed":
        return [(name, "must_be_empty") for name in ("opens", "closes") if row[name]]
    missing = [(name, "required") for name in ("opens", "closes") if not row[name]]
    if missing:
        return missing
    return [] if opens < closes else [("closes", "closes_before_opens")]


_column = FileColumn


def _customer_column() -> FileColumn:
    return _column("customer_id", cells.party_code, required=True)


def _product_column(*, required: bool) -> FileColumn:
    return _column("product_number", cells.product_number, required, product_number_warnings)


CUSTOMERS: Final = ImportFile(
    "customers",
    (
        _customer_column(),
        _column("name", cells.plain_text(), required=True),
        _column("name_en", cells.plain_text()),
        _column("corporate_number", cells.code, warn=corporate_number_warnings),
        _column("contact_name", cells.plain_text()),
        _column("contact_email", cells.email),
        _column(
            "ordering_portal",
            cells.one_of("none", "services_360", "services_360_pro", default="none"),
        ),
        _column("ordering_function", cells.yes_or_no),
    ),
    key=("customer_id",),
)
PARTNERS: Final = ImportFile(
    "partners",
    (
        _column("partner_id", cells.party_code, required=True),
        _column("name", cells.plain_text(), required=True),
    ),
    key=("partner_id",),
)
SERVES: Final = ImportFile(
    "serves",
    (
        _column("partner_id", cells.party_code, required=True),
        _customer_column(),
        _column("scope", cells.one_of("contracts", "quotes", "orders"), required=True),
        _column("valid_from", cells.day),
        _column("valid_to", cells.day),
    ),
    key=("partner_id", "customer_id", "scope"),
    period=("valid_from", "valid_to"),
)
PRODUCTS: Final = ImportFile(
    "products",
    (
        _product_column(required=True),
        _column("product_name", cells.plain_text(), required=True),
        _column("family", cells.plain_text()),
        _column("end_of_sale", cells.day),
        _column("last_new_enrollment", cells.day),
        _column("last_renewal", cells.day),
        _column("end_of_support", cells.day),
    ),
    key=("product_number",),
)
PRICES: Final = ImportFile(
    "prices",
    (
        _product_column(required=True),
        _column("service_level", cells.service_level, required=True),
        _column("valid_from", cells.day, required=True),
        _column("annual_price", cells.whole_number(0, BIGINT_MAX), required=True),
    ),
    key=("product_number", "service_level", "valid_from"),
)
EQUIPMENT: Final = ImportFile(
    "equipment",
    (
        _column(
            "serial_number",
            cells.serial_number,
            required=True,
            warn=serial_warnings,
            repeats=False,
        ),
        _product_column(required=True),
        _customer_column(),
        _column("warranty_start", cells.day),
        _column("warranty_end", cells.day),
        _column("system_id", cells.code),
    ),
    key=("serial_number", "product_number"),
    period=("warranty_start", "warranty_end"),
)
CONTRACTS: Final = ImportFile(
    "contracts",
    (
        _column("contract_number", cells.contract_number, required=True, repeats=False),
        _column("service_id", cells.service_id, repeats=False),
        _customer_column(),
        _column("kind", cells.one_of("contract", "package", "post_warranty"), required=True),
        _column("service_level", cells.service_level, required=True),
        _column("start_date", cells.day, required=True),
        _column("end_date", cells.day, required=True),
        _column("support_service_serial", cells.serial_number),
        _column("billing", cells.one_of("upfront", "annual", "quarterly", "monthly")),
    ),
    key=("contract_number",),
    period=("start_date", "end_date"),
)
CONTRACT_LINES: Final = ImportFile(
    "contract_lines",
    (
        _column("contract_number", cells.contract_number, required=True, repeats=False),
        _column("line_number", cells.whole_number(1, INT_MAX), required=True),
        _product_column(required=False),
        _column("product_name", cells.plain_text()),
        _column("serial_number", cells.serial_number, warn=serial_warnings, repeats=False),
        _column("quantity", cells.whole_number(1, INT_MAX, default="1")),
        _column("service_level", cells.service_level),
        _column("start_date", cells.day),
        _column("end_date", cells.day),
        _column("annual_price", cells.whole_number(0, BIGINT_MAX)),
    ),
    key=("contract_number", "line_number"),
    period=("start_date", "end_date"),
)
CLOSING_DAYS: Final = ImportFile(
    "closing_days",
    (
        _column("date", cells.day, required=True),
        _column("kind", cells.one_of("closed", "short"), required=True),
        _column("opens", cells.time_of_day),
        _column("closes", cells.time_of_day),
        _column("name", cells.plain_text(default="休業日")),
    ),
    key=("date",),
    row_check=_opening_hours,
)

FILES: Final = {
    file.name: file
    for file in (
        CUSTOMERS,
        PARTNERS,
        SERVES,
        PRODUCTS,
        PRICES,
        EQUIPMENT,
        CONTRACTS,
        CONTRACT_LINES,
        CLOSING_DAYS,
    )
}
FORMATS: Final = ("csv", "jsonl")


def find_file(file_name: str) -> tuple[ImportFile, str] | None:
    """Find what a file of this name holds and in which format; None for an unknown name."""
    stem, separator, extension = file_name.rpartition(".")
    file = FILES.get(stem)
    if not separator or file is None or extension not in FORMATS:
        return None
    return file, extension


def position_of(file_name: str) -> int:
    """Return the place of a known file in the order of dependency."""
    return list(FILES).index(file_name.rpartition(".")[0])
