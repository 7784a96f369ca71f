"""The demo set is whole, never changes for one day, and shows every edge on any day.

Everything is read back from the CSV text, the way the import sees it.
"""

import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo import DEMO_TOUR, demo_files

Row = dict[str, str]
Check = Callable[[date], None]

TODAY = date(2026, 11, 25)
# Leap days and their neighbours, both sides of the fiscal and the calendar year, month ends.
TRICKY_DAYS = [
    TODAY,
    date(2026, 1, 1),
    date(2027, 2, 28),
    date(2027, 3, 31),
    date(2028, 2, 29),
    date(2028, 3, 1),
    date(2029, 2, 28),
    date(2030, 12, 31),
]
CHECKS: list[Check] = []


def on_any_day(check: Check) -> Check:
    """Run the check on the tricky days by name, and on drawn days with all the others."""
    CHECKS.append(check)
    return pytest.mark.parametrize("today", TRICKY_DAYS, ids=str)(check)


COLUMNS = {
    "customers.csv": "customer_id,name,name_en,corporate_number,contact_name,contact_email,"
    "ordering_portal,ordering_function",
    "partners.csv": "partner_id,name",
    "serves.csv": "partner_id,customer_id,scope,valid_from,valid_to",
    "products.csv": "product_number,product_name,family,end_of_sale,last_new_enrollment,"
    "last_renewal,end_of_support",
    "prices.csv": "product_number,service_level,valid_from,annual_price",
    "equipment.csv": "serial_number,product_number,customer_id,warranty_start,warranty_end,"
    "system_id",
    "contracts.csv": "contract_number,service_id,customer_id,kind,service_level,start_date,"
    "end_date,support_service_serial,billing",
    "contract_lines.csv": "contract_number,line_number,product_number,product_name,"
    "serial_number,quantity,service_level,start_date,end_date,annual_price",
    "closing_days.csv": "date,kind,opens,closes,name",
}
KEYS = {
    "customers.csv": ("customer_id",),
    "partners.csv": ("partner_id",),
    "serves.csv": ("partner_id", "customer_id", "scope"),
    "products.csv": ("product_number",),
    "prices.csv": ("product_number", "service_level", "valid_from"),
    "equipment.csv": ("serial_number", "product_number"),
    "contracts.csv": ("contract_number",),
    "contract_lines.csv": ("contract_number", "line_number"),
    "closing_days.csv": ("date",),
}
LEAST = {
    "customers.csv": 36,
    "partners.csv": 3,
    "products.csv": 67,
    "equipment.csv": 2_200,
    "contracts.csv": 650,
    "contract_lines.csv": 2_500,
}
LEVELS = {
    f"{care}_{hours}"
    for care in ("foundation_care", "proactive_care")
    for hours in ("nbd", "24x7", "ctr")
}
SAMPLE = {
    "customers.csv": [
        "C0001,みなと精機株式会社,Minato Seiki K.K.,7000012050002,佐藤 花子,"
        "hanako.sato@minato.example,none,false",
        "C0002,北浜システムズ株式会社,Kitahama Systems,,田中 一郎,"
        "ichiro.tanaka@kitahama.example,services_360,true",
    ],
    "equipment.csv": [
        "JPT8270P2A,868703-B21,C0001,2021-04-01,2024-03-31,S-1",
        "JPT8270P2A,P06420-B21,C0002,2022-10-01,2025-09-30,",
    ],
    "contracts.csv": [
        "JP-4410-0001,102938475610,C0001,contract,foundation_care_24x7,2026-04-01,2027-03-31,,annual",
        "JP-4410-0002,102938475611,C0001,contract,foundation_care_nbd,2025-04-01,2026-03-31,,annual",
        "PK-7781-0001,,C0002,package,foundation_care_24x7,2025-10-01,2028-09-30,HA1234567890,upfront",
    ],
}


@lru_cache(maxsize=len(TRICKY_DAYS) + 1)
def read(today: date) -> dict[str, list[Row]]:
    return {
        name: list(csv.DictReader(io.StringIO(text))) for name, text in demo_files(today).items()
    }


@lru_cache(maxsize=len(TRICKY_DAYS) + 1)
def by_number(today: date) -> dict[str, Row]:
    return {row["contract_number"]: row for row in read(today)["contracts.csv"]}


