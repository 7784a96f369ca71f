"""Which table each import file fills, by which columns its rows are found again, and on whose
existence they rest.

Contract numbers and machines are unique in the whole desk, while the tables' keys begin with
`customer_id` (docs/decisions/0004-keys.md). So the columns that find a row again are the file's
key, not the table's, and only one import writes at a time (app/db/import_merge.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BigInteger, Column, FromClause, MetaData, Table, select

from app.db.tables import (
    calendar_day,
    contract,
    contract_line,
    customer,
    equipment,
    partner,
    price,
    product,
    serve,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that names a row of another table; `code` says that there is no such row.

    With severity `warning` the row is loaded all the same.
    """

    column: str
    table: Table
    code: str
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Target:
    """Where the rows of a file go.

    `key` finds the row again, in the table's columns. `renamed` gives the table's name for a column
    of the file, `also` further columns of the table that take the same value in a new row, and
    `fixed` columns with one value for the whole file. Rows of an `owned` table take their customer
    from their contract. A `guarded` table is written by nobody who does not hold the loading lock.
    """

    table: Table
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    owned: bool = False
    guarded: bool = False

    def column(self, file_column: str) -> str:
        """The table's name for a column of the file."""
        return self.renamed.get(file_column, file_column)

    def file_column(self, name: str) -> str:
        """The file's name for a column of the table."""
        return next((mine for mine, theirs in self.renamed.items() if theirs == name), name)

    def stage(self, columns: list[str]) -> Table:
        """Describe the temporary table that takes the file's rows; it goes with the transaction."""
        return Table(
            f"import_{self.table.name}",
            MetaData(),
            Column("line", BigInteger),
            *(Column(name, self.table.c[name].type) for name in columns),
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DROP",
        )

    def source(self, stage: Table) -> FromClause:
        """The staged rows, with the customer of their contract where the table is owned by one."""
        if not self.owned:
            return stage
        return (
            select(contract.c.customer_id, *stage.c)
            .join(contract, contract.c.contract_number == stage.c.contract_number)
            .subquery("source")
        )


_CUSTOMER: Final = Reference("customer_id", customer, "unknown_customer")
_ODD_PRODUCT: Final = Reference("product_number", product, "unknown_product", "warning")

TARGETS: Final[Mapping[str, Target]] = {
    "customers": Target(customer, ("customer_id",)),
    "partners": Target(partner, ("partner_id",)),
    "serves": Target(
        serve,
        ("partner_id", "customer_id", "scope"),
        (Reference("partner_id", partner, "unknown_partner"), _CUSTOMER),
    ),
    "products": Target(product, ("product_number",)),
    "prices": Target(
        price,
        ("product_number", "service_level", "valid_from"),
        (Reference("product_number", product, "unknown_product"),),
    ),
    "equipment": Target(
        equipment,
        ("serial_number", "product_number"),
        (_CUSTOMER, _ODD_PRODUCT),
        guarded=True,
    ),
    "contracts": Target(
        contract,
        ("contract_number",),
        (_CUSTOMER,),
        renamed={"start_date": "stated_start", "end_date": "stated_end"},
        also={"start_date": "stated_start", "end_date": "stated_end"},
        guarded=True,
    ),
    "contract_lines": Target(
        contract_line,
        ("contract_number", "line_number"),
        (Reference("contract_number", contract, "unknown_contract"), _ODD_PRODUCT),
        owned=True,
        guarded=True,
    ),
    "closing_days": Target(
        calendar_day, ("day",), renamed={"date": "day"}, fixed={"origin": "company"}
    ),
}
