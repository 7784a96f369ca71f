"""Quotes of one origin offer a line once, through HTTP (QUO-6).

Seen to fail: with nothing refused; with only the quote itself looked at; with those left out from
which a quote was split, that were split from it, or that were merged of it; with lapsed versions
taken for open ones; with ordered ones not looked at; and with those looked at that a merged quote
supersedes.
"""

from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import text

from tests.api.quoting import CONTRACT, FIVE_LINES, LATER_CONTRACT, drafted, issued, step, written
from tests.conftest import Service


async def split(service: Service, number: str, *line_numbers: int) -> str:
    """The number of the quote that lines of a draft become."""
    answer = await step(service, number, "split", {"line_numbers": list(line_numbers)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["quote_number"])


async def second_version(service: Service, **wanted: Any) -> str:
    """A quote of five lines, issued, with its next version in work."""
    quote = await issued(service, contract=FIVE_LINES, **wanted)
    number = str(quote["quote_number"])
    assert (await step(service, number, "versions", {})).status_code == 201
    return number


async def refused(service: Service, number: str, other: str, *lines: int) -> httpx.Response:
    """An issue that is refused for lines that another quote offers; nothing is stored."""
    before = await written(service)
    answer = await step(service, number, "issue")
    assert (answer.status_code, answer.json()["code"]) == (409, "lines_quoted_elsewhere")
    assert answer.json()["facts"] == {"quote_number": other}
    assert answer.json()["rules"] == ["QUO-6"]
    assert answer.json()["errors"] == [
        {"pointer": f"/lines/{line}", "code": "quoted_elsewhere"} for line in lines
    ]
    assert await written(service) == before
    return answer


async def issue(service: Service, number: str) -> None:
    """Issue a draft that stands in nobody's way."""
    answer = await step(service, number, "issue")
    assert answer.status_code == 200, answer.text


async def test_what_was_split_off_is_issued_after_the_next_version_of_its_origin(
    own_service: Service,
) -> None:
    number = await second_version(own_service)
    part = await split(own_service, number, 2, 5)
    answer = await refused(own_service, part, number, 1, 2)
    assert number not in answer.json()["detail"]
    await issue(own_service, number)
    await issue(own_service, part)
    # The same the other way: the origin takes back what the part offers.
    assert (await step(own_service, number, "versions", {"restored": [1]})).status_code == 201
    await refused(own_service, number, part, 4)
    end = {"version": 1, "reason": "分割の取消"}
    assert (await step(own_service, part, "withdrawal", end)).status_code == 200
    await issue(own_service, number)


async def test_a_part_of_a_part_is_looked_at_too(own_service: Service) -> None:
    number = await second_version(own_service)
    part = await split(own_service, number, 2, 5)
    smaller = await split(own_service, part, 1)
    await refused(own_service, smaller, number, 1)
    withdrawn = {"version": 1, "reason": "改版のため"}
    assert (await step(own_service, number, "withdrawal", withdrawn)).status_code == 200
    for each in (smaller, part, number):
        await issue(own_service, each)


async def test_what_lapsed_is_in_nobodys_way_and_what_was_ordered_stays_so(
    own_service: Service,
) -> None:
    number = await second_version(own_service, valid_until="2026-11-25")
    part = await split(own_service, number, 2)
    assert (await step(own_service, part, "amend", {"valid_until": None})).status_code == 200
    own_service.clock.now += timedelta(hours=14)
    await issue(own_service, part)
    async with own_service.owner() as session:
        await session.execute(
            text("UPDATE quote_version SET state = 'ordered' WHERE quote_number = :number"),
            {"number": part},
        )
    back = {"valid_until": None, "restored": [1]}
    amended = await step(own_service, number, "amend", back)
    assert amended.status_code == 200, amended.text
    await refused(own_service, number, part, 5)


async def test_a_merged_quote_supersedes_its_parts_and_is_in_their_way_afterwards(
    own_service: Service,
) -> None:
    first = await issued(own_service, "first")
    second = await issued(own_service, "second", contract=LATER_CONTRACT)
    numbers = [first["quote_number"], second["quote_number"]]
    merged = await drafted(own_service, "merged", merge_of=numbers)
    await issue(own_service, merged["quote_number"])
    assert (await step(own_service, numbers[0], "versions", {})).status_code == 201
    await refused(own_service, numbers[0], merged["quote_number"], 1)


async def test_quotes_that_have_nothing_to_do_with_each_other_are_alternatives(
    own_service: Service,
) -> None:
    await issued(own_service, "one", contract=CONTRACT)
    await issued(own_service, "two", contract=CONTRACT, period={"term_months": 36})