@lru_cache(maxsize=len(TRICKY_DAYS) + 1)
def lines_by_number(today: date) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for line in read(today)["contract_lines.csv"]:
        found[line["contract_number"]].append(line)
    return dict(found)


def lines_of(today: date, contract_number: str) -> list[Row]:
    return lines_by_number(today)[contract_number]


def machine_key(row: Row) -> tuple[str, str]:
    return row["serial_number"], row["product_number"]


def in_days(today: date, days: int) -> str:
    return (today + timedelta(days=days)).isoformat()


def holds(row: Row, today: date) -> bool:
    return row["start_date"] <= today.isoformat() <= row["end_date"]


# -- the files ---------------------------------------------------------------------------------


def test_files_have_the_columns_of_the_import_in_order() -> None:
    headers = {name: text.split("\n", 1)[0] for name, text in demo_files(TODAY).items()}
    assert headers == COLUMNS
    assert list(headers) == list(COLUMNS)


@pytest.mark.parametrize("name", LEAST)
def test_there_is_enough_to_look_at(name: str) -> None:
    assert len(read(TODAY)[name]) >= LEAST[name]


def test_the_same_day_gives_the_same_bytes() -> None:
    assert demo_files(TODAY) == demo_files(TODAY)


@on_any_day
def test_keys_stay_when_the_day_moves(today: date) -> None:
    for name in ("customers.csv", "products.csv", "equipment.csv", "contracts.csv"):
        keys = [[row[column] for column in KEYS[name]] for row in read(today)[name]]
        assert keys == [[row[column] for column in KEYS[name]] for row in read(TODAY)[name]]
    service_ids = [row["service_id"] for row in read(today)["contracts.csv"]]
    assert service_ids == [row["service_id"] for row in read(TODAY)["contracts.csv"]]


def test_every_text_can_be_written_in_cp932_too() -> None:
    for text in demo_files(TODAY).values():
        assert text.encode("cp932").decode("cp932") == text


@pytest.mark.parametrize("today", [TODAY, date(2030, 12, 31)])
@pytest.mark.parametrize("name", SAMPLE)
def test_sample_rows_of_the_file_formats_are_there_unchanged(name: str, today: date) -> None:
    assert set(SAMPLE[name]) <= set(demo_files(today)[name].splitlines())


def test_sample_contracts_have_lines() -> None:
    (line,) = lines_of(TODAY, "JP-4410-0001")
    assert machine_key(line) == ("JPT8270P2A", "868703-B21")
    (line,) = lines_of(TODAY, "PK-7781-0001")
    assert machine_key(line) == ("JPT8270P2A", "P06420-B21")
    assert lines_of(TODAY, "JP-4410-0002")


# -- any day: whole and valid ------------------------------------------------------------------


@on_any_day
def test_keys_are_unique_and_references_hold(today: date) -> None:
    files = read(today)
    for name, columns in KEYS.items():
        keys = [tuple(row[column] for column in columns) for row in files[name]]
        assert len(set(keys)) == len(keys), name
    customers = {row["customer_id"] for row in files["customers.csv"]}
    partners = {row["partner_id"] for row in files["partners.csv"]}
    names = {row["product_number"]: row["product_name"] for row in files["products.csv"]}
    owners = {machine_key(row): row["customer_id"] for row in files["equipment.csv"]}
    contracts = by_number(today)
    assert {row["customer_id"] for row in files["serves.csv"]} <= customers
    assert {row["partner_id"] for row in files["serves.csv"]} == partners
    assert {row["product_number"] for row in files["prices.csv"]} == set(names)
    assert {row["product_number"] for row in files["equipment.csv"]} <= set(names)
    assert {row["customer_id"] for row in files["equipment.csv"]} == customers
    assert {row["customer_id"] for row in contracts.values()} <= customers
    assert {row["contract_number"] for row in files["contract_lines.csv"]} == set(contracts)
    for line in files["contract_lines.csv"]:
        assert line["product_name"] == names[line["product_number"]]
        if line["serial_number"]:
            contract = contracts[line["contract_number"]]
            assert owners[machine_key(line)] == contract["customer_id"]


