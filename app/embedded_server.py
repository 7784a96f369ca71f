"""Starting and stopping the PostgreSQL server of one cluster folder.

Every function here is called with the cluster's start lock held, so two processes never start,
repair or stop the same server at the same time.
"""

import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.embedded_account import EmbeddedDatabaseError, owned_folder
from app.embedded_folders import PORT, Place, socket_folder
from app.embedded_processes import end_all, is_alive, processes_in, wait_until
from app.embedded_signs import (
    SUPERUSER,
    Postmaster,
    answers,
    listens,
    log_end,
    prune_logs,
    read_postmaster,
    remove_signs,
)

Progress = Callable[[str], None]

# What makes the cluster private and bounded; the caller's settings cannot replace these.
_FIXED = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "logging_collector": "on",
    # One file for each day of the week, emptied when its day comes round again.
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
}
# One call for the file system instead of one for each of a thousand files: a recovery on a busy
# machine took 0.1 s instead of 3 s.
_SYNC_METHOD = "syncfs" if sys.platform == "linux" else "fsync"
_DEFAULTS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "recovery_init_sync_method": _SYNC_METHOD,
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A refused value, a constraint's detail and a failed statement can hold a customer's data; the
    # caller receives all three anyway, so the log does without them: from "log" on, which is above
    # "error", it tells what became of the server.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_RESERVED = {
    *_FIXED,
    *("unix_socket_directories", "log_directory", "data_directory", "hba_file"),
    # Whether a commit survives is asked for by `durable`, never by the way.
    *("fsync", "full_page_writes"),
}
_ORPHAN_GRACE_SECONDS = 1.0
_FAST_STOP_SECONDS = 60.0


@dataclass(frozen=True)
class Wishes:
    """How a server is to be started."""

    durable: bool
    settings: Mapping[str, str]
    timeout: float
    """Seconds until a start, crash recovery included, counts as failed."""
    progress: Progress


def check_settings(settings: Mapping[str, str]) -> None:
    """Raise EmbeddedDatabaseError for a setting that is malformed or not the caller's to choose."""
    for name, value in settings.items():
        if not re.fullmatch(r"[a-z_][a-z0-9_.]*", name) or "\0" in value:
            raise EmbeddedDatabaseError(f"{name!r} is not the name of a setting")
        if name in _RESERVED:
            raise EmbeddedDatabaseError(f"the setting {name} is fixed for an embedded database")


def ensure_started(place: Place, wishes: Wishes) -> Path:
    """Start the server unless it runs, wait until it answers, and return its socket folder.

    Raises EmbeddedDatabaseError with the end of the server's log when it does not come up.
    """
    check_settings(wishes.settings)
    clock = _Clock(wishes)
    while True:
        running = _settle_processes(place, clock)
        if running is not None:
            joined = _wait_ready(place, running.pid, clock)
            if joined is None:
                clock.wait("a server that was stopping")
                continue
            # Looked at only now, because a server records how it was started late in its start.
            if wishes.durable and not _is_durable(place):
                raise EmbeddedDatabaseError(
                    f"the database in {place.data_dir} was started without durability by another "
                    "process; stop that process first"
                )
            return joined
        if not place.pgdata.exists():
            _initialise(place, wishes)
        sockets = socket_folder(place)
        if listens(sockets):
            raise EmbeddedDatabaseError(
                f"something listens in {sockets}, but no server of this database is to be seen; "
                "is the folder used by another container or machine?"
            )
        remove_signs(place, sockets)
        pid = _spawn(place, sockets, wishes)
        if _wait_ready(place, pid, clock) is not None:
            return sockets
        # Without /proc, processes that outlived a killed server are found by the new one only.
        if "shared memory block" in log_end(place):
            clock.wait("processes of a killed server")
            continue
        raise EmbeddedDatabaseError(f"PostgreSQL did not start:\n{log_end(place)}")


class _Clock:
    """The time-out of one start and the words shown while it lasts."""

    def __init__(self, wishes: Wishes) -> None:
        self.begun = time.monotonic()
        self.next_word = self.begun + 2.0
        self.wishes = wishes

    def wait(self, what: str) -> None:
        """Sleep a moment, say every few seconds what is waited for, raise after the time-out."""
        now = time.monotonic()
        spent = now - self.begun
        if spent > self.wishes.timeout:
            raise EmbeddedDatabaseError(f"gave up after {spent:.0f} s of waiting for {what}")
        if now > self.next_word:
            self.next_word = now + 5.0
            self.wishes.progress(
                f"Database: waiting for {what}, {spent:.0f} s of {self.wishes.timeout:.0f} s"
            )
        time.sleep(0.005)


def _settle_processes(place: Place, clock: _Clock) -> Postmaster | None:
    """Return the live server, or None once no process works in the folder."""
    orphans_since: float | None = None
    while True:
        record = read_postmaster(place)
        working = processes_in(place.pgdata, place.account.uid)
        # The socket is asked as well, because a server in another container that shares the
        # folder answers there while its process id means nothing here.
        if record is not None and (record.pid in working or listens(record.socket_dir)):
            return record
        if not working:
            return None
        # A server that was killed leaves processes which end by themselves when they notice.
        # One that does not must go before a new server may touch the files.
        orphans_since = orphans_since or time.monotonic()
        if time.monotonic() - orphans_since > _ORPHAN_GRACE_SECONDS:
            end_all(place.pgdata, place.account.uid, 10.0)
        clock.wait("processes of a killed server to end")


