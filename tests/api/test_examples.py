"""Every example of the description is sent, accepted, and answered as the description says.

`RECORD_EXAMPLES=1 pytest tests/api/test_examples.py` writes the answers anew.
"""

import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from sqlalchemy import URL

from app import openapi_examples
from app.auth_keys import SigningKeys
from app.db.test_clock import add_sandbox
from app.openapi import described_routes
from app.openapi_examples import REQUESTS, Example, recorded_answers
from app.settings import Settings
from app.usecases.tokens import register_client
from app.workbook_writing import MEDIA_TYPE
from tests.api.importing import finished
from tests.api.sheets import machine, machines, sheet
from tests.api.test_long_sheets import work
from tests.conftest import NOW, Service, Tokens, own_database, started

pytestmark = pytest.mark.anyio

ANSWERS = Path(openapi_examples.__file__).with_name("openapi_answers.json")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
# What is another one in every database and process, and what stands for it.
VOLATILE: dict[str, Any] = {
    "at": "2026-11-25T01:00:00Z",
    "created_at": "2026-11-25T01:00:00Z",
    "updated_at": "2026-11-25T01:00:00Z",
    "started_at": "2026-11-25T01:00:00Z",
    "finished_at": "2026-11-25T01:00:01Z",
    "request_id": "4b3f0c9a7d1e4f60",
    "next_cursor": "WyJKUC00NTAwLTAwMDIiLCJDMDAwMSJd",
    "access_token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "kid": "2xXtDFiBoZJQ2ZyKEjgpHKoFAPYS4UNz6vXVkc3OCyo",
}
SHEETS = {
    "見積依頼シート.xlsx": sheet([machine()], UUID(int=1)),
    # The first machine has no level that there is.
    "見積依頼シート-201台.xlsx": sheet(
        [machine(service_level="最高"), *machines(200)], UUID(int=2)
    ),
}
# Too long to be repeated: what is shown of them.
EXTRACTS = {
    "show_metrics": re.compile(r"# HELP renewal_desk_requests_total .*\n.*\n"),
    "read_quote_document": re.compile(r"%PDF-1\.7"),
    "read_answer_sheet": re.compile(r"%PDF-1\.7"),
    "show_documentation": re.compile(r"(?s).*?</title>\n"),
}


@pytest.fixture
async def examined(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> AsyncIterator[Service]:
    """A service with test clocks, C0001 in a sandbox."""
    name, tokens = template
    with own_database(server, name) as url:
        async with started(url, replace(settings, test_clock=True), keys, tokens) as running:
            async with running.owner() as session:
                await add_sandbox(session, "C0001")
            yield running


def steady(value: Any, seen: dict[str, str]) -> Any:
    """A value with what is volatile replaced; the ids by their order."""
    if isinstance(value, dict):
        return {
            name: VOLATILE[name] if name in VOLATILE and inner is not None else steady(inner, seen)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [steady(inner, seen) for inner in value]
    if isinstance(value, str):
        return ID.sub(
            lambda found: seen.setdefault(
                found[0], f"019ab8a4-3b80-7000-8000-{len(seen) + 1:012x}"
            ),
            value,
        )
    return value


def request_of(
    example: Example, path: str, made: dict[str, str], client: dict[str, str]
) -> tuple[str, dict[str, Any]]:
    """The address and the options of a request, as a client would send it."""
    ids = {name: made[source] for name, source in example.ids.items()}
    for name, value in {**example.path, **ids}.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    options: dict[str, Any] = {"params": example.query, "headers": dict(example.headers)}
    body = example.body
    if isinstance(body, dict) and "client_id" in body:
        options["data"] = {**body, **client}
    elif isinstance(body, dict) and "files" in body:
        content = body["files"][0].encode()
        options["files"] = [("files", ("closing_days.csv", content, "text/csv"))]
        options["data"] = {"encoding": body["encoding"]}
    elif isinstance(body, dict) and "file" in body:
        options["files"] = {"file": (body["file"], SHEETS[body["file"]], MEDIA_TYPE)}
    elif body is not None:
        options["json"] = body
    return path, options


def shown(name: str, answer: httpx.Response, seen: dict[str, str]) -> dict[str, Any]:
    """An answer as the description shows it."""
    if not answer.content:
        return {}
    media_type = answer.headers["content-type"].split(";")[0]
    if media_type == MEDIA_TYPE:
        return {str(answer.status_code): {media_type: "PK…"}}
    if media_type != "application/json":
        extract = EXTRACTS[name].search(answer.text) if name in EXTRACTS else None
        text = answer.text if extract is None else extract[0]
        return {str(answer.status_code): {media_type: text}}
    content = answer.json()
    if name == "show_description":
        content = {key: content[key] for key in ("openapi", "info")}
    return {str(answer.status_code): {media_type: steady(content, seen)}}


def name_of(content: dict[str, Any]) -> str:
    """What the thing in an answer is called by in paths."""
    return str(content.get("id") or content.get("quote_number") or "")


async def test_every_example_is_answered_as_the_description_says(examined: Service) -> None:
    where = {route.name: (m, route.path) for route, m in described_routes(examined.app)}
    async with examined.owner() as session:
        registered = await register_client(session, "P0001", NOW)
    client = {"client_id": registered.client_id, "client_secret": registered.secret}
    made: dict[str, str] = {}
    seen: dict[str, str] = {}
    answers: dict[str, Any] = {}
    asked = [
        (name, called, each)
        for name, example in REQUESTS.items()
        for called, each in (
            *((f"{name}/{place}", other) for place, other in enumerate(example.others)),
            (name, example),
        )
    ]
    held: dict[str, str] = {}
    for name, called, example in asked:
        method, path = where[name]
        target, options = request_of(example, path, made, client)
        # Ids of one millisecond have no order.
        examined.clock.now += timedelta(milliseconds=1)
        if example.holds is not None:
            options["headers"]["If-Match"] = held[example.holds]
        answer = await examined.send(method, target, example.caller, **options)
        assert answer.is_success, (name, answer.text)
        assert client["client_id"] not in answer.text
        for status, by_type in shown(name, answer, seen).items():
            answers.setdefault(name, {}).setdefault(status, {}).update(by_type)
        answers.setdefault(name, {})
        if answer.headers.get("content-type") == "application/json":
            content = answer.json()
            made[called] = name_of(content) if isinstance(content, dict) else ""
            held[called] = answer.headers.get("etag", "")
        if answer.status_code == 202 and name == "upload_quote_request_sheet":
            await work(examined, answer.json())
        elif answer.status_code == 202:
            await finished(examined, answer.headers["location"])
    if os.environ.get("RECORD_EXAMPLES"):
        ANSWERS.write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", "utf-8")
    recorded = recorded_answers()
    for name, found in answers.items():
        assert recorded.get(name) == found, name
    assert recorded.keys() == answers.keys()


async def test_every_described_operation_has_an_example(service: Service) -> None:
    assert {route.name for route, _ in described_routes(service.app)} == set(REQUESTS)