@on_any_day
def test_every_value_has_its_shape(today: date) -> None:
    files = read(today)
    for row in files["contracts.csv"]:
        assert re.fullmatch(r"[A-Z0-9-]{4,20}", row["contract_number"])
        sold_here = row["kind"] == "contract"
        assert bool(re.fullmatch(r"1\d{11}", row["service_id"])) == sold_here
        assert bool(row["support_service_serial"]) != sold_here
        assert row["start_date"] <= row["end_date"]
    for line in files["contract_lines.csv"]:
        assert line["start_date"] <= line["end_date"]
        assert int(line["quantity"]) >= 1
        assert not line["annual_price"] or int(line["annual_price"]) > 0
    for row in files["equipment.csv"]:
        assert re.fullmatch(r"[A-Z0-9]{10}|[A-Z0-9]{12}", row["serial_number"])
        assert bool(row["warranty_start"]) == bool(row["warranty_end"])
        assert row["warranty_start"] <= row["warranty_end"]
    for column in ("service_id", "support_service_serial"):
        given_values = [row[column] for row in files["contracts.csv"] if row[column]]
        assert len(set(given_values)) == len(given_values)
    for row in files["products.csv"]:
        if row["end_of_support"]:
            assert row["end_of_sale"] <= row["end_of_support"]
            assert row["last_new_enrollment"] <= row["last_renewal"] <= row["end_of_support"]


@on_any_day
def test_no_machine_is_under_two_contracts_on_one_day(today: date) -> None:
    kinds = {number: row["kind"] for number, row in by_number(today).items()}
    periods = defaultdict(list)
    for line in read(today)["contract_lines.csv"]:
        if line["serial_number"] and kinds[line["contract_number"]] == "contract":
            periods[machine_key(line)].append((line["start_date"], line["end_date"]))
    for spans in periods.values():
        spans.sort()
        for (_, end), (start, _) in pairwise(spans):
            assert end < start


# -- any day: the edges ------------------------------------------------------------------------


@on_any_day
def test_contracts_end_and_start_on_the_days_that_matter(today: date) -> None:
    contracts = by_number(today)
    for days in (400, 100, 60, 4, 1):
        assert contracts[f"JP-6000-L{days:03d}"]["end_date"] == in_days(today, -days)
    for days in (0, 1, 30, 89, 90, 91):
        assert contracts[f"JP-6000-E{days:03d}"]["end_date"] == in_days(today, days)
        assert holds(contracts[f"JP-6000-E{days:03d}"], today)
    for days in (1, 30, 120):
        assert contracts[f"JP-6000-U{days:03d}"]["start_date"] == in_days(today, days)
    ends = {row["end_date"] for row in contracts.values() if row["kind"] != "contract"}
    assert {in_days(today, days) for days in (119, 120, 121)} <= ends
    warranties = {row["warranty_end"] for row in read(today)["equipment.csv"]}
    assert {in_days(today, days) for days in (119, 120, 121)} <= warranties
    february = date.fromisoformat(contracts["JP-6010-0001"]["end_date"])
    assert february >= today
    assert (february + timedelta(days=1)).replace(day=1).month == 3


def test_a_year_from_a_leap_day_ends_as_the_civil_code_says() -> None:
    row = by_number(date(2028, 2, 28))["JP-6000-U001"]
    assert (row["start_date"], row["end_date"]) == ("2028-02-29", "2029-02-28")


@on_any_day
def test_every_kind_is_running_over_and_to_come(today: date) -> None:
    found = Counter(
        (row["kind"], "now" if holds(row, today) else str(row["end_date"] < today.isoformat()))
        for row in by_number(today).values()
    )
    assert found["contract", "now"] >= 200
    assert found["contract", "True"] >= 100
    assert found["contract", "False"] >= 30
    assert found["package", "now"] >= 20
    assert found["package", "True"] >= 10
    assert found["post_warranty", "now"] >= 10


@on_any_day
def test_covers_follow_each_other_and_overlap(today: date) -> None:
    contracts = by_number(today)
    for old, new in (("0001", "0002"), ("0003", "0004")):
        first, second = contracts[f"JP-6002-{old}"], contracts[f"JP-6002-{new}"]
        assert date.fromisoformat(second["start_date"]) - date.fromisoformat(
            first["end_date"]
        ) == timedelta(days=1)
        assert [machine_key(line) for line in lines_of(today, first["contract_number"])] == [
            machine_key(line) for line in lines_of(today, second["contract_number"])
        ]
    assert contracts["JP-6002-0003"]["service_level"] != contracts["JP-6002-0004"]["service_level"]
    (contract,), (package,) = lines_of(today, "JP-6003-0001"), lines_of(today, "PK-6003-0002")
    assert machine_key(contract) == machine_key(package)
    assert holds(contract, today)
    assert holds(package, today)
    machines = {machine_key(row): row for row in read(today)["equipment.csv"]}
    assert machines[machine_key(contract)]["warranty_end"] > today.isoformat()


