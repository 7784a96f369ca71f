"""Desk hours, calendar, deadlines and fee simulations through HTTP."""

from typing import Any

import pytest

from tests.conftest import Service


@pytest.mark.parametrize(
    ("at", "is_open", "reason", "reply"),
    [
        ("2026-11-25T01:00:00Z", True, None, "2026-11-25T03:00:00Z"),
        ("2026-11-25T03:00:00Z", False, "break", "2026-11-25T06:00:00Z"),
        # CAL-5: Friday 17:45, two business hours end on Monday at 11:00.
        ("2026-11-27T17:45:00+09:00", False, "after_hours", "2026-11-30T02:00:00Z"),
        ("2026-11-28T12:00:00+09:00", False, "saturday", "2026-11-30T02:00:00Z"),
        ("2026-11-23T10:00:00+09:00", False, "national_holiday", "2026-11-24T02:00:00Z"),
        ("2026-12-29T10:00:00+09:00", False, "company_closing", "2027-01-04T02:00:00Z"),
    ],
)
async def test_the_desk_says_whether_it_is_open_and_when_it_answers(
    service: Service, at: str, is_open: bool, reason: str | None, reply: str
) -> None:
    answer = (await service.get("/v1/desk/status", "public", params={"at": at})).json()
    assert answer["open"] is is_open
    assert (answer["reason"] or {}).get("code") == reason
    assert answer["promised_reply_at"] == reply


async def test_the_calendar_tells_closed_days_and_a_feed_keeps_its_identities(
    service: Service,
) -> None:
    path = "/v1/desk/calendar?from=2026-12-28&to=2027-01-04"
    days = (await service.get(path, "public")).json()["items"]
    assert [day["open"] for day in days] == [True] + [False] * 6 + [True]
    feed = await service.get(path, "public", headers={"Accept": "text/calendar"})
    assert feed.headers["content-type"].startswith("text/calendar")
    assert "UID:2026-12-29@desk-calendar.renewal-desk" in feed.text
    assert (
        feed.text == (await service.get(path, "public", headers={"Accept": "text/calendar"})).text
    )


async def test_a_closing_day_moves_answers_at_once_and_can_be_taken_back(
    own_service: Service,
) -> None:
    path = "/v1/order-deadline-calculations"
    body = {"start_date": "2027-02-02"}
    before = (await own_service.post(path, "public", json=body)).json()
    assert before["advised_order_date"] == "2027-02-01"
    day = {"kind": "closed", "name": "創立記念日"}
    put = await own_service.send("PUT", "/v1/desk/closing-days/2027-02-01", "desk", json=day)
    assert put.status_code == 200
    moved = (await own_service.post(path, "public", json=body)).json()
    assert moved["advised_order_date"] == "2027-01-29"
    gone = await own_service.send("DELETE", "/v1/desk/closing-days/2027-02-01", "desk")
    assert gone.status_code == 204
    again = await own_service.send("DELETE", "/v1/desk/closing-days/2027-02-01", "desk")
    assert again.status_code == 404
    assert (await own_service.post(path, "public", json=body)).json() == before
    trail = (await own_service.get("/v1/audit?object_type=closing_day", "desk")).json()["items"]
    assert {entry["action"] for entry in trail} == {"removed", "set"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"start_date": "2027-05-07"},
            {
                "order_deadline": "2027-05-06",
                "advised_order_date": "2027-05-06",
                "effective_limit": "2027-05-06",
                "rule": "DL-1",
                "state": "open",
            },
        ),
        (
            {"start_date": "2027-04-01", "stated_deadline": "2027-03-19"},
            {"order_deadline": "2027-03-19", "rule": "DL-2", "effective_limit": "2027-03-19"},
        ),
        (
            {"start_date": "2027-04-01", "valid_until": "2027-02-28"},
            {
                "order_deadline": "2027-03-31",
                "effective_limit": "2027-02-28",
                "rule": "DL-5",
                "advised_order_date": "2027-02-26",
            },
        ),
        (
            {"start_date": "2026-11-26"},
            {"state": "today", "days_left": 0, "business_minutes_left": 390},
        ),
        ({"start_date": "2026-11-25"}, {"state": "passed", "business_minutes_left": 0}),
    ],
)
async def test_a_deadline_answers_everything_at_once(
    service: Service, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    answer = (await service.post("/v1/order-deadline-calculations", "public", json=body)).json()
    assert {name: answer[name] for name in expected} == expected


async def test_a_deadline_from_the_start_date_on_needs_an_approval(service: Service) -> None:
    path = "/v1/order-deadline-calculations"
    body = {"start_date": "2027-04-01", "stated_deadline": "2027-04-01"}
    refused = await service.post(path, "public", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "stated_deadline_needs_approval")
    assert refused.json()["rules"] == ["DL-2"]
    approved = await service.post(
        path, "public", json={**body, "approver": "desk lead", "reason": "public body"}
    )
    assert approved.json()["order_deadline"] == "2027-04-01"


GAP_AT_150 = {
    "code": "GAP-150",
    "tiers": [
        {
            "max_lapse_days": 365,
            "outcome": "fee",
            "gap": {"mode": "charge", "basis": "last_annual", "multiplier_bp": 15000},
        },
        {"max_lapse_days": None, "outcome": "manual"},
    ],
}


async def test_a_fee_policy_is_tried_on_cases(service: Service) -> None:
    cases = [
        {
            "previous_end": "2026-03-31",
            "new_start": start,
            "term_months": 12,
            "last_annual_price": 1_200_000,
            "new_annual_price": 1_260_000,
        }
        for start in ("2026-04-05", "2026-07-10", "2027-05-06")
    ]
    answer = await service.post(
        "/v1/fee-simulations", "desk", json={"policy": GAP_AT_150, "cases": cases}
    )
    results = answer.json()["results"]
    assert [result["lapse_days"] for result in results] == [4, 100, 400]
    assert [result["amount"] for result in results] == [19_726, 493_150, None]
    assert [result["outcome"] for result in results] == ["fee", "fee", "manual"]


async def test_a_wrong_policy_is_refused_by_place_and_code(service: Service) -> None:
    policy = {"tiers": [{"max_lapse_days": None, "outcome": "fee", "surprise": 1}]}
    answer = await service.post(
        "/v1/fee-simulations",
        "desk",
        json={"policy": policy, "cases": [{"new_start": "2027-01-01", "term_months": 12}]},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/policy/tiers/0", "code": "unknown_key"}]
