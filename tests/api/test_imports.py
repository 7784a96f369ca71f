"""Imports: what is loaded, which rows are refused, what stays untouched."""

import asyncio
from pathlib import Path

from sqlalchemy import func, select

from app.db.import_merge import LOADING_LOCK
from app.demo import demo_files
from app.domain.calendar import jst_date
from tests.api.importing import (
    codes,
    counts,
    fingerprint_of,
    imported,
    load,
    one,
    table,
    tally,
    upload,
)
from tests.conftest import NOW, Service

CUSTOMERS = table(
    "customers",
    "C9001,検査機工株式会社,Kensa Kiko,,試験 花子,hanako@kensa.example,none,false",
    "C9002,北試験株式会社,,,,,services_360,true",
)
CONTRACTS = table(
    "contracts",
    "JP-9001-0001,,C9001,contract,foundation_care_nbd,2026-04-01,2027-03-31,,annual",
    "JP-9001-0002,100000009001,C9002,contract,foundation_care_nbd,2026-04-01,2027-03-31,,annual",
)
LINES = table(
    "contract_lines",
    "JP-9001-0001,1,868703-B21,,SERIAL9001,1,,,,1000",
    "JP-9001-0001,2,868703-B21,,SERIAL9002,1,,2026-03-01,,",
    "JP-9001-0001,3,868703-B21,,SERIAL9003,1,,,2028-03-31,",
)
ALL = {"customers.csv": CUSTOMERS, "contracts.csv": CONTRACTS, "contract_lines.csv": LINES}


async def test_an_upload_is_loaded_in_order_of_dependency_and_answers(own_service: Service) -> None:
    run = await imported(own_service, dict(reversed(ALL.items())))
    assert run["state"] == "completed"
    assert [file["name"] for file in run["files"]] == list(ALL)
    assert [counts(file) for file in run["files"]] == [(2, 0, 0, 0), (2, 0, 0, 0), (3, 0, 0, 0)]
    assert [file["bytes_read"] for file in run["files"]] == [
        len(content.encode()) for content in ALL.values()
    ]
    answer = await own_service.get("/v1/contracts/JP-9001-0001", "desk")
    contract = answer.json()
    # TERM-4: the period spans the lines; an empty date of a line is the contract's own.
    assert (contract["start_date"], contract["end_date"]) == ("2026-03-01", "2028-03-31")
    assert contract["line_count"] == 3


async def test_a_folder_loaded_again_writes_nothing(own_service: Service, tmp_path: Path) -> None:
    files = demo_files(jst_date(NOW))
    before = await fingerprint_of(own_service)
    result = await load(own_service, tmp_path, files)
    assert {one.name for one in result.files} == set(files)
    for file in result.files:
        assert tally(file) == (0, 0, file.rows_read, 0)
        assert file.rows_read > 0
    assert await fingerprint_of(own_service) == before


async def test_only_rows_that_differ_are_written(own_service: Service) -> None:
    await imported(own_service, ALL)
    changed = LINES.replace("SERIAL9002,1", "SERIAL9002,2").replace(
        "JP-9001-0001,3", "JP-9001-0002,1"
    )
    run = await imported(own_service, {"contract_lines.csv": changed})
    assert counts(run["files"][0]) == (1, 1, 1, 0)
    assert await one(
        own_service,
        "SELECT start_date::text, end_date::text, line_count FROM contract"
        " WHERE contract_number = 'JP-9001-0002'",
    ) == ("2026-04-01", "2028-03-31", 1)


async def test_a_changed_line_is_a_change_of_its_contract(own_service: Service) -> None:
    await imported(own_service, ALL)
    stamp = "SELECT updated_at FROM contract WHERE contract_number = 'JP-9001-000{}'"
    before = [await one(own_service, stamp.format(number)) for number in (1, 2)]
    await imported(own_service, {"contract_lines.csv": LINES.replace("1000", "2000")})
    after = [await one(own_service, stamp.format(number)) for number in (1, 2)]
    assert after[0] > before[0]
    assert after[1] == before[1]


async def test_stated_dates_move_the_period_only_where_lines_inherit(own_service: Service) -> None:
    await imported(own_service, ALL)
    moved = CONTRACTS.replace("2026-04-01,2027-03-31", "2026-02-01,2029-03-31")
    run = await imported(own_service, {"contracts.csv": moved})
    assert counts(run["files"][0]) == (0, 2, 0, 0)
    period = "SELECT start_date::text, end_date::text FROM contract WHERE contract_number = '{}'"
    # Line 1 inherits both days, line 2 the end, line 3 the start.
    assert await one(own_service, period.format("JP-9001-0001")) == ("2026-02-01", "2029-03-31")
    assert await one(own_service, period.format("JP-9001-0002")) == ("2026-02-01", "2029-03-31")