@on_any_day
def test_machines_without_any_contract_are_of_every_sort(today: date) -> None:
    covered = {machine_key(line) for line in read(today)["contract_lines.csv"]}
    left = [row for row in read(today)["equipment.csv"] if machine_key(row) not in covered]
    day = today.isoformat()
    assert sum(row["warranty_end"] >= day for row in left) >= 20
    assert sum("" < row["warranty_end"] < day for row in left) >= 5
    assert sum(not row["warranty_end"] for row in left) >= 5


def test_serials_are_shared_within_one_customer_and_across_two() -> None:
    owners = defaultdict(list)
    for row in read(TODAY)["equipment.csv"]:
        owners[row["serial_number"]].append(row["customer_id"])
    shared = [found for found in owners.values() if len(found) > 1]
    assert sum(len(set(found)) == 1 for found in shared) >= 2
    assert sum(len(set(found)) == 2 for found in shared) >= 2


def test_serials_are_mostly_short_and_some_old_ones_long() -> None:
    lengths = Counter(len(row["serial_number"]) for row in read(TODAY)["equipment.csv"])
    assert set(lengths) == {10, 12}
    assert 50 <= lengths[12] < lengths[10] / 10


def test_unusual_contracts_are_there() -> None:
    contracts = by_number(TODAY)
    assert contracts["JP-6005-0001"]["service_level"] == "datacenter_care"
    assert {row["service_level"] for row in contracts.values()} == LEVELS | {"datacenter_care"}
    (licence,) = lines_of(TODAY, "JP-6005-0002")
    assert (licence["serial_number"], licence["quantity"]) == ("", "25")
    assert len(lines_of(TODAY, "JP-6006-0001")) == 300
    assert {len(number) for number in contracts} >= {4, 20}
    assert {contracts[f"JP-6009-{n:04d}"]["billing"] for n in range(1, 5)} == {
        "upfront",
        "annual",
        "quarterly",
        "monthly",
    }


@on_any_day
def test_lines_differ_from_their_contract(today: date) -> None:
    contracts = by_number(today)
    header = contracts["JP-6007-0001"]
    lines = lines_of(today, "JP-6007-0001")
    assert any(line["start_date"] > header["start_date"] for line in lines)
    assert any(line["end_date"] < header["end_date"] for line in lines)
    assert len({line["service_level"] for line in lines}) == 3
    differing = {
        line["contract_number"]
        for line in read(today)["contract_lines.csv"]
        for contract in [contracts[line["contract_number"]]]
        if (line["start_date"], line["end_date"]) != (contract["start_date"], contract["end_date"])
    }
    assert len(differing) >= 10


@on_any_day
def test_some_systems_are_mixed_and_belong_to_one_customer(today: date) -> None:
    systems: dict[str, list[Row]] = defaultdict(list)
    for row in read(today)["equipment.csv"]:
        if row["system_id"]:
            systems[row["system_id"]].append(row)
    assert sum(len(machines) > 1 for machines in systems.values()) >= 100
    assert all(len({row["customer_id"] for row in found}) == 1 for found in systems.values())
    system_of = {machine_key(row): row["system_id"] for row in read(today)["equipment.csv"]}
    levels, periods = defaultdict(set), defaultdict(set)
    for line in read(today)["contract_lines.csv"]:
        system = system_of.get(machine_key(line))
        if system and holds(line, today):
            levels[system].add(line["service_level"])
            periods[system].add((line["start_date"], line["end_date"]))
    assert sum(len(found) > 1 for found in levels.values()) >= 5
    assert sum(len(found) > 1 for found in periods.values()) >= 5


# -- products, prices, calendar ----------------------------------------------------------------


@on_any_day
def test_ends_of_support_are_past_near_far_tricky_and_unknown(today: date) -> None:
    products = read(today)["products.csv"]
    ends = {row["end_of_support"] for row in products}
    assert {in_days(today, days) for days in (-1, 0, 1, 30, 89, 90, 91, 364, 365, 366)} <= ends
    assert sum("" < end < today.isoformat() for end in ends) >= 10
    assert sum(in_days(today, 1) < end < in_days(today, 365) for end in ends) >= 5
    assert sum(end > in_days(today, 3 * 365) for end in ends) >= 8
    assert any(end.endswith("-02-29") for end in ends)
    assert any(end.endswith("-03-31") for end in ends)
    unknown = [row for row in products if not row["end_of_support"]]
    assert len(unknown) >= 5
    assert any(row["end_of_sale"] for row in unknown)


