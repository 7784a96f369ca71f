"""Eligibility checks and fee policies through HTTP."""

import itertools
from typing import Any

import httpx
import pytest

from tests.conftest import Service

WORKING = {"state": "working", "declared_by": "佐藤 花子", "declared_on": "2026-11-20"}
_keys = itertools.count(1)
GAP_POLICY = {
    "code": "GAP",
    "effective_from": "2026-01-01",
    "tiers": [
        {
            "max_lapse_days": 365,
            "outcome": "fee",
            "gap": {"mode": "charge", "basis": "last_annual"},
        },
        {"max_lapse_days": None, "outcome": "forbidden"},
    ],
}


def question(serial: str = "JPDEMO0003", **changes: Any) -> dict[str, Any]:
    machine = {
        "serial_number": serial,
        "service_level": "foundation_care_24x7",
        "operating_condition": WORKING,
    }
    return {"kind": "reenrollment", "start_date": "2026-12-01", "items": [machine]} | changes


def machine(serial: str, **changes: Any) -> dict[str, Any]:
    wished: dict[str, Any] = question(serial)["items"][0]
    return wished | changes


async def keep(
    service: Service, body: dict[str, Any], caller: str = "customer", key: str | None = None
) -> httpx.Response:
    """POST a check that is kept, under a key of its own."""
    headers = {"Idempotency-Key": key or f"check-{next(_keys)}"}
    return await service.post("/v1/eligibility-checks", caller, json=body, headers=headers)


async def check(service: Service, body: dict[str, Any], caller: str = "customer") -> dict[str, Any]:
    answer = await keep(service, body, caller)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_without_a_policy_a_person_sets_the_fee_and_no_figure_is_shown(
    own_service: Service,
) -> None:
    answer = await check(own_service, question())
    assert answer["fee"] == {"outcome": "manual", "amount": None, "components": []}
    assert answer["policy"] == {"code": "default-manual", "version": 1}
    assert "FEE-9" in answer["rules"] or "FEE-1" in answer["rules"]


async def test_with_a_policy_the_fee_is_itemised_and_the_check_reads_back_unchanged(
    own_service: Service,
) -> None:
    made = await own_service.post(
        "/v1/fee-policies", "desk", json=GAP_POLICY, headers={"Idempotency-Key": "one"}
    )
    assert made.status_code == 201, made.text
    answer = await keep(own_service, question())
    body = answer.json()
    assert body["outcome"] == "eligible_with_conditions"
    assert body["policy"] == {"code": "GAP", "version": 1}
    (item,) = body["items"]
    assert item["fee"]["outcome"] == "fee"
    assert item["fee"]["lapse_days"] == 105
    (component,) = item["fee"]["components"]
    assert component["amount"] == component["basis_amount"] * 105 // 365
    assert body["fee"]["amount"] == component["amount"]
    assert [one["code"] for one in item["conditions"]] == ["fee_acknowledgement"]
    again = await own_service.get(answer.headers["location"])
    assert again.content == answer.content
    english = await own_service.get(answer.headers["location"], headers={"Accept-Language": "en"})
    assert english.json()["outcome_text"].isascii()
    for caller, status in (("desk", 200), ("partner", 200), ("other", 404)):
        assert (await own_service.get(answer.headers["location"], caller)).status_code == status


async def test_a_dry_run_gives_the_same_figures_and_keeps_nothing(own_service: Service) -> None:
    tried = await own_service.post("/v1/eligibility-checks?dry_run=true", json=question())
    kept = await keep(own_service, question())
    assert (tried.status_code, kept.status_code) == (200, 201)
    assert tried.json()["id"] is None
    assert "location" not in tried.headers
    assert tried.json() | {"id": kept.json()["id"]} == kept.json()


