"""Which processes work in a cluster's folder, and ending them.

A process id in a file proves nothing: ids are used again, and a container has its own. A process
counts only when it runs a PostgreSQL program, belongs to the expected account and has the data
folder as its working folder, which is what every PostgreSQL process has.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc")
_PROGRAMS = {"postgres", "initdb"}


def processes_in(folder: Path, uid: int) -> set[int]:
    """Return the ids of the live PostgreSQL processes of `uid` that work in `folder`."""
    try:
        wanted = folder.stat()
    except FileNotFoundError:
        return set()
    if not (_PROC / "self" / "exe").exists():
        return _postmasters_by_ps(folder, uid)
    found = set()
    for name in os.listdir(_PROC):
        if not name.isdecimal():
            continue
        entry = f"{_PROC}/{name}"
        # A process may end between any two of these looks, and others' may not be looked at.
        with contextlib.suppress(OSError):
            if os.stat(entry).st_uid != uid:
                continue
            # The kernel appends a remark when the program file was replaced by an upgrade.
            program = os.path.basename(os.readlink(f"{entry}/exe")).removesuffix(" (deleted)")
            # Identity of device and inode also holds across bind mounts and renames.
            if program in _PROGRAMS and os.path.samestat(os.stat(f"{entry}/cwd"), wanted):
                found.add(int(name))
    return found


def _postmasters_by_ps(folder: Path, uid: int) -> set[int]:
    """Do the same without /proc (macOS), where only the main process names its folder."""
    table = subprocess.run(
        ["ps", "-axo", "pid=,uid=,stat=,command="], capture_output=True, text=True, check=False
    ).stdout
    found = set()
    for line in table.splitlines():
        pid, owner, state, command = [*line.split(maxsplit=3), "", "", "", ""][:4]
        if owner == str(uid) and "Z" not in state and f"postgres -D {folder} " in f"{command} ":
            found.add(int(pid))
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not, and is collected when it is our child."""
    with contextlib.suppress(OSError):
        os.waitpid(pid, os.WNOHANG)
    with contextlib.suppress(OSError, IndexError):
        # The name in parentheses may hold spaces, so the state is what follows the last one.
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look every few milliseconds until the condition holds; False after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def end_all(folder: Path, uid: int, seconds: float) -> bool:
    """Kill what works in `folder` until nothing does; False when that takes over `seconds`."""

    def ended() -> bool:
        left = processes_in(folder, uid)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    return wait_until(ended, seconds)
