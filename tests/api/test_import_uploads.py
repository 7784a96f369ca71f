"""Uploads of import files: who may, what is refused at once, what is stored and read back."""

import asyncio
import uuid

import httpx
import pytest

from app.domain.import_rows import ERRORS_KEPT, WARNINGS_KEPT
from tests.api.importing import codes, counts, imported, one, table, upload
from tests.conftest import Service

PARTNERS = {"partners.csv": table("partners", "P9001,北浜販売")}
ABSENT = "01a21037-7680-72af-8478-35ae8333d1a4"
BOUNDARY = "multipart/form-data; boundary=x"


def part(name: str, content: str, file_name: str | None = None) -> str:
    named = f'; filename="{file_name}"' if file_name is not None else ""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n{content}\r\n'


def good_part() -> str:
    return part("files", PARTNERS["partners.csv"], "partners.csv")


async def send_raw(
    service: Service, content: str | bytes, content_type: str = BOUNDARY, **headers: str
) -> httpx.Response:
    return await service.post(
        "/v1/imports",
        "desk",
        content=content.encode() if isinstance(content, str) else content,
        headers={"Content-Type": content_type, "Idempotency-Key": str(uuid.uuid4()), **headers},
    )


async def stored_runs(service: Service) -> tuple[int, int]:
    runs, keys = await one(
        service, "SELECT (SELECT count(*) FROM import_run), (SELECT count(*) FROM idempotency_key)"
    )
    return runs, keys


@pytest.mark.parametrize(
    ("caller", "status"), [("public", 401), ("customer", 403), ("partner", 403)]
)
async def test_only_the_desk_imports(service: Service, caller: str, status: int) -> None:
    for dry_run in (True, False):
        answer = await upload(service, PARTNERS, caller=caller, dry_run=dry_run)
        assert answer.status_code == status
    for path in ("/v1/imports", f"/v1/imports/{uuid.uuid4()}"):
        assert (await service.get(path, caller)).status_code == status


REFUSED_PARTS = {
    "nothing": ("--x--\r\n", [("/files", "required")]),
    "not a file": (part("files", "x"), [("/files/0", "not_a_file")]),
    "unknown name": (good_part() + part("files", "x", "other.csv"), [("/files/1", "unknown_file")]),
    "a path": (part("files", "x", "../partners.csv"), [("/files/0", "unknown_file")]),
    "no name": (part("files", "x", ""), [("/files/0", "unknown_file")]),
    "twice": (good_part() + good_part(), [("/files/1", "duplicate_file")]),
    "unknown encoding": (
        good_part() + part("encoding", "utf-16"),
        [("/encoding", "unknown_encoding")],
    ),
    "encoding as a file": (
        good_part() + part("encoding", "cp932", "e"),
        [("/encoding", "unknown_encoding")],
    ),
    "unknown field": (good_part() + part("secret", "x"), [("", "unknown_field")]),
    "file in another field": (
        part("file", "x", "partners.csv"),
        [("", "unknown_field"), ("/files", "required")],
    ),
    "empty file": (part("files", "", "partners.csv"), [("/files/partners.csv", "empty_file")]),
    "missing column": (
        part("files", "name\r\n", "partners.csv"),
        [("/files/partners.csv/partner_id", "missing_column")],
    ),
    "unknown column": (
        part("files", "partner_id,name,canary\r\n", "partners.csv"),
        [("/files/partners.csv/#3", "unknown_column")],
    ),
    "NUL": (
        part("files", "partner_id,name\r\nP1,\0\r\n", "partners.csv"),
        [("/files/partners.csv", "nul_byte")],
    ),
    "open quote": (
        part("files", 'partner_id,name\r\nP1,"a\r\n', "partners.csv"),
        [("/files/partners.csv", "unclosed_quote")],
    ),
    "two bad files": (
        part("files", "x\r\n", "partners.csv")
        + part("files", "y\r\n", "customers.jsonl")
        + part("files", "", "products.csv"),
        [("/files/partners.csv/#1", "unknown_column"), ("/files/products.csv", "empty_file")],
    ),
}


