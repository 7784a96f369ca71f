"""Quotes of the demo set, made from the lines of its contracts."""

from typing import NamedTuple


class DemoQuote(NamedTuple):
    """A quote of the demo set, for the year after a contract's end."""

    contract_number: str


DEMO_QUOTES = (DemoQuote("JP-4500-0002"),)
