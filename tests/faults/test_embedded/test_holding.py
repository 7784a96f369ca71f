"""Starting, holding together, stopping."""

import os
import signal
import stat

import pytest

from app.embedded_processes import is_alive

from .bench import PATIENCE, Bench, modes, read, sql, write

pytestmark = pytest.mark.fault


def test_data_survives_a_stop_and_every_folder_is_private(bench: Bench) -> None:
    before = modes(bench.base)
    held = bench.hold(durable=True)
    write(held, 1)
    assert sql(held, "SHOW listen_addresses") == ""
    assert sql(held, "SHOW fsync") == "on"
    assert sql(held, "SHOW timezone") == "UTC"
    folders = [p for p in (bench.data_dir, *bench.data_dir.rglob("*")) if p.is_dir()]
    assert {p.name for p in folders} >= {"pg", "pgdata", "log", "run", "base"}
    assert {oct(stat.S_IMODE(p.lstat().st_mode)) for p in folders} == {"0o700"}
    files = [p for p in bench.data_dir.rglob("*") if p.is_file()]
    assert not [p for p in files if stat.S_IMODE(p.lstat().st_mode) & 0o077]
    held.leave()
    assert bench.stopped()
    assert not (bench.pgdata / "postmaster.pid").exists()
    again = bench.hold(durable=True)
    assert read(again) == [1]
    assert modes(bench.base) == before


def test_a_folder_opened_by_hand_is_closed_again(ready_bench: Bench) -> None:
    ready_bench.hold().leave()
    for name in ("", "log", "run", "pgdata"):
        (ready_bench.data_dir / name).chmod(0o750)
    ready_bench.hold()
    for name in ("", "log", "run", "pgdata"):
        assert stat.S_IMODE((ready_bench.data_dir / name).stat().st_mode) == 0o700, name


def test_holders_racing_from_nothing_share_one_server_and_the_last_one_stops_it(
    bench: Bench,
) -> None:
    racers = [bench.begin() for _ in range(4)]
    for racer in racers:
        assert "error" not in racer.listen(), racer.said
    assert len({racer.said["socket_dir"] for racer in racers}) == 1
    server = bench.postmaster()
    write(racers[0], 1)
    for racer in racers[:-1]:
        racer.leave()
        assert bench.postmaster() == server
    assert read(racers[-1]) == [1]
    racers[-1].leave()
    assert bench.stopped()


def test_holders_leaving_at_once_stop_the_server_and_newcomers_find_it_whole(
    ready_bench: Bench,
) -> None:
    write(ready_bench.hold(), 1)
    for _ in range(3):
        leaving = list(ready_bench.held)
        arriving = [ready_bench.begin() for _ in range(2)]
        for held in leaving:
            held.leave()
        for held in arriving:
            assert "error" not in held.listen(), held.said
            assert read(held) == [1]
    for held in ready_bench.held:
        held.leave()
    assert ready_bench.stopped()


def test_ctrl_c_on_one_holder_does_not_reach_the_server(ready_bench: Bench) -> None:
    held, other = ready_bench.hold(), ready_bench.hold()
    server = ready_bench.postmaster()
    assert os.getsid(server) != os.getsid(held.process.pid)
    os.killpg(held.process.pid, signal.SIGINT)
    held.process.wait(PATIENCE)
    assert ready_bench.postmaster() == server
    assert is_alive(server)
    assert sql(other, "SELECT 1") == "1"
    assert other.tell("release")["released"]
    assert ready_bench.stopped()


def test_ctrl_c_on_the_last_holder_stops_the_server_in_order(ready_bench: Bench) -> None:
    held = ready_bench.hold()
    os.killpg(held.process.pid, signal.SIGINT)
    held.process.wait(PATIENCE)
    assert ready_bench.stopped()
    assert not (ready_bench.pgdata / "postmaster.pid").exists()
