"""The quote-request sheet through HTTP: down, filled in, up, and sent again."""

import asyncio
import io
import uuid
from datetime import date
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from app.domain.sheet_layout import (
    CHOICE_SHEET,
    COLUMNS,
    FIELDS,
    FIRST_FIELD_ROW,
    MACHINE_SHEET,
    MARK_SHEET,
    REQUEST_SHEET,
    VERSION,
)
from tests.api.sheets import (
    column_at,
    edited,
    faults,
    field_at,
    machine,
    send,
    sheet,
)
from tests.conftest import Service

DOWN = "/v1/quote-request-sheet.xlsx"
WORKING = {"condition_state": "working", "declared_by": "佐藤", "declared_on": date(2026, 11, 20)}


async def downloaded(service: Service, query: str = "", caller: str = "customer") -> bytes:
    answer = await service.get(f"{DOWN}{query}", caller)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    return answer.content


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


async def test_the_blank_sheet_has_lists_notes_frozen_labels_and_a_reference_of_its_own(
    service: Service,
) -> None:
    book = opened(await downloaded(service))
    assert book.sheetnames == [REQUEST_SHEET, MACHINE_SHEET, CHOICE_SHEET, MARK_SHEET]
    states = [book[name].sheet_state for name in book.sheetnames]
    assert states == ["visible", "visible", "hidden", "veryHidden"]
    request, rows, mark = book[REQUEST_SHEET], book[MACHINE_SHEET], book[MARK_SHEET]
    assert [request.cell(FIRST_FIELD_ROW + n, 2).value for n in range(len(FIELDS))] == [
        field.ja for field in FIELDS
    ]
    assert [rows.cell(1, n + 1).value for n in range(len(COLUMNS))] == [f.ja for f in COLUMNS]
    assert all(rows.cell(1, n + 1).comment for n in range(len(COLUMNS)))
    assert (request.freeze_panes, rows.freeze_panes) == ("A4", "A3")
    assert rows.print_title_rows == "$1:$2"
    assert rows.page_setup.orientation == "landscape"
    lists = {
        str(rule.sqref): rule.formula1
        for one in (request, rows)
        for rule in one.data_validations.dataValidation
        if rule.type == "list"
    }
    assert set(lists) == {"C4", "C10", "E3:E2502", "F3:F2502"}
    assert rows.column_dimensions["C"].number_format == "@"
    # A row with a longer explanation is higher: what does not fit is neither shown nor printed.
    assert request.row_dimensions[5].height > request.row_dimensions[9].height
    assert mark["A2"].value == VERSION
    other = opened(await downloaded(service))[MARK_SHEET]["A3"].value
    assert uuid.UUID(mark["A3"].value) != uuid.UUID(other)


async def test_the_sheet_of_a_contract_asks_for_the_next_period_and_can_be_sent_as_it_is(
    own_service: Service,
) -> None:
    contract = (await own_service.get("/v1/contracts/JP-4500-0002")).json()
    content = await downloaded(own_service, "?contract_number=jp-4500-0002")
    filled = edited(
        content, {field_at("requester_name"): "山田", field_at("requester_email"): "a@example.com"}
    )
    request = opened(filled)[REQUEST_SHEET]
    start = request[field_at("start_date")[1]].value.date()
    assert (start - date.fromisoformat(contract["end_date"])).days == 1
    answer = await send(own_service, filled)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["state"], body["kind"]) == ("received", "renewal")
    assert len(body["items"]) == contract["line_count"]
    read = await own_service.get(answer.headers["location"])
    assert read.json() == body


@pytest.mark.parametrize(
    ("caller", "number", "status"),
    [
        ("public", "JP-4500-0002", 401),
        ("other", "JP-4500-0002", 404),
        ("customer", "JP-0000-0000", 404),
        ("customer", "?", 404),
    ],
)
async def test_a_sheet_is_filled_in_only_from_a_contract_that_the_caller_sees(
    service: Service, caller: str, number: str, status: int
) -> None:
    answer = await service.get(DOWN, caller, params={"contract_number": number})
    assert answer.status_code == status


