"""Products with made-up lifecycle dates, and a made-up price list."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from app.demo.rows import Price, Product
from app.demo.spans import fiscal_year_end, leap_day, pick

LICENCE = "BD505A"

# Level -> percent of the family's base price.
LEVELS = {
    "foundation_care_nbd": 100,
    "foundation_care_24x7": 145,
    "foundation_care_ctr": 210,
    "proactive_care_nbd": 160,
    "proactive_care_24x7": 215,
    "proactive_care_ctr": 290,
}

# A level that the desk stores and hands to a person; no price list knows it.
UNROUTED_LEVEL = "datacenter_care"

# Family -> (base price a year in yen, days from today to a usual end of support).
FAMILIES = {
    "3PAR StoreServ": (420_000, 500),
    "Alletra": (980_000, 2600),
    "Apollo": (160_000, 900),
    "Aruba switch": (48_000, 1300),
    "BladeSystem Virtual Connect": (95_000, -900),
    "Disk Enclosure": (60_000, -500),
    "FlexFabric": (130_000, 200),
    "FlexNetwork": (72_000, 700),
    "Licence": (6_000, 3000),
    "MSA": (110_000, 1000),
    "OfficeConnect": (12_000, 400),
    "P2000 MSA": (70_000, -1400),
    "ProCurve": (14_000, -1600),
    "ProLiant BL": (88_000, -300),
    "ProLiant DL": (96_000, 1500),
    "ProLiant ML": (82_000, 600),
    "SAN Switch": (150_000, 800),
    "StoreEver": (56_000, 1200),
    "Synergy": (310_000, 1900),
}

# Days from today to the end of support, where a test or the tour counts on it.
END_OF_SUPPORT_IN = {
    "868703-B21": 1800,
    "P06420-B21": 1900,
    "P19717-B21": 1700,
    "P19766-B21": 1650,
    "P52534-B21": 2700,
    "P53921-B21": 2650,
    "653200-B21": -45,
    "661189-B21": -400,
    "673648-B21": -800,
    "719064-B21": 300,
    "J9137A": -1,
    "JC102B": 0,
    "JD377A": 1,
    "JG510A": 30,
    "JG898A": 89,
    "AM867A": 90,
    "JG296A": 91,
    "BB874A": 364,
    "JC105B": 365,
    "JC100B": 366,
}

# Ends of support on days that catch careless date arithmetic.
FIXED_BY_CALENDAR: dict[str, Callable[[date], date]] = {
    "754536-B21": leap_day,
    "755258-B21": fiscal_year_end,
    "813197-B21": lambda today: date(today.year, 12, 31),
}

UNKNOWN_END_OF_SUPPORT = frozenset({"R8P13A", "JL806A", "AJ941A", "S0S38A", LICENCE})
# Sold no more, and still nobody knows how long it will be supported.
ONLY_END_OF_SALE = "J9979A"


@dataclass(frozen=True)
class Catalogue:
    """What the demo's machines and lines are made of."""

    products: dict[str, Product]
    prices: tuple[Price, ...]

    def name(self, product_number: str) -> str:
        """Return the product's name."""
        return self.products[product_number].product_name

    def supported_for(self, days: int) -> list[str]:
        """Return the machines' numbers that are supported longer than so many days, or unknown.

        Today does not change the answer, so a machine keeps its product number on every day.
        """
        return [
            number
            for number, product in self.products.items()
            if number != LICENCE and _days_of_support(number, product.family) > days
        ]


def catalogue(today: date) -> Catalogue:
    """Return the products with dates around today, and three price lists."""
    with Path(__file__).with_name("products.csv").open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file))
    products = [
        _product(today, entry["product_number"], entry["product_name"], entry["family"])
        for entry in entries
    ]
    return Catalogue(
        {product.product_number: product for product in products},
        tuple(price for product in products for price in _prices(today, product)),
    )


def unit_price(product_number: str, family: str, level: str) -> int:
    """Return the yearly price of one piece in the list of the current year, in whole hundreds."""
    percent = LEVELS.get(level, 350) * (90 + pick(f"price {product_number}", 41))
    return FAMILIES[family][0] * percent // 10_000 // 100 * 100


def _prices(today: date, product: Product) -> Iterator[Price]:
    for level in LEVELS:
        price = unit_price(product.product_number, product.family, level)
        for year, percent in ((-1, 97), (0, 100), (1, 104)):
            listed = price * percent // 100 // 100 * 100
            yield Price(product.product_number, level, date(today.year + year, 4, 1), listed)


def _product(today: date, number: str, name: str, family: str) -> Product:
    if number in UNKNOWN_END_OF_SUPPORT:
        return Product(number, name, family, None, None, None, None)
    if number == ONLY_END_OF_SALE:
        return Product(number, name, family, today - timedelta(days=700), None, None, None)
    end = _end_of_support(today, number, family)
    end_of_sale = end - timedelta(days=1826)
    return Product(
        number,
        name,
        family,
        end_of_sale if end_of_sale < today + timedelta(days=365) else None,
        end - timedelta(days=365),
        end - timedelta(days=90),
        end,
    )


def _end_of_support(today: date, number: str, family: str) -> date:
    if number in FIXED_BY_CALENDAR:
        return FIXED_BY_CALENDAR[number](today)
    return today + timedelta(days=_days_of_support(number, family))


def _days_of_support(number: str, family: str) -> int:
    if number in FIXED_BY_CALENDAR:
        return 0  # at least
    if number in UNKNOWN_END_OF_SUPPORT or number == ONLY_END_OF_SALE:
        return 100_000
    usual = FAMILIES[family][1] + pick(f"support {number}", 360)
    return END_OF_SUPPORT_IN.get(number, usual)