def _wait_ready(place: Place, pid: int, clock: _Clock) -> Path | None:
    """Wait until the server answers and return its socket folder; None when it ended instead."""
    while True:
        record = read_postmaster(place)
        sockets: Path | None = None
        if record is not None and record.pid == pid and record.status != "stopping":
            sockets = record.socket_dir
        if sockets is not None and answers(sockets):
            return sockets
        if not is_alive(pid) and not listens(sockets):
            return None
        try:
            clock.wait("PostgreSQL to answer (it may be recovering from a crash)")
        except EmbeddedDatabaseError as error:
            raise EmbeddedDatabaseError(
                f"{error}; it was left running and may still come up:\n{log_end(place)}"
            ) from None


def _initialise(place: Place, wishes: Wishes) -> None:
    """Create the cluster's files in a sibling folder and move them into place when complete.

    A kill in the middle leaves only the sibling, which the next start removes.
    """
    for left in place.home.glob("pgdata.new-*"):
        end_all(left, place.account.uid, 10.0)
        shutil.rmtree(left, ignore_errors=True)
    wishes.progress(f"Database: creating an empty one in {place.home}")
    draft = Path(tempfile.mkdtemp(prefix="pgdata.new-", dir=place.home))
    owned_folder(draft, place.account)
    locale = ["--locale=C.UTF-8"]
    if sys.platform == "darwin":
        # macOS knows no C.UTF-8; the builtin provider brings its own either way.
        locale = ["--builtin-locale=C.UTF-8", "--locale=C"]
    command: list[str | Path] = [place.binaries / "initdb", "-D", draft]
    command += [f"--username={SUPERUSER}", "--auth-local=trust", "--auth-host=reject"]
    command += ["--encoding=UTF8", "--locale-provider=builtin", *locale, "--no-instructions"]
    command += [f"--sync-method={_SYNC_METHOD}"] if wishes.durable else ["--no-sync"]
    done = place.account.run(command, cwd=draft)
    if done.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise EmbeddedDatabaseError(f"initdb failed:\n{done.stdout}")
    draft.rename(place.pgdata)
    if wishes.durable:
        fd = os.open(place.home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _spawn(place: Place, sockets: Path, wishes: Wishes) -> int:
    """Start the server detached from this process and return its process id."""
    prune_logs(place)
    settings = _DEFAULTS | ({} if wishes.durable else _NOT_DURABLE) | dict(wishes.settings)
    settings |= _FIXED | {
        "unix_socket_directories": str(sockets),
        "log_directory": str(place.log),
    }
    owned_folder(place.pgdata, place.account)
    command: list[str | Path] = [place.binaries / "postgres", "-D", place.pgdata]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    # The shell ends at once, which leaves the server to the system's first process: it is not our
    # child and so never our zombie. Being in a session of its own, Ctrl-C does not reach it.
    script = 'log=$1; shift; "$@" </dev/null >"$log" 2>&1 & echo $!'
    log = place.log / "start.log"
    done = place.account.run(["/bin/sh", "-c", script, "sh", log, *command], cwd=place.pgdata)
    if done.returncode != 0 or not done.stdout.strip().isdecimal():
        raise EmbeddedDatabaseError(f"PostgreSQL could not be started: {done.stdout}")
    return int(done.stdout)


def _is_durable(place: Place) -> bool:
    """Tell from the running server's recorded command line whether it writes for good."""
    with contextlib.suppress(OSError):
        return "fsync=off" not in (place.pgdata / "postmaster.opts").read_text(encoding="utf-8")
    return True


def stop(place: Place, progress: Progress) -> None:
    """Stop the server if it runs: sessions are ended, everything is written, files are left whole.

    After a minute the stop becomes an immediate one, from which the next start recovers.
    """
    uid = place.account.uid
    sockets: Path | None = None
    for number, seconds in ((signal.SIGINT, _FAST_STOP_SECONDS), (signal.SIGQUIT, 10.0)):
        record = read_postmaster(place)
        if record is None or record.pid not in processes_in(place.pgdata, uid):
            break
        sockets = record.socket_dir
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.pid, number)
        pid = record.pid
        if wait_until(lambda pid=pid: not is_alive(pid), seconds):  # type: ignore[misc]
            break
        progress("Database: not stopped yet, stopping it immediately")
    record = read_postmaster(place)
    if record is not None and listens(record.socket_dir):
        progress("Database: left running, it is served from elsewhere")
        return
    end_all(place.pgdata, uid, 10.0)
    if record is None and sockets is not None and sockets.parent != place.home:
        # A short folder in the common temporary folder is not left behind.
        with contextlib.suppress(OSError):
            sockets.rmdir()
