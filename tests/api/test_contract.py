"""The service does what its description says: schemathesis, all checks, four callers."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL

from app.auth_keys import SigningKeys
from app.settings import Settings
from tests.conftest import Tokens, own_database

from .contract import RULES_OF_THE_WHOLE, every_operation, examine, operations_for, serving

CALLERS = ["public", "customer", "partner", "desk"]
Served = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def served(
    server: URL, template: tuple[str, Tokens], settings: Settings, keys: SigningKeys
) -> Iterator[Served]:
    name, _ = template
    with own_database(server, name) as url, serving(url, settings, keys) as found:
        yield found


def check(
    served: Served, headers: dict[str, str], names: list[str], *, examples: int, steps: int
) -> None:
    address, document = served
    report = examine(document, address, headers, names, examples=examples, steps=steps)
    if report.breaches:
        head = f"{len(report.breaches)} breaches in {report.requests} requests:"
        pytest.fail("\n".join([head, *report.breaches]), pytrace=False)
    assert report.operations >= len(names)
    assert report.requests > 20 * len(names)


@pytest.mark.thorough
@pytest.mark.parametrize("caller", CALLERS)
def test_nothing_breaks_the_contract(
    served: Served, template: tuple[str, Tokens], caller: str
) -> None:
    names = operations_for(served[1], caller)
    check(served, template[1].of(caller), names, examples=2, steps=2)


@pytest.mark.full
@pytest.mark.parametrize("caller", CALLERS)
def test_nothing_breaks_the_contract_for_long(
    served: Served, template: tuple[str, Tokens], caller: str
) -> None:
    check(served, template[1].of(caller), every_operation(served[1]), examples=200, steps=10)


def test_only_known_operations_have_rules_of_the_whole(served: Served) -> None:
    assert set(every_operation(served[1])) >= RULES_OF_THE_WHOLE.keys()


def test_every_operation_is_asked_by_somebody(served: Served) -> None:
    asked = {name for caller in CALLERS for name in operations_for(served[1], caller)}
    assert asked == set(every_operation(served[1]))