@on_any_day
def test_contracts_meet_ends_of_support(today: date) -> None:
    support = {row["product_number"]: row["end_of_support"] for row in read(today)["products.csv"]}

    def meet(number: str) -> tuple[date, date]:
        (line,) = lines_of(today, number)
        return (
            date.fromisoformat(line["end_date"]),
            date.fromisoformat(support[line["product_number"]]),
        )

    end, of_support = meet("JP-6008-0001")
    assert end == of_support
    end, of_support = meet("JP-6008-0002")
    assert end + timedelta(days=1) == of_support
    end, of_support = meet("JP-6008-0003")
    assert end + timedelta(days=2) == of_support
    end, of_support = meet("JP-6008-0004")
    assert end < of_support < end + timedelta(days=365)
    end, of_support = meet("JP-6008-0005")
    assert today == of_support < end
    (line,) = lines_of(today, "JP-6008-0006")
    assert support[line["product_number"]] == ""
    end, of_support = meet("JP-6008-0007")
    assert of_support < end < today


def test_real_products_are_complete_and_the_samples_are_among_them() -> None:
    names = {row["product_number"]: row["product_name"] for row in read(TODAY)["products.csv"]}
    assert {"868703-B21", "P06420-B21"} <= set(names)
    assert len(names) == 65 + 3
    assert names["H6Z26A"] == "3PAR StoreServ 8000 SFF Enclosure"
    assert all(names.values())


@on_any_day
def test_every_product_has_a_price_today_for_every_level(today: date) -> None:
    lists: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in read(today)["prices.csv"]:
        assert int(row["annual_price"]) > 0
        lists[row["product_number"], row["service_level"]].append(row["valid_from"])
    assert len(lists) == 68 * len(LEVELS)
    for valid_from in lists.values():
        assert len(valid_from) >= 2
        assert min(valid_from) <= today.isoformat()
        assert max(valid_from) > today.isoformat()


@on_any_day
def test_company_closing_days_cover_four_years(today: date) -> None:
    days = {row["date"]: row for row in read(today)["closing_days.csv"]}
    closed = {day for day, row in days.items() if row["kind"] == "closed"}
    assert closed == {
        f"{year}-{day}"
        for year in range(today.year - 1, today.year + 3)
        for day in ("01-01", "01-02", "01-03", "05-01", "12-29", "12-30", "12-31")
    }
    (short,) = (row for row in days.values() if row["kind"] == "short")
    assert (short["opens"], short["closes"]) == ("09:00", "12:00")
    assert date.fromisoformat(short["date"]).isoweekday() == 3
    assert short["date"] > today.isoformat()


# -- customers and partners --------------------------------------------------------------------


def test_corporate_numbers_have_the_right_check_digit_and_some_are_missing() -> None:
    numbers = [row["corporate_number"] for row in read(TODAY)["customers.csv"]]
    assert 3 <= numbers.count("") < 12
    for number in filter(None, numbers):
        total = 0
        for position, digit in enumerate(reversed(number[1:]), start=1):
            total += int(digit) * (2 if position % 2 == 0 else 1)
        assert len(number) == 13
        assert int(number[0]) == 9 - total % 9


def test_customers_are_varied_and_nobody_real_is_written_to() -> None:
    customers = read(TODAY)["customers.csv"]
    portals = {(row["ordering_portal"], row["ordering_function"]) for row in customers}
    assert portals == {
        ("none", "false"),
        ("services_360", "true"),
        ("services_360", "false"),
        ("services_360_pro", "true"),
        ("services_360_pro", "false"),
    }
    for row in customers:
        assert re.fullmatch(r"[a-z.]+@[a-z-]+\.example", row["contact_email"])
        assert row["name_en"]
        assert len(row["contact_name"].split()) == 2
    for column in ("name", "name_en", "contact_email"):
        assert len({row[column] for row in customers}) == len(customers)
    text = demo_files(TODAY)["customers.csv"]
    assert all(character in text for character in "髙﨑㈱栁")
    assert unicodedata.normalize("NFKC", text) != text


