"""Merged, split and co-termed quotes through HTTP (QUO-5, QUO-6)."""

from sqlalchemy import text

from tests.api.quoting import CONTRACT, FIVE_LINES, LATER_CONTRACT, drafted, issued, step
from tests.conftest import Service


async def test_a_preview_says_for_each_line_what_one_end_means_and_stores_nothing(
    own_service: Service,
) -> None:
    quote = await drafted(own_service, contract=FIVE_LINES)
    body = {"quote_number": quote["quote_number"], "co_term_to": "2028-03-31"}
    answer = await own_service.post("/v1/quote-previews", "desk", json=body)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["line_number"] for item in items] == [1, 2, 3, 4, 5]
    for item, line in zip(items, quote["lines"], strict=True):
        assert item["problem"] is None
        assert item["old_end_date"] == line["end_date"]
        assert item["new_end_date"] == "2028-03-31"
        assert item["old_amount"] == line["amount"]
        assert item["difference"] == item["amount"] - item["old_amount"]
    assert answer.json()["difference"] == sum(item["difference"] for item in items)
    # What was previewed is what the amendment then comes to.
    amended = await step(own_service, quote["quote_number"], "amend", {"end_date": "2028-03-31"})
    assert [line["amount"] for line in amended.json()["lines"]] == [
        item["amount"] for item in items
    ]


async def test_a_preview_names_what_stands_in_the_way(own_service: Service) -> None:
    quote = await drafted(own_service, contract="JP-6008-0004")
    for end, problem in (
        ("2027-12-31", "end_after_end_of_support"),
        ("2026-12-31", "end_before_start"),
    ):
        body = {"quote_number": quote["quote_number"], "co_term_to": end}
        answer = await own_service.post("/v1/quote-previews", "desk", json=body)
        (item,) = answer.json()["items"]
        assert item["problem"]["code"] == problem
        assert item["amount"] is item["difference"] is None
    unknown = {**body, "line_numbers": [1, 7]}
    answer = await own_service.post("/v1/quote-previews", "desk", json=unknown)
    assert answer.json()["errors"] == [{"pointer": "/line_numbers/1", "code": "line_unknown"}]


async def test_a_split_keeps_the_history_of_both_and_every_line_once(
    own_service: Service,
) -> None:
    whole = await drafted(own_service, contract=FIVE_LINES)
    number = whole["quote_number"]
    answer = await step(own_service, number, "split", {"line_numbers": [2, 5]})
    assert answer.status_code == 201, answer.text
    part = answer.json()
    assert part["split_from"] == number
    rest = (await own_service.get(f"/v1/quotes/{number}", "desk")).json()
    assert part["subtotal"] + rest["subtotal"] == whole["subtotal"]
    taken = [line["contract_line_number"] for line in part["lines"]]
    stayed = [line["contract_line_number"] for line in rest["lines"]]
    assert (taken, stayed) == ([2, 5], [1, 3, 4])
    assert [(left["line_number"], left["reason"]) for left in rest["left_out"]] == [
        (2, "split_off"),
        (5, "split_off"),
    ]
    everything = {"line_numbers": [1, 2, 3]}
    refused = await step(own_service, number, "split", everything)
    assert refused.json()["errors"] == [{"pointer": "/line_numbers", "code": "no_line_stays"}]


async def test_a_merged_quote_takes_the_place_of_its_parts_when_it_is_issued(
    own_service: Service,
) -> None:
    first = await issued(own_service, "first")
    second = await drafted(own_service, "second", LATER_CONTRACT)
    numbers = [first["quote_number"], second["quote_number"]]
    merged = await drafted(own_service, "merged", merge_of=numbers, co_term_to="2028-06-30")
    assert merged["merged_from"] == numbers
    assert [line["contract_number"] for line in merged["lines"]] == [CONTRACT, LATER_CONTRACT]
    assert {line["end_date"] for line in merged["lines"]} == {"2028-06-30"}
    # A draft goes in at once; what was issued stands until the merged quote is.
    states = [
        (await own_service.get(f"/v1/quotes/{number}", "desk")).json()["state"]
        for number in numbers
    ]
    assert states == ["issued", "withdrawn"]
    assert (await step(own_service, merged["quote_number"], "issue")).status_code == 200
    after = (await own_service.get(f"/v1/quotes/{numbers[0]}")).json()
    assert after["state"] == "superseded"
    async with own_service.owner() as session:
        rows = await session.execute(
            text("SELECT object_id, type FROM event WHERE data->>'into' = :m ORDER BY position"),
            {"m": merged["quote_number"]},
        )
        found = [tuple(row) for row in rows]
    assert found == [
        (numbers[0], "quote.merged"),
        (numbers[1], "quote.withdrawn"),
        (numbers[1], "quote.merged"),
    ]


async def test_quotes_of_two_customers_or_that_have_ended_are_not_merged(
    own_service: Service,
) -> None:
    own = await drafted(own_service)
    other = await drafted(own_service, "other", FIVE_LINES)
    body = {"merge_of": [own["quote_number"], other["quote_number"]]}
    refused = await own_service.post("/v1/quotes?dry_run=true", "desk", json=body)
    assert refused.json()["code"] == "customers_differ"
    end = {"version": 1, "reason": "x"}
    assert (await step(own_service, own["quote_number"], "withdrawal", end)).status_code == 200
    later = await drafted(own_service, "later", LATER_CONTRACT)
    body = {"merge_of": [later["quote_number"], own["quote_number"]]}
    ended = await own_service.post("/v1/quotes?dry_run=true", "desk", json=body)
    assert ended.status_code == 409
    assert ended.json()["facts"] == {"state": "withdrawn"}
    body = {"merge_of": [later["quote_number"], "Q2026-9999999"]}
    unknown = await own_service.post("/v1/quotes?dry_run=true", "desk", json=body)
    assert unknown.json()["errors"] == [{"pointer": "/merge_of/1", "code": "quote_unknown"}]
