"""Examples of the API description: a request for every operation, and what the service answers.

The requests stand here; the answers in openapi_answers.json are those of the demo set, written by
tests/api/test_examples.py, which sends every request and compares.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.openapi_change_examples import CHANGE_REQUESTS
from app.openapi_example import Example as Example
from app.openapi_quote_examples import QUOTE_REQUESTS

# By operation, status and media type.
Answers = Mapping[str, Mapping[str, Mapping[str, Any]]]

_ANSWERS = Path(__file__).with_name("openapi_answers.json")

IMPORT = {
    "files": ["date,kind,opens,closes,name\r\n2027-08-13,closed,,,夏季休業\r\n"],
    "encoding": "utf-8",
}
DAYS = {"from": "2026-12-28", "to": "2026-12-30"}
CLIENT = {"client_id": "P0001-5f0c2b9a1d3e4f60", "client_secret": "kept-where-secrets-are-kept"}
POLICY = {
    "code": "gap-at-150-percent",
    "effective_from": "2026-04-01",
    "applies_to": {"request_kind": ["reenrollment"]},
    "tiers": [
        {
            "max_lapse_days": 365,
            "outcome": "fee",
            "gap": {"mode": "charge", "basis": "last_annual", "multiplier_bp": 15000},
        },
        {"max_lapse_days": None, "outcome": "manual"},
    ],
}
CHECK = {
    "kind": "reenrollment",
    "start_date": "2027-01-01",
    "term_months": 12,
    "items": [
        {
            "serial_number": "JPDEMO0003",
            "service_level": "foundation_care_nbd",
            "operating_condition": {
                "state": "working",
                "declared_by": "山田 太郎",
                "declared_on": "2026-11-24",
            },
        }
    ],
}
ONE_CONTRACT = {"contract_number": "JP-4500-0002"}
REQUESTER = {"name": "山田 太郎", "email": "taro.yamada@example.com"}


def renewal(key: str, **identification: str) -> Example:
    """A request to renew what is identified."""
    return Example(
        "customer",
        headers={"Idempotency-Key": key},
        body={"kind": "renewal", "identification": identification, "requester": REQUESTER},
    )


def step(of: str, holds: str, body: Any = None, caller: str = "desk") -> Example:
    """A step of the quote request that an example made, by one who holds the ETag of another."""
    return Example(caller, ids={"request_id": of}, holds=holds, body=body)


REQUESTS: Mapping[str, Example] = {
    "look_up_coverage": Example(
        "customer",
        body={
            "items": [
                {"serial_number": "JPDEMO0002"},
                {"serial_number": "JPDEMO0003", "product_number": "P19766-B21"},
            ]
        },
    ),
    "read_contracts": Example(
        "customer", query={"status": "expiring", "ends_to": "2027-01-31", "page_size": 1}
    ),
    "read_contract": Example("customer", ONE_CONTRACT),
    "read_contract_lines": Example("customer", ONE_CONTRACT, {"page_size": 10}),
    "read_contract_lines_csv": Example("customer", ONE_CONTRACT),
    **QUOTE_REQUESTS,
    **CHANGE_REQUESTS,
    "read_products": Example(query={"updated_since": "2026-01-01T00:00:00Z", "page_size": 1}),
    "read_product": Example(path={"product_number": "868703-B21"}, query={"as_of": "2026-11-25"}),
    "look_up_products": Example(body={"product_numbers": ["868703-B21", "868703-X99"]}),
    "calculate_order_deadline": Example(
        body={"start_date": "2027-04-01", "valid_until": "2027-03-20"}
    ),
    "calculate_purchase_window": Example(body={"end_date": "2027-03-31"}),
    "create_eligibility_check": Example(
        "customer",
        headers={"Idempotency-Key": "check-2027-01"},
        body=CHECK,
        others=(Example("customer", query={"dry_run": "true"}, body=CHECK),),
    ),
    "read_eligibility_check": Example("customer", ids={"check_id": "create_eligibility_check"}),
    "ask_for_quote": Example(
        "customer",
        headers={"Idempotency-Key": "renewal-2027-04"},
        body={
            "kind": "renewal",
            "identification": {"contract_number": "JP-4500-0002"},
            "period": {"term_months": 24},
            "requester": REQUESTER,
            "note": "2年契約でのお見積をお願いします。",
        },
        others=(
            renewal("ask-1", service_id="1029 3847 5610", contract_number="JP-4500-0002"),
            renewal("ask-2", contract_number="JP-4410-0001"),
            renewal("ask-3", contract_number="JP-4410-0001"),
            replace(
                renewal("dry", contract_number="JP-4500-0002"),
                headers={},
                query={"dry_run": "true"},
            ),
        ),
    ),
    "add_quote_request_information": step(
        "ask_for_quote/0",
        "ask_for_quote/0",
        {"identification": {"service_id": None}},
        "customer",
    ),
    "start_quote_request": step("ask_for_quote", "ask_for_quote"),
    "request_quote_request_information": step(
        "ask_for_quote",
        "start_quote_request",
        {"missing": ["period_needed"], "question": "2027年4月からの24か月でよろしいでしょうか。"},
    ),
    "cancel_quote_request": step(
        "ask_for_quote/0",
        "add_quote_request_information",
        {"reason": "同じ依頼を別にお送りしました。"},
        "customer",
    ),
    "reject_quote_request": step(
        "ask_for_quote/1", "ask_for_quote/1", {"reason": "対象の機器をお持ちでないとのことです。"}
    ),
    "redirect_quote_request": step("ask_for_quote/2", "ask_for_quote/2", {"redirect": "repairs"}),
    "read_quote_requests": Example("customer", query={"state": "open", "page_size": 1}),
    "read_quote_request": Example("customer", ids={"request_id": "ask_for_quote"}),
    "read_quote_request_history": Example("customer", ids={"request_id": "ask_for_quote"}),
    "download_quote_request_sheet": Example("customer", query=ONE_CONTRACT),
    "upload_quote_request_sheet": Example(
        "customer",
        headers={"Idempotency-Key": "sheet-2027-04"},
        body={"file": "見積依頼シート.xlsx"},
        others=(
            Example(
                "customer",
                headers={"Idempotency-Key": "sheet-201-machines"},
                body={"file": "見積依頼シート-201台.xlsx"},
            ),
            Example("customer", query={"dry_run": "true"}, body={"file": "見積依頼シート.xlsx"}),
        ),
    ),
    "read_quote_request_sheet": Example(
        "customer", query={"page_size": 2}, ids={"upload_id": "upload_quote_request_sheet/0"}
    ),
    "download_sheet_errors": Example("customer", ids={"upload_id": "upload_quote_request_sheet/0"}),
    "simulate_fees": Example(
        "partner",
        body={
            "policy": POLICY,
            "cases": [
                {
                    "previous_end": "2026-08-17",
                    "new_start": "2027-01-01",
                    "term_months": 12,
                    "last_annual_price": 120000,
                    "new_annual_price": 132000,
                }
            ],
        },
    ),
    "write_fee_policy": Example("desk", headers={"Idempotency-Key": "policy-2026-11"}, body=POLICY),
    "read_fee_policies": Example("desk", query={"page_size": 10}),
    "read_fee_policy": Example("desk", {"code": "gap-at-150-percent", "version": 1}),
    "read_faq": Example(query={"q": "deadline"}),
    "read_question": Example(path={"question_id": "order-deadline"}),
    "read_flow": Example(),
    "read_comparison": Example(),
    "read_redirects": Example(),
    "read_documents": Example(),
    "read_desk_status": Example(query={"at": "2026-11-27T17:45:00+09:00"}),
    "read_desk_calendar": Example(
        query=DAYS, others=(Example(query=DAYS, headers={"Accept": "text/calendar"}),)
    ),
    "put_closing_day": Example(
        "desk",
        {"date": "2027-08-12"},
        body={"kind": "short", "opens": "09:00", "closes": "12:00", "name": "夏季短縮営業"},
    ),
    "delete_closing_day": Example("desk", {"date": "2027-08-12"}),
    "confirm_calendar_year": Example("desk", {"year": 2028}),
    "create_import": Example(
        "desk",
        headers={"Idempotency-Key": "closing-days-2027"},
        body=IMPORT,
        others=(Example("desk", query={"dry_run": "true"}, body=IMPORT),),
    ),
    "read_imports": Example("desk", query={"page_size": 1}),
    "read_import": Example("desk", ids={"import_id": "create_import"}),
    "read_audit": Example("desk", query={"customer_id": "C0001", "page_size": 1}),
    "put_test_clock": Example("customer", body={"now": "2027-03-31T15:30:00Z", "frozen": True}),
    "delete_test_clock": Example("customer"),
    "create_token": Example(
        body={"grant_type": "client_credentials", "scope": "contracts quotes", **CLIENT}
    ),
    "revoke_token": Example(body={"token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9", **CLIENT}),
    "read_public_keys": Example(),
    "read_server_metadata": Example(),
    "show_liveness": Example(),
    "show_readiness": Example(),
    "show_metrics": Example(),
    "show_documentation": Example(),
    "show_description": Example(),
    "show_problem": Example(path={"code": "not_found"}),
}


def recorded_answers() -> Answers:
    """The recorded answers."""
    answers: Answers = json.loads(_ANSWERS.read_text("utf-8"))
    return answers
