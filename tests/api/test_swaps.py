"""Foreign numbers inside bodies, filters and cursors (TRUST 9): the answers of absent ones.

Seen to fail: with `caller.principal` taken out of the meaning of cursors, with `in_force` without
its dates, and with `_of_owner` left out of `app.usecases.eligibility`.
"""

import json
from typing import Any

import pytest

from tests.api.conftest import TwoWays
from tests.api.parties import ABSENT_SERIAL, Party, ask, seen
from tests.conftest import Service

WAYS = ("lane", "no lane")
PORTAL = ("customer", "other", "partner", "partner_ended", "partner_other_scope", "no_member")
FILTERS = ("customer_id", "contract_number", "serial_number", "service_id")

ways = pytest.mark.parametrize("way", WAYS)
portal = pytest.mark.parametrize("name", PORTAL)


async def look_up(service: Service, party: Party, *items: dict[str, str]) -> list[dict[str, Any]]:
    """The items of a coverage answer."""
    answer = await ask(service, party, "POST", "/v1/coverage-lookups", json={"items": list(items)})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@ways
@portal
@pytest.mark.parametrize("field", FILTERS)
async def test_a_foreign_value_in_a_filter_finds_what_an_absent_one_finds(
    two_ways: TwoWays, way: str, name: str, field: str
) -> None:
    party = two_ways.world.parties[name]
    objects = two_ways.world.objects(party)
    answers = {}
    for what in ("others", "absent"):
        value = getattr(objects[what], field)
        answers[what] = await ask(
            two_ways.of(way), party, "GET", "/v1/contracts", params={field: value}
        )
    assert answers["others"].json() == {"items": [], "next_cursor": None}
    assert seen(answers["others"]) == seen(answers["absent"])


@ways
@pytest.mark.parametrize("name", ["customer", "other", "partner", "desk"])
@pytest.mark.parametrize("field", FILTERS)
async def test_the_same_filter_finds_what_is_ones_own(
    two_ways: TwoWays, way: str, name: str, field: str
) -> None:
    party = two_ways.world.parties[name]
    value = getattr(two_ways.world.files[party.home], field)
    answer = await ask(two_ways.of(way), party, "GET", "/v1/contracts", params={field: value})
    assert {item["customer_id"] for item in answer.json()["items"]} == {party.home}


@ways
@portal
async def test_filters_joined_do_not_open_a_foreign_file(
    two_ways: TwoWays, way: str, name: str
) -> None:
    """One's own customer with a foreign number, and the other way round."""
    party = two_ways.world.parties[name]
    own, foreign = (two_ways.world.objects(party)[what] for what in ("own", "others"))
    for params in (
        {"customer_id": own.customer_id, "contract_number": foreign.contract_number},
        {"customer_id": foreign.customer_id, "contract_number": own.contract_number},
        {"customer_id": foreign.customer_id, "status": "active"},
    ):
        answer = await ask(two_ways.of(way), party, "GET", "/v1/contracts", params=params)
        assert answer.json()["items"] == [], params


@ways
@portal
async def test_the_whole_list_holds_ones_own_customers_only(
    two_ways: TwoWays, way: str, name: str
) -> None:
    party = two_ways.world.parties[name]
    path: str | None = "/v1/contracts?page_size=100"
    customers: set[str] = set()
    while path:
        answer = await ask(two_ways.of(way), party, "GET", path)
        assert answer.status_code == 200, answer.text
        customers |= {item["customer_id"] for item in answer.json()["items"]}
        path = answer.links.get("next", {}).get("url")
    assert party.sees is not None
    # Every customer of the demo set has a contract, so the two sets are the same.
    assert customers == set(party.sees)


@ways
@portal
async def test_a_foreign_machine_in_a_body_is_answered_as_an_absent_one(
    two_ways: TwoWays, way: str, name: str
) -> None:
    """Alone (the lane's form), with its product, and in the middle of one's own."""
    service, party = two_ways.of(way), two_ways.world.parties[name]
    foreign = two_ways.world.objects(party)["others"]
    bodies = [
        '{"items":[{"serial_number":"%s"}]}',
        '{"items":[{"serial_number":"%s","product_number":"' + foreign.product_number + '"}]}',
    ]
    for _ in range(2):
        for body in bodies:
            answers = [
                await ask(
                    service,
                    party,
                    "POST",
                    "/v1/coverage-lookups",
                    content=body % serial,
                    headers={"Content-Type": "application/json"},
                )
                for serial in (foreign.serial_number, ABSENT_SERIAL)
            ]
            hidden, absent = (answer.text for answer in answers)
            assert hidden.replace(foreign.serial_number, ABSENT_SERIAL) == absent
            assert json.loads(hidden)["items"][0]["status"] == "not_found"


@ways
async def test_own_and_foreign_machines_in_one_batch_keep_apart(
    two_ways: TwoWays, way: str
) -> None:
    party, files = two_ways.world.parties["customer"], two_ways.world.files
    asked = [
        {"serial_number": files[customer].serial_number}
        for customer in ("C0001", "C0002", "C0001", "C0006", "C0001")
    ]
    items = await look_up(two_ways.of(way), party, *asked)
    assert [item["status"] == "not_found" for item in items] == [False, True, False, True, False]
    assert items[0] == items[2] == items[4]


