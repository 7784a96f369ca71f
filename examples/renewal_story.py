"""A renewal from the first question to the second version of its quote, told over HTTP.

    make serve                        # in another terminal; it prints what to export
    export CUSTOMER='eyJ…' DESK='eyJ…'
    .venv/bin/python examples/renewal_story.py [--url URL] [--contract JP-4500-0002]

Two talk here, a customer and the desk. Each step is a few requests and prints what happened. All
days come from the answers, so it can be told on any day. It needs httpx, and openpyxl where a
person would fill in the sheet with a spreadsheet program.
"""

import argparse
import hashlib
import io
import os
import sys
import uuid
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

import httpx
import openpyxl

LEVELS = ("foundation_care_nbd", "foundation_care_24x7")
REQUESTER = {"name": "髙﨑 花子", "email": "hanako.takasaki@example.com"}


class Caller:
    """Somebody with a token. What is not answered as expected ends the story."""

    def __init__(self, client: httpx.Client, name: str, token: str) -> None:
        self.client, self.name = client, name
        self.headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    def ask(
        self, method: str, path: str, status: int = 200, held: str | None = None, **content: Any
    ) -> httpx.Response:
        """Send a request. Whatever creates something has a key of its own, so it can be repeated
        without doubling; whatever changes something says with `held` which state it looked at.
        """
        headers = dict(self.headers)
        if held is not None:
            headers["If-Match"] = held
        elif method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        answer = self.client.request(method, path, headers=headers, **content)
        if answer.status_code != status:
            raise SystemExit(f"{method} {path}: {answer.status_code}\n{answer.text}")
        return answer

    def tell(self, what: str) -> None:
        """Print what happened."""
        print(f"{self.name:<9} {what}", flush=True)


def fill_in(sheet: bytes, answers: Mapping[str, str]) -> bytes:
    """Write answers beside their labels, as a person does, and save the workbook."""
    book = openpyxl.load_workbook(io.BytesIO(sheet))
    for row in book["見積依頼"].iter_rows():
        for label, value in pairwise(row):
            if label.value in answers:
                value.value = answers[label.value]
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def ask_by_sheet(customer: Caller, contract: str) -> dict[str, Any]:
    """The customer downloads the sheet with its contract in it, fills in the rest, sends it."""
    blank = customer.ask(
        "GET", "/v1/quote-request-sheet.xlsx", params={"contract_number": contract}
    ).content
    customer.tell(f"downloads the sheet for {contract}: {len(blank):,} bytes")
    filled = fill_in(
        blank,
        {
            "ご依頼者のお名前": REQUESTER["name"],
            "ご依頼者のメールアドレス": REQUESTER["email"],
            "ご要望・備考": "来年度の更新をお願いします。",
        },
    )
    file = ("見積依頼シート.xlsx", filled)
    request: dict[str, Any] = customer.ask(
        "POST", "/v1/quote-request-sheets", 201, files={"file": file}
    ).json()
    period = request["period"]
    customer.tell(
        f"sends it: request {request['id']} is {request['state']}, "
        f"{period['start_date']} to {period['end_date']}"
    )
    # A sheet carries a reference: sent again, it finds the request that it made.
    again = customer.ask("POST", "/v1/quote-request-sheets", 200, files={"file": file}).json()
    customer.tell("sends it again by mistake: " + ("same" if again["id"] == request["id"] else "?"))
    return request


def quote(desk: Caller, request: dict[str, Any]) -> str:
    """The desk drafts a quote from the request, adds its conditions, issues it."""
    drafted = desk.ask("POST", "/v1/quotes", 201, json={"request_id": request["id"]})
    draft = drafted.json()
    number: str = draft["quote_number"]
    desk.tell(f"drafts {number}: {len(draft['lines'])} line(s), {yen(draft['total'])} with tax")
    # `total` is what the desk reckons; had the service another opinion, it would refuse.
    amended = desk.ask(
        "PATCH",
        f"/v1/quotes/{number}",
        held=drafted.headers["ETag"],
        json={
            "contact": REQUESTER,
            "conditions": "お支払いは一括前払いでお願いいたします。",
            "total": draft["total"],
        },
    )
    desk.tell(f"sets contact and conditions; open: {codes(amended.json()['flags']) or 'nothing'}")
    issued = desk.ask("POST", f"/v1/quotes/{number}/issue", held=amended.headers["ETag"]).json()
    desk.tell(f"issues version {issued['version']}, to be ordered by {issued['effective_limit']}")
    return number


def read_deadline(customer: Caller, number: str) -> None:
    """By when to order, by which rule, and when it is wise to."""
    deadline = customer.ask("GET", f"/v1/quotes/{number}/order-deadline").json()
    customer.tell(
        f"may order until {deadline['effective_limit']} ({deadline['rule']}), better by "
        f"{deadline['advised_order_date']}: {deadline['days_left']} days left"
    )