async def test_a_sheet_sent_twice_asks_once(own_service: Service) -> None:
    content = sheet([machine()])
    first = await send(own_service, content)
    # Saved anew, the file has other bytes and says the same.
    second = await send(own_service, edited(content, {}))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.content == first.content
    found = (await own_service.get("/v1/quote-requests")).json()["items"]
    assert [one["id"] for one in found] == [first.json()["id"]]


async def test_a_corrected_sheet_replaces_what_was_asked_until_somebody_works_on_it(
    own_service: Service,
) -> None:
    reference = uuid.uuid4()
    first = await send(own_service, sheet([machine()], reference))
    path = first.headers["location"]
    changed = sheet([machine(), machine("JPDEMO0002")], reference, note="二台に変更")
    second = await send(own_service, changed)
    assert second.status_code == 200, second.text
    assert second.json()["id"] == first.json()["id"]
    assert [item["serial_number"] for item in second.json()["items"]] == [
        "JPDEMO0003",
        "JPDEMO0002",
    ]
    assert (await own_service.get(path)).json() == second.json()
    history = (await own_service.get(f"{path}/history")).json()["items"]
    assert [one["type"] for one in history][-1] == "quote_request.replaced"
    etag = (await own_service.get(path)).headers["etag"]
    await own_service.post(
        f"{path}/cancellation",
        headers={"If-Match": etag, "Idempotency-Key": "c"},
        json={"reason": "不要"},
    )
    third = await send(own_service, sheet([machine("JPDEMO0009")], reference))
    assert (third.status_code, third.json()["code"]) == (409, "wrong_state")
    assert third.json()["facts"]["state"] == "cancelled"


WRONG_CELLS: dict[tuple[str, str], tuple[Any, str]] = {
    field_at("kind"): ("廃止", "not_a_choice"),
    field_at("start_date"): ("2027-02-30", "not_a_date"),
    field_at("requester_name"): ("山田\n太郎", "control_character"),
    field_at("requester_email"): (None, "required"),
    field_at("note"): ("=1+1", "formula_not_allowed"),
    column_at("product_number"): ("a_x0007_b", "control_character"),
    column_at("product_name"): ("名" * 10_000, "too_long"),
    column_at("serial_number"): (12345, "number_not_text"),
    column_at("quantity"): (True, "not_text"),
    column_at("declared_on"): ("昨日", "not_a_date"),
    (MACHINE_SHEET, "J3"): ("x", "outside_the_table"),
}


async def test_all_wrong_cells_are_told_at_once_in_words_and_nothing_is_stored(
    service: Service,
) -> None:
    content = edited(sheet([machine()]), {at: value for at, (value, _) in WRONG_CELLS.items()})
    before = await stored(service)
    answer = await send(service, content)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "sheet_refused")
    assert faults(answer) == [(*at, code) for at, (_, code) in WRONG_CELLS.items()]
    assert problem["facts"] == {"errors": len(WRONG_CELLS)}
    first = problem["errors"][0]
    assert first["text"] == "一覧にある値をお選びください。"
    assert "廃止" not in answer.text
    tried = await send(service, content, dry_run=True, headers={"Accept-Language": "en"})
    assert tried.json()["errors"][0]["text"] == "Choose one of the values of the list."
    assert await stored(service) == before


NAMES = (
    "髙﨑①㈱𠮷 合同会社",
    "👩‍💻 ラック",
    "=cmd|' /C calc'!A0",
    "+81",
    "-1",
    "@SUM(1)",
    "サーバー",
)


