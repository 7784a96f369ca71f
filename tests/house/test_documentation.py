"""The pages tell the truth: settings, commands, operations and links that they name are there."""

import re
from pathlib import Path

import pytest

from app.cli import parser
from app.policy import POLICY

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
VARIABLE = re.compile(r"\b(?:RENEWAL_DESK_[A-Z_]+[A-Z]|PORT)\b")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def variables_of_the_settings() -> set[str]:
    text = (ROOT / "app" / "settings.py").read_text("utf-8")
    return set(re.findall(r'"(RENEWAL_DESK_[A-Z_]+|PORT)"', text))


def test_every_setting_has_a_row_in_the_operations_page() -> None:
    rows = set(re.findall(r"^\| `((?:RENEWAL_DESK_)?[A-Z_]+)` \|", OPERATIONS, re.MULTILINE))

    assert rows == variables_of_the_settings()


@each_page
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    named = set(VARIABLE.findall(page.read_text("utf-8")))

    assert named <= variables_of_the_settings()


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    local = [link for link in links if not link.startswith(("http://", "https://"))]

    assert [link for link in local if not (page.parent / link).exists()] == []


@each_page
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    commands = set(parser()._subparsers._group_actions[0].choices)  # type: ignore[union-attr,arg-type]

    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    assert set(re.findall(r"\brenewal-desk ([a-z][a-z-]+)\b", text)) <= commands


@each_page
def test_every_operation_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`?\s]*)[^`]*`", page.read_text("utf-8"))
    shapes = {(method, re.sub(r"\{[^}]*\}", "{}", path)) for method, path in POLICY}

    assert [
        f"{method} {path}"
        for method, path in named
        if (method, re.sub(r"\{[^}]*\}", "{}", path)) not in shapes
    ] == []


def test_every_decision_is_in_the_list() -> None:
    listed = set(re.findall(r"decisions/(\d{4}-[a-z0-9-]+\.md)", _architecture()))

    assert listed == {page.name for page in (ROOT / "docs" / "decisions").glob("*.md")}


def _architecture() -> str:
    return (ROOT / "docs" / "architecture.md").read_text("utf-8")