async def test_a_contract_and_a_machine_move_to_another_customer(own_service: Service) -> None:
    machines = table("equipment", "SERIAL9001,868703-B21,C9001,,,")
    await imported(own_service, {**ALL, "equipment.csv": machines})
    run = await imported(
        own_service,
        {
            "contracts.csv": CONTRACTS.replace("C9001", "C9002"),
            "equipment.csv": machines.replace("C9001", "C9002"),
        },
    )
    assert [counts(file) for file in run["files"]] == [(0, 1, 0, 0), (0, 1, 1, 0)]
    for query in (
        "SELECT count(*), min(customer_id) FROM contract WHERE contract_number = 'JP-9001-0001'",
        "SELECT count(*) / 3, min(customer_id) FROM contract_line"
        " WHERE contract_number = 'JP-9001-0001'",
        "SELECT count(*), min(customer_id) FROM equipment WHERE serial_number = 'SERIAL9001'",
    ):
        assert await one(own_service, query) == (1, "C9002")


async def test_what_rests_on_something_unknown_is_refused_row_by_row(own_service: Service) -> None:
    run = await imported(
        own_service,
        {
            "customers.csv": CUSTOMERS,
            "serves.csv": table(
                "serves",
                "P0001,C9001,contracts,,",
                "PXXXX,C9001,contracts,,",
                "P0001,CXXXX,contracts,,",
                "PXXXX,CXXXX,contracts,,",
            ),
            "prices.csv": table("prices", "NOPRO-B21,a,2026-04-01,1", "868703-B21,a,2026-04-01,1"),
            "equipment.csv": table(
                "equipment", "SERIAL9001,NOPRO-B21,C9001,,,", "SERIAL9002,868703-B21,CXXXX,,,"
            ),
            "contracts.csv": CONTRACTS.replace("C9002", "CXXXX"),
            "contract_lines.csv": table(
                "contract_lines", "JP-9001-0001,1,NOPRO-B21,,,,,,,", "JP-9001-0002,1,,,,,,,,"
            ),
        },
    )
    assert codes(run) == [
        ("serves", 3, "partner_id", "unknown_partner"),
        ("serves", 4, "customer_id", "unknown_customer"),
        ("serves", 5, "partner_id", "unknown_partner"),
        ("prices", 2, "product_number", "unknown_product"),
        ("equipment", 3, "customer_id", "unknown_customer"),
        ("equipment", 2, "product_number", "unknown_product"),
        ("contracts", 3, "customer_id", "unknown_customer"),
        ("contract_lines", 3, "contract_number", "unknown_contract"),
        ("contract_lines", 2, "product_number", "unknown_product"),
    ]
    assert [counts(file) for file in run["files"]] == [
        (2, 0, 0, 0),
        (1, 0, 0, 3),
        (1, 0, 0, 1),
        (1, 0, 0, 1),
        (1, 0, 0, 1),
        (1, 0, 0, 1),
    ]
    assert [file["warnings"] for file in run["files"]] == [0, 0, 0, 1, 0, 1]
    warnings = [i for i in run["errors"]["items"] if i["severity"] == "warning"]
    assert len(warnings) == 2
    assert run["state"] == "completed"


async def test_the_later_of_two_rows_with_one_key_is_refused(own_service: Service) -> None:
    run = await imported(
        own_service,
        {
            "customers.csv": CUSTOMERS + "c9001,second,,,,,,\r\nC9001,third,,,,,,\r\n",
            "contracts.csv": CONTRACTS
            + "jp-9001-0001,,C9002,contract,foundation_care_nbd,2026-04-01,2027-03-31,,annual\r\n",
            "contract_lines.csv": LINES + "JP-9001-0001,1,,,,,,,,\r\n",
        },
    )
    assert codes(run) == [
        ("customers", 4, "customer_id", "duplicate_row"),
        ("customers", 5, "customer_id", "duplicate_row"),
        ("contracts", 4, "contract_number", "duplicate_row"),
        ("contract_lines", 5, "contract_number", "duplicate_row"),
    ]
    assert [counts(file) for file in run["files"]] == [(2, 0, 0, 2), (2, 0, 0, 1), (3, 0, 0, 1)]
    assert await one(own_service, "SELECT name FROM customer WHERE customer_id = 'C9001'") == (
        "検査機工株式会社",
    )


