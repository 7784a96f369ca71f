"""Change requests over HTTP: taken, refused, listed, ended (REQ-2, REQ-6, REQ-8)."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from tests.api.change_cases import (
    CONTACT,
    CONTRACT,
    DAY_AND_NIGHT,
    LEVEL,
    SERVICE_ID,
    add_quote_of,
    arrange,
    ask,
    body,
    lines,
    rows,
    step,
)
from tests.api.quote_rows import Version
from tests.conftest import Service

LONGER = {"kind": "period", "end_date": "2028-09-30"}


def added(product_number: str = "P91002-B21", **more: Any) -> dict[str, Any]:
    """A machine that comes in."""
    return {
        "product_number": product_number,
        "product_name": "サーバー",
        "serial_number": "JPNEW00001",
        **more,
    }


def configuration(**more: Any) -> dict[str, Any]:
    """A change of the configuration."""
    return {"kind": "configuration", **more}


async def test_a_change_is_taken_for_the_quote_in_hand(own_service: Service) -> None:
    number = await arrange(own_service)
    before = await rows(own_service)
    one = {
        "kind": "level",
        "service_level": DAY_AND_NIGHT,
        "serial_numbers": ["ｊｐｑｕｏｔｅ００１"],
    }
    answer = await ask(own_service, body(LONGER, one))
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["state"], found["quote_number"], found["quote_version"]) == (
        "received",
        number,
        1,
    )
    assert (found["contract_number"], found["service_id"]) == (CONTRACT, SERVICE_ID)
    assert [warning["code"] for warning in found["warnings"]] == [
        "end_after_end_of_support",
        "mixed_service_levels",
    ]
    assert found["rules"] == ["REQ-2", "REQ-6", "EOS-2", "REQ-8", "ELG-7"]
    assert found["changes"][1]["serial_numbers"] == ["JPQUOTE001"]
    read = await own_service.get(answer.headers["location"])
    assert (read.content, read.headers["etag"]) == (answer.content, answer.headers["etag"])
    after = await rows(own_service)
    grown = {name: after[name] - before[name] for name in after}
    assert grown == {
        "change_request": 1,
        "contract_contact": 0,
        "event": 1,
        "audit": 1,
        "idempotency_key": 1,
        "quote_version": 0,
    }
    history = (await own_service.get(f"{answer.headers['location']}/history")).json()
    (event,) = history["items"]
    assert (event["type"], event["actor"]) == ("change_request.created", "customer")
    assert event["data"]["kinds"] == ["level", "period"]
    assert "yamada" not in str(event)


async def test_a_change_of_the_contact_alone_is_made_at_once(own_service: Service) -> None:
    await arrange(own_service, Version("ordered", lines()))
    answer = await ask(own_service, body(CONTACT, contract_number=None, service_id=SERVICE_ID))
    assert (answer.status_code, answer.json()["state"]) == (201, "applied")
    assert answer.json()["answer_version"] is None
    async with own_service.owner() as session:
        kept = (await session.execute(text("SELECT * FROM contract_contact"))).mappings().one()
        versions = await session.scalar(
            text("SELECT count(*) FROM quote_version WHERE quote_number LIKE 'Q2026-9%'")
        )
    assert (kept["contract_number"], kept["name"], kept["email"]) == (
        CONTRACT,
        CONTACT["name"],
        CONTACT["email"],
    )
    assert versions == 1
    history = (await own_service.get(f"{answer.headers['location']}/history")).json()
    assert [event["type"].partition(".")[2] for event in history["items"]] == ["created", "applied"]
    again = await ask(own_service, body(CONTACT), "k2")
    assert (again.status_code, again.json()["code"]) == (422, "change_missing")
    other = {**CONTACT, "name": "髙﨑 𠮷郎①㈱"}
    assert (await ask(own_service, body(other), "k3")).json()["changes"][0]["name"] == other["name"]
    refused = await step(own_service, answer, "cancellation", {}, "customer")
    assert (refused.status_code, refused.json()["facts"]) == (409, {"state": "applied"})


REFUSED: list[tuple[dict[str, Any], int, str, list[tuple[str, str]]]] = [
    (body(), 422, "change_missing", [("/changes", "change_missing")]),
    (body({"kind": "period"}), 422, "change_missing", [("/changes/0", "change_missing")]),
    (
        body({"kind": "level", "service_level": "foundation_care_nbd"}),
        422,
        "change_missing",
        [("/changes/0", "change_missing")],
    ),
    (
        body(LEVEL, contract_number=None),
        422,
        "invalid_input",
        [("/contract_number", "identification_needed")],
    ),
    (
        body(LEVEL, contract_number="JP-NONE-1"),
        422,
        "invalid_input",
        [("/contract_number", "contract_number_not_found")],
    ),
    # Another customer's contract and quote are as unknown as none.
    (
        body(LEVEL, contract_number="JP-CHANGE-2"),
        422,
        "invalid_input",
        [("/contract_number", "contract_number_not_found")],
    ),
    (
        body(LEVEL, service_id="199900000009"),
        422,
        "invalid_input",
        [("/service_id", "service_id_not_found")],
    ),
    (
        body(LEVEL, quote_number="Q2026-9999999"),
        422,
        "invalid_input",
        [("/quote_number", "quote_number_not_found")],
    ),
    (
        body(LEVEL, quote_number="Q2026-9000001", quote_version=2),
        409,
        "version_not_latest",
        [("/quote_version", "version_not_latest")],
    ),
    (
        body({"kind": "period", "start_date": "2027-07-01"}),
        409,
        "new_order_needed",
        [],
    ),
    (
        body({"kind": "period", "end_date": "2027-03-01"}),
        422,
        "invalid_input",
        [("/changes/0", "end_before_start")],
    ),
    (
        body(configuration(remove=[{"serial_number": "JPNONE0001"}])),
        422,
        "invalid_input",
        [("/changes/0/remove/0", "machine_unknown")],
    ),
    (
        body(configuration(add=[added("P91003-B21")])),
        409,
        "end_of_support_reached",
        [("/changes/0/add/0", "end_of_support_reached")],
    ),
    (
        body(LEVEL, {**LEVEL, "serial_numbers": ["JPQUOTE001"]}),
        422,
        "invalid_input",
        [("/changes/1", "change_twice")],
    ),
    (
        body({"kind": "period", "end_date": "2028-02-30"}),
        422,
        "invalid_input",
        [("/changes/0/end_date", "invalid_date")],
    ),
    (
        body({"kind": "contact", "name": "a\nBcc: x", "email": "a@example.com\n"}),
        422,
        "invalid_input",
        [("/changes/0/name", "control_character"), ("/changes/0/email", "wrong_shape")],
    ),
    (
        body(configuration(replace=[{"from": {}, "to": added(quantity=True)}])),
        422,
        "invalid_input",
        [
            ("/changes/0/replace/0/from", "machine_unidentified"),
            ("/changes/0/replace/0/to/quantity", "wrong_type"),
        ],
    ),
    (body({"kind": "wish"}), 422, "invalid_input", [("/changes/0", "not_one_of")]),
    (body({}), 422, "invalid_input", [("/changes/0", "required")]),
    (
        body({**LEVEL, "name": "x"}),
        422,
        "invalid_input",
        [("/changes/0/name", "unknown_field")],
    ),
]


async def test_what_is_refused_is_named_and_leaves_nothing(own_service: Service) -> None:
    await arrange(own_service)
    before = await rows(own_service)
    for place, (content, status, code, places) in enumerate(REFUSED):
        answer = await ask(own_service, content, f"refused-{place}")
        found = answer.json()
        assert (answer.status_code, found["code"]) == (status, code), (content, found)
        assert [(each["pointer"], each["code"]) for each in found["errors"]] == places, content
    assert await rows(own_service) == before


async def test_both_identifications_must_agree(own_service: Service) -> None:
    await arrange(own_service)
    answer = await ask(
        own_service, body(LEVEL, contract_number="JP-4500-0002", service_id=SERVICE_ID)
    )
    assert answer.json()["errors"] == [
        {"pointer": "/contract_number", "code": "service_id_and_contract_number_disagree"}
    ]
    agreeing = await ask(own_service, body(LEVEL, service_id="1999 0000 0001"))
    assert agreeing.status_code == 201


async def test_the_quote_decides_who_looks(own_service: Service) -> None:
    """Without a quote in hand and after the order a person, at its end nobody (REQ-6)."""
    late = {"start_date": date(2026, 11, 25)}
    lapsed = await arrange(own_service, Version("issued", lines(), late))
    none = await ask(own_service, body(LEVEL), "none")
    assert (none.json()["state"], none.json()["quote_number"]) == ("referred", None)
    assert [warning["code"] for warning in none.json()["warnings"]] == ["no_open_quote"]
    ended = await ask(own_service, body(LEVEL, quote_number=lapsed), "lapsed")
    assert (ended.status_code, ended.json()["facts"]) == (409, {"state": "lapsed"})
    ordered = await add_quote_of(own_service, 2, Version("ordered", lines()))
    after_order = await ask(own_service, body(LEVEL), "ordered")
    assert (after_order.json()["state"], after_order.json()["quote_number"]) == (
        "referred",
        ordered,
    )
    issued = await add_quote_of(own_service, 3, Version("issued", lines()))
    in_hand = await ask(own_service, body(LEVEL), "issued")
    assert (in_hand.json()["state"], in_hand.json()["quote_number"]) == ("received", issued)
    await add_quote_of(own_service, 4, Version("issued", lines()))
    which = await ask(own_service, body(LEVEL), "two")
    assert which.json()["errors"] == [{"pointer": "/quote_number", "code": "quote_number_needed"}]
    named = await ask(own_service, body(LEVEL, quote_number=issued, quote_version=1), "named")
    assert named.json()["quote_number"] == issued
    unhandled = {"kind": "level", "service_level": "tech_care"}
    person = await ask(own_service, body(unhandled, quote_number=issued), "person")
    assert person.json()["state"] == "referred"


async def test_a_trial_decides_alike_and_keeps_nothing(own_service: Service) -> None:
    await arrange(own_service)
    before = await rows(own_service)
    trial = await own_service.post("/v1/change-requests?dry_run=true", json=body(LONGER))
    assert (trial.status_code, trial.json()["id"]) == (200, None)
    assert await rows(own_service) == before
    real = (await ask(own_service, body(LONGER))).json()
    for name in ("id", "created_at", "updated_at"):
        del real[name]
    assert real.items() <= trial.json().items()


async def test_an_open_change_ends_once(own_service: Service) -> None:
    await arrange(own_service)
    taken_back = await ask(own_service, body(LEVEL), "one")
    # Ids of one millisecond have no order.
    own_service.clock.now += timedelta(milliseconds=1)
    rejected = await ask(own_service, body(LONGER), "two")
    path = f"/v1/change-requests/{taken_back.json()['id']}"
    unguarded = await own_service.post(f"{path}/cancellation", json={})
    assert unguarded.status_code == 428
    done = await step(own_service, taken_back, "cancellation", {"reason": "再検討"}, "customer")
    assert (done.status_code, done.json()["state"], done.json()["reason"]) == (
        200,
        "cancelled",
        "再検討",
    )
    old = await own_service.post(
        f"{path}/cancellation", json={}, headers={"If-Match": taken_back.headers["etag"]}
    )
    assert old.status_code == 412
    assert (await own_service.get(path)).headers["etag"] == done.headers["etag"]
    no = await step(own_service, rejected, "rejection", {"reason": "対象外の製品です。"})
    assert (no.json()["state"], no.json()["reason"]) == ("rejected", "対象外の製品です。")
    before = await rows(own_service)
    for sent, name, state in (
        (taken_back, "cancellation", "cancelled"),
        (taken_back, "rejection", "cancelled"),
        (rejected, "cancellation", "rejected"),
        (rejected, "rejection", "rejected"),
    ):
        caller = "customer" if name == "cancellation" else "desk"
        again = await step(own_service, sent, name, {"reason": "x"}, caller)
        assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
        assert again.json()["facts"] == {"state": state}
    assert await rows(own_service) == before
    history = (await own_service.get(f"{path}/history")).json()["items"]
    assert [event["type"] for event in history] == [
        "change_request.created",
        "change_request.cancelled",
    ]
    found = {}
    for query in ("state=cancelled", "state=rejected", f"contract_number={CONTRACT.lower()}"):
        listed = await own_service.get(f"/v1/change-requests?{query}&page_size=1")
        found[query] = [item["id"] for item in listed.json()["items"]]
        assert ("next" in listed.links) is query.startswith("contract")
    first, second = taken_back.json()["id"], rejected.json()["id"]
    assert list(found.values()) == [[first], [second], [second]]
