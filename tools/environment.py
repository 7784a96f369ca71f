"""Makes `.venv` and installs the locked packages: `python3 tools/environment.py serve|dev`.

Runs on the system's own Python with the standard library only. The Makefile calls it when a lock or
pyproject.toml changed; it may be run again at any time.
"""

import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"serve": "requirements.txt", "dev": "requirements-dev.txt"}
OLDEST = (3, 11)
NO_PIP = """\
This Python can make no virtual environment: it has neither `ensurepip` nor `pip`.
Remedy on Debian and Ubuntu:  apt-get install python3-venv
       on Fedora and RHEL:    dnf install python3-pip
       or name another one:   make PYTHON=/path/to/python3 …"""


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program with its output held back; nothing of the user's pip settings for other
    places (a user installation, a target folder) may reach this environment.
    """
    foreign = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH"}
    environ = {name: value for name, value in os.environ.items() if name not in foreign}
    environ |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    return subprocess.run(
        [str(part) for part in command], env=environ, capture_output=True, text=True, cwd=ROOT
    )


def works(*command: str | Path) -> bool:
    """Tell whether a program runs to a good end."""
    try:
        return run(*command).returncode == 0
    except OSError:
        return False


def pip() -> list[str | Path]:
    """The pip that installs into `.venv`: its own, or the system's pointed at it."""
    if works(PYTHON, "-m", "pip", "--version"):
        return [PYTHON, "-m", "pip"]
    outside: list[str | Path] = [sys.executable, "-m", "pip", "--python", PYTHON]
    if works(*outside, "--version"):
        return outside
    sys.exit(NO_PIP)


def make_venv() -> None:
    """Make `.venv`, or leave one that runs."""
    if works(PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"):
        return
    own_pip = works(sys.executable, "-c", "import ensurepip")
    if not own_pip and not works(sys.executable, "-m", "pip", "--version"):
        sys.exit(NO_PIP)
    venv.create(VENV, clear=True, symlinks=True)
    if own_pip and not works(PYTHON, "-m", "ensurepip", "--upgrade", "--default-pip"):
        # Some systems ship ensurepip without the wheel inside it.
        pip()


def install(*arguments: str) -> None:
    """Let pip install, and show what it says only when it fails."""
    result = run(*pip(), "install", "--quiet", *arguments)
    if result.returncode:
        sys.stderr.write(result.stdout + result.stderr)
        sys.exit("The packages could not be installed; pip's own words stand above.")


def main() -> None:
    """Bring the environment to the state of the lock."""
    if sys.version_info < OLDEST:
        sys.exit(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}. "
            "Name another one: make PYTHON=/path/to/python3 …"
        )
    lock = LOCKS[sys.argv[1]]
    begun = time.monotonic()
    make_venv()
    sys.stderr.write(f"Installing the packages of {lock} into .venv …\n")
    install("--require-hashes", "--requirement", lock)
    install("--no-deps", "--no-build-isolation", "--editable", ".")
    sys.stderr.write(f"Installed in {time.monotonic() - begun:.0f} s.\n")


if __name__ == "__main__":
    main()
