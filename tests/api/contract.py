"""The service behind a real socket, and schemathesis that holds it to its own description."""

import asyncio
import contextlib
import copy
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import schemathesis
import uvicorn
from hypothesis import strategies
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from sqlalchemy import URL

from app.auth_keys import SigningKeys
from app.db.engine import Database, role_urls
from app.main import create_app
from app.policy import POLICY
from app.settings import Settings
from tests.conftest import NOW

# 412: the ETag in the description's example is nobody's.
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "412"]
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "428"]
# Operations that may refuse a request of the right shape, with the status and the reason: what its
# parts mean together is beyond what a schema can say.
RULES_OF_THE_WHOLE: Mapping[str, tuple[tuple[str, ...], str]] = {
    "simulate_fees": (
        ("422",),
        "tiers leave no gap and do not overlap; a penalty has what it is of",
    ),
    "write_fee_policy": (("422",), "the same"),
    "calculate_order_deadline": (("422",), "a deadline on or after the start needs an approver"),
    "calculate_purchase_window": (("422",), "the window must lie within the calendar"),
    "create_eligibility_check": (("400", "422"), "the end is no earlier than the start"),
    "read_contracts": (("422",), "ends_to is no earlier than ends_from"),
    "read_desk_calendar": (("422",), "400 days at most, from no later than to"),
    "put_closing_day": (("422",), "opens is earlier than closes"),
    "create_import": (
        ("400", "422"),
        "files have known names and headers; only a trial needs no key",
    ),
    "create_token": (
        ("400",),
        "made-up credentials, or two kinds of them at once",
    ),
    "revoke_token": (("400",), "the same"),
    "decline_version": (("422",), "the version is the one that is open"),
    "ask_for_change": (
        ("400", "422"),
        "at least one change, and changes that go together",
    ),
    "read_quotes": (("422",), "deadline_to is no earlier than deadline_from"),
    "create_quote": (
        ("400", "422"),
        "one source, lines that are there, amounts that go together",
    ),
    "upload_quote_request_sheet": (("400", "422"), "a workbook of ours"),
    "ask_for_quote": (
        ("400", "422"),
        "a kind has what it needs; one term",
    ),
    "add_quote_request_information": (("422",), "the same"),
    "split_draft": (("400", "422"), "lines that are there, not all of them"),
    "change_quote": (("422",), "lines that are there, amounts and dates that go together"),
    "create_version": (("400", "422"), "the same"),
    "read_quote_requests": (("422",), "created_to is no earlier than created_from"),
    "read_quote_difference": (("422",), "against is another version of the quote"),
    "preview_common_end": (("422",), "lines that are there"),
    "redirect_quote_request": (("422",), "a place that is known"),
    "issue_draft": (("422",), "a draft that is ready"),
}
# Days and instants of this service, most of them near the test's now.
DAYS = strategies.dates(date(2025, 1, 1), date(2030, 12, 31)) | strategies.dates(
    date(1900, 1, 1), date(2999, 12, 31)
)
schemathesis.openapi.format("date", DAYS.map(date.isoformat))
schemathesis.openapi.format(
    "date-time",
    strategies.datetimes(
        datetime(2000, 1, 1),  # noqa: DTZ001 — the zone is put in by the strategy.
        datetime(2099, 12, 31),  # noqa: DTZ001
        timezones=strategies.just(UTC),
    ).map(datetime.isoformat),
)


@contextlib.contextmanager
def serving(
    url: URL, settings: Settings, keys: SigningKeys
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The service in a thread and an event loop of its own: its address, and what it says of
    itself.
    """
    ready = threading.Event()
    running: list[uvicorn.Server] = []
    described: list[dict[str, Any]] = []

    async def serve() -> None:
        urls = role_urls(url.render_as_string(hide_password=False), settings.database)
        app = create_app(settings, Database(urls, settings.database), keys, clock=lambda: NOW)
        server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False)
        )
        described.append(app.openapi())
        running.append(server)
        task = asyncio.create_task(server.serve())
        while not server.started and not task.done():  # noqa: ASYNC110 — it has no event.
            await asyncio.sleep(0.01)
        ready.set()
        await task

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30)
    port = running[0].servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", described[0]
    finally:
        running[0].should_exit = True
        thread.join()


def examined(document: dict[str, Any]) -> dict[str, Any]:
    """The description with the answers closed, so that a member that it does not name is a fault
    here, though clients should live with one; and without cursors, which nobody can make up.
    """
    document = copy.deepcopy(document)
    for schema in document["components"]["schemas"].values():
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["parameters"] = [
                parameter
                for parameter in operation["parameters"]
                if parameter.get("name") != "cursor"
            ]
    return document


@dataclass(frozen=True)
class Report:
    """What schemathesis found, how many requests it sent, and to how many operations."""

    breaches: list[str]
    requests: int
    operations: int


def every_operation(document: dict[str, Any]) -> list[str]:
    """The ids of all operations."""
    return [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]


def operations_for(document: dict[str, Any], caller: str) -> list[str]:
    """The operations that a caller may use and whose answers depend on who calls. Public ones look
    at no credential, so the public alone asks them.
    """
    return [
        operation["operationId"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for access in [POLICY[(method.upper(), path)]]
        if caller in access.callers and access.public is (caller == "public")
    ]


def examine(
    document: dict[str, Any],
    address: str,
    headers: dict[str, str],
    names: list[str],
    *,
    examples: int,
    steps: int,
) -> Report:
    """Hold operations to their description as a caller, with every check that there is."""
    others = set(every_operation(document)) - set(names)
    config = SchemathesisConfig.from_dict(
        {
            "base-url": address,
            "headers": headers,
            "seed": 1,
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "phases": {"stateful": {"max-steps": steps}},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ACCEPTED},
                "negative_data_rejection": {"expected-statuses": REFUSED},
                "missing_required_header": {"expected-statuses": REFUSED},
            },
            "operations": [
                *({"include-operation-id": name, "enabled": False} for name in others),
                *(
                    {
                        "include-operation-id": name,
                        "checks": {
                            "positive_data_acceptance": {
                                "expected-statuses": [*ACCEPTED, *statuses]
                            }
                        },
                    }
                    for name, (statuses, _) in RULES_OF_THE_WHOLE.items()
                ),
            ],
        }
    )
    schema = schemathesis.openapi.from_dict(examined(document), config=config)
    breaches: dict[str, None] = {}
    requests = 0
    labels: set[str] = set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            requests += len(event.recorder.interactions)
            labels.add(event.recorder.label)
            breaches.update(dict.fromkeys(_breaches(event.recorder)))
        elif isinstance(event, events.NonFatalError):
            breaches[f"{event.label}: {event.value!r}"] = None
        elif isinstance(event, events.FatalError):
            raise event.exception
    return Report(list(breaches), requests, len(labels))


def _breaches(recorder: Any) -> Iterator[str]:
    for case_id, checks in recorder.checks.items():
        answer = recorder.interactions[case_id].response
        status = answer.status_code if answer else "no answer"
        for check in checks:
            if check.failure_info is not None:
                message = check.failure_info.failure.message
                yield (
                    f"{recorder.label}: {check.name}: {message}\n"
                    f"  {status} to {check.failure_info.code_sample}"
                )
