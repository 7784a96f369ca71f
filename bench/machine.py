"""Cores, processes and the environments of the peers."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
PEERS_PYTHON = ROOT / "bench" / ".venv" / "bin" / "python"


class Cores:
    """Who works where. With two cores: the server on the one; PostgreSQL on the other, together
    with the load generator, which therefore takes from the database and not from the server.
    With three or more the load generator has a core of its own.
    """

    def __init__(self) -> None:
        usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
        self.database = usable[:1]
        self.server = usable[1:2] or usable[:1]
        self.load = usable[2:3] or self.database
        self.count = len(usable)

    def pin(self, pid: int, cores: Sequence[int]) -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(pid, cores)

    def pinned(self, cores: Sequence[int]) -> Callable[[], None]:
        """What a child does before it becomes the program."""

        def pin() -> None:
            self.pin(0, cores)

        return pin

    def pin_cluster(self, postmaster: int) -> None:
        process = psutil.Process(postmaster)
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error, OSError):
                self.pin(one.pid, self.database)


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


def cpu_seconds(process: psutil.Process) -> float:
    """The processor time that a process has spent; nothing when it is gone."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


class Server:
    """A server process of this run, on the server's core."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        port: int,
        cores: Cores,
        environment: Mapping[str, str],
    ) -> None:
        self.name, self.port = name, port
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process.
        self.process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=self.log,
            stderr=self.log,
            preexec_fn=cores.pinned(cores.server),
        )

    def wait_ready(self) -> None:
        for _ in range(3600):
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        self.log.seek(0)
        raise SystemExit(f"{self.name} did not start:\n{self.log.read().decode()[-3000:]}")

    def cpu_seconds(self) -> float:
        process = psutil.Process(self.process.pid)
        return sum(cpu_seconds(one) for one in [process, *process.children(recursive=True)])

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


@contextlib.contextmanager
def stopped_at_the_end(servers: Sequence[Server]) -> Iterator[None]:
    try:
        for server in servers:
            server.wait_ready()
        yield
    finally:
        for server in servers:
            server.stop()


def call(
    command: Sequence[str | Path],
    cores: Cores,
    where: Sequence[int],
    environment: Mapping[str, str],
    stdin: str | None = None,
) -> str:
    """Run a program on some cores to its good end and return what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        input=stdin,
        capture_output=True,
        text=True,
        preexec_fn=cores.pinned(where),
    )
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


def load(cores: Cores, spec: Mapping[str, Any]) -> dict[str, Any]:
    """One round of the load generator. A wrong answer ends the bench: it would be no figure."""
    program = ROOT / "bench" / "load.py"
    command = [sys.executable, "-S", "-E", program]
    result: dict[str, Any] = json.loads(call(command, cores, cores.load, {}, json.dumps(spec)))
    if result["wrong"]:
        raise SystemExit(
            f"{spec['name']}: {result['wrong']} wrong answers, such as\n{result['example']}"
        )
    return result


def make_peers_environment() -> None:
    """Make bench/.venv with the locked packages unless it is there and current."""
    place = ROOT / "bench" / ".venv"
    lock = ROOT / "bench" / "requirements.txt"
    made_from = place / "made-from.txt"
    if made_from.exists() and made_from.read_text() == lock.read_text():
        return
    print("Making bench/.venv for the peers …", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    subprocess.run(
        [PEERS_PYTHON, "-m", "pip", "install", "-qq", "--require-hashes", "-r", lock],
        check=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"},
    )
    made_from.write_text(lock.read_text())