async def test_a_repeated_check_is_one_check(own_service: Service) -> None:
    """Seen to fail when a check is kept without asking for its key: there are two checks then."""
    first = await keep(own_service, question(), key="again")
    again = await keep(own_service, question(), key="again")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    other = await keep(own_service, question("JPDEMO0001"), key="again")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_check_that_is_kept_needs_a_key_and_a_trial_none(service: Service) -> None:
    answer = await service.post("/v1/eligibility-checks", json=question())
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    tried = await service.post("/v1/eligibility-checks?dry_run=true", json=question())
    assert tried.status_code == 200


@pytest.mark.parametrize(
    ("wished", "outcome", "codes"),
    [
        ({}, "needs_review", {"serial_ambiguous"}),
        ({"serial_number": None}, "needs_review", {"machine_unidentified"}),
    ],
)
async def test_a_machine_that_is_not_identified_fails_alone(
    own_service: Service, wished: dict[str, Any], outcome: str, codes: set[str]
) -> None:
    body = question(items=[machine("JPDEMO0005") | wished, machine("JPDEMO0003")])
    answer = await check(own_service, body)
    first, second = answer["items"]
    assert first["outcome"] == outcome
    assert {reason["code"] for reason in first["reasons"]} == codes
    assert second["serial_number"] == "JPDEMO0003"
    assert not {reason["code"] for reason in second["reasons"]} & codes


async def test_the_same_machine_twice_is_told_at_the_second(own_service: Service) -> None:
    answer = await check(
        own_service, question(items=[machine("JPDEMO0003"), machine("JPDEMO0003")])
    )
    assert [r["code"] for r in answer["items"][1]["reasons"]] == ["machine_twice"]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"term_months": 0}, "/term_months", "out_of_range"),
        ({"term_months": 10_000}, "/term_months", "out_of_range"),
        ({"end_date": "2026-11-30"}, "", "end_before_start"),
        ({"end_date": "2027-11-30", "term_months": 12}, "", "one_term"),
        ({"start_date": "2026-02-30"}, "/start_date", "invalid_date"),
        ({"kind": "renewal"}, "/kind", "not_one_of"),
        ({"items": []}, "/items", "too_few"),
        ({"customer_id": "C0002"}, "/customer_id", "customer_unknown"),
    ],
)
async def test_what_cannot_be_asked_is_refused_at_its_place(
    service: Service, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await keep(service, question(**changes))
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": pointer, "code": code}]


async def test_a_start_that_is_not_in_the_future_is_decided_and_not_refused(
    own_service: Service,
) -> None:
    answer = await check(own_service, question(start_date="2026-11-25"))
    assert answer["outcome"] == "not_eligible"
    assert answer["reasons"][0]["rule"] == "ELG-1"
    tomorrow = await check(own_service, question(start_date="2026-11-26"))
    assert tomorrow["reasons"] == []


async def test_a_policy_is_never_changed_and_never_overlaps(own_service: Service) -> None:
    async def write(policy: dict[str, Any], key: str) -> Any:
        return await own_service.post(
            "/v1/fee-policies", "desk", json=policy, headers={"Idempotency-Key": key}
        )

    first = await write(GAP_POLICY, "a")
    replay = await write(GAP_POLICY, "a")
    assert replay.content == first.content
    assert replay.headers["idempotent-replayed"] == "true"
    second = await write(GAP_POLICY, "b")
    assert second.json()["version"] == 2
    other = await write(GAP_POLICY | {"code": "OTHER"}, "c")
    assert (other.status_code, other.json()["code"]) == (409, "policy_overlaps")
    pages = await own_service.get("/v1/fee-policies", "desk")
    assert [(p["code"], p["version"]) for p in pages.json()["items"]] == [("GAP", 1), ("GAP", 2)]
    assert (await own_service.get(first.headers["location"], "desk")).json() == first.json()


async def test_a_thousand_machines_are_decided_with_a_fixed_number_of_statements(
    own_service: Service,
) -> None:
    items = [machine("JPDEMO0003")] + [
        machine(f"NOSUCH{number:04}", product_number="868703-B21") for number in range(999)
    ]
    answer = await check(own_service, question(items=items))
    assert len(answer["items"]) == 1000
