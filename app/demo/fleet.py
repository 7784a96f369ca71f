"""Machines and the contracts on them: the growing set that samples, tour, edges and bulk fill."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from app.demo.catalogue import Catalogue, unit_price
from app.demo.rows import Contract, Line, Machine
from app.demo.spans import Span, pick

PREFIXES = ("CZJ", "SGH", "MXQ", "TWT", "USE", "CN7")
NUMBER_PREFIX = {"contract": "JP", "package": "PK", "post_warranty": "PW"}
BILLING = ("annual", "upfront", "quarterly", "annual", "monthly")
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Item(NamedTuple):
    """What one line covers; level and period are the contract's unless they are given."""

    product_number: str
    serial_number: str | None
    quantity: int = 1
    level: str | None = None
    span: Span | None = None


def items(machines: Iterable[Machine]) -> list[Item]:
    """Return one item per machine."""
    return [Item(machine.product_number, machine.serial_number) for machine in machines]


@dataclass
class Fleet:
    """Collects rows. Serials and service ids depend on the order only, never on the date."""

    today: date
    catalogue: Catalogue
    machines: list[Machine] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    numbered: Counter[str] = field(default_factory=Counter)

    def add_machine(
        self,
        customer_id: str,
        product_number: str,
        warranty: Span | None = None,
        *,
        serial: str | None = None,
        system_id: str | None = None,
    ) -> Machine:
        """Add one machine; without a serial it gets the next one."""
        start, end = warranty or (None, None)
        serial = serial or self._next_serial()
        machine = Machine(serial, product_number, customer_id, start, end, system_id)
        self.machines.append(machine)
        return machine

    def add_system(
        self, customer_id: str, product_numbers: Sequence[str], warranty: Span | None = None
    ) -> list[Machine]:
        """Add machines that form one system."""
        self.numbered["system"] += 1
        system_id = f"S-{100 + self.numbered['system']}"
        return [
            self.add_machine(customer_id, number, warranty, system_id=system_id)
            for number in product_numbers
        ]

    def add_contract(
        self,
        customer_id: str,
        kind: str,
        level: str,
        span: Span,
        covered: Sequence[Item],
        *,
        number: str | None = None,
        service_id: str | None = None,
        billing: str | None = None,
        support_service_serial: str | None = None,
    ) -> str:
        """Add a contract or package with one line per item, and return its number."""
        number = number or self._next_number(customer_id, kind)
        if kind == "contract":
            service_id = service_id or self._next_service_id()
            billing = billing or BILLING[pick(f"billing {number}", len(BILLING))]
        else:
            support_service_serial = support_service_serial or self._next_support_service_serial()
        self.contracts.append(
            Contract(
                number,
                service_id,
                customer_id,
                kind,
                level,
                *span,
                support_service_serial,
                billing or "upfront",
            )
        )
        self.lines += [
            self._line(number, line_number, item, kind, level, span)
            for line_number, item in enumerate(covered, start=1)
        ]
        return number

    def _line(
        self, number: str, line_number: int, item: Item, kind: str, level: str, span: Span
    ) -> Line:
        level = item.level or level
        family = self.catalogue.products[item.product_number].family
        # Packages are sold outright by dealers: this desk does not know their price.
        price = unit_price(item.product_number, family, level) if kind == "contract" else None
        return Line(
            number,
            line_number,
            item.product_number,
            self.catalogue.name(item.product_number),
            item.serial_number,
            item.quantity,
            level,
            *(item.span or span),
            price,
        )

    def _next_serial(self) -> str:
        """Return ten characters, or twelve for every 23rd machine: old serials are longer."""
        self.numbered["serial"] += 1
        count = self.numbered["serial"]
        length = 9 if count % 23 == 0 else 7
        # The factor shares no divisor with 36 to the power of length: no serial comes twice.
        rest, digits = count * 7_919_000_033 % 36**length, ""
        for _ in range(length):
            rest, digit = divmod(rest, 36)
            digits += BASE36[digit]
        return PREFIXES[pick(f"serial {count}", len(PREFIXES))] + digits

    def _next_number(self, customer_id: str, kind: str) -> str:
        self.numbered[f"number {customer_id}"] += 1
        site = 5000 + int(customer_id[1:])
        return f"{NUMBER_PREFIX[kind]}-{site}-{self.numbered[f'number {customer_id}']:04d}"

    def _next_service_id(self) -> str:
        self.numbered["service_id"] += 1
        return f"1{self.numbered['service_id'] * 7_919_000_033 % 10**11:011d}"

    def _next_support_service_serial(self) -> str:
        self.numbered["support_service_serial"] += 1
        return f"HA{self.numbered['support_service_serial'] * 7_919_033 % 10**10:010d}"