@pytest.mark.parametrize("case", REFUSED_PARTS)
async def test_a_bad_upload_is_refused_at_once_and_leaves_nothing(
    service: Service, case: str
) -> None:
    content, places = REFUSED_PARTS[case]
    before = await stored_runs(service)
    answer = await send_raw(service, content + ("" if case == "nothing" else "--x--\r\n"))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "import_refused")
    assert [(place["pointer"], place["code"]) for place in problem["errors"]] == places
    assert "canary" not in answer.text
    assert await stored_runs(service) == before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "x",
        good_part(),
        good_part() + "--x-",
        good_part() + "--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--\r\n",
        "--x\r\n: no name\r\n\r\n\r\n--x--\r\n",
        "--y--\r\n",
        part("encoding", "u" * 101) + "--x--\r\n",
        part("encoding", "utf-8") * 11 + "--x--\r\n",
        part("files", "x", "partners.csv") * 19 + "--x--\r\n",
    ],
)
async def test_a_form_that_is_cut_or_broken_is_refused(service: Service, content: str) -> None:
    answer = await send_raw(service, content)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "", "code": "malformed_multipart"}]


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("text/csv", {}),
        ("application/json", {}),
        ("application/x-www-form-urlencoded", {}),
        ("multipart/mixed; boundary=x", {}),
        (BOUNDARY, {"Content-Encoding": "gzip"}),
    ],
)
async def test_other_media_types_are_refused(
    service: Service, content_type: str, headers: dict[str, str]
) -> None:
    answer = await send_raw(service, good_part() + "--x--\r\n", content_type, **headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_more_than_15_mib_are_refused(service: Service) -> None:
    before = await stored_runs(service)
    large = {"partners.csv": b"partner_id,name\r\n" + b"P1,x\r\n" * ((15 << 20) // 6)}
    answer = await upload(service, large)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert await stored_runs(service) == before


@pytest.mark.parametrize("key", [None, "", "é", "a" * 101, "a b"])
async def test_a_lasting_upload_needs_a_key(service: Service, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key.encode("latin-1")}
    answer = await service.post(
        "/v1/imports",
        "desk",
        content=(good_part() + "--x--\r\n").encode(),
        headers={"Content-Type": BOUNDARY, **headers},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?dry_run=yes", "invalid_filter"),
        ("?dry_run=", "invalid_filter"),
        ("?x=1", "unknown_parameter"),
    ],
)
async def test_bad_parameters_are_refused(service: Service, query: str, code: str) -> None:
    answer = await service.post(
        f"/v1/imports{query}",
        "desk",
        content=(good_part() + "--x--\r\n").encode(),
        headers={"Content-Type": BOUNDARY, "Idempotency-Key": "k"},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("written", ["1", "x" * 36, ABSENT, ABSENT.upper()])
async def test_an_absent_run_is_not_found(service: Service, written: str) -> None:
    answer = await service.get(f"/v1/imports/{written}", "desk")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_one_key_loads_once(own_service: Service) -> None:
    first, *others = await asyncio.gather(
        *(upload(own_service, PARTNERS, key="same") for _ in range(8))
    )
    answers = [first, *others]
    assert {answer.status_code for answer in answers} <= {202, 409}
    accepted = [answer for answer in answers if answer.status_code == 202]
    assert len({answer.content for answer in accepted}) == 1
    again = await upload(own_service, PARTNERS, key="same")
    assert again.content == accepted[0].content
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == accepted[0].headers["location"]
    other = await upload(own_service, {"partners.csv": table("partners", "P9002,x")}, key="same")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    encoded = await upload(own_service, PARTNERS, key="same", data={"encoding": "cp932"})
    assert encoded.status_code == 422
    assert await one(
        own_service, "SELECT count(*) FROM import_run WHERE created_by <> 'command line'"
    ) == (1,)
    assert await one(
        own_service, "SELECT count(*) FROM audit WHERE action = 'import' AND object_type = 'import'"
    ) == (1,)


async def test_row_errors_come_in_pages_and_in_the_callers_language(own_service: Service) -> None:
    rows = ["P/,x"] * (ERRORS_KEPT + 5) + [f"P{number},x" for number in range(5)]
    machines = [f"odd-serial-{n},868703-B21,C0001,,," for n in range(WARNINGS_KEPT + 5)]
    run = await imported(
        own_service,
        {
            "partners.csv": table("partners", *rows),
            "equipment.csv": table("equipment", *machines),
        },
    )
    assert [counts(file) for file in run["files"]] == [
        (5, 0, 0, ERRORS_KEPT + 5),
        (WARNINGS_KEPT + 5, 0, 0, 0),
    ]
    assert run["files"][1]["warnings"] == WARNINGS_KEPT + 5
    path = f"/v1/imports/{run['id']}?page_size=100"
    seen, cursor = [], ""
    while cursor is not None:
        following = f"&cursor={cursor}" if cursor else ""
        answer = await own_service.get(path + following, "desk", headers={"Accept-Language": "en"})
        page = answer.json()["errors"]
        assert len(page["items"]) == 100
        seen += page["items"]
        cursor = page["next_cursor"]
    assert len(seen) == ERRORS_KEPT + WARNINGS_KEPT
    assert [item["line"] for item in seen[:ERRORS_KEPT]] == list(range(2, ERRORS_KEPT + 2))
    assert {item["message"] for item in seen} == {
        "A code has up to 20 capital letters, digits and hyphens.",
        "The serial number has an unusual shape.",
    }
    japanese = (await own_service.get(path, "desk")).json()["errors"]["items"]
    assert japanese[0]["message"].startswith("半角")
    other = await own_service.get(f"/v1/imports?cursor={page['next_cursor'] or 'x'}", "desk")
    assert other.json()["code"] == "invalid_cursor"


async def test_runs_are_listed_the_latest_first(own_service: Service) -> None:
    run = await imported(own_service, PARTNERS)
    # The demo set was loaded by the command line before.
    first = (await own_service.get("/v1/imports?page_size=1", "desk")).json()
    assert codes(run) == []
    second = (
        await own_service.get(f"/v1/imports?page_size=1&cursor={first['next_cursor']}", "desk")
    ).json()
    ids = [first["items"][0]["id"], second["items"][0]["id"]]
    assert len(ids) == 2
    assert run["id"] in ids
    assert second["next_cursor"] is None
    assert set(first["items"][0]) == set(run) - {"errors"}


async def test_an_unchanged_run_is_not_sent_again(own_service: Service) -> None:
    run = await imported(own_service, PARTNERS)
    path = f"/v1/imports/{run['id']}"
    etag = (await own_service.get(path, "desk")).headers["etag"]
    answer = await own_service.get(path, "desk", headers={"If-None-Match": etag})
    assert answer.status_code == 304