@on_any_day
def test_partners_serve_now_no_longer_not_yet_and_together(today: date) -> None:
    day = today.isoformat()
    serves = read(today)["serves.csv"]
    running = [
        row
        for row in serves
        if row["valid_from"] <= day and (not row["valid_to"] or row["valid_to"] >= day)
    ]
    assert {(row["partner_id"], row["scope"]) for row in running} == {
        (partner, scope)
        for partner in ("P0001", "P0002", "P0003")
        for scope in ("contracts", "quotes", "orders")
    }
    scopes_of = Counter((row["partner_id"], row["customer_id"]) for row in running)
    assert set(scopes_of.values()) == {1, 2, 3}
    assert {row["customer_id"] for row in serves if row["valid_to"] == in_days(today, -1)} == {
        "C0010"
    }
    assert {row["customer_id"] for row in serves if row["valid_from"] > day} == {"C0011"}
    assert sum(customer == "C0005" for _, customer in scopes_of) == 2


# -- the tour ----------------------------------------------------------------------------------


def status(today: date, serial: str, product: str | None, customers: set[str]) -> str:
    """Answer a lookup by the plainest reading of the coverage states."""
    found = [
        row
        for row in read(today)["equipment.csv"]
        if row["serial_number"] == serial
        and row["customer_id"] in customers
        and product in (None, row["product_number"])
    ]
    if len(found) != 1:
        return "ambiguous" if found else "not_found"
    (machine,) = found
    periods = [
        (line["start_date"], line["end_date"])
        for line in read(today)["contract_lines.csv"]
        if machine_key(line) == machine_key(machine)
    ]
    if machine["warranty_end"]:
        periods.append((machine["warranty_start"], machine["warranty_end"]))
    day = today.isoformat()
    running = [end for start, end in periods if start <= day <= end]
    if not running:
        return "lapsed" if periods else "never_covered"
    return "expiring" if max(running) <= in_days(today, 90) else "covered"


def seen_by_partner(today: date, partner: str) -> set[str]:
    day = today.isoformat()
    return {
        row["customer_id"]
        for row in read(today)["serves.csv"]
        if row["partner_id"] == partner
        and row["scope"] == "contracts"
        and row["valid_from"] <= day
        and (row["valid_to"] or day) >= day
    }


@on_any_day
def test_tour_shows_what_it_says_on_any_day(today: date) -> None:
    everyone = {row["customer_id"] for row in read(today)["customers.csv"]}
    partners_customers = seen_by_partner(today, "P0001")
    for stop in DEMO_TOUR:
        serial, product = stop.serial_number, stop.product_number
        assert status(today, serial, product, {"C0001"}) == stop.status
        assert status(today, serial, product, partners_customers) == stop.status
        assert status(today, serial, product, everyone) == stop.desk_status


def test_tour_has_ten_stops_and_every_state() -> None:
    assert len(DEMO_TOUR) == len({stop.serial_number for stop in DEMO_TOUR}) == 10
    assert {stop.status for stop in DEMO_TOUR} == {
        "covered",
        "expiring",
        "lapsed",
        "never_covered",
        "ambiguous",
        "not_found",
    }


@on_any_day
def test_tour_machines_are_covered_by_the_kind_they_name(today: date) -> None:
    contracts = by_number(today)
    kinds = {
        serial: [
            contracts[line["contract_number"]]["kind"]
            for line in read(today)["contract_lines.csv"]
            if line["serial_number"] == serial and holds(line, today)
        ]
        for serial in (stop.serial_number for stop in DEMO_TOUR)
    }
    assert kinds["JPDEMO0001"] == kinds["JPDEMO0002"] == kinds["JPDEMO0006"] == ["contract"]
    assert kinds["JPDEMO0007"] == ["package"]
    assert kinds["JPDEMO0008"] == ["post_warranty"]
    assert kinds["JPDEMO0003"] == kinds["JPDEMO0004"] == kinds["JPDEMO0009"] == []
    support = {row["product_number"]: row["end_of_support"] for row in read(today)["products.csv"]}
    for stop in DEMO_TOUR:
        if stop.product_number:
            reached = support[stop.product_number] <= today.isoformat()
            assert reached == (stop.serial_number == "JPDEMO0010")


# -- the same on drawn days: last, when every check is registered -------------------------------


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)))
@settings(max_examples=20, deadline=None)
def test_every_edge_is_there_on_any_day(today: date) -> None:
    for check in CHECKS:
        check(today)
