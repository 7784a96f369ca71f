"""The requests of the measurements, built before the clock starts, and what their answers hold."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench import data


def request(method: str, path: str, headers: Mapping[str, str], body: str = "") -> str:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def identity(one: data.Asked | data.Batch, ours: bool) -> dict[str, str]:
    """A token for the service; the peers believe the principal as it is."""
    return {"Authorization": f"Bearer {one.token}"} if ours else {"X-Principal": one.principal}


def contract_requests(
    asked: Sequence[data.Asked], *, ours: bool, prefix: str = ""
) -> list[dict[str, Any]]:
    return [
        {
            "request": request("GET", f"{prefix}/v1/contracts/{one.contract}", identity(one, ours)),
            "expected": [one.contract],
        }
        for one in asked
    ]


def lookup_requests(
    asked: Sequence[tuple[data.Asked | data.Batch, Sequence[str], Sequence[str]]],
    *,
    ours: bool,
    prefix: str = "",
) -> list[dict[str, Any]]:
    return [
        {
            "request": request(
                "POST",
                f"{prefix}/v1/coverage-lookups",
                identity(one, ours),
                json.dumps(
                    {"items": [{"serial_number": serial} for serial in serials]},
                    separators=(",", ":"),
                ),
            ),
            "expected": expected,
        }
        for one, serials, expected in asked
    ]


def machine_requests(asked: Sequence[data.Asked], **options: Any) -> list[dict[str, Any]]:
    return lookup_requests(
        [(one, [one.serial], [one.serial, one.product]) for one in asked], **options
    )


def batch_requests(batches: Sequence[data.Batch], **options: Any) -> list[dict[str, Any]]:
    return lookup_requests([(one, one.serials, one.serials[::250]) for one in batches], **options)


def check_requests(batches: Sequence[data.Batch]) -> list[dict[str, Any]]:
    """Eligibility checks of the same machines as a batch of look-ups, for trial: nothing is kept,
    as a look-up keeps nothing.
    """
    return [
        {
            "request": request(
                "POST",
                "/v1/eligibility-checks?dry_run=true",
                identity(one, ours=True),
                json.dumps(data.wished(one.serials), separators=(",", ":")),
            ),
            "expected": one.serials[::250],
        }
        for one in batches
    ]
