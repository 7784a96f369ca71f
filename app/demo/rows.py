"""One row type per import file; the field names are the file's columns, in order."""

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple


class Customer(NamedTuple):
    """A row of customers.csv."""

    customer_id: str
    name: str
    name_en: str
    corporate_number: str | None
    contact_name: str
    contact_email: str
    ordering_portal: str
    ordering_function: bool


class Partner(NamedTuple):
    """A row of partners.csv."""

    partner_id: str
    name: str


class Serves(NamedTuple):
    """A row of serves.csv."""

    partner_id: str
    customer_id: str
    scope: str
    valid_from: date
    valid_to: date | None


class Product(NamedTuple):
    """A row of products.csv."""

    product_number: str
    product_name: str
    family: str
    end_of_sale: date | None
    last_new_enrollment: date | None
    last_renewal: date | None
    end_of_support: date | None


class Price(NamedTuple):
    """A row of prices.csv."""

    product_number: str
    service_level: str
    valid_from: date
    annual_price: int


class Machine(NamedTuple):
    """A row of equipment.csv."""

    serial_number: str
    product_number: str
    customer_id: str
    warranty_start: date | None
    warranty_end: date | None
    system_id: str | None


class Contract(NamedTuple):
    """A row of contracts.csv."""

    contract_number: str
    service_id: str | None
    customer_id: str
    kind: str
    service_level: str
    start_date: date
    end_date: date
    support_service_serial: str | None
    billing: str


class Line(NamedTuple):
    """A row of contract_lines.csv."""

    contract_number: str
    line_number: int
    product_number: str
    product_name: str
    serial_number: str | None
    quantity: int
    service_level: str
    start_date: date
    end_date: date
    annual_price: int | None


class ClosingDay(NamedTuple):
    """A row of closing_days.csv."""

    date: date
    kind: str
    opens: str | None
    closes: str | None
    name: str


def to_csv(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """Write rows as the import reads them: header row, RFC 4180 quoting, empty for unknown."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
