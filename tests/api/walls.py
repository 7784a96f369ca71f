"""What a party may see by every operation that shows customers' files, asked of one service."""

from tests.api.parties import World, ask
from tests.conftest import Service

QUOTE_LISTS = ("/v1/quotes", "/v1/order-deadlines", "/v1/order-deadlines.ics")
LOOKERS = ("customer", "partner", "partner_other_scope", "no_member")
# Customers whom the partner serves, served once, will serve, serves in other matters, and never.
LOOKED_AT = ("C0001", "C0002", "C0003", "C0010", "C0011", "C0012", "C0017", "C0040")


async def check_own_only(service: Service, world: World, name: str) -> None:
    """Every operation shows this party its own customers and no other, cold and by the lane."""
    party = world.parties[name]
    for files in map(world.files.__getitem__, LOOKED_AT):
        visible = party.may_see(files.customer_id)
        status = 200 if visible else 404
        quote = f"/v1/quotes/{files.quote_number}"
        quoted = party.may_see(files.customer_id, quote)
        for suffix in ("", "/versions", "/versions/1", "/versions/1/diff?against=1",
                       "/order-deadline"):  # fmt: skip
            answer = await ask(service, party, "GET", f"{quote}{suffix}")
            assert answer.status_code == (200 if quoted else 404), suffix
        for requests in ("/v1/quote-requests", "/v1/change-requests"):
            for suffix in ("", "/history"):
                answer = await ask(service, party, "GET", f"{requests}/{files.request_id}{suffix}")
                assert answer.status_code == (200 if quoted else 404), (requests, suffix)
            asked = await ask(service, party, "GET", f"{requests}?customer_id={files.customer_id}")
            assert bool(asked.json()["items"]) is quoted, requests
        for several in QUOTE_LISTS:
            answer = await ask(service, party, "GET", f"{several}?customer_id={files.customer_id}")
            assert (files.quote_number in answer.text) is quoted, several
        # Twice, so that the lane answers the second time.
        for _ in range(2):
            number, serial = files.contract_number, files.serial_number
            for suffix in ("", "/lines", "/lines.csv"):
                answer = await ask(service, party, "GET", f"/v1/contracts/{number}{suffix}")
                assert answer.status_code == status, (files, suffix)
            listed = await ask(
                service, party, "GET", f"/v1/contracts?customer_id={files.customer_id}"
            )
            assert bool(listed.json()["items"]) is visible
            answer = await ask(
                service,
                party,
                "POST",
                "/v1/coverage-lookups",
                content=f'{{"items":[{{"serial_number":"{serial}"}}]}}',
                headers={"Content-Type": "application/json"},
            )
            item = answer.json()["items"][0]
            assert (item["status"] != "not_found") is visible
            # The machine itself stands in another table than its contract's line.
            kinds = {cover["kind"] for cover in item["coverages"]}
            assert not kinds or visible
        answer = await ask(service, party, "GET", f"/v1/eligibility-checks/{files.check_id}")
        assert answer.status_code == status
    path: str | None = "/v1/contracts?page_size=100"
    customers: set[str] = set()
    while path:
        answer = await ask(service, party, "GET", path)
        customers |= {item["customer_id"] for item in answer.json()["items"]}
        path = answer.links.get("next", {}).get("url")
    assert party.sees is not None
    assert customers == set(party.sees)