@ways
async def test_a_serial_that_a_foreign_machine_shares_is_not_ambiguous(
    two_ways: TwoWays, way: str
) -> None:
    """JP-6004-0002: customer C0007 and customer C0008 own machines with one serial number. The
    foreign one must show in no candidate and no warning.
    """
    service = two_ways.of(way)
    desk = two_ways.world.parties["desk"]
    lines = await ask(service, desk, "GET", "/v1/contracts/JP-6004-0002/lines")
    serial = {"serial_number": lines.json()["items"][0]["serial_number"]}
    (whole,) = await look_up(service, desk, serial)
    assert whole["status"] == "ambiguous"
    # Partner P0001 serves C0007 and not C0008.
    (own,) = await look_up(service, two_ways.world.parties["partner"], serial)
    assert own["status"] == "covered"
    assert own["candidates"] == []


@ways
async def test_a_cursor_of_another_caller_is_no_cursor(two_ways: TwoWays, way: str) -> None:
    service, parties = two_ways.of(way), two_ways.world.parties
    path = "/v1/contracts?page_size=1"
    names = ("customer", "other", "partner", "desk")
    cursors = {
        name: (await ask(service, parties[name], "GET", path)).json()["next_cursor"]
        for name in names
    }
    for owner in names:
        for user in names:
            answer = await ask(service, parties[user], "GET", f"{path}&cursor={cursors[owner]}")
            expected = (200, None) if owner == user else (422, "invalid_cursor")
            assert (answer.status_code, answer.json().get("code")) == expected, (owner, user)


@ways
async def test_a_cursor_of_foreign_lines_is_no_cursor(two_ways: TwoWays, way: str) -> None:
    """JP-6006-0001 has 300 lines and belongs to C0003, whom P0001 serves and C0001 is not."""
    service, parties = two_ways.of(way), two_ways.world.parties
    large = "/v1/contracts/JP-6006-0001/lines?page_size=1"
    cursor = (await ask(service, parties["partner"], "GET", large)).json()["next_cursor"]
    own = two_ways.world.files["C0001"].contract_number
    for name, path, status in (
        ("partner", large, 200),
        ("desk", large, 422),
        ("customer", large, 404),
        ("partner", f"/v1/contracts/{own}/lines?page_size=1", 422),
        ("customer", f"/v1/contracts/{own}/lines?page_size=1", 422),
    ):
        answer = await ask(service, parties[name], "GET", f"{path}&cursor={cursor}")
        assert answer.status_code == status, (name, path)


@ways
@portal
async def test_head_tells_no_more_than_get(two_ways: TwoWays, way: str, name: str) -> None:
    service, party = two_ways.of(way), two_ways.world.parties[name]
    objects = two_ways.world.objects(party)
    for suffix in ("", "/lines", "/lines.csv"):
        hidden, absent = [
            await ask(
                service, party, "HEAD", f"/v1/contracts/{objects[what].contract_number}{suffix}"
            )
            for what in ("others", "absent")
        ]
        assert hidden.status_code == 404
        assert seen(hidden) == seen(absent)


@ways
async def test_a_held_validator_of_a_foreign_file_opens_nothing(
    two_ways: TwoWays, way: str
) -> None:
    service, parties = two_ways.of(way), two_ways.world.parties
    path = f"/v1/contracts/{two_ways.world.files['C0002'].contract_number}"
    etag = (await ask(service, parties["other"], "GET", path)).headers["etag"]
    for held in (etag, "*"):
        for _ in range(2):
            answer = await ask(
                service, parties["customer"], "GET", path, headers={"If-None-Match": held}
            )
            assert answer.status_code == 404


TRIAL = "/v1/eligibility-checks?dry_run=true"


def wish(serial_number: str, **more: str) -> dict[str, Any]:
    """An eligibility check of one machine."""
    item = {"serial_number": serial_number, "service_level": "foundation_care_nbd"}
    return {"kind": "reenrollment", "start_date": "2027-06-01", "items": [item], **more}


@portal
async def test_a_foreign_customer_in_a_body_is_as_unknown_as_an_absent_one(
    two_ways: TwoWays, name: str
) -> None:
    service, party = two_ways.lane, two_ways.world.parties[name]
    objects = two_ways.world.objects(party)
    answers = [
        await ask(
            service,
            party,
            "POST",
            TRIAL,
            json=wish(objects["absent"].serial_number, customer_id=objects[what].customer_id),
        )
        for what in ("others", "deleted", "absent")
    ]
    assert answers[0].json()["errors"] == [{"pointer": "/customer_id", "code": "customer_unknown"}]
    assert len({seen(answer) for answer in answers}) == 1


async def test_the_desk_too_is_told_of_a_customer_that_is_none(two_ways: TwoWays) -> None:
    desk, serial = two_ways.world.parties["desk"], two_ways.world.files["C0001"].serial_number
    for body in (wish(serial, customer_id="C9999"), wish(ABSENT_SERIAL, customer_id="C9999")):
        answer = await ask(two_ways.lane, desk, "POST", TRIAL, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


@pytest.mark.parametrize("name", ["desk", "partner"])
async def test_a_check_for_one_customer_holds_nothing_of_another(
    two_ways: TwoWays, name: str
) -> None:
    """The caller may see both customers; who reads the check later may see one of them."""
    service, party, files = two_ways.lane, two_ways.world.parties[name], two_ways.world.files
    # P0001 serves C0001 and C0003.
    body = wish(files["C0001"].serial_number, customer_id="C0003")
    answer = await ask(service, party, "POST", TRIAL, json=body)
    assert answer.status_code == 200
    absent = wish(ABSENT_SERIAL, customer_id="C0003")
    nothing = await ask(service, party, "POST", TRIAL, json=absent)
    one, other = answer.json(), nothing.json()
    text = json.dumps(one).replace(files["C0001"].serial_number, ABSENT_SERIAL)
    assert json.loads(text) == other
