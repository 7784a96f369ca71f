"""Fee policies are free objects: what is stored of them is checked before a constraint meets it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import Service

from .refusals import CANARY, MALFORMED, Refusal, invalid, nothing_stored, refused

pytestmark = pytest.mark.anyio

GOOD: dict[str, Any] = {
    "code": "GAP",
    "tiers": [
        {
            "max_lapse_days": None,
            "outcome": "fee",
            "gap": {"mode": "charge", "basis": "last_annual"},
        }
    ],
}


@pytest.fixture(scope="module", autouse=True)
async def _nothing_is_stored(service: Service) -> AsyncIterator[None]:
    async with nothing_stored(service):
        yield


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"code": f"{CANARY}\0"}, invalid(("/code", "control_character"))),
        ({"code": f"{CANARY}\n"}, invalid(("/code", "wrong_shape"))),
        ({"code": "A" * 41}, invalid(("/code", "wrong_shape"))),
        ({"code": ""}, invalid(("/code", "required"))),
        ({f"{CANARY}\0": 1}, invalid(("/?", "control_character"))),
        ({CANARY: 1}, invalid(("", "unknown_key"))),
        ({"effective_to": "2020-01-01"}, invalid(("/effective_to", "out_of_range"))),
        ({"tiers": nested(300)}, MALFORMED),
    ],
)
async def test_a_policy_that_cannot_be_stored_is_refused_at_its_place(
    service: Service, change: dict[str, Any], expected: Refusal
) -> None:
    key = {"Idempotency-Key": "bad-policy"}
    await refused(
        service, expected, "POST", "/v1/fee-policies", "desk", headers=key, json=GOOD | change
    )


@pytest.mark.parametrize("sent", [["a", "a"], ["a", "b"]])
async def test_an_idempotency_key_comes_once(service: Service, sent: list[str]) -> None:
    headers = [("Idempotency-Key", key) for key in sent] + [*service.tokens.of("desk").items()]
    answer = await service.client.post("/v1/fee-policies", headers=headers, json=GOOD)
    assert answer.status_code == 422
    assert answer.json()["code"] == "duplicate_parameter"
    assert answer.json()["errors"] == [
        {"pointer": "idempotency-key", "code": "duplicate_parameter"}
    ]


@pytest.mark.parametrize("key", [None, "", "a b", "a" * 101])
async def test_an_idempotency_key_is_needed_and_plain(service: Service, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    expected = Refusal(
        400, "idempotency_key_missing", (("idempotency-key", "idempotency_key_missing"),)
    )
    await refused(service, expected, "POST", "/v1/fee-policies", "desk", headers=headers, json=GOOD)
