"""The lines of a contract, as pages and as CSV."""

import csv
import io

import pytest
from sqlalchemy import text

from tests.api.test_contracts import walk
from tests.conftest import Service

OWN_DATES = "/v1/contracts/JP-6007-0001"
LARGE = "/v1/contracts/JP-6006-0001/lines"


async def test_a_line_takes_dates_and_level_from_its_contract_unless_it_has_its_own(
    own_service: Service,
) -> None:
    async with own_service.database.transaction("desk") as session:
        await session.execute(
            text(
                "UPDATE contract_line SET start_date = NULL, end_date = NULL, service_level = NULL"
                " WHERE contract_number = 'JP-6007-0001' AND line_number = 1"
            )
        )
    one = (await own_service.get(OWN_DATES, "partner")).json()
    lines = (await own_service.get(f"{OWN_DATES}/lines", "partner")).json()["items"]
    assert [line["line_number"] for line in lines] == [1, 2, 3, 4, 5]
    inherited, later, earlier, level, both = lines
    for line in (inherited, level):
        assert (line["start_date"], line["end_date"]) == (one["start_date"], one["end_date"])
    assert inherited["service_level"] == one["service_level"]
    assert later["start_date"] > one["start_date"]
    assert earlier["end_date"] < one["end_date"]
    assert level["service_level"] != one["service_level"]
    assert both["start_date"] > one["start_date"]
    assert both["end_date"] < one["end_date"]


async def test_each_line_has_the_status_of_its_own_days(service: Service) -> None:
    ((whole, *_),) = [(await service.get(f"{OWN_DATES}/lines", "partner")).json()["items"]]
    for day, status in (
        (whole["start_date"], "active"),
        (whole["end_date"], "expiring"),
        ("2020-01-01", "upcoming"),
        ("2030-01-01", "expired"),
    ):
        page = await service.get(f"{OWN_DATES}/lines?as_of={day}", "partner")
        assert page.json()["items"][0]["status"] == status


@pytest.mark.parametrize("page_size", [1, 64, 100])
async def test_pages_hold_every_line_once_and_in_order(service: Service, page_size: int) -> None:
    if page_size == 1:
        lines = await walk(service, f"{OWN_DATES}/lines?page_size=1", "partner")
        assert [line["line_number"] for line in lines] == [1, 2, 3, 4, 5]
        return
    lines = await walk(service, f"{LARGE}?page_size={page_size}", "partner")
    assert [line["line_number"] for line in lines] == list(range(1, 301))


async def test_the_csv_is_what_the_pages_are(service: Service) -> None:
    answer = await service.get(f"{LARGE}.csv", "partner")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="JP-6006-0001-lines.csv"'
    )
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in answer.content
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    lines = await walk(service, f"{LARGE}?page_size=100", "partner")
    for line in lines:
        del line["status"]
    as_text = [{k: "" if v is None else str(v) for k, v in line.items()} for line in lines]
    assert rows == as_text


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t"])
async def test_no_cell_is_a_formula(own_service: Service, first: str) -> None:
    """A name that a spreadsheet program would run is handed out as text."""
    async with own_service.database.transaction("desk") as session:
        await session.execute(
            text(
                "UPDATE contract_line SET product_name = :name"
                " WHERE contract_number = 'JP-4410-0001'"
            ),
            {"name": f'{first}HYPERLINK("http://evil.test","x")'},
        )
    answer = await own_service.get("/v1/contracts/JP-4410-0001/lines.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert {row[2][:2] for row in rows[1:]} == {f"'{first}"}


@pytest.mark.parametrize("suffix", ["/lines", "/lines.csv"])
async def test_lines_of_an_absent_contract_are_absent(service: Service, suffix: str) -> None:
    answer = await service.get(f"/v1/contracts/JP-0000-0000{suffix}", "desk")
    assert answer.status_code == 404
