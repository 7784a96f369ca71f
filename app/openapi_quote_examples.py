"""Examples of the API description: quotes from draft to decline."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.openapi_example import Example

ONE_QUOTE = {"quote_number": "Q2026-0000001"}


def quote_step(holds: str, body: Any = None) -> Example:
    """A step of the desk with the quote that an example drafted, holding the ETag of another."""
    return Example("desk", ids={"quote_number": "create_quote"}, holds=holds, body=body)


QUOTE_REQUESTS: Mapping[str, Example] = {
    "read_quote": Example("customer", ONE_QUOTE),
    "read_quotes": Example("customer", query={"state": "issued", "page_size": 1}),
    "read_quote_versions": Example("customer", ONE_QUOTE),
    "read_quote_version": Example("customer", {**ONE_QUOTE, "version": 1}),
    "read_quote_difference": Example("customer", {**ONE_QUOTE, "version": 1}, {"against": 1}),
    "read_quote_deadline": Example("customer", ONE_QUOTE),
    "read_order_deadlines": Example("customer", query={"within_days": 31, "page_size": 1}),
    "read_order_deadline_feed": Example("customer"),
    "read_quote_document": Example("customer", ONE_QUOTE),
    "read_answer_sheet": Example("customer", ONE_QUOTE),
    "create_quote": Example(
        "desk",
        headers={"Idempotency-Key": "quote-2027-08"},
        body={
            "contract_numbers": ["JP-4410-0001", "JP-4500-0001"],
            "co_term_to": "2028-06-30",
            "addressee": {"kind": "company", "name": "株式会社見本"},
            "contact": {"name": "山田 太郎", "email": "taro@example.com"},
            "valid_until": "2027-02-26",
        },
        others=(
            Example(
                "desk",
                query={"dry_run": "true"},
                body={"contract_numbers": ["JP-4410-0001"], "period": {"term_months": 24}},
            ),
        ),
    ),
    "change_quote": quote_step(
        "create_quote",
        {
            "lines": [
                {"line_number": 1, "unit_price": 180000, "price_reason": "複数年割引(承認済み)"}
            ],
            "conditions": "発注期限:2027年3月19日",
            "stated_deadline": "2027-03-19",
        },
    ),
    "preview_common_end": Example(
        "desk",
        body={"quote_number": "Q2026-0000002", "co_term_to": "2028-03-31"},
    ),
    "split_draft": replace(
        quote_step("change_quote", {"line_numbers": [2]}),
        headers={"Idempotency-Key": "split-2027-08"},
        others=(
            replace(quote_step("change_quote", {"line_numbers": [2]}), query={"dry_run": "true"}),
        ),
    ),
    "issue_draft": replace(
        Example("desk"), ids={"quote_number": "split_draft"}, holds="split_draft"
    ),
    "create_version": Example(
        "desk",
        ids={"quote_number": "split_draft"},
        headers={"Idempotency-Key": "version-2027-08"},
        body={"based_on": 1, "service_level": "proactive_care_24x7"},
        others=(
            Example(
                "desk",
                ids={"quote_number": "issue_draft"},
                query={"dry_run": "true"},
                body={"based_on": 1, "end_date": "2029-06-30"},
            ),
        ),
    ),
    "withdraw_version": Example(
        "desk",
        ids={"quote_number": "split_draft"},
        holds="create_version",
        body={"version": 2, "reason": "お客様のご希望により、版を作成し直します。"},
    ),
    "decline_version": Example(
        "customer",
        ids={"quote_number": "split_draft"},
        holds="withdraw_version",
        body={"version": 1, "reason": "機器を入れ替えることになりました。"},
    ),
}
