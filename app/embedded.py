"""The embedded PostgreSQL: a whole database server in one folder, when no database URL is given.

Several processes may hold the same cluster at once: the service, an import on the command line,
the tests. The first starts the server, the last one out stops it. What they hold is a shared lock
of the kernel on a file, which ends with its process however that dies; after a kill -9 of the last
holder the server stays up, the next process uses it as it is and stops it when it leaves.

    with running_cluster(Path(".data/postgres")) as cluster:
        engine = create_async_engine(cluster.url("renewal_desk"))

The folder layout, the accounts and the reasons are in docs/decisions/0002-embedded-database.md.
"""

import atexit
import contextlib
import fcntl
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlencode

from app.embedded_account import EmbeddedDatabaseError
from app.embedded_folders import LOCK_NAMES, PORT, Place, prepare_data_dir, settle
from app.embedded_server import Progress, Wishes, check_settings, ensure_started, stop
from app.embedded_signs import SUPERUSER

__all__ = ["Cluster", "EmbeddedDatabaseError", "Holder", "running_cluster", "start_cluster"]

_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
# Another process may be in the middle of a start, then of a stop, before it is our turn.
_LOCK_EXTRA_SECONDS = 90.0


@dataclass(frozen=True)
class Cluster:
    """The address of a running cluster."""

    socket_dir: Path
    """The folder of the Unix socket; it is what libpq and asyncpg take as `host`."""
    port: int
    superuser: str
    binaries: Path
    """The folder of psql, pgbench, pg_dump, pg_basebackup and the other programs."""

    def url(self, database: str, user: str | None = None) -> str:
        """Return SQLAlchemy's address of a database, for `user` or else the superuser."""
        query = urlencode({"host": str(self.socket_dir), "port": self.port}, safe="/")
        who = quote(user or self.superuser, safe="")
        return f"postgresql+asyncpg://{who}@/{quote(database, safe='')}?{query}"


class Holder:
    """One process's hold on a running cluster, until `release` or the end of the process.

    A fork shares its parent's hold and cannot release it.
    """

    def __init__(self, data_dir: Path, wishes: Wishes) -> None:
        self._data_dir = data_dir
        self._wishes = wishes
        self._pid = os.getpid()
        self._hold: int | None = None
        with self._start_lock():
            self._place: Place = settle(data_dir)
            hold = _open_lock(data_dir / LOCK_NAMES[1], self._place)
            try:
                fcntl.flock(hold, fcntl.LOCK_SH)
                self.cluster = self._start()
            except BaseException as error:
                # After a Ctrl-C nobody may be left to stop what was started. After an error,
                # such as a recovery that takes too long, the server is left to go on with it.
                if not isinstance(error, Exception) and _only_holder(hold):
                    stop(self._place, wishes.progress)
                os.close(hold)
                raise
            self._hold = hold
        # This covers sys.exit and an uncaught exception on the way out of a command.
        atexit.register(self.release)

    def _start(self) -> Cluster:
        sockets = ensure_started(self._place, self._wishes)
        return Cluster(sockets, PORT, SUPERUSER, self._place.binaries)

    def ensure_running(self) -> Cluster:
        """Start the server again if it died under its holders, and return the address.

        The address stays the same. It blocks while the server recovers. Raises
        EmbeddedDatabaseError when the hold was released or the server does not come up.
        """
        if self._hold is None:
            raise EmbeddedDatabaseError("the hold on the database was released")
        with self._start_lock():
            self.cluster = self._start()
        return self.cluster

    def release(self) -> None:
        """Give the hold up; the last one out stops the server (fast, nothing is lost).

        A second call does nothing.
        """
        hold, self._hold = self._hold, None
        if hold is None or self._pid != os.getpid():
            return
        atexit.unregister(self.release)
        try:
            with self._start_lock():
                # The lock file may be another one when the folder was removed and made anew
                # meanwhile: then the server that runs there is not ours to stop.
                if _names(self._data_dir / LOCK_NAMES[1], hold) and _only_holder(hold):
                    stop(self._place, self._wishes.progress)
        finally:
            os.close(hold)

    @contextlib.contextmanager
    def _start_lock(self) -> Iterator[None]:
        """Be the only process that starts, repairs or stops this cluster."""
        path = self._data_dir / LOCK_NAMES[0]
        begun = time.monotonic()
        seconds = self._wishes.timeout + _LOCK_EXTRA_SECONDS
        next_word = begun + 2.0
        while True:
            fd = _open_lock(path, getattr(self, "_place", None))
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _names(path, fd):
                    break
            except BlockingIOError:
                pass
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)
            now = time.monotonic()
            if now - begun > seconds:
                raise EmbeddedDatabaseError(
                    f"another process has been starting or stopping the database in "
                    f"{self._data_dir} for {seconds:.0f} s; end it and try again"
                )
            if now > next_word:
                next_word = now + 5.0
                self._wishes.progress("Database: another process is starting or stopping it")
            time.sleep(0.01)
        try:
            yield
        finally:
            os.close(fd)


def start_cluster(
    data_dir: Path,
    *,
    durable: bool = True,
    settings: Mapping[str, str] = _NO_SETTINGS,
    timeout: float = 120.0,
    progress: Progress | None = None,
) -> Holder:
    """Start the cluster of a folder, or join the running one, and hold it until released.

    `durable=False` is for tests: a kill -9 of the server loses its last commits, a loss of power
    may lose everything. `settings` are PostgreSQL's own and apply when this call starts the server;
    a running one keeps those it has. `timeout` is in seconds and covers crash recovery. `progress`
    takes a line of text for a person to read; without it the line goes to standard error. Raises
    EmbeddedDatabaseError.
    """
    check_settings(settings)
    wishes = Wishes(durable, dict(settings), timeout, progress or _to_standard_error)
    return Holder(prepare_data_dir(data_dir), wishes)


@contextlib.contextmanager
def running_cluster(
    data_dir: Path,
    *,
    durable: bool = True,
    settings: Mapping[str, str] = _NO_SETTINGS,
    timeout: float = 120.0,
    progress: Progress | None = None,
) -> Iterator[Cluster]:
    """Hold a cluster for the length of a `with` block; the arguments are `start_cluster`'s."""
    holder = start_cluster(
        data_dir, durable=durable, settings=settings, timeout=timeout, progress=progress
    )
    try:
        yield holder.cluster
    finally:
        holder.release()


def _to_standard_error(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _open_lock(path: Path, place: Place | None) -> int:
    """Open a lock file, made when missing; the owner of the cluster may open it, too."""
    try:
        flags = os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        fd = os.open(path, flags, 0o600)
    except OSError as error:
        raise EmbeddedDatabaseError(f"the lock file {path} cannot be used: {error}") from error
    found = os.fstat(fd)
    # Root gives away only what is plainly a lock file: the owner of the folder could have put
    # a second name of some other file here.
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size:
        os.close(fd)
        raise EmbeddedDatabaseError(f"{path} is not an empty lock file; remove it")
    if place is not None and place.account.switch and found.st_uid != place.account.uid:
        os.fchown(fd, place.account.uid, place.account.gid)
    return fd


def _names(path: Path, fd: int) -> bool:
    """Tell whether a path still leads to the open file."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def _only_holder(hold: int) -> bool:
    """Turn the shared lock into an exclusive one, which works for the last holder only."""
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
