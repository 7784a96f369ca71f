"""The account that owns an embedded cluster: running programs as it, and making folders for it."""

import contextlib
import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


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
