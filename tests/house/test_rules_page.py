"""docs/rules.md is true: its rule ids are cited in the code, its functions and tests exist."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([A-Z]+-\d+) \| .+ \| (.+) \| (.+) \|$", re.MULTILINE)
QUOTED = re.compile(r"`([^`]+)`")
ROWS = ROW.findall((ROOT / "docs" / "rules.md").read_text())
CHAPTERS = {"CAL": 6, "TERM": 4, "DL": 8, "EOS": 5, "ELG": 7, "FEE": 10, "REQ": 8}


def cited_in_code() -> set[str]:
    sources = (path.read_text() for path in (ROOT / "app" / "domain").glob("*.py"))
    return {rule for source in sources for rule in re.findall(r"\b[A-Z]{2,4}-\d+\b", source)}


def names_of_tests(name: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / "domain" / name).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def properties_in(name: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / "domain" / name).read_text())
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and ("_every_day_of_" in node.name or any(map(is_given, node.decorator_list)))
    }


def is_given(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "given"


def test_every_rule_of_the_chapters_is_on_the_page_once() -> None:
    rules = [rule for rule, _, _ in ROWS]
    assert len(rules) == len(set(rules))
    wanted = {f"{name}-{n}" for name, last in CHAPTERS.items() for n in range(1, last + 1)}
    assert wanted <= set(rules)


@pytest.mark.parametrize("rule", [rule for rule, _, _ in ROWS])
def test_a_rule_on_the_page_is_cited_in_the_code(rule: str) -> None:
    assert rule in cited_in_code()


@pytest.mark.parametrize(("rule", "functions"), [(rule, found) for rule, found, _ in ROWS])
def test_a_function_on_the_page_exists(rule: str, functions: str) -> None:
    names = QUOTED.findall(functions)
    assert names, rule
    for name in names:
        module, *path = name.split(".")
        found: object = importlib.import_module(f"app.domain.{module}")
        for part in path:
            found = getattr(found, part)
        assert callable(found)


@pytest.mark.parametrize(("rule", "tests"), [(rule, found) for rule, _, found in ROWS])
def test_a_test_on_the_page_exists(rule: str, tests: str) -> None:
    names = QUOTED.findall(tests)
    assert names, rule
    for name in names:
        file, _, test = name.partition("::")
        assert test in names_of_tests(file)


@pytest.mark.parametrize(("rule", "tests"), [(rule, found) for rule, _, found in ROWS])
def test_a_rule_on_the_page_is_shown_by_a_property(rule: str, tests: str) -> None:
    shown = [name.partition("::") for name in QUOTED.findall(tests)]
    assert any(test in properties_in(file) for file, _, test in shown), rule
