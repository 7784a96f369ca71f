"""Quotes through HTTP: drafted, amended, issued, read (QUO)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.quoting import (
    CONTRACT,
    FIVE_LINES,
    LATER_CONTRACT,
    drafted,
    etag,
    issued,
    step,
    written,
)
from tests.conftest import Service


async def test_a_draft_takes_lines_period_and_price_from_the_contract(
    own_service: Service,
) -> None:
    quote = await drafted(own_service)
    assert quote["state"] == "draft"
    assert quote["version"] == 1
    assert (quote["start_date"], quote["end_date"]) == ("2027-04-01", "2028-03-31")
    (line,) = quote["lines"]
    assert line["contract_number"] == CONTRACT
    assert line["annual_price"] == line["unit_price"] == line["amount"]
    assert quote["subtotal"] == line["amount"]
    (tax,) = quote["tax"]
    assert tax == {"rate": 10, "taxable": line["amount"], "amount": line["amount"] // 10}
    assert quote["total"] == quote["subtotal"] + tax["amount"]
    assert quote["addressee"]["line"] == f"{quote['addressee']['name']} 御中"
    assert quote["flags"] == []


async def test_the_price_in_force_on_the_start_date_counts_not_the_one_of_today(
    own_service: Service,
) -> None:
    async with own_service.owner() as session:
        await session.execute(text("DELETE FROM price WHERE valid_from > '2026-11-25'"))
        await session.execute(
            text(
                "INSERT INTO price (product_number, service_level, valid_from, annual_price)"
                " VALUES ('868703-B21', 'foundation_care_24x7', '2027-04-01', 999),"
                " ('868703-B21', 'foundation_care_24x7', '2027-04-02', 111)"
            )
        )
    quote = await drafted(own_service)
    assert quote["lines"][0]["annual_price"] == 999


async def test_without_a_listed_price_the_line_keeps_its_own_and_without_one_it_is_flagged(
    own_service: Service,
) -> None:
    async with own_service.owner() as session:
        await session.execute(text("DELETE FROM price"))
        await session.execute(
            text("UPDATE contract_line SET annual_price = 1200 WHERE contract_number = :n"),
            {"n": CONTRACT},
        )
        await session.execute(
            text("UPDATE contract_line SET annual_price = NULL WHERE contract_number = :n"),
            {"n": LATER_CONTRACT},
        )
    kept = await drafted(own_service)
    assert kept["lines"][0]["annual_price"] == 1200
    missing = await drafted(own_service, "missing", LATER_CONTRACT)
    assert [flag["code"] for flag in missing["flags"]] == ["price_missing"]
    number = missing["quote_number"]
    refused = await step(own_service, number, "issue")
    assert refused.status_code == 409
    assert refused.json()["code"] == "quote_not_ready"
    assert refused.json()["errors"] == [{"pointer": "/lines/1", "code": "price_missing"}]
    set_ = await step(
        own_service,
        number,
        "amend",
        {"lines": [{"line_number": 1, "unit_price": 500, "price_reason": "個別見積"}]},
    )
    assert set_.status_code == 200, set_.text
    assert set_.json()["subtotal"] == 500
    assert (await step(own_service, number, "issue")).status_code == 200


async def test_lines_that_are_left_out_need_a_reason_each(own_service: Service) -> None:
    chosen: dict[str, Any] = {
        "lines": [{"contract_number": FIVE_LINES, "line_number": n} for n in (1, 2, 3)]
    }
    body = {"contract_numbers": [FIVE_LINES], **chosen}
    refused = await own_service.post("/v1/quotes?dry_run=true", "desk", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"pointer": "/left_out", "code": "reason_needed"}]
    reasons = [
        {"contract_number": FIVE_LINES, "line_number": n, "reason": "撤去予定"} for n in (4, 5)
    ]
    quote = await drafted(own_service, contract=FIVE_LINES, left_out=reasons, **chosen)
    assert [line["contract_line_number"] for line in quote["lines"]] == [1, 2, 3]
    assert [(left["line_number"], left["text"]) for left in quote["left_out"]] == [
        (4, "撤去予定"),
        (5, "撤去予定"),
    ]


async def test_each_line_starts_the_day_after_its_own_end_and_co_terming_gives_one_end(
    own_service: Service,
) -> None:
    quote = await drafted(own_service, contract=FIVE_LINES, co_term_to="2028-09-30")
    starts = {line["start_date"] for line in quote["lines"]}
    assert len(starts) == 2
    assert {line["end_date"] for line in quote["lines"]} == {"2028-09-30"}
    assert quote["start_date"] == min(starts)


@pytest.mark.parametrize(
    ("contract", "flags", "left_out"),
    [
        # JG898A: the renewal would start on the last day of support (EOS-1).
        ("JP-6008-0002", ["no_lines"], ["end_of_support"]),
        # AM867A: support goes on for two days, but its last day for renewals has passed (EOS-4).
        ("JP-6008-0003", ["no_lines"], ["last_renewal_passed"]),
        # 719064-B21: support ends within the next term (EOS-2).
        ("JP-6008-0004", ["truncated"], []),
        # R8P13A: nobody knows (EOS-3).
        ("JP-6008-0006", ["end_of_support_unknown"], []),
    ],
)
async def test_end_of_support_gates_every_line(
    service: Service, contract: str, flags: list[str], left_out: list[str]
) -> None:
    answer = await service.post(
        "/v1/quotes?dry_run=true", "desk", json={"contract_numbers": [contract]}
    )
    assert answer.status_code == 200, answer.text
    quote = answer.json()
    assert [flag["code"] for flag in quote["flags"]] == flags
    assert [left["reason"] for left in quote["left_out"]] == left_out
    if flags == ["truncated"]:
        assert quote["start_date"] == "2027-01-10"
        assert quote["end_date"] == "2027-09-21"


async def test_an_unknown_end_of_support_blocks_until_the_desk_says_on_what_grounds(
    own_service: Service,
) -> None:
    quote = await drafted(own_service, contract="JP-6008-0006")
    number = quote["quote_number"]
    assert (await step(own_service, number, "issue")).json()["code"] == "quote_not_ready"
    body = {"lines": [{"line_number": 1, "support_reason": "メーカー回答 2026-11-20"}]}
    amended = await step(own_service, number, "amend", body)
    assert amended.json()["flags"] == []
    assert (await step(own_service, number, "issue")).status_code == 200


async def test_an_issued_version_carries_deadline_limit_and_rule(own_service: Service) -> None:
    quote = await issued(own_service, valid_until="2027-03-20")
    assert quote["state"] == "issued"
    assert quote["issued_on"] == "2026-11-25"
    assert quote["order_deadline"] == "2027-03-31"
    assert quote["effective_limit"] == "2027-03-20"
    assert quote["deadline_rule"] == "DL-5"
    # 20 and 21 March 2027 are a weekend and the equinox.
    assert quote["advised_order_date"] == "2027-03-19"


async def test_a_stated_deadline_replaces_the_usual_one_and_a_late_one_needs_an_approval(
    own_service: Service,
) -> None:
    quote = await drafted(own_service)
    number = quote["quote_number"]
    late = {"stated_deadline": "2027-04-01"}
    refused = await step(own_service, number, "amend", late)
    assert refused.status_code == 422
    assert refused.json()["code"] == "stated_deadline_needs_approval"
    approved = {**late, "deadline_approver": "課長", "deadline_reason": "官公庁のため"}
    assert (await step(own_service, number, "amend", approved)).status_code == 200
    answer = await step(own_service, number, "issue")
    assert answer.json()["order_deadline"] == "2027-04-01"
    assert answer.json()["deadline_rule"] == "DL-2"


async def test_a_quote_whose_limit_has_passed_is_not_issued(own_service: Service) -> None:
    quote = await drafted(own_service, valid_until="2026-11-24")
    refused = await step(own_service, quote["quote_number"], "issue")
    assert refused.status_code == 409
    assert refused.json()["code"] == "limit_passed"
    assert refused.json()["facts"] == {"effective_limit": "2026-11-24"}


async def test_an_issued_version_past_its_limit_shows_lapsed_before_any_job_ran(
    own_service: Service,
) -> None:
    quote = await issued(own_service, valid_until="2026-11-26")
    path = f"/v1/quotes/{quote['quote_number']}"
    # Tokens outlive the two days; 24:00 of the limit is still in time (DL-3).
    own_service.clock.now += timedelta(hours=37, minutes=59)
    assert (await own_service.get(path)).json()["state"] == "issued"
    own_service.clock.now += timedelta(minutes=1)
    assert (await own_service.get(path)).json()["state"] == "lapsed"
    async with own_service.owner() as session:
        stored = await session.scalar(
            text("SELECT state FROM quote_version WHERE quote_number = :n"),
            {"n": quote["quote_number"]},
        )
    assert stored == "issued"
    declined = await step(
        own_service,
        quote["quote_number"],
        "decline",
        {"version": 1, "reason": "x"},
        "customer",
    )
    assert declined.status_code == 409
    assert declined.json()["facts"] == {"state": "lapsed"}


async def test_drafts_are_the_desks_only(own_service: Service) -> None:
    draft = await drafted(own_service)
    path = f"/v1/quotes/{draft['quote_number']}"
    for caller in ("customer", "partner", "other"):
        answer = await own_service.get(path, caller)
        absent = await own_service.get("/v1/quotes/Q2026-9999999", caller)
        assert answer.status_code == absent.status_code == 404
        assert answer.json()["code"] == absent.json()["code"]
    issued_ = (await step(own_service, draft["quote_number"], "issue")).json()
    assert (await own_service.get(path)).json()["version"] == 1
    second = await step(own_service, draft["quote_number"], "versions", {})
    assert second.status_code == 201
    seen = (await own_service.get(path)).json()
    assert (seen["version"], seen["latest_version"], seen["version_count"]) == (1, 1, 1)
    assert seen["lines"] == issued_["lines"]
    assert (await own_service.get(f"{path}?version=draft")).status_code == 404
    desk = (await own_service.get(f"{path}?version=draft", "desk")).json()
    assert (desk["version"], desk["state"], desk["version_count"]) == (2, "draft", 2)


async def test_the_next_version_supersedes_the_one_before_when_it_is_issued(
    own_service: Service,
) -> None:
    first = await issued(own_service)
    number = first["quote_number"]
    second = await step(own_service, number, "versions", {"end_date": "2029-03-31"})
    assert second.json()["version"] == 2
    assert second.json()["subtotal"] == 2 * first["subtotal"]
    assert (await own_service.get(f"/v1/quotes/{number}")).json()["state"] == "issued"
    assert (await step(own_service, number, "issue")).json()["version"] == 2
    async with own_service.owner() as session:
        states = await session.execute(
            text(
                "SELECT version, state, total FROM quote_version WHERE quote_number = :n"
                " ORDER BY version"
            ),
            {"n": number},
        )
        found = [tuple(row) for row in states]
    assert found == [
        (1, "superseded", first["total"]),
        (2, "issued", second.json()["total"]),
    ]
    late = {"version": 1, "reason": "x"}
    declined = await step(own_service, number, "decline", late, "customer")
    assert declined.status_code == 409
    assert declined.json()["code"] == "version_not_latest"
    assert declined.json()["facts"] == {"latest_version": 2}
    withdrawn = await step(own_service, number, "withdrawal", late)
    assert withdrawn.json()["facts"] == {"state": "superseded"}


async def test_the_next_version_is_based_on_the_latest_one_only(own_service: Service) -> None:
    first = await issued(own_service)
    number = first["quote_number"]
    old = await step(own_service, number, "versions", {"based_on": 2})
    assert old.status_code == 409
    assert old.json()["code"] == "version_not_latest"
    assert (await step(own_service, number, "versions", {"based_on": 1})).status_code == 201
    again = await step(own_service, number, "versions", {})
    assert again.status_code == 409
    assert again.json()["code"] == "draft_exists"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"total": 1}, "/total"),
        ({"lines": [{"line_number": 1, "quantity": 2, "amount": 7}]}, "/lines/0/amount"),
        (
            {
                "lines": [
                    {
                        "line_number": 1,
                        "quantity": 3,
                        "unit_price": 105,
                        "price_reason": "x",
                        "amount": 314,
                    }
                ]
            },
            "/lines/0/amount",
        ),
    ],
)
async def test_money_that_does_not_add_up_is_refused(
    own_service: Service, body: dict[str, Any], pointer: str
) -> None:
    quote = await drafted(own_service)
    before = await written(own_service)
    refused = await step(own_service, quote["quote_number"], "amend", body)
    assert refused.status_code == 422
    assert refused.json()["code"] == "amounts_disagree"
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert await written(own_service) == before


async def test_tax_is_rounded_once_per_rate_and_document(own_service: Service) -> None:
    """QUO-4: three lines of 105 yen at 10 % are 31 yen of tax, and a line at 8 % has its own."""
    quote = await drafted(own_service, contract=FIVE_LINES)
    lines: list[dict[str, Any]] = [
        {"line_number": n, "unit_price": 105, "price_reason": "x", "quantity": 1} for n in (1, 2, 3)
    ]
    lines.append({"line_number": 4, "unit_price": 99, "price_reason": "x", "tax_rate_bp": 800})
    lines.append({"line_number": 5, "leave_out_reason": "撤去"})
    answer = await step(own_service, quote["quote_number"], "amend", {"lines": lines, "total": 452})
    assert answer.status_code == 200, answer.text
    assert answer.json()["tax"] == [
        {"rate": 10, "taxable": 315, "amount": 31},
        {"rate": 8, "taxable": 99, "amount": 7},
    ]
    assert answer.json()["total"] == 452
    assert answer.json()["left_out"][-1]["text"] == "撤去"


async def test_dates_past_the_end_of_support_are_refused_at_a_line_and_shorten_the_whole(
    own_service: Service,
) -> None:
    quote = await drafted(own_service, contract="JP-6008-0004")
    number = quote["quote_number"]
    one = {"lines": [{"line_number": 1, "end_date": "2027-09-22"}]}
    refused = await step(own_service, number, "amend", one)
    assert refused.status_code == 409
    assert refused.json()["code"] == "past_end_of_support"
    assert refused.json()["rules"] == ["EOS-1", "EOS-2", "EOS-4"]
    whole = await step(own_service, number, "amend", {"end_date": "2027-12-31"})
    assert whole.json()["end_date"] == "2027-09-21"
    assert [flag["code"] for flag in whole.json()["flags"]] == ["truncated"]


async def test_end_of_support_is_checked_again_at_issue(own_service: Service) -> None:
    quote = await drafted(own_service)
    async with own_service.owner() as session:
        await session.execute(
            text("UPDATE product SET end_of_support = '2027-12-31' WHERE product_number = :p"),
            {"p": quote["lines"][0]["product_number"]},
        )
    before = await written(own_service)
    refused = await step(own_service, quote["quote_number"], "issue")
    assert refused.status_code == 409
    assert refused.json()["code"] == "past_end_of_support"
    assert refused.json()["errors"] == [{"pointer": "/lines/1", "code": "past_end_of_support"}]
    assert await written(own_service) == before


async def test_a_trial_shows_the_same_figures_and_leaves_nothing(own_service: Service) -> None:
    before = await written(own_service)
    body = {"contract_numbers": [CONTRACT], "period": {"term_months": 24}}
    trial = await own_service.post("/v1/quotes?dry_run=true", "desk", json=body)
    assert trial.status_code == 200
    assert "etag" not in trial.headers
    assert await written(own_service) == before
    real = await drafted(own_service, period={"term_months": 24})
    volatile = {"quote_number": None}
    assert trial.json() | volatile == real | volatile
    path = f"/v1/quotes/{real['quote_number']}"
    before = await written(own_service)
    held = await etag(own_service, real["quote_number"])
    tried = await step(
        own_service, real["quote_number"], "issue", held=held, params={"dry_run": "true"}
    )
    assert tried.json()["state"] == "issued"
    assert (await own_service.get(path, "desk")).json()["state"] == "draft"
    assert await etag(own_service, real["quote_number"]) == held
    assert await written(own_service) == before


async def test_a_repeated_key_is_answered_with_the_stored_draft(own_service: Service) -> None:
    body = {"contract_numbers": [CONTRACT]}
    sent = {"json": body, "headers": {"Idempotency-Key": "same"}}
    first = await own_service.post("/v1/quotes", "desk", **sent)
    again = await own_service.post("/v1/quotes", "desk", **sent)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    other = {**sent, "json": {**body, "co_term_to": "2028-01-31"}}
    assert (await own_service.post("/v1/quotes", "desk", **other)).status_code == 422


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "one_source"),
        ({"contract_numbers": [CONTRACT], "merge_of": ["Q1", "Q2"]}, "one_source"),
        ({"contract_numbers": ["JP-9999-0000"]}, "contract_unknown"),
        (
            {"contract_numbers": [CONTRACT], "addressee": {"kind": "company", "name": "山田様"}},
            "other_honorific",
        ),
        (
            {"contract_numbers": [CONTRACT], "addressee": {"kind": "person", "name": "見本御中"}},
            "other_honorific",
        ),
        ({"request_id": "019ab8a4-3b80-7000-8000-000000000001"}, "request_unknown"),
        (
            {
                "contract_numbers": [CONTRACT],
                "co_term_to": "2028-01-31",
                "period": {"term_months": 3},
            },
            "one_term",
        ),
    ],
)
async def test_a_draft_that_means_nothing_is_refused(
    service: Service, body: dict[str, Any], code: str
) -> None:
    answer = await service.post("/v1/quotes?dry_run=true", "desk", json=body)
    assert answer.status_code == 422
    assert code in {place["code"] for place in answer.json()["errors"]}


async def test_contracts_of_two_customers_make_no_quote(service: Service) -> None:
    body = {"contract_numbers": [CONTRACT, FIVE_LINES]}
    answer = await service.post("/v1/quotes?dry_run=true", "desk", json=body)
    assert answer.status_code == 409
    assert answer.json()["code"] == "customers_differ"


async def test_the_addressee_is_a_company_or_a_person_never_both(own_service: Service) -> None:
    person = {"kind": "person", "name": "髙﨑 花子 様"}
    quote = await drafted(own_service, addressee=person)
    assert quote["addressee"] == {"kind": "person", "name": "髙﨑 花子", "line": "髙﨑 花子 様"}


async def test_every_step_writes_one_event_and_one_audit_row(own_service: Service) -> None:
    events, audits = await written(own_service)
    quote = await issued(own_service)
    number = quote["quote_number"]
    await step(own_service, number, "decline", {"version": 1, "reason": "x"}, "customer")
    assert await written(own_service) == (events + 3, audits + 3)
    async with own_service.owner() as session:
        rows = await session.execute(
            text(
                "SELECT type, actor, data->>'version' FROM event WHERE object_id = :n"
                " ORDER BY position"
            ),
            {"n": number},
        )
        found = [tuple(row) for row in rows]
    assert found == [
        ("quote.drafted", "desk", "1"),
        ("quote.issued", "desk", "1"),
        ("quote.declined", "customer", "1"),
    ]
