"""The signs a server gives of itself: its pid file, its socket and its log."""

import contextlib
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from app.embedded_folders import PORT, Place

SUPERUSER = "postgres"
_LOG_BYTES = 64 * 1024 * 1024
_LOG_SECONDS = 6 * 24 * 3600


@dataclass(frozen=True)
class Postmaster:
    """What a server wrote about itself into postmaster.pid."""

    pid: int
    socket_dir: Path | None
    """None for as long as the server has no socket: it writes its pid file first."""
    status: str


def read_postmaster(place: Place) -> Postmaster | None:
    """Read postmaster.pid; None when there is none or it is not completely written yet."""
    try:
        text = (place.pgdata / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    lines = text.splitlines()
    if len(lines) < 5 or not lines[0].lstrip("-").isdecimal():
        return None
    status = lines[7].strip() if len(lines) > 7 else "starting"
    # A server in single-user mode writes its process id with a minus sign.
    socket_dir = Path(lines[4]) if lines[4].strip() else None
    return Postmaster(abs(int(lines[0])), socket_dir, status)


def remove_signs(place: Place, socket_dir: Path) -> None:
    """Remove what a killed server left behind; only when no process works in the folder.

    A new server refuses to start when the process id in one of these files happens to belong to
    some other program by now.
    """
    name = f".s.PGSQL.{PORT}"
    for file in (place.pgdata / "postmaster.pid", socket_dir / f"{name}.lock", socket_dir / name):
        file.unlink(missing_ok=True)


def listens(socket_dir: Path | None) -> bool:
    """Tell whether any process listens on the cluster's socket, when there is one."""
    if socket_dir is None:
        return False
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(socket_dir / f".s.PGSQL.{PORT}"))
        except (TimeoutError, BlockingIOError):
            return True
        except OSError:
            return False
        return True


def answers(socket_dir: Path) -> bool:
    """Tell whether the server admits a session, by the first message of the protocol."""
    body = b"user\0" + SUPERUSER.encode() + b"\0database\0postgres\0\0"
    hello = struct.pack("!ii", len(body) + 8, 196608) + body
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2.0)
        try:
            client.connect(str(socket_dir / f".s.PGSQL.{PORT}"))
            client.sendall(hello)
            reply = client.recv(1024)
            if reply[:1] == b"R":
                client.sendall(b"X\0\0\0\x04")
        except OSError:
            return False
    # Any refusal but "starting up or shutting down" comes from a server that works,
    # for example one that has no session left to give.
    return reply[:1] == b"R" or (reply[:1] == b"E" and b"C57P03" not in reply)


def log_end(place: Place, lines: int = 30) -> str:
    """Return the last lines of the server's newest log files."""
    texts = []
    files = [place.log / "start.log", *sorted(_server_logs(place), key=_age)[-1:]]
    for file in files:
        with contextlib.suppress(OSError):
            texts += file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return "\n".join(texts) or "(the server wrote no log)"


def prune_logs(place: Place) -> None:
    """Remove logs of last week's days, and the oldest while all together exceed 64 MiB."""
    kept = 0
    for file in sorted(_server_logs(place), key=_age, reverse=True):
        with contextlib.suppress(OSError):
            found = file.stat()
            kept += found.st_size
            if kept > _LOG_BYTES or time.time() - found.st_mtime > _LOG_SECONDS:
                file.unlink()


def _server_logs(place: Place) -> list[Path]:
    return list(place.log.glob("postgresql-*.log"))


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
