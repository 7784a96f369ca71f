"""The cases where renewals go wrong, each under a contract number that says which it is.

README.md beside this file lists the numbers.
"""

from datetime import date, timedelta

from app.demo.catalogue import LICENCE, UNROUTED_LEVEL
from app.demo.fleet import Fleet, Item, items
from app.demo.rows import Machine
from app.demo.spans import Span, ending, month_end, starting

LAPSED_DAYS_AGO = (400, 100, 60, 4, 1)
ENDS_IN_DAYS = (0, 1, 30, 89, 90, 91)
STARTS_IN_DAYS = (1, 30, 120)
PACKAGE_ENDS_IN_DAYS = (-100, -1, 0, 119, 120, 121, 400)
LARGE_CONTRACT = "JP-6006-0001"
LARGE_CONTRACT_LINES = 300

NBD, DAY_AND_NIGHT, CTR = "foundation_care_nbd", "foundation_care_24x7", "foundation_care_ctr"
PROACTIVE = "proactive_care_24x7"
SERVER, OTHER_SERVER, SWITCH = "P52534-B21", "868703-B21", "JL354A"


def add_edges(fleet: Fleet) -> None:
    """Add every edge case."""
    _add_ends_and_starts(fleet)
    _add_packages(fleet)
    _add_follow_ons(fleet)
    _add_cover_of_three_kinds(fleet)
    _add_shared_serials(fleet)
    _add_unusual_lines(fleet)
    _add_large_contract(fleet)
    _add_line_dates(fleet)
    _add_mixed_systems(fleet)
    _add_ends_of_support(fleet)
    _add_billing_and_numbers(fleet)


def _add_one(
    fleet: Fleet,
    number: str,
    customer_id: str,
    span: Span,
    *,
    kind: str = "contract",
    level: str = DAY_AND_NIGHT,
    product: str = SERVER,
    billing: str | None = None,
) -> Machine:
    """Add a contract with one new machine, whose warranty ended when the cover began."""
    machine = fleet.add_machine(customer_id, product, span.preceded_by(3))
    fleet.add_contract(
        customer_id, kind, level, span, items([machine]), number=number, billing=billing
    )
    return machine


def _in_days(fleet: Fleet, days: int) -> date:
    return fleet.today + timedelta(days=days)


def _add_ends_and_starts(fleet: Fleet) -> None:
    for days in LAPSED_DAYS_AGO:
        _add_one(fleet, f"JP-6000-L{days:03d}", "C0004", ending(_in_days(fleet, -days), 1))
    for days in ENDS_IN_DAYS:
        _add_one(fleet, f"JP-6000-E{days:03d}", "C0004", ending(_in_days(fleet, days), 1))
    for days in STARTS_IN_DAYS:
        _add_one(fleet, f"JP-6000-U{days:03d}", "C0004", starting(_in_days(fleet, days), 1))


def _add_packages(fleet: Fleet) -> None:
    for kind, prefix, years in (("package", "PK", 3), ("post_warranty", "PW", 1)):
        for count, days in enumerate(PACKAGE_ENDS_IN_DAYS, start=1):
            span = ending(_in_days(fleet, days), years)
            _add_one(fleet, f"{prefix}-6001-{count:04d}", "C0006", span, kind=kind)
    for days in (119, 120, 121):
        fleet.add_machine("C0006", SERVER, ending(_in_days(fleet, days), 3))


def _add_follow_ons(fleet: Fleet) -> None:
    first = ending(_in_days(fleet, 20), 1)
    for old, new, level in (("0001", "0002", DAY_AND_NIGHT), ("0003", "0004", PROACTIVE)):
        machine = _add_one(fleet, f"JP-6002-{old}", "C0005", first)
        next_year = first.followed_by(1)
        fleet.add_contract(
            "C0005", "contract", level, next_year, items([machine]), number=f"JP-6002-{new}"
        )


def _add_cover_of_three_kinds(fleet: Fleet) -> None:
    warranty = ending(_in_days(fleet, 60), 3)
    machine = fleet.add_machine("C0005", SERVER, warranty)
    contract = ending(_in_days(fleet, 250), 1)
    fleet.add_contract(
        "C0005", "contract", PROACTIVE, contract, items([machine]), number="JP-6003-0001"
    )
    package = starting(warranty.start, 5)
    fleet.add_contract("C0005", "package", NBD, package, items([machine]), number="PK-6003-0002")


