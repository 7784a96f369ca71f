"""Ten machines, one per answer that a coverage lookup can give. Their serials never change."""

from datetime import timedelta
from typing import NamedTuple

from app.demo.fleet import Fleet, items
from app.demo.spans import Span, ending, starting

TOUR_CUSTOMER = "C0001"
OTHER_CUSTOMER = "C0002"


class TourStop(NamedTuple):
    """A machine to look up, and what the answer shows.

    `status` is what customer C0001 gets, and partner P0001, who serves C0001 but not C0002;
    `desk_status` is what the desk gets.
    """

    serial_number: str
    product_number: str | None
    status: str
    desk_status: str
    shows: str


DEMO_TOUR = (
    TourStop("JPDEMO0001", "868703-B21", "covered", "covered", "covered: a running contract"),
    TourStop("JPDEMO0002", "P19717-B21", "expiring", "expiring", "expiring: ends in 30 days"),
    TourStop("JPDEMO0003", "P19766-B21", "lapsed", "lapsed", "lapsed: ended 100 days ago"),
    TourStop(
        "JPDEMO0004",
        "P53921-B21",
        "never_covered",
        "never_covered",
        "never_covered: no contract, no package, warranty unknown",
    ),
    TourStop(
        "JPDEMO0005",
        None,
        "ambiguous",
        "ambiguous",
        "ambiguous: two products of one customer share the serial",
    ),
    TourStop(
        "JPDEMO0006",
        None,
        "not_found",
        "covered",
        "not_found: belongs to C0002, so only the desk sees it",
    ),
    TourStop("JPDEMO0007", "P52534-B21", "covered", "covered", "package: covered by a package"),
    TourStop(
        "JPDEMO0008",
        "P06420-B21",
        "covered",
        "covered",
        "post_warranty: covered by a post-warranty package",
    ),
    TourStop("JPDEMO0009", "P52534-B21", "covered", "covered", "warranty only, no contract"),
    TourStop(
        "JPDEMO0010",
        "653200-B21",
        "lapsed",
        "lapsed",
        "end of support reached 45 days ago, on the last day of its contract",
    ),
)


def add_tour(fleet: Fleet) -> None:
    """Add the tour's machines and what covers them."""
    _add_contracts(fleet)
    _add_shared_serial(fleet)
    _add_packages(fleet)
    warranty = ending(fleet.today + timedelta(days=400), 3)
    fleet.add_machine(TOUR_CUSTOMER, "P52534-B21", warranty, serial="JPDEMO0009")
    fleet.add_machine(TOUR_CUSTOMER, "P53921-B21", serial="JPDEMO0004")


def _add_contracts(fleet: Fleet) -> None:
    for serial, product, owner, ends_in, level in (
        ("JPDEMO0001", "868703-B21", TOUR_CUSTOMER, 200, "foundation_care_24x7"),
        ("JPDEMO0002", "P19717-B21", TOUR_CUSTOMER, 30, "foundation_care_24x7"),
        ("JPDEMO0003", "P19766-B21", TOUR_CUSTOMER, -100, "foundation_care_nbd"),
        ("JPDEMO0006", "868703-B21", OTHER_CUSTOMER, 220, "proactive_care_24x7"),
        ("JPDEMO0010", "653200-B21", TOUR_CUSTOMER, -45, "foundation_care_nbd"),
    ):
        span = ending(fleet.today + timedelta(days=ends_in), 1)
        machine = fleet.add_machine(owner, product, span.preceded_by(3), serial=serial)
        number = f"JP-4500-{serial[-4:]}"
        fleet.add_contract(owner, "contract", level, span, items([machine]), number=number)


def _add_shared_serial(fleet: Fleet) -> None:
    span = ending(fleet.today + timedelta(days=180), 1)
    covered = fleet.add_machine(
        TOUR_CUSTOMER, "868703-B21", span.preceded_by(3), serial="JPDEMO0005"
    )
    fleet.add_machine(TOUR_CUSTOMER, "JL354A", serial="JPDEMO0005")
    fleet.add_contract(
        TOUR_CUSTOMER,
        "contract",
        "foundation_care_nbd",
        span,
        items([covered]),
        number="JP-4500-0005",
    )


def _add_packages(fleet: Fleet) -> None:
    today = fleet.today
    package = ending(today + timedelta(days=500), 3)
    post_warranty = ending(today + timedelta(days=150), 1)
    for serial, product, kind, span, warranty, number in (
        (
            "JPDEMO0007",
            "P52534-B21",
            "package",
            package,
            starting(package.start, 1),
            "PK-4500-0007",
        ),
        (
            "JPDEMO0008",
            "P06420-B21",
            "post_warranty",
            post_warranty,
            Span(*post_warranty.preceded_by(3)),
            "PW-4500-0008",
        ),
    ):
        machine = fleet.add_machine(TOUR_CUSTOMER, product, warranty, serial=serial)
        fleet.add_contract(
            TOUR_CUSTOMER, kind, "foundation_care_24x7", span, items([machine]), number=number
        )
