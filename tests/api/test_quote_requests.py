"""Quote requests through HTTP: four kinds, what is asked back, where others are sent."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from tests.api.test_query_counts import statements_of
from tests.conftest import Service

PATH = "/v1/quote-requests"
REQUESTER = {"name": "髙﨑①㈱𠮷 🗾", "email": "hanako@example.com"}
WORKING = {"state": "working", "declared_by": "佐藤 花子", "declared_on": "2026-11-20"}
# Of customer C0001 in the demo set: a contract and its service id, and a post-warranty package.
CONTRACT, SERVICE_ID, PACKAGE = "JP-4410-0001", "102938475610", "PW-4500-0008"
# A renewal by number: one for the context, two for the key, one that resolves it, and one for all
# that is stored: the request, its event, the audit entry and the key.
STATEMENTS_OF_A_RENEWAL = 5


def renewal(identification: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": "renewal", "requester": REQUESTER}
    if identification is not None:
        body["identification"] = identification
    return body | changes


def enrollment(kind: str = "reenrollment", **changes: Any) -> dict[str, Any]:
    machine = {
        "serial_number": "JPDEMO0003",
        "service_level": "foundation_care_nbd",
        "operating_condition": WORKING,
    }
    return {
        "kind": kind,
        "period": {"start_date": "2026-12-01", "term_months": 12},
        "items": [machine],
        "requester": REQUESTER,
    } | changes


async def ask(
    service: Service,
    body: Any,
    caller: str = "customer",
    key: str | None = None,
    language: str = "ja",
    query: str = "",
) -> httpx.Response:
    """Ask for a quote."""
    return await service.post(
        PATH + query,
        caller,
        json=body,
        headers={"Idempotency-Key": key or uuid4().hex, "Accept-Language": language},
    )


async def made(
    service: Service, body: Any, caller: str = "customer", **options: Any
) -> dict[str, Any]:
    """A request that was stored."""
    answer = await ask(service, body, caller, **options)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def step(
    service: Service, path: str, name: str, body: Any = None, caller: str = "desk"
) -> httpx.Response:
    """Do something with a request, as it is read now."""
    etag = (await service.get(path, caller)).headers["etag"]
    options = {} if body is None else {"json": body}
    return await service.post(f"{path}/{name}", caller, headers={"If-Match": etag}, **options)


def codes(found: list[dict[str, Any]]) -> list[str]:
    return [one["code"] for one in found]


async def rows(service: Service) -> list[int]:
    """How many requests, items, checks, events, audit entries and keys there are."""
    tables = (
        "quote_request",
        "quote_request_item",
        "eligibility_check",
        "event",
        "audit",
        "idempotency_key",
    )
    async with service.owner() as session:
        return [
            int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)
            for table in tables
        ]


async def test_a_renewal_by_contract_number_is_received_and_reads_back(
    asked: Service,
) -> None:
    answer = await ask(asked, renewal({"contract_number": " ｊｐ－4410-0001"}))
    assert answer.status_code == 201
    body = answer.json()
    assert (body["state"], body["missing"], body["redirect"]) == ("received", [], None)
    assert body["identification"]["contract_number"] == CONTRACT
    assert body["identification"]["service_id"] == SERVICE_ID
    assert body["period"] == {"start_date": "2027-04-01", "end_date": "2028-03-31"}
    assert body["requester"] == REQUESTER
    assert {"REQ-1", "TERM-1", "TERM-3", "EOS-4"} <= set(body["rules"])
    path = answer.headers["location"]
    for caller, status in (("customer", 200), ("desk", 200), ("partner", 200), ("other", 404)):
        assert (await asked.get(path, caller)).status_code == status
    read = await asked.get(path)
    assert (read.content, read.headers["etag"]) == (answer.content, answer.headers["etag"])
    held = await asked.get(path, headers={"If-None-Match": read.headers["etag"]})
    assert held.status_code == 304


async def test_a_renewal_by_number_takes_few_statements(asked: Service) -> None:
    await made(asked, renewal({"contract_number": CONTRACT}))
    with statements_of(asked) as sent:
        await made(asked, renewal({"contract_number": CONTRACT}))
    assert len(sent) == STATEMENTS_OF_A_RENEWAL, sent


async def test_a_dry_run_decides_the_same_and_keeps_nothing(asked: Service) -> None:
    for body in (renewal({"contract_number": CONTRACT}), enrollment()):
        before = await rows(asked)
        tried = await asked.post(f"{PATH}?dry_run=true", json=body)
        assert tried.status_code == 200
        assert "location" not in tried.headers
        assert await rows(asked) == before
        kept = await made(asked, body)
        same = {"id": None, "eligibility_check_id": None}
        assert tried.json() == kept | same


@pytest.mark.parametrize(
    ("identification", "missing"),
    [
        (None, ["identification_needed"]),
        ({}, ["identification_needed"]),
        ({"configuration": [{"serial_number": "JPDEMO0001"}]}, ["configuration_incomplete"]),
        ({"contract_number": "JP-0000-0000"}, ["contract_number_not_found"]),
        ({"service_id": "12"}, ["service_id_not_found"]),
        ({"support_service_serial": "HAnone"}, ["support_service_serial_not_found"]),
        (
            {"contract_number": "JP-4500-0002", "service_id": "1029 3847 5610"},
            ["service_id_and_contract_number_disagree"],
        ),
    ],
)
async def test_what_does_not_identify_one_contract_is_asked_back_in_both_languages(
    asked: Service, identification: Any, missing: list[str]
) -> None:
    japanese = await made(asked, renewal(identification))
    english = await made(asked, renewal(identification), language="en")
    for found in (japanese, english):
        assert (found["state"], codes(found["missing"])) == ("needs_information", missing)
    assert not japanese["missing"][0]["text"].isascii()
    assert english["missing"][0]["text"].isascii()


async def test_a_foreign_contract_is_answered_as_one_that_does_not_exist(
    asked: Service,
) -> None:
    async with asked.owner() as session:
        row = (
            await session.execute(
                text(
                    "SELECT contract_number, service_id, serial_number, product_number"
                    " FROM contract JOIN contract_line USING (customer_id, contract_number)"
                    " WHERE customer_id = 'C0002' AND kind = 'contract'"
                    " AND serial_number IS NOT NULL LIMIT 1"
                )
            )
        ).one()
    machine = {"product_number": row.product_number, "product_name": "x", "quantity": 1}
    for hidden, absent in (
        ({"contract_number": row.contract_number}, {"contract_number": "JP-NONE-0001"}),
        ({"service_id": row.service_id}, {"service_id": "199999999999"}),
        (
            {"configuration": [machine | {"serial_number": row.serial_number}]},
            {"configuration": [machine | {"serial_number": "JPNONE0001"}]},
        ),
    ):
        answers = []
        for body in (hidden, absent):
            answer = await asked.post(f"{PATH}?dry_run=true", json=renewal(body))
            said = str(body.get("configuration") or next(iter(body.values())))
            found = answer.json()
            assert found["state"] == "needs_information", said
            found["identification"] = found["items"] = None
            answers.append(found)
        assert answers[0] == answers[1]


async def test_a_complete_configuration_finds_its_contract(asked: Service) -> None:
    lines = (await asked.get(f"/v1/contracts/{CONTRACT}/lines")).json()["items"]
    machine = {
        "product_number": lines[0]["product_number"].lower(),
        "product_name": "ProLiant",
        "serial_number": lines[0]["serial_number"],
        "quantity": 3,
    }
    found = await made(asked, renewal({"configuration": [machine]}))
    assert (found["state"], codes(found["warnings"])) == (
        "received",
        ["serial_count_unlike_quantity"],
    )
    assert found["identification"]["contract_number"] == CONTRACT
    assert found["items"][0]["quantity"] == 3
    other = {"contract_number": "JP-4500-0002", "configuration": [machine]}
    found = await made(asked, renewal(other))
    assert codes(found["missing"]) == ["contract_number_and_configuration_disagree"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (renewal({"contract_number": PACKAGE}), "packages"),
        (renewal({}, concern="repairs"), "repairs"),
        (renewal({}, concern="technical-questions"), "technical-questions"),
    ],
)
async def test_what_this_desk_does_not_take_is_sent_on_and_is_no_open_case(
    asked: Service, body: Any, place: str
) -> None:
    found = await made(asked, body)
    assert (found["state"], found["redirect"]["code"]) == ("redirected", place)
    assert found["redirect"]["go_to"]
    assert "REQ-7" in found["rules"]
    assert found["period"] is None
    for state, shown in (("open", False), ("redirected", True)):
        listed = (await asked.get(f"{PATH}?state={state}&page_size=100", "desk")).json()["items"]
        assert (found["id"] in {one["id"] for one in listed}) is shown
    for name, said in (("start", None), ("cancellation", {})):
        refused = await step(asked, f"{PATH}/{found['id']}", name, said)
        assert (refused.status_code, refused.json()["facts"]["state"]) == (409, "redirected")


@pytest.mark.parametrize("kind", ["reenrollment", "new_enrollment", "upgrade"])
async def test_an_enrollment_runs_its_check_first_and_keeps_it(asked: Service, kind: str) -> None:
    found = await made(asked, enrollment(kind))
    assert found["state"] == "received"
    assert "REQ-3" in found["rules"]
    check = await asked.get(f"/v1/eligibility-checks/{found['eligibility_check_id']}")
    alone = await asked.post(
        "/v1/eligibility-checks",
        json={
            "kind": kind,
            "start_date": "2026-12-01",
            "term_months": 12,
            "items": enrollment()["items"],
        },
        headers={"Idempotency-Key": f"check-{kind}"},
    )
    assert check.json() == alone.json() | {"id": found["eligibility_check_id"]}
    assert found["items"][0]["operating_condition"] == WORKING


async def test_an_enrollment_without_a_declaration_is_asked_back_and_then_received(
    asked: Service,
) -> None:
    bare = {"serial_number": "JPDEMO0003", "service_level": "foundation_care_nbd"}
    found = await made(asked, enrollment(items=[bare]))
    assert codes(found["missing"]) == ["declaration_missing"]
    added = {"items": [bare | {"operating_condition": WORKING}]}
    path = f"{PATH}/{found['id']}"
    answer = await step(asked, path, "information", added, "customer")
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert (after["state"], after["missing"]) == ("received", [])
    assert after["eligibility_check_id"] != found["eligibility_check_id"]
    for check_id in (found["eligibility_check_id"], after["eligibility_check_id"]):
        assert (await asked.get(f"/v1/eligibility-checks/{check_id}")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"items": []}, {("/items", "required")}),
        ({"period": {"term_months": 12}}, {("/period", "required")}),
        ({"period": None, "items": None}, {("/items", "required"), ("/period", "required")}),
        ({"items": [{"serial_number": "JPDEMO0003"}]}, {("", "level_missing")}),
    ],
)
async def test_an_enrollment_needs_its_fields(
    asked: Service, changes: Any, places: set[tuple[str, str]]
) -> None:
    before = await rows(asked)
    answer = await ask(asked, enrollment(**changes))
    assert answer.status_code == 422
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == places
    assert await rows(asked) == before


async def test_information_corrects_what_disagreed(asked: Service) -> None:
    wrong = {"contract_number": "JP-4500-0002", "service_id": SERVICE_ID}
    found = await made(asked, renewal(wrong, note="一行目"))
    path = f"{PATH}/{found['id']}"
    still = await step(asked, path, "information", {"note": "二行目"}, "customer")
    assert still.json()["state"] == "needs_information"
    right = {"identification": {"contract_number": CONTRACT}}
    after = (await step(asked, path, "information", right, "customer")).json()
    assert (after["state"], after["identification"]["contract_number"]) == ("received", CONTRACT)
    assert after["note"] == "一行目\n二行目"
    history = (await asked.get(f"{path}/history")).json()["items"]
    assert [one["type"] for one in history] == [
        "quote_request.created",
        "quote_request.information_added",
        "quote_request.information_added",
    ]
    assert [one["data"]["state"] for one in history] == [
        "needs_information",
        "needs_information",
        "received",
    ]


async def test_a_number_that_the_service_found_itself_is_not_held_against_the_asker(
    asked: Service,
) -> None:
    found = await made(asked, renewal({"contract_number": CONTRACT}))
    path = f"{PATH}/{found['id']}"
    question = {"missing": ["other"], "question": "どちらのご契約でしょうか。"}
    put = (await step(asked, path, "information-request", question)).json()
    assert (put["state"], put["question"]) == ("needs_information", question["question"])
    other = {"identification": {"contract_number": "JP-4500-0002"}}
    after = (await step(asked, path, "information", other, "customer")).json()
    assert (after["state"], after["question"]) == ("received", None)


async def test_an_end_of_support_is_shown_with_what_is_possible_instead(
    asked: Service,
) -> None:
    found = await made(asked, renewal({"contract_number": "JP-6008-0004"}), "desk")
    (limit,) = found["end_of_support"]
    assert limit["product_number"] == "719064-B21"
    assert codes(limit["reasons"]) == ["end_after_end_of_support"]
    (way,) = limit["alternatives"]
    assert (way["code"], way["start_date"]) == (
        "shorter_term",
        found["period"]["start_date"],
    )
    assert way["end_date"] < found["period"]["end_date"]
    read = (await asked.get(f"{PATH}/{found['id']}", "desk")).json()
    assert read["end_of_support"] == found["end_of_support"]


async def test_a_renewal_that_is_too_late_is_told_to_be_a_reenrollment(
    asked: Service,
) -> None:
    late = await made(asked, renewal({"contract_number": "JP-6000-L001"}), "desk")
    assert codes(late["warnings"]) == ["reenrollment_needed"]
    assert "DL-6" in late["rules"]
    last_day = await made(asked, renewal({"contract_number": "JP-6000-E000"}), "desk")
    assert last_day["warnings"] == []


async def test_a_caller_with_several_customers_says_for_whom(asked: Service) -> None:
    for caller in ("partner", "desk"):
        answer = await ask(asked, renewal({}), caller)
        assert answer.json()["errors"] == [{"pointer": "/customer_id", "code": "customer_needed"}]
        found = await made(asked, renewal({}, customer_id="C0001"), caller)
        assert found["customer_id"] == "C0001"
    # A contract of another customer than the one that is named is not found.
    other = await made(asked, renewal({"contract_number": CONTRACT}, customer_id="C0003"), "desk")
    assert codes(other["missing"]) == ["contract_number_not_found"]


async def test_the_list_filters_and_pages_the_latest_first(own_service: Service) -> None:
    ids = []
    for number in range(5):
        body = renewal({"contract_number": CONTRACT} if number % 2 else {})
        ids.append((await made(own_service, body, key=str(number)))["id"])
        own_service.clock.now = own_service.clock.now.replace(second=number + 1)
    path: str | None = f"{PATH}?page_size=2"
    seen: list[str] = []
    while path:
        answer = await own_service.get(path)
        seen += [one["id"] for one in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url")
    assert seen == ids[::-1]
    for query, count in (
        ("state=received", 2),
        ("state=open", 5),
        ("state=quoted", 0),
        ("kind=renewal", 5),
        ("kind=upgrade", 0),
        ("contract_number=jp-4410-0001", 2),
        ("customer_id=C0001", 5),
        ("customer_id=C0002", 0),
        ("created_from=2026-11-25&created_to=2026-11-25", 5),
        ("created_from=2026-11-26", 0),
        ("created_to=2026-11-24", 0),
    ):
        listed = (await own_service.get(f"{PATH}?{query}")).json()["items"]
        assert len(listed) == count, query
    assert (await own_service.get(PATH, "other")).json()["items"] == []
    backwards = await own_service.get(f"{PATH}?created_from=2026-11-26&created_to=2026-11-25")
    assert (backwards.status_code, backwards.json()["code"]) == (422, "invalid_filter")


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"kind": "purchase"}, "/kind", "not_one_of"),
        ({"requester": {"name": "x"}}, "/requester/email", "required"),
        ({"requester": {"name": "x" * 10_000, "email": "a@b"}}, "/requester/name", "too_long"),
        ({"requester": {"name": "a\x07b", "email": "a@b"}}, "/requester/name", "control_character"),
        ({"requester": {"name": "a\nb", "email": "a@b"}}, "/requester/name", "control_character"),
        ({"requester": {"name": "x", "email": "a b@c"}}, "/requester/email", "wrong_shape"),
        ({"note": "a\x00b"}, "/note", "control_character"),
        ({"note": "x" * 2001}, "/note", "too_long"),
        ({"identification": {"serial": "x"}}, "/identification/serial", "unknown_field"),
        (
            {"identification": {"contract_number": 7}},
            "/identification/contract_number",
            "wrong_type",
        ),
        *(
            (
                {"identification": {"configuration": [{"quantity": quantity}]}},
                "/identification/configuration/0/quantity",
                wrong,
            )
            for quantity, wrong in (
                (True, "wrong_type"),
                ("7", "wrong_type"),
                (7.5, "wrong_type"),
                (0, "out_of_range"),
                (-1, "out_of_range"),
                (10**30, "wrong_type"),
            )
        ),
        ({"period": {"start_date": "2027-02-29"}}, "/period/start_date", "invalid_date"),
        ({"period": {"end_date": "2027-02-01", "term_months": 1}}, "/period", "one_term"),
        (
            {"period": {"start_date": "2027-02-01", "end_date": "2027-01-31"}},
            "/period",
            "end_before_start",
        ),
        ({"service_level": "Foundation Care"}, "/service_level", "wrong_shape"),
        ({"concern": "weather"}, "/concern", "not_one_of"),
    ],
)
async def test_bad_input_is_refused_in_its_place_and_nothing_is_stored(
    asked: Service, changes: Any, pointer: str, code: str
) -> None:
    before = await rows(asked)
    answer = await ask(asked, renewal({"contract_number": CONTRACT}) | changes)
    assert answer.status_code == 422
    assert {"pointer": pointer, "code": code} in answer.json()["errors"]
    assert await rows(asked) == before


async def test_a_request_without_a_key_is_refused(asked: Service) -> None:
    answer = await asked.post(PATH, json=renewal({}))
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize("body", [{}, {"note": None}, {"identification": {}}])
async def test_information_that_says_nothing_is_refused(asked: Service, body: Any) -> None:
    found = await made(asked, renewal({}))
    answer = await step(asked, f"{PATH}/{found['id']}", "information", body, "customer")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "nothing_given")