async def test_texts_come_back_as_they_were_written_and_identifiers_in_one_form(
    own_service: Service,
) -> None:
    """Down, up and read back: vendor kanji, emoji and what looks like a formula stay what they are;
    full-width identifiers are brought into their form, and the file that came is kept.

    Seen to fail with `write` for `write_string` and `strings_to_formulas` left at its default.
    """
    rows = [machine(f"ＪＰＤＥＭＯ０{n:03d}", product_name=name) for n, name in enumerate(NAMES)]
    rows[0] |= {"product_number": "ｐ１９７６６－ｂ２１"}
    content = sheet(rows, requester_name="髙﨑 𠮷", contract_number="ＪＰ－４５００－０００２")
    written = opened(content)[MACHINE_SHEET]
    assert [written.cell(3 + n, 2).data_type for n in range(len(NAMES))] == ["s"] * len(NAMES)
    answer = await send(own_service, content)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert [item["product_name"] for item in body["items"]] == list(NAMES)
    assert body["items"][0]["serial_number"] == "JPDEMO0000"
    assert body["items"][0]["product_number"] == "P19766-B21"
    assert body["identification"]["contract_number"] == "JP-4500-0002"
    assert body["requester"]["name"] == "髙﨑 𠮷"
    async with own_service.owner() as session:
        kept = await session.scalar(text("SELECT content FROM sheet_upload"))
    assert kept == content


async def test_a_sheet_of_another_version_says_what_to_do(service: Service) -> None:
    content = sheet()
    for cells in (
        {(MARK_SHEET, "A1"): "x"},
        {(MARK_SHEET, "A2"): "0"},
        {(MARK_SHEET, "A3"): "x"},
        {(MARK_SHEET, "A3"): None},
    ):
        answer = await send(service, edited(content, cells), headers={"Accept-Language": "en"})
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "sheet_of_another_version")
        assert "Download the sheet again" in problem["detail"]
        assert problem["facts"] == {"version": VERSION}


async def test_a_trial_keeps_nothing_and_needs_no_key(service: Service) -> None:
    before = await stored(service)
    answer = await send(service, sheet([machine()]), dry_run=True)
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"][0]["serial_number"] == "JPDEMO0003"
    assert "location" not in answer.headers
    assert await stored(service) == before


async def test_one_key_asks_once(own_service: Service) -> None:
    content = sheet()
    first = await send(own_service, content, key="one")
    again = await send(own_service, content, key="one")
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    other = await send(own_service, sheet(), key="one")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_same_sheet_sent_by_many_at_once_asks_once(own_service: Service) -> None:
    """Seen to fail without `lock_reference`: the second one broke the unique constraint (500)."""
    content = sheet()
    answers = await asyncio.gather(*(send(own_service, content) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_new_enrollment_fills_every_field_of_its_machines(own_service: Service) -> None:
    fields: dict[str, Any] = {"kind": "new_enrollment", "contract_number": None}
    lacking = await send(own_service, sheet([machine()], **fields))
    assert faults(lacking) == [
        (*field_at("start_date"), "required"),
        *((*column_at(key), "required") for key in ("service_level", *WORKING)),
    ]
    whole = machine("SHEET00001") | WORKING | {"service_level": "foundation_care_24x7"}
    answer = await send(own_service, sheet([whole], start_date=date(2027, 1, 1), **fields))
    assert answer.status_code == 201, answer.text
    assert answer.json()["eligibility_check_id"]


async def test_whose_request_it_is_can_be_said(own_service: Service) -> None:
    content = sheet([machine("NOBODY0001")], contract_number=None)
    open_one = await send(own_service, content, "partner")
    assert (open_one.status_code, open_one.json()["code"]) == (422, "invalid_input")
    hidden = await send(own_service, content, "partner", data={"customer_id": "C0002"})
    assert hidden.json()["errors"] == [{"pointer": "/customer_id", "code": "customer_unknown"}]
    said = await send(own_service, content, "partner", data={"customer_id": "ｃ０００１"})
    assert said.status_code == 201, said.text
    assert (await own_service.get(said.headers["location"])).status_code == 200
    assert (await own_service.get(said.headers["location"], "other")).status_code == 404


async def stored(service: Service) -> tuple[int, ...]:
    async with service.owner() as session:
        counted = await session.execute(
            text(
                "SELECT (SELECT count(*) FROM quote_request), (SELECT count(*) FROM sheet_upload),"
                " (SELECT count(*) FROM idempotency_key), (SELECT count(*) FROM event)"
            )
        )
        return tuple(counted.one())
