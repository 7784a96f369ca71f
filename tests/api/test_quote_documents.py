"""見積書 and 保守契約注文・回答用紙 through HTTP (QUO-2, QUO-3, ORD-3)."""

import asyncio
import hashlib
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import text

from app.printing import Press
from tests.conftest import Service
from tests.printing.pdf_text import pages_of

QUOTE = "/v1/quotes/Q2026-0000001"
KINDS = {"quote": "/document.pdf", "answer_sheet": "/answer-sheet.pdf"}
DRAFT = (
    "INSERT INTO quote_version (customer_id, quote_number, version, kind, start_date, end_date,"
    " service_level, addressee_name, created_by) SELECT customer_id, quote_number, 2, kind,"
    " start_date, end_date, service_level, addressee_name, 'x' FROM quote_version"
    " WHERE quote_number = 'Q2026-0000001'"
)


async def run(service: Service, *statements: str) -> None:
    async with service.owner() as session:
        for statement in statements:
            await session.execute(text(statement))


async def count(service: Service, statement: str) -> int:
    async with service.owner() as session:
        return int(await session.scalar(text(statement)) or 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_document_is_made_once_and_served_from_then_on(
    own_service: Service, kind: str
) -> None:
    first = await own_service.get(QUOTE + KINDS[kind])
    assert first.status_code == 200, first.text
    assert first.headers["content-type"] == "application/pdf"
    digest = hashlib.sha256(first.content).hexdigest()
    assert first.headers["etag"] == f'"{digest}"'
    said = "".join(pages_of(first.content))
    quote = (await own_service.get(QUOTE)).json()
    assert "Q2026-0000001" in said
    assert quote["addressee"]["line" if kind == "quote" else "name"] in said
    assert f"{quote['total']:,}" in said
    # Nothing that changes around the document changes it: it is not made again.
    company = replace(own_service.app.state.settings.company, name="別の会社株式会社")
    own_service.app.state.settings = replace(own_service.app.state.settings, company=company)
    await run(own_service, "UPDATE customer SET name = 'いまは別の名'")
    for caller in ("customer", "partner", "desk"):
        again = await own_service.get(QUOTE + KINDS[kind] + "?version=1", caller)
        assert again.content == first.content, caller
    held = await own_service.get(
        QUOTE + KINDS[kind], headers={"If-None-Match": first.headers["etag"]}
    )
    assert (held.status_code, held.content) == (304, b"")
    stored = "SELECT count(*) FROM quote_document WHERE sha256 = encode(sha256(content), 'hex')"
    assert await count(own_service, stored) == 1


async def test_the_name_of_the_file_is_safe_and_japanese(own_service: Service) -> None:
    answer = await own_service.get(QUOTE + "/answer-sheet.pdf")
    plain, _, full = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert plain == 'attachment; filename="Q2026-0000001-1-answer-sheet.pdf"'
    assert unquote(full) == "保守契約注文・回答用紙_Q2026-0000001_第1版.pdf"


async def test_a_later_state_changes_nothing_and_is_not_printed(own_service: Service) -> None:
    await run(
        own_service,
        "UPDATE quote_version SET state = 'superseded' WHERE quote_number = 'Q2026-0000001'",
    )
    answer = await own_service.get(QUOTE + "/document.pdf?version=1")
    assert answer.status_code == 200
    assert "見積案" not in "".join(pages_of(answer.content))


async def test_a_draft_is_for_the_desk_says_so_and_is_not_kept(own_service: Service) -> None:
    await run(own_service, DRAFT)
    answer = await own_service.get(QUOTE + "/document.pdf?version=2", "desk")
    assert answer.status_code == 200, answer.text
    assert "見積案" in "".join(pages_of(answer.content))
    assert "-draft.pdf" in answer.headers["content-disposition"]
    assert await count(own_service, "SELECT count(*) FROM quote_document") == 0
    hidden = await own_service.get(QUOTE + "/document.pdf?version=2")
    absent = await own_service.get(QUOTE + "/document.pdf?version=3")
    assert hidden.status_code == absent.status_code == 404
    # Without a number the latest issued version is meant, by the desk as well.
    latest = await own_service.get(QUOTE + "/document.pdf", "desk")
    assert "第1版" in "".join(pages_of(latest.content))


async def test_a_version_withdrawn_before_its_issue_has_no_document(own_service: Service) -> None:
    await run(own_service, DRAFT, "UPDATE quote_version SET state = 'withdrawn' WHERE version = 2")
    answer = await own_service.get(QUOTE + "/document.pdf?version=2", "desk")
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["facts"]) == (
        "wrong_state",
        {"state": "withdrawn"},
    )
    assert (await own_service.get(QUOTE + "/document.pdf?version=2")).status_code == 404


async def test_only_what_the_desk_reads_is_audited(own_service: Service) -> None:
    audited = "SELECT count(*) FROM audit WHERE object_type = 'quote_document'"
    await own_service.get(QUOTE + "/document.pdf")
    assert await count(own_service, audited) == 0
    await own_service.get(QUOTE + "/document.pdf", "desk")
    assert await count(own_service, audited) == 1


async def test_first_downloads_at_once_get_the_same_bytes(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeded: with `keep_document` giving back what it was handed, each gets its own bytes."""
    made: list[bytes] = []
    all_made = asyncio.Event()

    async def each_another(self: Press, *_: Any) -> bytes:
        made.append(b"%PDF-" + str(len(made)).encode())
        mine = made[-1]
        # All have looked and found nothing before the first one is kept.
        if len(made) == 5:
            all_made.set()
        await all_made.wait()
        return mine

    monkeypatch.setattr(Press, "printed", each_another)
    answers = await asyncio.gather(*(own_service.get(QUOTE + "/document.pdf") for _ in range(5)))
    assert len(made) == 5
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["etag"] for answer in answers}) == 1