def _add_shared_serials(fleet: Fleet) -> None:
    span = ending(_in_days(fleet, 140), 1)
    covered = _add_one(fleet, "JP-6004-0001", "C0007", span)
    fleet.add_machine("C0007", SWITCH, span.preceded_by(1), serial=covered.serial_number)
    covered = _add_one(fleet, "JP-6004-0002", "C0007", span)
    fleet.add_machine("C0008", OTHER_SERVER, serial=covered.serial_number)


def _add_unusual_lines(fleet: Fleet) -> None:
    span = ending(_in_days(fleet, 210), 1)
    _add_one(fleet, "JP-6005-0001", "C0009", span, level=UNROUTED_LEVEL)
    licences = [Item(LICENCE, None, quantity=25)]
    fleet.add_contract("C0009", "contract", NBD, span, licences, number="JP-6005-0002")


def _add_large_contract(fleet: Fleet) -> None:
    span = ending(_in_days(fleet, 120), 1)
    products = (SERVER, OTHER_SERVER, SWITCH, "P53921-B21", "R8P13A")
    covered: list[Machine] = []
    for first in range(0, LARGE_CONTRACT_LINES, 20):
        rack = [products[(first + place) // 60] for place in range(20)]
        covered += fleet.add_system("C0003", rack, span.preceded_by(3))
    fleet.add_contract("C0003", "contract", PROACTIVE, span, items(covered), number=LARGE_CONTRACT)


def _add_line_dates(fleet: Fleet) -> None:
    span = ending(_in_days(fleet, 160), 1)
    whole, later, earlier, other, both = items(
        fleet.add_machine("C0009", SERVER, span.preceded_by(1)) for _ in range(5)
    )
    joined = span.start + timedelta(days=75)
    left = span.end - timedelta(days=120)
    lines = [
        whole,
        later._replace(span=Span(joined, span.end)),
        earlier._replace(span=Span(span.start, left)),
        other._replace(level=CTR),
        both._replace(level=NBD, span=Span(joined, left)),
    ]
    fleet.add_contract("C0009", "contract", DAY_AND_NIGHT, span, lines, number="JP-6007-0001")


def _add_mixed_systems(fleet: Fleet) -> None:
    span = ending(_in_days(fleet, 100), 1)
    system = fleet.add_system("C0012", [SERVER, SERVER, SWITCH, SWITCH], span.preceded_by(3))
    fleet.add_contract(
        "C0012", "contract", PROACTIVE, span, items(system[:2]), number="JP-6007-0002"
    )
    longer = ending(_in_days(fleet, 300), 1)
    fleet.add_contract("C0012", "contract", NBD, longer, items(system[2:]), number="JP-6007-0003")


def _add_ends_of_support(fleet: Fleet) -> None:
    for count, (product, days) in enumerate(
        (
            ("JG510A", 30),  # the contract ends with the support
            ("JG898A", 88),  # a renewal would start on the last day of support: refused (EOS-1)
            ("AM867A", 88),  # it would start one day earlier and could last two days (EOS-2)
            ("719064-B21", 45),  # the next term runs past the end of support (EOS-2)
            ("JC102B", 60),  # support ends today, the contract goes on
            ("R8P13A", 50),  # nobody knows the end of support (EOS-3)
            ("653200-B21", -10),  # lapsed after the end of support: no way back
            ("754536-B21", 70),  # the end of support is a 29 February
        ),
        start=1,
    ):
        span = ending(_in_days(fleet, days), 1)
        _add_one(fleet, f"JP-6008-{count:04d}", "C0018", span, product=product, level=NBD)


def _add_billing_and_numbers(fleet: Fleet) -> None:
    span = ending(_in_days(fleet, 260), 1)
    for count, billing in enumerate(("upfront", "annual", "quarterly", "monthly"), start=1):
        _add_one(fleet, f"JP-6009-{count:04d}", "C0021", span, billing=billing)
    _add_one(fleet, "A-01", "C0013", span)
    _add_one(fleet, "JP-2019-LEGACY-00017", "C0013", span)
    year = fleet.today.year + (fleet.today.month > 2)
    last_of_february = month_end(date(year, 2, 1))
    _add_one(fleet, "JP-6010-0001", "C0013", ending(last_of_february, 1))
