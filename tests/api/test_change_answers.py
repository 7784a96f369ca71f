"""The desk answers change requests with versions of the quote (QUO-2, REQ-2)."""

from datetime import date
from typing import Any

import httpx
from sqlalchemy import text

from tests.api.change_cases import (
    CONTACT,
    CONTRACT,
    DAY_AND_NIGHT,
    LEVEL,
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

LONGER = {"kind": "period", "end_date": "2028-06-30"}


async def difference(service: Service, number: str, version: int) -> dict[str, Any]:
    """What a version changes against the one before."""
    answer = await service.get(f"/v1/quotes/{number}/versions/{version}/diff")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_answer_is_the_next_version_with_the_changes(own_service: Service) -> None:
    number = await arrange(own_service)
    new = {
        "product_number": "P91002-B21",
        "product_name": "サーバー",
        "serial_number": "JPNEW00001",
    }
    configuration = {
        "kind": "configuration",
        "replace": [{"from": {"serial_number": "JPQUOTE002"}, "to": new}],
    }
    sent = await ask(own_service, body(LONGER, LEVEL, CONTACT, configuration))
    assert sent.status_code == 201, sent.text
    done = await step(own_service, sent, "answer", {"based_on": 1})
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["answer_version"]) == ("answered", 2)
    found = await difference(own_service, number, 2)
    fields = {field["name"]: field["after"] for field in found["fields"]}
    assert fields == {
        "end_date": "2028-06-30",
        "service_level": DAY_AND_NIGHT,
        "contact_name": CONTACT["name"],
        "contact_email": CONTACT["email"],
    }
    assert [line["serial_number"] for line in found["lines"]["removed"]] == ["JPQUOTE002"]
    (added,) = found["lines"]["added"]
    assert (added["serial_number"], added["service_level"], added["end_date"]) == (
        "JPNEW00001",
        DAY_AND_NIGHT,
        "2028-06-30",
    )
    (changed,) = found["lines"]["changed"]
    assert changed["serial_number"] == "JPQUOTE001"
    quote = (await own_service.get(f"/v1/quotes/{number}")).json()
    assert (quote["version"], quote["state"]) == (2, "issued")
    assert quote["change_request_id"] == sent.json()["id"]
    async with own_service.owner() as session:
        contact = await session.scalar(text("SELECT email FROM contract_contact"))
    assert contact == CONTACT["email"]
    history = (await own_service.get(f"{sent.headers['location']}/history")).json()["items"]
    assert [event["type"] for event in history] == [
        "change_request.created",
        "change_request.answered",
    ]
    assert history[-1]["data"]["answer_version"] == 2
    again = await step(own_service, sent, "answer", {})
    assert (again.status_code, again.json()["facts"]) == (409, {"state": "answered"})


async def refused(service: Service, sent: httpx.Response, content: Any = None) -> httpx.Response:
    """An answer that is refused and leaves nothing behind."""
    before = await rows(service)
    answer = await step(service, sent, "answer", content or {})
    assert await rows(service) == before
    assert (await service.get(sent.headers["location"])).json()["state"] in {"received", "referred"}
    return answer


async def test_a_second_change_is_answered_on_top_of_the_first(own_service: Service) -> None:
    number = await arrange(own_service)
    first = await ask(own_service, body(LEVEL), "one")
    second = await ask(own_service, body(LONGER), "two")
    assert (await step(own_service, first, "answer", {})).json()["answer_version"] == 2
    late = await refused(own_service, second)
    assert (late.status_code, late.json()["code"]) == (409, "version_not_latest")
    assert late.json()["facts"] == {"latest_version": 2}
    on_top = await step(own_service, second, "answer", {"based_on": 2})
    assert on_top.json()["answer_version"] == 3
    quote = (await own_service.get(f"/v1/quotes/{number}")).json()
    assert (quote["service_level"], quote["end_date"]) == (DAY_AND_NIGHT, "2028-06-30")


async def test_what_is_open_in_the_quote_is_named(own_service: Service) -> None:
    """A price that nobody knows, a quote that was ordered meanwhile, none at all."""
    number = await arrange(own_service)
    unpriced = {"kind": "level", "service_level": "proactive_care_24x7"}
    sent = await ask(own_service, body(unpriced), "price")
    open_price = await refused(own_service, sent)
    assert (open_price.status_code, open_price.json()["code"]) == (409, "quote_not_ready")
    async with own_service.owner() as session:
        await session.execute(
            text("UPDATE quote_version SET state = 'ordered' WHERE quote_number = :number"),
            {"number": number},
        )
    ordered = await refused(own_service, sent)
    assert (ordered.status_code, ordered.json()["facts"]) == (409, {"state": "ordered"})
    rejected = await step(own_service, sent, "rejection", {"reason": "ご発注済みです。"})
    assert rejected.json()["state"] == "rejected"


async def test_the_desk_may_name_a_version_of_its_own(own_service: Service) -> None:
    late = {"start_date": date(2026, 11, 25)}
    await arrange(own_service, Version("issued", lines(), late))
    sent = await ask(own_service, body(LEVEL))
    assert sent.json()["state"] == "referred"
    nameless = await refused(own_service, sent)
    assert nameless.json()["errors"] == [{"pointer": "/quote_number", "code": "required"}]
    number = await add_quote_of(own_service, 2, Version("superseded", lines()), Version())
    old = await refused(own_service, sent, {"quote_number": number, "version": 1})
    assert (old.status_code, old.json()["facts"]) == (409, {"latest_version": 2})
    done = await step(own_service, sent, "answer", {"quote_number": number, "version": 2})
    assert (done.json()["state"], done.json()["quote_number"]) == ("answered", number)
    assert (done.json()["answer_version"], done.json()["contract_number"]) == (2, CONTRACT)


async def test_a_price_of_the_desk_is_not_taken_for_another_period_or_level(
    own_service: Service,
) -> None:
    """Seen to fail: the price of a year was issued for two."""
    first, second = lines()
    priced = {**first, "unit_price": 500, "amount": 500, "decisions": {"price": {"reason": "値引"}}}
    number = await arrange(own_service, Version(lines=[priced, second]))
    for place, change in enumerate((LONGER, LEVEL)):
        sent = await ask(own_service, body(change), f"k{place}")
        refused = await step(own_service, sent, "answer", {"based_on": 1})
        assert refused.status_code == 409, refused.text
        assert refused.json()["code"] == "quote_not_ready"
        assert refused.json()["errors"] == [{"pointer": "/lines/1", "code": "price_set"}]
    quote = (await own_service.get(f"/v1/quotes/{number}")).json()
    assert (quote["version"], quote["version_count"]) == (1, 1)
    only_the_other = {**LEVEL, "serial_numbers": [second["serial_number"]]}
    sent = await ask(own_service, body(only_the_other), "other")
    assert (await step(own_service, sent, "answer", {"based_on": 1})).status_code == 200
