"""Quotes for tests of reading, written past the desk: versions in any state, with their lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, update

from app.db.quote_tables import quote, quote_line, quote_version
from app.domain.tax import TaxedAmount, taxed_totals
from tests.conftest import NOW, Service

START, END = date(2027, 4, 1), date(2028, 3, 31)


def machine(number: int, amount: int = 120_000, **more: Any) -> dict[str, Any]:
    """A line of a machine JPQUOTE…."""
    return {
        "kind": "service",
        "product_number": "868703-B21",
        "product_name": "ProLiant DL380 Gen10",
        "serial_number": f"JPQUOTE{number:03d}",
        "quantity": 1,
        "service_level": "foundation_care_nbd",
        "start_date": START,
        "end_date": END,
        "annual_price": amount,
        "unit_price": amount,
        "amount": amount,
        "contract_number": "JP-4410-0001",
        "contract_line_number": number,
        **more,
    }


@dataclass(frozen=True)
class Version:
    """A version of a quote; `terms` replace columns of it."""

    state: str = "issued"
    lines: Sequence[Mapping[str, Any]] = field(default_factory=lambda: [machine(1)])
    terms: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Its columns, with limits by DL-1 and DL-5 and totals that add up."""
        start = self.terms.get("start_date", START)
        deadline = self.terms.get("stated_deadline") or start - timedelta(days=1)
        valid_until = self.terms.get("valid_until")
        totals = taxed_totals(TaxedAmount(1000, line["amount"]) for line in self.lines)
        issued = {
            "issued_on": NOW.date(),
            "order_deadline": deadline,
            "deadline_rule": "DL-2" if self.terms.get("stated_deadline") else "DL-1",
            "effective_limit": min(deadline, valid_until or deadline),
        }
        return {
            "kind": "renewal",
            "start_date": START,
            "end_date": END,
            "service_level": "foundation_care_nbd",
            "addressee_name": "株式会社見本",
            "subtotal": totals.subtotal,
            "tax": [
                {"rate_bp": each.rate_bp, "taxable": each.taxable, "tax": each.tax}
                for each in totals.rates
            ],
            "total": totals.total,
            "created_by": "test",
            "created_at": NOW,
            "updated_at": NOW,
            **(issued if self.state != "draft" else {}),
            **self.terms,
        }


async def add_quote(
    service: Service,
    number: int,
    *versions: Version,
    customer_id: str = "C0001",
    contract_number: str | None = "JP-4410-0001",
    **columns: Any,
) -> str:
    """Add a quote with its versions; returns its number."""
    quote_number = f"Q2026-9{number:06d}"
    key = {"customer_id": customer_id, "quote_number": quote_number}
    async with service.owner() as session:
        await session.execute(
            insert(quote).values(
                **key,
                contract_number=contract_number,
                latest_version=len(versions),
                created_by="test",
                **columns,
            )
        )
    for place, version in enumerate(versions, start=1):
        await add_version(service, key, place, version)
    return quote_number


async def add_version(
    service: Service, key: Mapping[str, str], number: int, version: Version
) -> None:
    """Add a version with its lines, and bring it into its state."""
    named = {**key, "version": number}
    async with service.owner() as session:
        await session.execute(insert(quote_version).values(**named, **version.row()))
        for place, line in enumerate(version.lines, start=1):
            await session.execute(insert(quote_line).values(**named, line_number=place, **line))
        await session.execute(
            update(quote_version)
            .where(*(quote_version.c[name] == value for name, value in named.items()))
            .values(state=version.state)
        )
