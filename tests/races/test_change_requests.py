"""Change requests that come at once: one key, one effect (TRUST 2, small form), one end of an open
change (TRUST 7), with real connections and real commits.

Seen to fail: with `key` not looked at in `ask_for_change` (72 requests for 12 keys), with lock and
revision taken out of `app.db.change_requests` (nine of thirty ended the same change), and with
`based_on` not handed to `draft_next_version` (both answers came through, the second without having
seen the first), with the quote locked before the change that its draft answers (a deadlock, 500).
"""

import asyncio
from collections import Counter
from typing import Any

from tests.api.change_cases import LEVEL, arrange, ask, body, rows, step
from tests.api.quoting import etag
from tests.api.quoting import step as quote_step
from tests.conftest import Service

KEYS, COPIES, ENDS = 12, 6, 30


async def test_many_keys_in_many_copies_have_one_effect_each(own_service: Service) -> None:
    await arrange(own_service)
    before = await rows(own_service)
    answers = await asyncio.gather(
        *(
            # Copies stand side by side, so that they meet.
            ask(own_service, body(LEVEL), f"key-{number // COPIES}")
            for number in range(KEYS * COPIES)
        )
    )
    after = await rows(own_service)
    grown = {name: after[name] - before[name] for name in after}
    assert grown == {
        **dict.fromkeys(("change_request", "event", "audit", "idempotency_key"), KEYS),
        "contract_contact": 0,
        "quote_version": 0,
    }
    for number in range(KEYS):
        copies = answers[number * COPIES : (number + 1) * COPIES]
        good = [answer for answer in copies if answer.status_code == 201]
        firsts = [answer for answer in good if "idempotent-replayed" not in answer.headers]
        assert len(firsts) == 1
        assert {answer.content for answer in good} == {firsts[0].content}
        busy = {(a.status_code, a.json()["code"]) for a in copies if a not in good}
        assert busy <= {(409, "idempotency_key_busy")}
        again = await ask(own_service, body(LEVEL), f"key-{number}")
        assert (again.content, again.headers["idempotent-replayed"]) == (firsts[0].content, "true")
        changed = await ask(own_service, body(LEVEL, quote_version=1), f"key-{number}")
        assert (changed.status_code, changed.json()["code"]) == (422, "idempotency_key_reused")
    others = await ask(own_service, body(LEVEL), "key-0", "other")
    assert others.status_code == 422
    assert others.json()["errors"][0]["code"] == "contract_number_not_found"


async def test_two_changes_of_one_quote_are_both_kept(own_service: Service) -> None:
    number = await arrange(own_service)
    longer = {"kind": "period", "end_date": "2028-06-30"}
    answers = await asyncio.gather(
        ask(own_service, body(LEVEL), "one"), ask(own_service, body(longer), "two", "desk")
    )
    assert [answer.status_code for answer in answers] == [201, 201]
    listed = (await own_service.get(f"/v1/change-requests?quote_number={number}")).json()["items"]
    assert {item["id"] for item in listed} == {answer.json()["id"] for answer in answers}
    assert {item["quote_version"] for item in listed} == {1}


async def test_of_many_who_end_a_change_one_wins(own_service: Service) -> None:
    await arrange(own_service)
    sent = await ask(own_service, body(LEVEL))
    path, held = sent.headers["location"], {"If-Match": sent.headers["etag"]}
    before = await rows(own_service)
    answers = await asyncio.gather(
        *(
            own_service.post(
                f"{path}/{'rejection' if place % 2 else 'cancellation'}",
                "desk" if place % 2 else "customer",
                json={"reason": f"{place}"},
                headers=held,
            )
            for place in range(ENDS)
        )
    )
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {200: 1, 412: ENDS - 1}
    (winner,) = [answer for answer in answers if answer.status_code == 200]
    kept = (await own_service.get(path)).json()
    assert (kept["state"], kept["reason"]) == (winner.json()["state"], winner.json()["reason"])
    after = await rows(own_service)
    assert [after[name] - before[name] for name in ("event", "audit")] == [1, 1]


async def test_of_two_answers_on_one_version_one_makes_the_next(own_service: Service) -> None:
    """The other is told, and comes on top of it: neither change is lost."""
    number = await arrange(own_service)
    longer = {"kind": "period", "end_date": "2028-06-30"}
    sent = [
        await ask(own_service, body(LEVEL), "one"),
        await ask(own_service, body(longer), "two"),
    ]
    answers = await asyncio.gather(*(step(own_service, each, "answer", {}) for each in sent))
    codes = Counter(answer.json().get("code") for answer in answers)
    assert codes == {None: 1, "version_not_latest": 1}
    loser = next(n for n, answer in enumerate(answers) if answer.status_code == 409)
    assert (await own_service.get(sent[loser].headers["location"])).json()["state"] == "received"
    again = await step(own_service, sent[loser], "answer", {"based_on": 2})
    assert again.json()["answer_version"] == 3
    quote = (await own_service.get(f"/v1/quotes/{number}")).json()
    assert (quote["version"], quote["service_level"], quote["end_date"]) == (
        3,
        "foundation_care_24x7",
        "2028-06-30",
    )


async def test_issue_and_answer_of_one_change_do_not_wait_for_each_other(
    own_service: Service,
) -> None:
    """Both ways of answering lock the change request before the quote, so none waits in a ring."""
    number = await arrange(own_service)
    sent = await ask(own_service, body(LEVEL))
    path, held = sent.headers["location"], {"If-Match": sent.headers["etag"]}
    wanted = {"service_level": "foundation_care_24x7", "change_request_id": sent.json()["id"]}
    assert (await quote_step(own_service, number, "versions", wanted)).status_code == 201
    draft = {"If-Match": await etag(own_service, number)}
    before = await rows(own_service)
    ways: tuple[tuple[str, Any, dict[str, str]], ...] = (
        (f"/v1/quotes/{number}/issue", None, draft),
        (f"{path}/answer", {}, held),
    )
    answers = await asyncio.gather(
        *(
            own_service.post(way, "desk", json=content, headers=headers)
            for way, content, headers in ways * (ENDS // 2)
        )
    )
    assert Counter(answer.status_code for answer in answers)[200] == 1
    # An answer finds the draft that is there already.
    assert {answer.json().get("code") for answer in answers} <= {
        None,
        "precondition_failed",
        "draft_exists",
    }
    after = await rows(own_service)
    assert [after[name] - before[name] for name in ("event", "audit")] == [1, 1]
