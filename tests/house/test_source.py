"""The house's rules about its own source (HOUSE.md), read from the syntax trees of `app`."""

import ast
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from .sources import ROOT, functions, modules, names

MOST_LINES = 300
MOST_TABLE_LINES = 600
MOST_FUNCTION_LINES = 60
# Files that are tables more than code.
TABLES = {
    "app/db/tables.py",
    "app/db/quote_tables.py",
    "app/problem_words.py",
    "app/domain/errors.py",
    "app/domain/texts.py",
}
CLOCKS = {
    "app/deps.py",
    "app/worker.py",
    # How old a file is, is told by the clock that dated it.
    "app/embedded_signs.py",
}
# Breaches that are known and have to go: each fails here as soon as it is mended.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "service", "services", "base"}
# In two parts, because this file is searched too.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("golang", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
    )
]


def is_clock(name: str) -> bool:
    parts = name.split(".")
    return parts[-1] in {"utcnow", "utcfromtimestamp", "today", "time_ns"} or parts[-2:] in (
        ["datetime", "now"],
        ["time", "time"],
    )


def breaches(wrong: Callable[[str], bool]) -> list[str]:
    return [
        f"{path}:{line} {name}"
        for path, tree in modules().items()
        for line, name in names(tree)
        if wrong(name)
    ]


def calls(path: str) -> list[str]:
    return [
        ast.unparse(node.func) for node in ast.walk(modules()[path]) if isinstance(node, ast.Call)
    ]


def paths(breaches: dict[str, str]) -> list[Any]:
    return [
        pytest.param(path, marks=pytest.mark.xfail(strict=True, reason=breaches[path]))
        if path in breaches
        else path
        for path in modules()
    ]


@pytest.mark.parametrize("path", paths(LONG_FILES))
def test_a_file_fits_its_size(path: str) -> None:
    lines = len((ROOT / path).read_text("utf-8").splitlines())
    assert lines < (MOST_TABLE_LINES if path in TABLES else MOST_LINES)


@pytest.mark.parametrize("path", paths(LONG_FUNCTIONS))
def test_a_function_fits_on_a_screen(path: str) -> None:
    long = [
        f"{node.name}: {length}"
        for node in functions(modules()[path])
        if (length := (node.end_lineno or 0) - node.lineno + 1) > MOST_FUNCTION_LINES
    ]
    assert long == []


@pytest.mark.parametrize("path", modules())
def test_imports_stand_at_the_top(path: str) -> None:
    hidden = [
        f"{node.name}:{inner.lineno}"
        for node in functions(modules()[path])
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


@pytest.mark.parametrize("path", modules())
def test_a_module_is_named_for_what_it_is_about(path: str) -> None:
    parts = path.removesuffix(".py").split("/")
    assert FORBIDDEN_NAMES.isdisjoint(part.rpartition("_")[2] for part in parts)


def test_nobody_asks_what_time_it_is_outside_the_clock_and_the_worker() -> None:
    asked = {
        f"{path}: {name}"
        for path in modules().keys() - CLOCKS
        for name in calls(path)
        if is_clock(name)
    }
    assert asked == set()


def test_no_import_hides_from_the_running_program() -> None:
    assert breaches(lambda name: name.endswith("TYPE_CHECKING")) == []


def test_middleware_is_pure_asgi() -> None:
    assert breaches(lambda name: name.endswith("BaseHTTPMiddleware")) == []


def test_nothing_is_decided_by_the_address_that_the_caller_claims() -> None:
    wrong = ("request.url", "request.base_url", "request.url_for", "request.client")
    assert breaches(lambda name: f"{name}.".startswith(tuple(f"{w}." for w in wrong))) == []


def test_only_the_engine_commits() -> None:
    committing = {
        path for path in modules() for name in calls(path) if name.rpartition(".")[2] == "commit"
    }
    assert committing == {"app/db/engine.py"}


def test_no_tracked_file_names_a_package_registry() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    found = [
        f"{name}: {registry}"
        for name in filter(None, tracked)
        if (ROOT / name).is_file()
        for text in [(ROOT / name).read_bytes().lower()]
        for registry in REGISTRIES
        if registry.encode() in text
    ]
    assert found == []
