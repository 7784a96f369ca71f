"""A made-up version with its lines, to be printed."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from app.domain.printed_documents import Issuer, PrintedQuote, printed_quote
from app.domain.tax import TaxedAmount, taxed_totals

DATED = datetime(2026, 11, 1, 15, tzinfo=UTC)
ISSUER = Issuer(
    name="見本保守サービス株式会社",
    department="契約更新コンタクトセンター",
    address="〒100-0000 東京都架空区見本町1-2-3",
    phone="03-0000-0000",
    email="renewals@desk.example",
    registration_number="T1234567890123",
)


@dataclass(frozen=True)
class Line:
    kind: str = "service"
    product_number: str | None = "867959-B21"
    product_name: str = "ProLiant DL360 Gen10 8SFF CTOサーバー"
    serial_number: str | None = "JPX0000001"
    quantity: int = 1
    service_level: str | None = "foundation_care_nbd"
    start_date: date | None = None
    end_date: date | None = None
    unit_price: int = 118_000
    tax_rate_bp: int = 1_000

    @property
    def amount(self) -> int:
        return self.unit_price * self.quantity


@dataclass(frozen=True)
class Version:
    version: int = 2
    kind: str = "renewal"
    start_date: date = date(2027, 1, 1)
    end_date: date = date(2027, 12, 31)
    service_level: str = "foundation_care_nbd"
    addressee_kind: str = "company"
    addressee_name: str = "株式会社髙﨑𠮷野システムズ"
    contact_name: str | None = "佐藤 花子"
    contact_email: str | None = "hanako.sato@customer.example"
    conditions: str | None = "お支払条件:月末締め翌月末払い(銀行振込)"
    stated_deadline: date | None = None
    valid_until: date | None = date(2026, 12, 15)
    issued_on: date | None = date(2026, 11, 2)
    order_deadline: date | None = date(2026, 12, 31)
    subtotal: int = 0
    tax: list[dict[str, int]] = field(default_factory=list)
    total: int = 0


FEE = Line("fee", None, "再加入手数料", None, service_level=None, unit_price=50_000)


def machines(count: int) -> list[Line]:
    return [
        Line(serial_number=f"JPX{number:07d}", unit_price=118_000 + 111 * number)
        for number in range(1, count + 1)
    ]


def made_up(lines: list[Line], *, draft: bool = False, **changes: Any) -> PrintedQuote:
    totals = taxed_totals(TaxedAmount(line.tax_rate_bp, line.amount) for line in lines)
    version = Version(
        subtotal=totals.subtotal,
        tax=[
            {"rate_bp": each.rate_bp, "taxable": each.taxable, "tax": each.tax}
            for each in totals.rates
        ],
        total=totals.total,
    )
    return printed_quote(
        "Q2026-0001234",
        replace(version, **changes),
        lines,
        ISSUER,
        customer_name="株式会社髙﨑𠮷野システムズ",
        contract_number="JP-4410-0001",
        service_id="123456789012",
        draft=draft,
    )
