"""Examples of the API description: change requests from asking to their end."""

from collections.abc import Mapping
from typing import Any

from app.openapi_example import Example

CHANGE: dict[str, Any] = {
    "contract_number": "JP-4500-0002",
    "requester": {"name": "山田 太郎", "email": "taro.yamada@example.com"},
    "changes": [
        {"kind": "period", "end_date": "2028-03-31"},
        {"kind": "level", "service_level": "proactive_care_24x7"},
    ],
}

CHANGE_REQUESTS: Mapping[str, Example] = {
    "ask_for_change": Example(
        "customer",
        headers={"Idempotency-Key": "change-2026-11"},
        body=CHANGE,
        others=(
            Example("customer", query={"dry_run": "true"}, body=CHANGE),
            Example("customer", headers={"Idempotency-Key": "change-2026-10"}, body=CHANGE),
            Example(
                "customer",
                headers={"Idempotency-Key": "change-2026-09"},
                body={**CHANGE, "changes": CHANGE["changes"][:1]},
            ),
        ),
    ),
    "read_change_requests": Example("customer", query={"state": "received", "page_size": 1}),
    "read_change_request": Example("customer", ids={"change_id": "ask_for_change"}),
    "read_change_request_history": Example("customer", ids={"change_id": "ask_for_change"}),
    "cancel_change_request": Example(
        "customer",
        ids={"change_id": "ask_for_change/1"},
        holds="ask_for_change/1",
        body={"reason": "期間を再検討するためです。"},
    ),
    "answer_change": Example(
        "desk",
        ids={"change_id": "ask_for_change/2"},
        holds="ask_for_change/2",
        body={"based_on": 1},
    ),
    "reject_change_request": Example(
        "desk",
        ids={"change_id": "ask_for_change"},
        holds="ask_for_change",
        body={"reason": "ご希望の期間中に、製品のサポート終了日を迎えます。"},
    ),
}
