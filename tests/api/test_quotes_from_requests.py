"""From a request to its quote over HTTP: machines and fee of the request, and what becomes of it.

Seen to fail: with the fee lines left out of the draft, with the request not marked when its quote
is drafted or issued, and with the fee named as it is stored, in the answer and in the difference;
with the term of a check not consumed in the quote.
"""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.api.quoting import step
from tests.api.test_eligibility import GAP_POLICY
from tests.api.test_quote_requests import enrollment, made
from tests.conftest import Service

PATH = "/v1/quotes"


async def draft_for(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """The desk's draft for a request."""
    answer = await service.post(
        PATH,
        "desk",
        json={"request_id": request["id"]},
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def request_now(service: Service, request: dict[str, Any]) -> tuple[str, str | None]:
    """State and quote of a request, as its customer reads them."""
    read = (await service.get(f"/v1/quote-requests/{request['id']}")).json()
    return read["state"], read["quote_number"]


async def test_a_reenrollment_is_quoted_with_its_machine_and_its_fee(own_service: Service) -> None:
    policy = await own_service.post(
        "/v1/fee-policies", "desk", json=GAP_POLICY, headers={"Idempotency-Key": "gap"}
    )
    assert policy.status_code == 201
    request = await made(own_service, enrollment())
    check = (
        await own_service.get(f"/v1/eligibility-checks/{request['eligibility_check_id']}")
    ).json()
    assert check["fee"]["outcome"] == "fee"
    quote = await draft_for(own_service, request)
    assert await request_now(own_service, request) == ("in_progress", None)
    (line,) = quote["lines"]
    assert line["serial_number"] == "JPDEMO0003"
    assert (line["start_date"], line["end_date"]) == ("2026-12-01", "2027-11-30")
    (fee,) = quote["fee_lines"]
    assert fee["amount"] == check["fee"]["amount"] > 0
    assert quote["subtotal"] == line["amount"] + fee["amount"]
    assert quote["flags"] == []
    answer = await step(own_service, quote["quote_number"], "issue")
    assert answer.status_code == 200, answer.text
    assert await request_now(own_service, request) == ("quoted", quote["quote_number"])
    seen = (await own_service.get(f"{PATH}/{quote['quote_number']}")).json()
    assert (seen["state"], seen["total"]) == ("issued", answer.json()["total"])


async def test_a_fee_that_a_person_sets_blocks_the_issue_until_it_is_set(
    own_service: Service,
) -> None:
    request = await made(own_service, enrollment())
    quote = await draft_for(own_service, request)
    assert quote["fee_lines"] == []
    assert [flag["code"] for flag in quote["flags"]] == ["fee_to_decide"]
    answer = await step(own_service, quote["quote_number"], "issue")
    assert (answer.status_code, answer.json()["code"]) == (409, "quote_not_ready")
    assert await request_now(own_service, request) == ("in_progress", None)


@pytest.mark.parametrize("ending", ["cancellation", "rejection"])
async def test_a_request_that_ended_is_not_quoted(own_service: Service, ending: str) -> None:
    request = await made(own_service, enrollment())
    path = f"/v1/quote-requests/{request['id']}"
    etag = (await own_service.get(path, "desk")).headers["etag"]
    ended = await own_service.post(
        f"{path}/{ending}", "desk", json={"reason": "不要になりました"}, headers={"If-Match": etag}
    )
    assert ended.status_code == 200, ended.text
    answer = await own_service.post(
        PATH, "desk", json={"request_id": request["id"]}, headers={"Idempotency-Key": "late"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert answer.json()["facts"] == {"state": ended.json()["state"], "action": "draft"}


async def test_the_fee_is_named_in_the_language_of_the_answer(own_service: Service) -> None:
    request = await made(own_service, enrollment())
    number = (await draft_for(own_service, request))["quote_number"]
    path = f"{PATH}/{number}"
    fee = {"fee": {"amount": 50_000, "reason": "個別見積"}}
    assert (await step(own_service, number, "amend", fee)).status_code == 200
    assert (await step(own_service, number, "issue")).status_code == 200
    waived = {"fee": {"amount": 0, "reason": "免除"}}
    assert (await step(own_service, number, "versions", waived)).status_code == 201
    assert (await step(own_service, number, "issue")).status_code == 200
    for language, name in (("ja", "再加入手数料"), ("en", "Re-enrollment fee")):
        spoken = {"Accept-Language": language}
        first = await own_service.get(f"{path}/versions/1", headers=spoken)
        assert [line["name"] for line in first.json()["fee_lines"]] == [name]
        found = (await own_service.get(f"{path}/versions/2/diff", headers=spoken)).json()
        assert [line["product_name"] for line in found["lines"]["removed"]] == [name]
    # The printed documents are in Japanese, whatever the language of the one who fetches them.
    async with own_service.owner() as session:
        printed = await session.scalar(
            text("SELECT product_name FROM quote_line WHERE quote_number = :n AND kind = 'fee'"),
            {"n": number},
        )
    assert printed == "再加入手数料"


async def test_a_consumed_term_ends_earlier_in_the_quote_at_the_price_of_the_whole(
    own_service: Service,
) -> None:
    """FEE-2: the machine was without cover for 105 days, which the new term begins with."""
    tier = {"max_lapse_days": None, "outcome": "fee", "gap": {"mode": "consume_term"}}
    policy = await own_service.post(
        "/v1/fee-policies",
        "desk",
        json={**GAP_POLICY, "tiers": [tier]},
        headers={"Idempotency-Key": "consume"},
    )
    assert policy.status_code == 201, policy.text
    request = await made(own_service, enrollment())
    path = f"/v1/eligibility-checks/{request['eligibility_check_id']}"
    (item,) = (await own_service.get(path)).json()["items"]
    quote = await draft_for(own_service, request)
    (line,) = quote["lines"]
    assert (line["start_date"], line["end_date"]) == ("2026-12-01", item["fee"]["new_end"])
    assert line["end_date"] == "2027-08-17"
    assert line["unit_price"] == line["annual_price"]
    assert [flag["code"] for flag in quote["flags"]] == ["term_consumed"]
    number = quote["quote_number"]
    assert (await step(own_service, number, "amend", {"total": quote["total"]})).status_code == 200
    assert (await step(own_service, number, "issue")).status_code == 200
    seen = (await own_service.get(f"{PATH}/{number}")).json()
    assert (seen["end_date"], seen["total"]) == ("2027-08-17", quote["total"])
    assert [flag["code"] for flag in seen["flags"]] == ["term_consumed"]
    # Another term than the check decided on is looked at by a person.
    other = await own_service.post(
        f"{PATH}?dry_run=true",
        "desk",
        json={"request_id": request["id"], "period": {"term_months": 24}},
    )
    assert [flag["code"] for flag in other.json()["flags"]] == ["eligibility_to_review"]