async def test_dates_that_turn_round_with_those_of_the_other_file_are_refused(
    own_service: Service,
) -> None:
    lines = LINES + "JP-9001-0002,1,,,,,,2027-04-01,,\r\n" + "JP-9001-0002,2,,,,,,,2026-03-31,\r\n"
    run = await imported(own_service, {**ALL, "contract_lines.csv": lines})
    assert codes(run) == [
        ("contract_lines", 5, "end_date", "period_conflict"),
        ("contract_lines", 6, "end_date", "period_conflict"),
    ]
    shorter = CONTRACTS.replace("2026-04-01,2027-03-31", "2025-04-01,2026-02-28")
    run = await imported(own_service, {"contracts.csv": shorter})
    # Line 2 of the first contract starts on 2026-03-01 and inherits the end.
    assert codes(run) == [("contracts", 2, "end_date", "period_conflict")]
    assert counts(run["files"][0]) == (0, 1, 0, 1)


async def test_closing_days_are_the_companys_and_confirm_nothing(own_service: Service) -> None:
    years = await one(own_service, "SELECT count(*) FROM calendar_year")
    days = table(
        "closing_days",
        "2031-05-01,closed,,,",
        "2031-05-02,short,09:00,12:00,棚卸し",
        "2031-11-03,closed,,,文化の日",
    )
    run = await imported(own_service, {"closing_days.csv": days})
    assert counts(run["files"][0]) == (3, 0, 0, 0)
    assert await one(
        own_service,
        "SELECT string_agg(concat_ws('/', day, origin, kind, opens, closes, name), ' ' ORDER BY"
        " day, origin) FROM calendar_day WHERE day > '2031-01-01' AND origin = 'company'",
    ) == (
        "2031-05-01/company/closed/休業日 2031-05-02/company/short/09:00:00/12:00:00/棚卸し "
        "2031-11-03/company/closed/文化の日",
    )
    assert await one(own_service, "SELECT count(*) FROM calendar_year") == years


async def test_unknown_cells_become_unknown(own_service: Service) -> None:
    await imported(own_service, {"customers.csv": CUSTOMERS})
    emptied = table("customers", "C9001,検査機工株式会社,,,,,,")
    run = await imported(own_service, {"customers.csv": emptied})
    assert counts(run["files"][0]) == (0, 1, 0, 0)
    assert await one(
        own_service,
        "SELECT name_en, contact_email, ordering_portal, ordering_function FROM customer"
        " WHERE customer_id = 'C9001'",
    ) == (None, None, "none", False)


async def test_a_trial_says_the_same_and_stores_nothing(own_service: Service) -> None:
    bad = {**ALL, "customers.csv": CUSTOMERS + "C9003,,,,,,,\r\n"}
    before = await fingerprint_of(own_service)
    runs = await one(own_service, "SELECT count(*) FROM import_run")
    answer = await upload(own_service, bad, dry_run=True)
    assert answer.status_code == 200
    trial = answer.json()
    assert await fingerprint_of(own_service) == before
    assert await one(own_service, "SELECT count(*) FROM import_run") == runs
    real = await imported(own_service, bad)
    assert trial["id"] is None
    for name in ("state", "files", "errors"):
        assert trial[name] == real[name]
    assert set(trial) == set(real)


AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = 'desk' AND state <> 'idle'"
)


async def test_a_trial_takes_one_connection(own_service: Service) -> None:
    """Seen to fail with a trial on connections of its own, beside that of the request: then as many
    trials as the pool has connections leave none to anybody.
    """
    async with own_service.owner() as session:
        await session.execute(select(func.pg_advisory_xact_lock(LOADING_LOCK)))
        trial = asyncio.create_task(upload(own_service, ALL, dry_run=True))
        waiting = f"{AT_WORK} AND wait_event = 'advisory'"
        for _ in range(300):
            if await one(own_service, waiting) == (1,):
                break
            await asyncio.sleep(0.01)
        assert await one(own_service, AT_WORK) == (1,)
    assert (await trial).status_code == 200


async def test_a_large_import_tells_the_planner(own_service: Service, tmp_path: Path) -> None:
    """Seen to fail without the ANALYZE at the end: the planner then knows of a handful of rows."""
    rows = [f"C{number},試験株式会社,,,,,none,false" for number in range(20_000, 26_000)]
    known = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'customer'::regclass"
    assert (await one(own_service, known))[0] < 6_000
    await load(own_service, tmp_path, {"customers.csv": table("customers", *rows)})
    assert (await one(own_service, known))[0] >= 6_000


async def test_nobody_but_the_desk_may_bring_the_figures_up_to_date(own_service: Service) -> None:
    rights = (
        "SELECT has_function_privilege('portal', 'analyze_imported()', 'EXECUTE'),"
        " has_function_privilege('desk', 'analyze_imported()', 'EXECUTE')"
    )
    assert await one(own_service, rights) == (False, True)
