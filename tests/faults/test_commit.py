"""An acknowledged write is durable (TRUST 1, first line): no answer before its COMMIT.

Seen to fail: with the transaction hung on the framework's `fastapi_inner_astack`, which ends after
the answer, every one of the 200 uploads, quote requests and change requests was answered with 2xx;
the uploads and quote requests were looked for, and none had left a row.
"""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.conftest import Service

REQUESTS = 200

# A deferred constraint trigger runs when the transaction commits, after every statement went well.
TRIGGER = """
CREATE FUNCTION refuse_marked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW)::text LIKE '%MARKED%' THEN
    RAISE EXCEPTION 'seen at COMMIT' USING ERRCODE = 'XX000';
  END IF;
  RETURN NULL;
END $$
"""


@pytest.fixture
async def failing(own_service: Service) -> Service:
    """The service on a database in which every marked row makes COMMIT fail."""
    async with own_service.owner() as session:
        await session.execute(text(TRIGGER))
        for table in (
            "audit",
            "import_run",
            "import_file",
            "fee_policy",
            "calendar_day",
            "quote_request",
            "change_request",
        ):
            await session.execute(
                text(
                    f"CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON {table}"
                    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_marked()"
                )
            )
    return own_service


# The demo set's own import.
SEEDED_RUNS = 1


async def count(service: Service, table: str, like: str = "%MARKED%") -> int:
    """The rows of a table that hold a text."""
    async with service.owner() as session:
        found = await session.scalar(
            text(f"SELECT count(*) FROM {table} AS t WHERE to_jsonb(t)::text LIKE :like"),
            {"like": like},
        )
    return int(found or 0)


async def upload(service: Service, name: str, number: int) -> httpx.Response:
    """An upload whose audit entry carries the request id, and with it the mark."""
    return await service.post(
        "/v1/imports",
        "desk",
        files={"files": ("closing_days.csv", b"date,kind,opens,closes,name\n", "text/csv")},
        headers={"Idempotency-Key": f"{name}-{number}", "X-Request-Id": f"{name}-{number}"},
    )


async def test_an_upload_whose_commit_fails_is_not_acknowledged(failing: Service) -> None:
    marked = [await upload(failing, "MARKED", number) for number in range(REQUESTS)]
    assert {answer.status_code for answer in marked} == {500}
    assert [await count(failing, table) for table in ("audit", "idempotency_key")] == [0, 0]
    assert await count(failing, "import_run", "%") == SEEDED_RUNS
    # The same request without the mark goes through, and the refused keys are free again.
    assert (await upload(failing, "plain", 0)).status_code == 202
    async with failing.owner() as session:
        await session.execute(text("DROP TRIGGER at_commit ON audit"))
    assert (await upload(failing, "MARKED", 0)).status_code == 202


async def test_a_desk_read_whose_audit_entry_fails_shows_nothing(failing: Service) -> None:
    """A read of a customer's file that leaves no trace must not be answered."""
    for path in (
        "/v1/contracts/JP-4410-0001",
        "/v1/contracts/JP-4410-0001/lines",
        "/v1/contracts/JP-4410-0001/lines.csv",
        "/v1/contracts?page_size=1",
    ):
        answer = await failing.get(path, "desk", headers={"X-Request-Id": "MARKED"})
        assert answer.status_code == 500
        assert "JP-4410-0001" not in answer.text
        assert (await failing.get(path, "desk")).status_code == 200
    assert await count(failing, "audit") == 0


async def test_a_closing_day_whose_commit_fails_does_not_count(failing: Service) -> None:
    for method, body in (("PUT", {"kind": "closed", "name": "MARKED"}), ("DELETE", None)):
        answer = await failing.send(
            method,
            "/v1/desk/closing-days/2027-08-12",
            "desk",
            json=body,
            headers={"X-Request-Id": "MARKED"},
        )
        assert answer.status_code == (500 if method == "PUT" else 404)
    day = (await failing.get("/v1/desk/calendar?from=2027-08-12&to=2027-08-12")).json()
    assert day["items"][0]["intervals"]
    assert await count(failing, "calendar_day") == 0


async def test_commits_that_fail_at_once_take_no_neighbour_with_them(failing: Service) -> None:
    names = ["MARKED" if number % 2 else "plain" for number in range(40)]
    answers = await asyncio.gather(
        *(upload(failing, name, number) for number, name in enumerate(names))
    )
    assert [answer.status_code for answer in answers] == [
        500 if name == "MARKED" else 202 for name in names
    ]
    assert await count(failing, "import_run", "%") == SEEDED_RUNS + 20


async def test_quote_requests_whose_commit_fails_are_not_acknowledged(failing: Service) -> None:
    """200 of them: none is answered with 2xx, and neither request, check, event, audit entry nor
    key is left.
    """

    async def ask(name: str, number: int) -> httpx.Response:
        return await failing.post(
            "/v1/quote-requests",
            json={
                "kind": "renewal",
                "identification": {"contract_number": "JP-4410-0001"},
                "requester": {"name": f"{name} {number}", "email": "x@example.com"},
            },
            headers={"Idempotency-Key": f"{name}-{number}"},
        )

    tables = ("quote_request", "event", "audit", "idempotency_key")
    before = [await count(failing, table, "%") for table in tables]
    answers = await asyncio.gather(*(ask("MARKED", number) for number in range(REQUESTS)))
    assert {answer.status_code for answer in answers} == {500}
    assert [await count(failing, table, "%") for table in tables] == before
    good = await ask("plain", 0)
    assert good.status_code == 201
    # A step whose commit fails leaves the request as it was.
    path, etag = good.headers["location"], good.headers["etag"]
    failed = await failing.post(
        f"{path}/cancellation", json={"reason": "MARKED"}, headers={"If-Match": etag}
    )
    assert failed.status_code == 500
    read = await failing.get(path)
    assert (read.json()["state"], read.headers["etag"]) == ("received", etag)


async def test_change_requests_whose_commit_fails_are_not_acknowledged(failing: Service) -> None:
    """Of the contact alone, which writes two rows more."""
    tables = ("change_request", "contract_contact", "event", "audit", "idempotency_key")
    before = [await count(failing, table, "%") for table in tables]
    contact = {"kind": "contact", "name": "MARKED", "email": "marked@example.com"}
    content = {
        "contract_number": "JP-4410-0001",
        "requester": {"name": "x", "email": "x@example.com"},
        "changes": [contact],
    }

    async def ask(content: dict[str, Any], number: int) -> httpx.Response:
        return await failing.post(
            "/v1/change-requests",
            json=content,
            headers={"Idempotency-Key": f"change-{number}"},
        )

    answers = [await ask(content, number) for number in range(REQUESTS)]
    assert {answer.status_code for answer in answers} == {500}
    assert [await count(failing, table, "%") for table in tables] == before
    plain = {**content, "changes": [{**contact, "name": "plain"}]}
    assert (await ask(plain, 0)).json()["state"] == "applied"
