"""Logs hold no personal data and no secrets (TRUST 16, small form), and a 500 tells an id only.

Seen to fail: with `failure=str(failure)` in place of the type's name in `app.observability`, with
the path logged under the listed name `route`, and with PostgreSQL's own `log_min_messages`.
"""

import asyncio
import json
import sys
from typing import Any, NamedTuple

import pytest

from app.problem_words import INTERNAL
from tests.folders import cluster_folder


class Talk(NamedTuple):
    """What a run of talkative.py wrote, and what it knows."""

    written: str
    canaries: list[str]
    secrets: list[str]
    answers: list[tuple[int, str]]


@pytest.fixture(scope="module")
async def talk() -> Talk:
    """Everything that the service wrote: both streams, and the log of its own database."""
    with cluster_folder() as folder:
        data, told = folder / "data", folder / "found.json"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.talkative", data, told),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(120):
            output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()[-2000:]
        found: dict[str, Any] = json.loads(told.read_text("utf-8"))
        database = [path.read_text("utf-8", "replace") for path in data.rglob("*.log")]
    assert "database system is shut down" in "".join(database)
    answers = [(status, text) for status, text in found["answers"]]
    written = "\n".join([output.decode(errors="replace"), *database])
    return Talk(written, found["canaries"], found["secrets"], answers)


async def test_the_run_was_talkative(talk: Talk) -> None:
    """Without this the absence of canaries would prove nothing."""
    lines = [line for line in talk.written.splitlines() if line.startswith("{")]
    events = [json.loads(line)["event"] for line in lines]
    assert events.count("request") > 40
    assert events.count("request_failed") > 10
    assert "ZQNAME" in talk.answers[0][1]


async def test_no_canary_and_no_secret_is_in_any_log(talk: Talk) -> None:
    assert [canary for canary in talk.canaries if canary in talk.written] == []
    # Not the whole token and not its signature, which is the part that must not be known.
    assert [
        secret
        for secret in talk.secrets
        if secret in talk.written or secret.rpartition(".")[2] in talk.written
    ] == []


async def test_a_fault_is_answered_with_an_id_and_nothing_else(talk: Talk) -> None:
    faults = [json.loads(text) for status, text in talk.answers if status == 500]
    assert len(faults) > 10
    for fault in faults:
        number = fault.pop("request_id")
        assert fault == {
            "type": "/problems/internal_error",
            "title": INTERNAL.title_ja,
            "status": 500,
            "detail": INTERNAL.detail_ja,
            "instance": f"urn:request:{number}",
            "code": "internal_error",
            "rules": [],
            "errors": [],
        }
        # By this id the line about the fault is found.
        assert f'"request_id":"{number}"' in talk.written.replace('": "', '":"')


async def test_every_line_is_json_with_listed_names(talk: Talk) -> None:
    for line in talk.written.splitlines():
        if line.startswith("{"):
            assert not set(json.loads(line)) & {"headers", "body", "query", "path", "exception"}
