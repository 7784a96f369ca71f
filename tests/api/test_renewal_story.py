"""The story of examples/renewal_story.py, told to what `renewal-desk serve --demo` serves.

Seen to fail: with the wished end left out of the version that answers a change.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.serving import ROOT, served


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """What the README has a reader export."""
    with served() as made:
        yield made


def test_the_story_runs_and_version_2_is_what_was_asked_for(environment: dict[str, str]) -> None:
    told = subprocess.run(
        [sys.executable, "examples/renewal_story.py"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    asked = re.search(r"asks for (\w+) until ([0-9-]+)", told.stdout)
    number = re.search(r"drafts (Q\d{4}-\d{7})", told.stdout)
    assert asked is not None, told.stdout
    assert number is not None, told.stdout
    headers = {"Authorization": f"Bearer {environment['CUSTOMER']}"}
    with httpx.Client(base_url=environment["URL"], headers=headers) as client:
        first, second = (
            client.get(f"/v1/quotes/{number[1]}/versions/{version}").json() for version in (1, 2)
        )
    assert (first["state"], second["state"]) == ("superseded", "issued")
    assert (second["service_level"], second["end_date"]) == (asked[1], asked[2])
    assert first["service_level"] != second["service_level"]
    assert first["end_date"] < second["end_date"]
    assert first["start_date"] == second["start_date"]
    for line in second["lines"]:
        assert (line["service_level"], line["end_date"]) == (asked[1], asked[2])
    assert first["total"] < second["total"]
