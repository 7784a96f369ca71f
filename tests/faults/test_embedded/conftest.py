"""Benches of this package: fresh ones, and ones whose cluster was created before."""

import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import running_cluster

from .bench import AS_ROOT, Bench, bench_of


@pytest.fixture(params=["root", "ordinary"] if AS_ROOT else ["ordinary"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    ordinary = AS_ROOT and request.param == "ordinary"
    made = bench_of(pwd.getpwnam("games") if ordinary else None)
    yield made
    made.close()


@pytest.fixture
def one_bench() -> Iterator[Bench]:
    """For what does not depend on the user: the user of the tests."""
    made = bench_of(None)
    yield made
    made.close()


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A stopped cluster that was created once, because that takes most of a test's time."""
    made = bench_of(None)
    with running_cluster(made.data_dir, durable=False, progress=lambda _: None):
        pass
    yield made.data_dir
    made.close()


@pytest.fixture
def ready_bench(one_bench: Bench, template: Path) -> Bench:
    """For what does not depend on how the cluster was created: a copy of the template."""
    subprocess.run(["cp", "-a", template, one_bench.data_dir], check=True)
    return one_bench


@pytest.fixture
def nobody() -> pwd.struct_passwd:
    if not AS_ROOT:
        pytest.skip("only root can become another user")
    return pwd.getpwnam("nobody")
