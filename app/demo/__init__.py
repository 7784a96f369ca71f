"""The demo set: a whole import folder, made up around a day, the same for the same day.

`renewal-desk seed` writes it to a temporary folder and imports it like any other.
Everything in it is invented; README.md beside this file says what is where.
"""

from datetime import date

from app.demo.bulk import add_bulk
from app.demo.catalogue import catalogue
from app.demo.closing import closing_days
from app.demo.edges import add_edges
from app.demo.fleet import Fleet
from app.demo.parties import PARTNERS, customers, serves
from app.demo.rows import (
    ClosingDay,
    Contract,
    Customer,
    Line,
    Machine,
    Partner,
    Price,
    Product,
    Serves,
    to_csv,
)
from app.demo.sample import add_sample
from app.demo.tour import DEMO_TOUR, TourStop, add_tour

__all__ = ["DEMO_TOUR", "TourStop", "demo_files"]


def demo_files(today: date) -> dict[str, str]:
    """Return the text of every file of an import folder, by file name, in import order."""
    products = catalogue(today)
    fleet = Fleet(today, products)
    add_sample(fleet)
    add_tour(fleet)
    add_edges(fleet)
    add_bulk(fleet)
    return {
        "customers.csv": to_csv(Customer._fields, customers()),
        "partners.csv": to_csv(Partner._fields, PARTNERS),
        "serves.csv": to_csv(Serves._fields, serves(today)),
        "products.csv": to_csv(Product._fields, products.products.values()),
        "prices.csv": to_csv(Price._fields, products.prices),
        "equipment.csv": to_csv(Machine._fields, fleet.machines),
        "contracts.csv": to_csv(Contract._fields, fleet.contracts),
        "contract_lines.csv": to_csv(Line._fields, fleet.lines),
        "closing_days.csv": to_csv(ClosingDay._fields, closing_days(today)),
    }
