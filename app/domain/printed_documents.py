"""What the 見積書 and the 保守契約注文・回答用紙 say (QUO-3, ORD-3), as texts ready to be set.

Everything is formatted here, so that a template only places it. Texts of customers and of the desk
stay as they are; what the fonts cannot show is replaced where it is printed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from app.domain.identifiers import format_service_id
from app.domain.quotes import AddresseeKind, addressee_line

_KINDS: Final[Mapping[str, str]] = {
    "renewal": "更新",
    "reenrollment": "再加入",
    "new_enrollment": "新規加入",
    "upgrade": "アップグレード",
}
_LEVEL_WORDS: Final[Mapping[str, str]] = {"nbd": "NBD", "ctr": "CTR", "24x7": "24x7"}
_PERCENT_BP: Final = 100


class VersionFacts(Protocol):
    """The version of a quote that is printed; money in yen, days in JST."""

    @property
    def version(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def start_date(self) -> date: ...
    @property
    def end_date(self) -> date: ...
    @property
    def service_level(self) -> str: ...
    @property
    def addressee_kind(self) -> str: ...
    @property
    def addressee_name(self) -> str: ...
    @property
    def contact_name(self) -> str | None: ...
    @property
    def contact_email(self) -> str | None: ...
    @property
    def conditions(self) -> str | None: ...
    @property
    def stated_deadline(self) -> date | None: ...
    @property
    def valid_until(self) -> date | None: ...
    @property
    def issued_on(self) -> date | None: ...
    @property
    def order_deadline(self) -> date | None: ...
    @property
    def subtotal(self) -> int: ...
    @property
    def tax(self) -> Sequence[Mapping[str, int]]: ...
    @property
    def total(self) -> int: ...


class LineFacts(Protocol):
    """A line of that version: the service on a machine, or a fee; money in yen without tax."""

    @property
    def kind(self) -> str: ...
    @property
    def product_number(self) -> str | None: ...
    @property
    def product_name(self) -> str: ...
    @property
    def serial_number(self) -> str | None: ...
    @property
    def quantity(self) -> int: ...
    @property
    def service_level(self) -> str | None: ...
    @property
    def start_date(self) -> date | None: ...
    @property
    def end_date(self) -> date | None: ...
    @property
    def unit_price(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def tax_rate_bp(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who sends the documents. `registration_number` is the one of a qualified-invoice issuer
    (T and 13 digits); it is left out where there is none.
    """

    name: str
    department: str
    address: str
    phone: str
    email: str
    registration_number: str | None


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One row of the table. `note` is what differs from the head: the line's own dates or level."""

    product_number: str
    product_name: str
    serial_number: str
    quantity: str
    unit_price: str
    amount: str
    rate: str
    note: str


@dataclass(frozen=True, slots=True)
class PrintedTax:
    """The total and the tax of one rate (QUO-4)."""

    rate: str
    taxable: str
    tax: str


@dataclass(frozen=True, slots=True)
class PrintedQuote:
    """What both documents of a version are set from."""

    draft: bool
    quote_number: str
    version: str
    issued_on: str
    addressee: str
    customer_name: str
    contact_name: str
    contact_email: str
    issuer: Issuer
    subject: str
    contract_number: str
    service_id: str
    period: str
    service_level: str
    order_deadline: str
    order_deadline_rule: str
    valid_until: str
    conditions: tuple[str, ...]
    services: tuple[PrintedLine, ...]
    fees: tuple[PrintedLine, ...]
    several_rates: bool
    subtotal: str
    taxes: tuple[PrintedTax, ...]
    total: str


def japanese_date(day: date) -> str:
    """A day as it is printed: 2026年4月1日."""
    return f"{day.year}年{day.month}月{day.day}日"


def yen(amount: int) -> str:
    """Yen with commas; a credit has △ before it, as accounts are written in Japan."""
    return f"{'△' if amount < 0 else ''}{abs(amount):,}"


def percent(rate_bp: int) -> str:
    """A rate in basis points as it is printed: 1,000 is 10%, 850 is 8.5%."""
    whole, rest = divmod(rate_bp, _PERCENT_BP)
    return f"{whole}{f'.{rest:02d}'.rstrip('0') if rest else ''}%"


def level_name(code: str) -> str:
    """The name of a service level: `foundation_care_nbd` is Foundation Care NBD."""
    return " ".join(_LEVEL_WORDS.get(word, word.capitalize()) for word in code.split("_"))


def printed_quote(
    quote_number: str,
    version: VersionFacts,
    lines: Iterable[LineFacts],
    issuer: Issuer,
    *,
    customer_name: str,
    contract_number: str | None,
    service_id: str | None,
    draft: bool = False,
) -> PrintedQuote:
    """The texts of a version (QUO-3). `draft` marks what is not issued yet."""
    rows = list(lines)
    rates = {line.tax_rate_bp for line in rows}
    kind = _KINDS.get(version.kind, version.kind)
    deadline = version.order_deadline
    return PrintedQuote(
        draft=draft,
        quote_number=quote_number,
        version=f"第{version.version}版",
        issued_on="" if version.issued_on is None else japanese_date(version.issued_on),
        addressee=addressee_line(AddresseeKind(version.addressee_kind), version.addressee_name),
        customer_name=customer_name,
        contact_name=version.contact_name or "",
        contact_email=version.contact_email or "",
        issuer=issuer,
        subject=f"サポートサービス契約({kind})",
        contract_number=contract_number or "",
        service_id=format_service_id(service_id) if service_id else "",
        period=f"{japanese_date(version.start_date)} 〜 {japanese_date(version.end_date)}",
        service_level=level_name(version.service_level),
        order_deadline="" if deadline is None else japanese_date(deadline),
        order_deadline_rule=_deadline_rule(version),
        valid_until="" if version.valid_until is None else japanese_date(version.valid_until),
        conditions=tuple(
            text for line in (version.conditions or "").splitlines() if (text := line.strip())
        ),
        services=tuple(_line(line, version) for line in rows if line.kind != "fee"),
        fees=tuple(_line(line, version) for line in rows if line.kind == "fee"),
        several_rates=len(rates) > 1,
        subtotal=yen(version.subtotal),
        taxes=tuple(
            PrintedTax(percent(each["rate_bp"]), yen(each["taxable"]), yen(each["tax"]))
            for each in version.tax
        ),
        total=yen(version.total),
    )


def _deadline_rule(version: VersionFacts) -> str:
    """Where the deadline comes from: stated in the conditions (DL-2), else the default (DL-1)."""
    if version.order_deadline is None:
        return ""
    if version.stated_deadline is None:
        return "契約開始日の前日"
    return "契約条件により指定"


def _line(line: LineFacts, version: VersionFacts) -> PrintedLine:
    notes = []
    if line.kind != "fee":
        start, end = line.start_date or version.start_date, line.end_date or version.end_date
        if (start, end) != (version.start_date, version.end_date):
            notes.append(f"期間 {japanese_date(start)} 〜 {japanese_date(end)}")
        if line.service_level not in (None, version.service_level):
            notes.append(level_name(line.service_level or ""))
    return PrintedLine(
        product_number=line.product_number or "",
        product_name=line.product_name,
        serial_number=line.serial_number or "",
        quantity=f"{line.quantity:,}",
        unit_price=yen(line.unit_price),
        amount=yen(line.amount),
        rate=percent(line.tax_rate_bp),
        note=" / ".join(notes),
    )
