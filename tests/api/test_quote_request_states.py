"""Quote requests: every state and every step through HTTP, and what a step writes.

Seen to fail: with `next_request_state` left out of `_apply` in `app.usecases.request_steps` (steps
succeeded in every state), and with the event written before the state was asked for, in a
transaction of its own.
"""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.auth import Caller
from app.db.callers import Viewer
from app.db.quote_requests import claim_quote_request
from app.domain.errors import WrongState
from app.domain.request_states import RequestState
from app.usecases.reads import Trace
from app.usecases.request_steps import mark_in_progress, mark_quoted
from tests.api.test_quote_requests import PATH, made, renewal, rows
from tests.conftest import NOW, Service
from tests.domain.test_request_states import ALLOWED

# The steps that callers have, by the action of the table: who takes them, and with what body.
STEPS: dict[str, tuple[str, str, Any]] = {
    "ask": ("information-request", "desk", {"missing": ["other"], "question": "?"}),
    "inform": ("information", "customer", {"identification": {"contract_number": "JP-4410-0001"}}),
    "start": ("start", "desk", None),
    "reject": ("rejection", "desk", {"reason": "対象外\nのため"}),
    "redirect": ("redirection", "desk", {"redirect": "repairs"}),
    "cancel": ("cancellation", "customer", {"reason": "不要"}),
}
TOLD = {
    "ask": "information_requested",
    "inform": "information_added",
    "start": "started",
    "reject": "rejected",
    "redirect": "redirected",
    "cancel": "cancelled",
    "quote": "quoted",
}


async def put_into(service: Service, state: str) -> UUID:
    """A request of C0001 in a state."""
    request_id = uuid4()
    async with service.owner() as session:
        await session.execute(
            text(
                "INSERT INTO quote_request (customer_id, id, kind, state, requester_name,"
                " requester_email, created_by) VALUES ('C0001', :id, 'renewal', :state, 'x',"
                " 'x@example.com', 'x')"
            ),
            {"id": request_id, "state": state},
        )
    return request_id


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize("action", STEPS)
async def test_every_state_and_step(asked: Service, state: RequestState, action: str) -> None:
    path = f"{PATH}/{await put_into(asked, state)}"
    name, caller, body = STEPS[action]
    etag = (await asked.get(path)).headers["etag"]
    before = await rows(asked)
    answer = await asked.post(
        f"{path}/{name}",
        caller,
        headers={"If-Match": etag},
        **({} if body is None else {"json": body}),
    )
    expected = ALLOWED[state].get(action)
    if expected is None:
        assert answer.status_code == 409
        assert answer.json()["code"] == "wrong_state"
        assert answer.json()["facts"]["state"] == state
        assert await rows(asked) == before
        return
    assert (answer.status_code, answer.json()["state"]) == (200, expected)
    requests, items, checks, events, audits, keys = before
    assert await rows(asked) == [requests, items, checks, events + 1, audits + 1, keys]
    (event,) = (await asked.get(f"{path}/history")).json()["items"]
    assert event["type"] == f"quote_request.{TOLD[action]}"
    assert (event["actor"], event["data"]["state"]) == (caller, expected)
    # What was held before is too old now, whatever the state allows.
    again = await asked.post(
        f"{path}/{name}",
        caller,
        headers={"If-Match": etag},
        **({} if body is None else {"json": body}),
    )
    assert again.status_code == 412
    read = await asked.get(path)
    assert read.headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize("action", ["draft", "quote"])
async def test_every_state_and_what_a_quote_does_to_its_request(
    asked: Service, state: RequestState, action: str
) -> None:
    request_id = await put_into(asked, state)
    viewer = Viewer(None, None, None, "", NOW.date())
    expected = ALLOWED[state].get(action)
    before = await rows(asked)

    async def mark() -> str:
        async with asked.database.transaction("desk") as session:
            trace = Trace(session, Caller("desk", "dev:desk", None, None), NOW, "x")
            request = await claim_quote_request(session, viewer, request_id)
            if action == "draft":
                return (await mark_in_progress(session, trace, request)).state
            return (await mark_quoted(session, trace, request, "Q2026-0000001")).state

    if expected is None:
        with pytest.raises(WrongState):
            await mark()
        assert await rows(asked) == before
        return
    assert await mark() == expected
    read = (await asked.get(f"{PATH}/{request_id}")).json()
    assert read["state"] == expected
    assert read["quote_number"] == ("Q2026-0000001" if action == "quote" else None)


@pytest.mark.parametrize("name", ["cancellation", "information"])
async def test_a_step_needs_the_etag_of_the_present_state(asked: Service, name: str) -> None:
    found = await made(asked, renewal({}))
    path = f"{PATH}/{found['id']}/{name}"
    body = {"reason": "x"} if name == "cancellation" else {"note": "x"}
    before = await rows(asked)
    for headers, status, code in (
        ({}, 428, "precondition_missing"),
        ({"If-Match": "*"}, 412, "precondition_failed"),
        ({"If-Match": '"2-000000000000000000000000"'}, 412, "precondition_failed"),
    ):
        answer = await asked.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await rows(asked) == before


async def test_the_steps_of_the_desk_are_its_own(asked: Service) -> None:
    found = await made(asked, renewal({}))
    for name, caller, body in STEPS.values():
        if caller == "desk":
            answer = await asked.post(
                f"{PATH}/{found['id']}/{name}",
                "customer",
                headers={"If-Match": '"1-000000000000000000000000"'},
                **({} if body is None else {"json": body}),
            )
            assert answer.status_code == 403


async def test_an_etag_read_in_another_language_holds_too(asked: Service) -> None:
    found = await made(asked, renewal({}))
    path = f"{PATH}/{found['id']}"
    english = await asked.get(path, headers={"Accept-Language": "en"})
    assert english.headers["etag"] != (await asked.get(path)).headers["etag"]
    answer = await asked.post(
        f"{path}/cancellation", json={}, headers={"If-Match": english.headers["etag"]}
    )
    assert answer.json()["state"] == "cancelled"


async def test_what_the_desk_reads_and_does_is_audited(asked: Service) -> None:
    found = await made(asked, renewal({}))
    path = f"{PATH}/{found['id']}"
    await asked.get(path, "desk")
    await asked.get(f"{path}/history", "desk")
    audit = await asked.get(f"/v1/audit?object_id={found['id']}", "desk")
    assert {(one["action"], one["object_type"]) for one in audit.json()["items"]} == {
        ("read", "quote_request_history"),
        ("read", "quote_request"),
        ("created", "quote_request"),
    }
