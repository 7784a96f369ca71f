"""kill -9 of the holder, of PostgreSQL and of both, and what it leaves behind."""

import contextlib
import os
import signal
import subprocess
import time

import pytest

from app.embedded_processes import is_alive, wait_until

from .bench import AS_ROOT, PATIENCE, Bench, kill, psql, read, sql, write

pytestmark = pytest.mark.fault


def test_kill_9_of_the_holder_leaves_a_server_that_the_next_one_uses_and_stops(
    bench: Bench,
) -> None:
    held = bench.hold()
    write(held, 1)
    server = bench.postmaster()
    held.kill()
    assert is_alive(server)
    following = bench.hold()
    assert bench.postmaster() == server
    assert read(following) == [1]
    following.leave()
    assert bench.stopped()


def test_kill_9_of_postgresql_under_a_busy_session_is_recovered_from(bench: Bench) -> None:
    held = bench.hold(durable=True)
    write(held, 1)
    # This session looks at nothing while it computes, so it outlives its server as an orphan.
    endless = "SELECT sum(x) FROM generate_series(1, 2000000000) x"
    busy = subprocess.Popen(
        psql(held, endless),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        running = f"SELECT count(*) FROM pg_stat_activity WHERE query = '{endless}'"
        assert wait_until(lambda: sql(held, running) == "1", PATIENCE)
        old = bench.working()
        kill(bench.postmaster())
        following = bench.hold(durable=True)
        assert not old & bench.working(), "an orphan of the killed server still works"
        assert read(following) == [1]
        assert held.tell("ensure")["socket_dir"] == following.said["socket_dir"]
        write(held, 2)
        assert read(following) == [1, 2]
    finally:
        busy.kill()
        busy.wait()
    held.leave()
    following.leave()
    assert bench.stopped()


def test_a_holder_starts_its_killed_server_again_without_leaving(ready_bench: Bench) -> None:
    held = ready_bench.hold(durable=True)
    write(held, 1)
    assert ready_bench.kill_all()
    # A child that nobody collects would stay as a zombie for as long as its holder lives.
    parents = subprocess.run(["ps", "-axo", "ppid="], capture_output=True, text=True, check=True)
    assert str(held.process.pid) not in parents.stdout.split()
    assert "error" not in held.tell("ensure"), held.said
    assert read(held) == [1]


def test_kill_9_of_holder_and_postgresql_is_recovered_from(bench: Bench) -> None:
    for number in range(3):
        held = bench.hold(durable=True)
        write(held, number)
        assert read(held) == list(range(number + 1))
        held.kill()
        assert bench.kill_all()
    last = bench.hold(durable=True)
    assert read(last) == [0, 1, 2]
    last.leave()
    assert bench.stopped()


@pytest.mark.parametrize("killed", ["the holder", "all"])
def test_kill_9_in_the_middle_of_the_first_start_is_repaired(bench: Bench, killed: str) -> None:
    held = bench.begin()
    assert wait_until(lambda: any(bench.data_dir.glob("pgdata*/base")), PATIENCE)
    held.kill()
    # initdb outlives its holder and would complete the files; both cases must be repaired.
    if killed == "all":
        for folder in bench.data_dir.glob("pgdata*"):
            assert bench.kill_all(folder)
    assert held.process.stdout is not None
    assert held.process.stdout.read() == "", "the kill came too late"
    following = bench.hold()
    write(following, 1)
    assert read(following) == [1]
    assert list(bench.data_dir.glob("pgdata.new-*")) == []


def test_a_server_that_has_no_socket_yet_when_its_holder_dies_is_joined(ready_bench: Bench) -> None:
    pid_file = ready_bench.pgdata / "postmaster.pid"

    def caught() -> bool:
        """Stop the server between its pid file and its socket, a few milliseconds apart."""
        held = ready_bench.begin()
        lines: list[str] = []
        while len(lines) < 5:
            with contextlib.suppress(FileNotFoundError):
                lines = pid_file.read_text().splitlines()
        os.kill(int(lines[0]), signal.SIGSTOP)
        held.kill()
        early = pid_file.read_text().splitlines()[4].strip() == ""
        if not early:
            assert ready_bench.kill_all()
            pid_file.unlink()
        return early

    assert wait_until(caught, PATIENCE)
    server = ready_bench.postmaster()
    joining = ready_bench.begin()
    time.sleep(0.3)
    os.kill(server, signal.SIGCONT)
    assert joining.listen().get("socket_dir") == str(ready_bench.data_dir / "run"), joining.said
    assert ready_bench.postmaster() == server


def test_a_stale_pid_file_does_not_keep_the_server_from_starting(bench: Bench) -> None:
    write(bench.hold(durable=True), 1)
    for whose in ("foreign", "dead"):
        stale = [bench.pgdata / "postmaster.pid", bench.data_dir / "run" / ".s.PGSQL.5432.lock"]
        texts = [file.read_text() for file in stale]
        server = bench.postmaster()
        bench.held[-1].kill()
        assert bench.kill_all()
        owner = bench.pgdata.stat()
        # The foreign process runs as the server's own user: that is the case in which PostgreSQL
        # itself takes it for a server and refuses to start.
        stranger = subprocess.Popen(
            ["sleep", "60" if whose == "foreign" else "0"],
            user=owner.st_uid if AS_ROOT else None,
            group=owner.st_gid if AS_ROOT else None,
        )
        try:
            if whose == "dead":
                stranger.wait(PATIENCE)
            for file, text in zip(stale, texts, strict=True):
                file.write_text(text.replace(str(server), str(stranger.pid)))
            assert read(bench.hold(durable=True)) == [1]
            assert whose == "dead" or stranger.poll() is None, "a stranger was killed"
        finally:
            stranger.kill()
            stranger.wait()
    bench.held[-1].leave()
    assert bench.stopped()
