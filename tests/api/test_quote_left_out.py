"""Lines that a draft leaves out and takes back, through HTTP (QUO-6).

Seen to fail: with a restored line taken at the period of the other lines, with its price not looked
up in the list, with its place among `left_out` not given up, and with a line taken back whose
support has ended.
"""

from typing import Any

import pytest
from sqlalchemy import text

from tests.api.quoting import FIVE_LINES, drafted, step, written
from tests.conftest import Service


def without_number(line: dict[str, Any]) -> dict[str, Any]:
    """A line as it is wherever it stands in the quote."""
    return {**line, "line_number": None}


async def partial(service: Service, **wanted: Any) -> dict[str, Any]:
    """A draft that leaves out two lines of five."""
    reasons = [
        {"contract_number": FIVE_LINES, "line_number": n, "reason": "撤去予定"} for n in (1, 4)
    ]
    chosen = [{"contract_number": FIVE_LINES, "line_number": n} for n in (2, 3, 5)]
    return await drafted(service, "partial", FIVE_LINES, lines=chosen, left_out=reasons, **wanted)


@pytest.mark.parametrize("wanted", [{}, {"co_term_to": "2028-09-30"}])
async def test_a_line_left_out_comes_back_as_it_would_have_been_drafted(
    own_service: Service, wanted: dict[str, Any]
) -> None:
    whole = await drafted(own_service, contract=FIVE_LINES, **wanted)
    quote = await partial(own_service, **wanted)
    assert [each["left_out_number"] for each in quote["left_out"]] == [1, 2]
    number = quote["quote_number"]
    answer = await step(own_service, number, "amend", {"restored": [2]})
    assert answer.status_code == 200, answer.text
    assert [line["contract_line_number"] for line in answer.json()["lines"]] == [2, 3, 5, 4]
    assert without_number(answer.json()["lines"][-1]) == without_number(whole["lines"][3])
    (still,) = answer.json()["left_out"]
    assert (still["left_out_number"], still["line_number"]) == (1, 1)
    both = await step(own_service, number, "amend", {"restored": [1], "total": whole["total"]})
    assert both.status_code == 200, both.text
    assert both.json()["left_out"] == []
    for name in ("start_date", "end_date", "subtotal", "total", "flags"):
        assert both.json()[name] == whole[name]
    assert (await step(own_service, number, "issue")).status_code == 200


async def test_a_line_that_was_amended_away_comes_back_at_the_price_of_the_list(
    own_service: Service,
) -> None:
    quote = await drafted(own_service, contract=FIVE_LINES)
    number, before = quote["quote_number"], quote["lines"][1]
    out = {"lines": [{"line_number": 2, "leave_out_reason": "撤去"}]}
    assert (await step(own_service, number, "amend", out)).status_code == 200
    async with own_service.owner() as session:
        await session.execute(
            text(
                "UPDATE price SET annual_price = 36500"
                " WHERE product_number = :product AND service_level = :level"
            ),
            {"product": before["product_number"], "level": before["service_level"]},
        )
    answer = await step(own_service, number, "amend", {"restored": [1]})
    line = answer.json()["lines"][-1]
    assert (line["serial_number"], line["annual_price"]) == (before["serial_number"], 36500)
    assert (line["start_date"], line["end_date"]) == (before["start_date"], before["end_date"])


async def test_what_cannot_come_back_is_refused_and_nothing_is_stored(
    own_service: Service,
) -> None:
    quote = await partial(own_service)
    number = quote["quote_number"]
    before = await written(own_service)
    for restored, pointer, code in (
        ([3], "/restored/0", "line_unknown"),
        ([1, 1], "/restored/1", "line_twice"),
    ):
        refused = await step(own_service, number, "amend", {"restored": restored})
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"] == [{"pointer": pointer, "code": code}]
    async with own_service.owner() as session:
        await session.execute(
            text("UPDATE product SET end_of_support = '2026-12-31' WHERE product_number = :p"),
            {"p": quote["left_out"][0]["product_number"]},
        )
    late = await step(own_service, number, "amend", {"restored": [1]})
    assert (late.status_code, late.json()["code"]) == (409, "past_end_of_support")
    assert late.json()["errors"] == [{"pointer": "/restored/0", "code": "past_end_of_support"}]
    assert await written(own_service) == before


async def test_the_next_version_may_take_a_line_back_too(own_service: Service) -> None:
    quote = await partial(own_service)
    number = quote["quote_number"]
    assert (await step(own_service, number, "issue")).status_code == 200
    second = await step(own_service, number, "versions", {"restored": [1, 2]})
    assert second.status_code == 201, second.text
    assert (len(second.json()["lines"]), second.json()["left_out"]) == (5, [])
    first = (await own_service.get(f"/v1/quotes/{number}", "desk")).json()
    assert (len(first["lines"]), len(first["left_out"])) == (3, 2)
