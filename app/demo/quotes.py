"""Quotes of the demo set: which contracts are quoted, and what became of it.

Only what is written here is made up; lines and amounts follow from the demo set's contracts and
prices by the rules of the service.
"""

from typing import NamedTuple

from app.demo.edges import LARGE_CONTRACT

SPLIT_LINES = 120


class DemoQuote(NamedTuple):
    """A quote of the demo set. `fate` is what became of it: draft, issued, declined, withdrawn,
    `second_version` (issued again over two years) or `split` (SPLIT_LINES of its lines issued as a
    quote of their own). It was issued `days_ago` and is valid for `valid_days` from then.
    """

    contract_number: str
    fate: str
    shows: str
    days_ago: int = 0
    valid_days: int | None = None
    conditions: str | None = None


DEMO_QUOTES = (
    DemoQuote("JP-4500-0002", "issued", "due soon: valid for ten more days", 20, 30),
    DemoQuote("JP-4500-0001", "draft", "a draft: only the desk sees it"),
    DemoQuote("JP-4500-0005", "issued", "lapsed: its validity is over", 40, 30),
    DemoQuote(
        "JP-4410-0001",
        "second_version",
        "superseded: version 2 runs for two years",
        10,
        conditions="お支払いは年1回の前払いとします。",
    ),
    DemoQuote("JP-6000-E090", "declined", "declined by the customer"),
    DemoQuote("JP-6000-E091", "withdrawn", "withdrawn by the desk"),
    DemoQuote(LARGE_CONTRACT, "split", "120 lines, split off from a draft"),
)
