"""The example policies do what their README says, through HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Service

FOLDER = Path(__file__).parents[2] / "examples" / "fee-policies"
STARTS = ("2026-04-05", "2026-07-10", "2027-05-06")
EXPECTED: dict[str, list[Any]] = {
    "gap-at-150-percent": [19_726, 493_150, "manual"],
    "gap-and-half-of-it": [19_725, 493_150, "forbidden"],
    "lesser-of-quarter-and-gap": [13_150, 315_000, 315_000],
    "sixty-days-grace": [0, 328_767, 1_315_068],
    "term-consumed": ["2027-04-04", "2027-03-31", "2027-11-06"],
}


def test_every_example_is_expected() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
async def test_an_example_policy_gives_its_figures(service: Service, name: str) -> None:
    policy = json.loads((FOLDER / f"{name}.json").read_text())
    cases = [
        {
            "previous_end": "2026-03-31",
            "new_start": start,
            "term_days": 365,
            "last_annual_price": 1_200_000,
            "new_annual_price": 1_260_000,
        }
        for start in STARTS
    ]
    answer = await service.post(
        "/v1/fee-simulations", "desk", json={"policy": policy, "cases": cases}
    )
    results = answer.json()["results"]
    assert [result["lapse_days"] for result in results] == [4, 100, 400]
    if name == "term-consumed":
        assert [result["new_end"] for result in results] == EXPECTED[name]
    else:
        shown = [r["outcome"] if r["amount"] is None else r["amount"] for r in results]
        assert shown == EXPECTED[name]
