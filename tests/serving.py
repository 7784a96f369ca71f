"""A service in a process of its own, as `make serve` starts it."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.folders import cluster_folder

ROOT = Path(__file__).resolve().parents[1]
SERVE = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--demo"]


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


@contextmanager
def served() -> Iterator[dict[str, str]]:
    """Its URL, the tokens that it prints (CUSTOMER, PARTNER, DESK) and its process (PID)."""
    port = free_port()
    plain = {name: value for name, value in os.environ.items() if "RENEWAL_DESK" not in name}
    with cluster_folder() as folder:
        environment = {**plain, "RENEWAL_DESK_DATA_DIR": str(folder / "data"), "PORT": str(port)}
        server = subprocess.Popen(
            SERVE, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            assert server.stdout is not None
            said = ""
            while "export DESK=" not in said:
                line = server.stdout.readline()
                assert line, f"the service ended:\n{said}"
                said += line.decode()
            tokens = dict(re.findall(r"export (\w+)='(.+)'", said))
            with httpx.HTTPTransport(retries=50) as patient, httpx.Client(transport=patient) as it:
                assert it.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
            yield {"URL": f"http://127.0.0.1:{port}", "PID": str(server.pid), **tokens}
        finally:
            server.terminate()
            server.communicate(timeout=60)
