"""openapi/openapi.json is the contract in full: current, with words and examples everywhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from app.cli import export_openapi, parser
from app.openapi_examples import REQUESTS
from app.openapi_parts import TAGS
from app.policy import POLICY
from app.settings import load_settings

from .sources import ROOT

FILE = ROOT / "openapi" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
# A redirect to the documentation.
NOT_DESCRIBED = {("GET", "/")}
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
# Refusals in the shape of an RFC, or of a health check.
OWN_REFUSALS = {"oauth", "operations"}
PROBLEM = "application/problem+json"

each_operation = pytest.mark.parametrize(
    "operation", OPERATIONS.values(), ids=lambda operation: operation["operationId"]
)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a part of the document stands for."""
    while "$ref" in part:
        found: Any = DOCUMENT
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def breaches(value: Any, schema: dict[str, Any]) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = Draft202012Validator(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every body that comes or goes: where, its media type, its content."""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "request", media_type, content
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            yield status, media_type, content


def shown(content: dict[str, Any]) -> list[Any]:
    if "example" in content:
        return [content["example"]]
    return [resolved(example)["value"] for example in content.get("examples", {}).values()]


def test_the_file_is_current(tmp_path: Path) -> None:
    settings = load_settings({"RENEWAL_DESK_DATA_DIR": str(tmp_path)})
    written = tmp_path / "openapi.json"
    assert export_openapi(parser().parse_args(["export-openapi", str(written)]), settings) == 0
    assert written.read_text("utf-8") == FILE.read_text("utf-8"), "renewal-desk export-openapi"


def test_it_describes_the_operations_of_the_policy_table_and_no_others() -> None:
    assert OPERATIONS.keys() == POLICY.keys() - NOT_DESCRIBED


def test_operations_have_readable_ids_of_their_own() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    assert [name for name in names if re.fullmatch(r"[a-z]+(_[a-z]+)+", name) is None] == []
    assert set(names) == REQUESTS.keys()


def test_every_tag_is_described_and_used() -> None:
    used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert used == TAGS.keys()


@each_operation
def test_an_operation_says_what_it_does(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    undescribed = [
        parameter["name"]
        for parameter in map(resolved, operation["parameters"])
        if not parameter.get("description")
    ]
    assert undescribed == []


@each_operation
def test_an_operation_says_who_may_call_it(operation: dict[str, Any]) -> None:
    access = next(POLICY[where] for where, other in OPERATIONS.items() if other is operation)
    schemes = {name: scopes for each in operation["security"] for name, scopes in each.items()}
    if access.public:
        assert schemes == {}
        return
    expected: dict[str, list[str]] = {"bearer": []}
    if "partner" in access.callers:
        expected["partner"] = [access.scope] if access.scope else []
    assert schemes == expected
    assert {"401", "403"} <= operation["responses"].keys()


@each_operation
def test_every_answer_has_its_request_id_and_every_refusal_is_a_problem(
    operation: dict[str, Any],
) -> None:
    for status, response in operation["responses"].items():
        assert "X-Request-Id" in response["headers"], status
        if status[0] in "45":
            assert response["content"], status
            assert PROBLEM in response["content"] or operation["tags"] in (
                ["oauth"],
                ["operations"],
            )
    assert "500" in operation["responses"]
    assert any(status.startswith("2") for status in operation["responses"])


@each_operation
def test_every_body_and_answer_has_an_example_of_its_shape(operation: dict[str, Any]) -> None:
    for where, media_type, content in contents(operation):
        schema = content["schema"]
        examples = shown(content) or resolved(schema).get("examples", [])
        examples = examples or [resolved(schema)["example"]]
        for example in examples:
            assert breaches(example, schema) == [], f"{where} {media_type}"


@each_operation
def test_the_example_of_a_parameter_has_its_shape(operation: dict[str, Any]) -> None:
    for parameter in map(resolved, operation["parameters"]):
        if "example" in parameter:
            assert breaches(parameter["example"], parameter["schema"]) == [], parameter["name"]
        assert "example" in parameter or parameter["in"] != "path", parameter["name"]
        assert {"type": "null"} not in parameter["schema"].get("anyOf", [])


def test_nothing_of_the_framework_s_own_is_left() -> None:
    text = FILE.read_text("utf-8")
    assert "HTTPValidationError" not in text
    assert "Successful Response" not in text
