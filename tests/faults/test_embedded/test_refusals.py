"""What is refused, and how it is said; and the bound on the logs."""

import os
import socket
import stat
import time

import pytest

from app.embedded import EmbeddedDatabaseError, running_cluster

from .bench import Bench

pytestmark = pytest.mark.fault


def test_a_folder_with_other_files_is_refused_and_left_as_it_is(one_bench: Bench) -> None:
    one_bench.data_dir.mkdir(mode=0o755)
    (one_bench.data_dir / "letter.txt").write_text("mine")
    with (
        pytest.raises(EmbeddedDatabaseError, match="holds other files"),
        running_cluster(one_bench.data_dir),
    ):
        pass
    assert stat.S_IMODE(one_bench.data_dir.stat().st_mode) == 0o755
    assert [p.name for p in one_bench.data_dir.iterdir()] == ["letter.txt"]


def test_a_server_that_does_not_start_is_reported_with_its_log(ready_bench: Bench) -> None:
    error = ready_bench.begin(shared_buffers="plenty").listen()["error"]
    assert "did not start" in error
    assert 'invalid value for parameter "shared_buffers"' in error
    assert ready_bench.stopped()


def test_a_durable_holder_does_not_join_a_server_without_durability(ready_bench: Bench) -> None:
    ready_bench.hold(durable=False)
    assert "without durability" in ready_bench.begin(durable=True).listen()["error"]


@pytest.mark.parametrize("name", ["listen_addresses", "fsync", "port", "Bad-Name"])
def test_settings_that_would_open_or_weaken_the_cluster_are_refused(
    one_bench: Bench, name: str
) -> None:
    with (
        pytest.raises(EmbeddedDatabaseError, match="setting"),
        running_cluster(one_bench.data_dir, settings={name: "off"}),
    ):
        pass
    assert not one_bench.data_dir.exists()


def test_something_else_that_listens_on_the_socket_is_not_replaced(ready_bench: Bench) -> None:
    ready_bench.hold().leave()
    assert ready_bench.stopped()
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(ready_bench.data_dir / "run" / ".s.PGSQL.5432"))
        stranger.listen()
        assert "something listens" in ready_bench.begin().listen()["error"]


def test_old_and_large_logs_are_pruned_at_a_start(ready_bench: Bench) -> None:
    ready_bench.hold().leave()
    log = ready_bench.data_dir / "log"
    today = {p.name for p in log.glob("postgresql-*.log")}
    names = [f"postgresql-{day}.log" for day in ("Aaa", "Bbb", "Ccc")]
    for name, size, days in zip(names, (1, 60 << 20, 60 << 20), (9, 1, 2), strict=True):
        (log / name).touch()
        os.truncate(log / name, size)
        os.utime(log / name, (time.time() - days * 86400,) * 2)
    ready_bench.hold()
    assert {p.name for p in log.glob("postgresql-*.log")} == today | {"postgresql-Bbb.log"}
