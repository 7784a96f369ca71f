"""Customers, partners, and who serves whom since when. All of them are made up."""

import csv
from datetime import date, timedelta
from pathlib import Path

from app.demo.rows import Customer, Partner, Serves

SCOPES = ("contracts", "quotes", "orders")

SAMPLE_CORPORATE_NUMBER = "7000012050002"

# (ordering_portal, ordering_function): the function only exists where there is a portal.
PORTALS = (
    ("none", False),
    ("services_360", True),
    ("none", False),
    ("services_360", False),
    ("services_360_pro", True),
    ("none", False),
    ("services_360_pro", False),
)

PARTNERS = (
    Partner("P0001", "ノースブリッジ・ソリューションズ株式会社"),
    Partner("P0002", "浪華テクノ販売株式会社"),
    Partner("P0003", "㈱さくら野情報サービス"),
)

ENDED_RELATION = ("P0001", "C0010")
FUTURE_RELATION = ("P0001", "C0011")

# Customers by partner; the number says how many scopes the partner has, in the order of SCOPES.
SERVED = {
    "P0001": {1: 3, 3: 3, 4: 2, 5: 3, 7: 1, 9: 3, 10: 3, 11: 3, 12: 1, 15: 2, 18: 3, 21: 3},
    "P0002": {2: 3, 5: 2, 6: 3, 8: 1, 13: 3, 14: 2, 16: 3, 22: 1, 25: 3, 30: 2},
    "P0003": {17: 3, 19: 1, 20: 3, 23: 3, 24: 2, 27: 3, 31: 1, 35: 3},
}


def customer_id(index: int) -> str:
    """Return the customer's code; the first customer has index 1."""
    return f"C{index:04d}"


def corporate_number(base: str) -> str:
    """Put the check digit in front of twelve digits: 9 - (sum of Pn * Qn mod 9)."""
    total = sum(int(digit) * (1 if n % 2 else 2) for n, digit in enumerate(reversed(base), start=1))
    return f"{9 - total % 9}{base}"


def customers() -> list[Customer]:
    """Return the customers in the order of companies.csv; every sixth has no corporate number."""
    with Path(__file__).with_name("companies.csv").open(encoding="utf-8", newline="") as file:
        companies = list(csv.DictReader(file))
    found = []
    for index, company in enumerate(companies, start=1):
        # No registry office has the code 9999, so these numbers belong to nobody.
        number = None if index % 6 == 2 else corporate_number(f"999901{index * 7919:06d}")
        portal, function = PORTALS[(index - 1) % len(PORTALS)]
        found.append(
            Customer(
                customer_id(index),
                company["name"],
                company["name_en"],
                SAMPLE_CORPORATE_NUMBER if index == 1 else number,
                company["contact_name"],
                company["contact_email"],
                portal,
                function,
            )
        )
    return found


def serves(today: date) -> list[Serves]:
    """Return the relations: running, ended yesterday, beginning in 30 days."""
    found = []
    for partner_id, served in SERVED.items():
        for index, scopes in served.items():
            relation = (partner_id, customer_id(index))
            begins = date(today.year - 2, 4, 1)
            ends = None
            if relation == ENDED_RELATION:
                ends = today - timedelta(days=1)
            elif relation == FUTURE_RELATION:
                begins = today + timedelta(days=30)
            elif index % 5 == 0:
                ends = date(today.year + 2, 3, 31)
            found += [Serves(*relation, scope, begins, ends) for scope in SCOPES[:scopes]]
    return found