def ask_for_change(customer: Caller, number: str) -> dict[str, Any]:
    """The customer wants the other level, and two years instead of one."""
    quoted = customer.ask("GET", f"/v1/quotes/{number}").json()
    level = LEVELS[1] if quoted["service_level"] == LEVELS[0] else LEVELS[0]
    end = year_later(date.fromisoformat(quoted["end_date"])).isoformat()
    change: dict[str, Any] = customer.ask(
        "POST",
        "/v1/change-requests",
        201,
        json={
            "contract_number": quoted["contract_number"],
            "quote_number": number,
            "quote_version": quoted["version"],
            "requester": REQUESTER,
            "changes": [
                {"kind": "level", "service_level": level},
                {"kind": "period", "end_date": end},
            ],
        },
    ).json()
    customer.tell(f"asks for {level} until {end}: change {change['id']} is {change['state']}")
    return change


def answer_change(desk: Caller, change: dict[str, Any]) -> None:
    """The desk answers with the version that the changes make, issued in the same step."""
    path = f"/v1/change-requests/{change['id']}"
    held = desk.ask("GET", path).headers["ETag"]
    answered = desk.ask("POST", f"{path}/answer", held=held, json={}).json()
    desk.tell(f"answers with version {answered['answer_version']}: {answered['state']}")


def compare(customer: Caller, number: str, change: dict[str, Any]) -> None:
    """What version 2 changes, member by member; that it is what was asked for, and no more."""
    versions = customer.ask("GET", f"/v1/quotes/{number}/versions").json()["items"]
    states = ", ".join(f"{one['version']} {one['state']}" for one in versions)
    diff = customer.ask("GET", f"/v1/quotes/{number}/versions/2/diff").json()
    fields = {one["name"]: (one["before"], one["after"]) for one in diff["fields"]}
    customer.tell(
        f"reads {states}; total {yen(diff['total']['before'])} → {yen(diff['total']['after'])}"
    )
    for name, (before, after) in fields.items():
        customer.tell(f"  {name}: {before} → {after}")
    level, period = change["changes"]
    asked = {"service_level": level["service_level"], "end_date": period["end_date"]}
    found = {name: after for name, (_, after) in fields.items()}
    lines = diff["lines"]
    if found != asked or lines["added"] or lines["removed"] or not lines["changed"]:
        raise SystemExit(f"version 2 is not what was asked for: {found}, not {asked}")


def download(customer: Caller, number: str) -> None:
    """Both documents of both versions: PDF, named by their SHA-256, and not sent twice."""
    for version in (1, 2):
        for name in ("document.pdf", "answer-sheet.pdf"):
            path = f"/v1/quotes/{number}/{name}?version={version}"
            pdf = customer.ask("GET", path)
            digest = hashlib.sha256(pdf.content).hexdigest()
            if not pdf.content.startswith(b"%PDF-") or pdf.headers["ETag"] != f'"{digest}"':
                raise SystemExit(f"{path} is no PDF, or not the one that it says it is")
            held = {**customer.headers, "If-None-Match": pdf.headers["ETag"]}
            again = customer.client.get(path, headers=held)
            customer.tell(
                f"downloads {name} of version {version}: {len(pdf.content):,} bytes, "
                f"SHA-256 {digest[:12]}…, again: {again.status_code}"
            )


def year_later(day: date) -> date:
    """The same day a year later; the last of February stays the last."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def yen(amount: int) -> str:
    """An amount as it is written."""
    return f"¥{amount:,}"


def codes(flags: list[dict[str, str]]) -> str:
    """The codes of coded texts."""
    return ", ".join(flag["code"] for flag in flags)


def expiring_contract(customer: Caller) -> str:
    """A contract of the customer that ends soon."""
    found = customer.ask("GET", "/v1/contracts", params={"status": "expiring"}).json()["items"]
    if not found:
        raise SystemExit("This customer has no contract that ends soon.")
    contract: str = found[0]["contract_number"]
    return contract


def main() -> None:
    """Tell the story."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default=os.environ.get("URL", "http://127.0.0.1:8000"))
    parser.add_argument("--customer", default=os.environ.get("CUSTOMER"), help="a token")
    parser.add_argument("--desk", default=os.environ.get("DESK"), help="a token")
    parser.add_argument("--contract", help="default: the first one that ends soon")
    asked = parser.parse_args()
    if not asked.customer or not asked.desk:
        parser.error("tokens are needed: --customer and --desk, or CUSTOMER and DESK")
    with httpx.Client(base_url=asked.url, timeout=30) as client:
        customer = Caller(client, "customer", asked.customer)
        desk = Caller(client, "the desk", asked.desk)
        request = ask_by_sheet(customer, asked.contract or expiring_contract(customer))
        number = quote(desk, request)
        read_deadline(customer, number)
        change = ask_for_change(customer, number)
        answer_change(desk, change)
        compare(customer, number, change)
        download(customer, number)
        customer.tell(f"has {number} version 2 in hand, and can order")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    main()
