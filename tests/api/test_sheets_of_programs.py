"""Sheets as spreadsheet programs write them, which is not how the libraries of the tests do.

`sheet_written_by_libreoffice_7_4.xlsx` is the blank sheet of this service, downloaded over HTTP,
opened by LibreOffice Calc 7.4.7 (headless), filled in there as a person types, and saved by it as
"Calc MS Excel 2007 XML". In it are full-width numbers, a day as a number and one as a text, spaces
behind texts, vendor kanji, a text of which a part is bold, an address that became a link, a
comment, a column coloured down to the last row, a space in the very last row, and a sheet of the
customer's own with a formula. A new `VERSION` of the layout needs it made anew.

No Excel was at hand: what only Excel does (furigana) is written into a file by its known form.

Seen to fail: with rows that the file leaves out read like any other (`too_costly` for the space in
the last row), with no address allowed in links, with every address allowed (`file:`), with
furigana read as text (`Text.content` joined with them), and with all days taken for numbers.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from app.domain.sheet_layout import MACHINE_SHEET, REQUEST_SHEET
from tests.api.sheets import column_at, edited, faults, machine, send, sheet
from tests.conftest import Service
from tests.faults.hostile_workbooks import packed, parts_of

WRITTEN = Path(__file__).with_name("sheet_written_by_libreoffice_7_4.xlsx").read_bytes()
STRINGS, MACHINES = "xl/sharedStrings.xml", "xl/worksheets/sheet2.xml"
LINKS = "xl/worksheets/_rels/sheet1.xml.rels"


def changed(content: bytes, part: str, old: str, new: str) -> bytes:
    """A workbook with one place of a part changed, all else as its program wrote it."""
    parts = parts_of(content)
    text, count = re.subn(old, new, parts[part].decode(), count=1)
    assert count == 1, old
    return packed({**parts, part: text.encode()})


async def test_a_sheet_that_libreoffice_wrote_is_taken_as_it_was_meant(
    own_service: Service,
) -> None:
    answer = await send(own_service, WRITTEN)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert (body["kind"], body["state"], body["missing"]) == ("renewal", "received", [])
    assert body["identification"] == {
        "contract_number": "JP-4500-0002",
        "service_id": "115838000066",
        "support_service_serial": None,
    }
    assert body["period"] == {"start_date": "2026-12-30", "end_date": "2027-12-29"}
    assert body["requester"] == {"name": "髙﨑①㈱ 𠮷田", "email": "hanako@example.com"}
    assert body["note"] == "一行目\n二行目 𠮷 👩‍💻"
    assert body["items"] == [
        {
            "position": 1,
            "product_number": "P19717-B21",
            "product_name": "ＤＬ３８０ 髙﨑①㈱ 𠮷",
            "serial_number": "JPDEMO0002",
            "quantity": 1,
            "service_level": "foundation_care_24x7",
            "operating_condition": {
                "state": "working",
                "declared_by": "髙﨑",
                "declared_on": "2026-11-20",
            },
        }
    ]
    again = await send(own_service, WRITTEN)
    assert (again.status_code, again.json()["id"]) == (200, body["id"])


async def test_a_mistake_in_a_sheet_that_libreoffice_wrote_is_told_by_sheet_and_cell(
    service: Service,
) -> None:
    half = changed(WRITTEN, MACHINES, r'(<c r="D3" [^>]*><v>)1<', r"\g<1>1.5<")
    far = changed(half, "xl/worksheets/sheet1.xml", r'(<c r="C9" [^>]*><v>)\d+<', r"\g<1>9999999<")
    answer = await send(service, far)
    assert (answer.status_code, answer.json()["code"]) == (422, "sheet_refused")
    assert faults(answer) == [
        (REQUEST_SHEET, "C9", "error_value"),
        (MACHINE_SHEET, "D3", "not_a_number"),
    ]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("mailto:a@example.com", 200),
        ("HTTPS://www.example.com/dl380?a=1", 200),
        ("http://www.example.com/", 200),
        ("file:///etc/passwd", 422),
        ("\\\\\\\\server\\\\share", 422),
        ("", 422),
    ],
)
async def test_a_cell_may_lead_to_a_page_or_a_mailbox_and_nowhere_else(
    service: Service, address: str, status: int
) -> None:
    content = changed(WRITTEN, LINKS, r"mailto:hanako@example\.com", address)
    answer = await send(service, content, dry_run=True)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["errors"][0]["code"] == "external_links_not_allowed"


async def test_a_machine_in_the_last_row_is_not_lost(service: Service) -> None:
    content = edited(sheet([machine()]), {column_at("serial_number", 1_048_576): "JPDEMO0009"})
    answer = await send(service, content, dry_run=True)
    assert [item["serial_number"] for item in answer.json()["items"]] == [
        "JPDEMO0003",
        "JPDEMO0009",
    ]


async def test_furigana_are_no_part_of_a_name(service: Service) -> None:
    content = changed(
        sheet(requester_name="髙﨑 花子"),
        STRINGS,
        "<si><t>髙﨑 花子</t></si>",
        '<si><t>髙﨑 花子</t><rPh sb="0" eb="2"><t>タカサキ</t></rPh><phoneticPr fontId="1"/></si>',
    )
    answer = await send(service, content, dry_run=True)
    assert answer.json()["requester"]["name"] == "髙﨑 花子"


async def test_the_strict_variety_is_refused_with_what_to_do(service: Service) -> None:
    kinds = rb"http://schemas\.openxmlformats\.org/(spreadsheetml|officeDocument)/2006/"
    parts = {
        name: re.sub(kinds, rb"http://purl.oclc.org/ooxml/\1/", part)
        for name, part in parts_of(WRITTEN).items()
    }
    answer = await send(service, packed(parts), headers={"Accept-Language": "en"})
    place = answer.json()["errors"][0]
    assert (answer.status_code, place["code"]) == (422, "unreadable_workbook")
    assert "Strict Open XML" in place["text"]
