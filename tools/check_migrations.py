"""Lets squawk read the SQL of every migration: what would hold up live traffic is a finding.

`python tools/check_migrations.py` renders each migration to SQL without a database and fails on the
first finding that has no written reason below.
"""

import io
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory

from app.db.migrate import alembic_config

OLDEST_POSTGRESQL = "15"


@dataclass(frozen=True)
class Excepted:
    """A finding that is right in general and wrong here. `revision` None means every migration;
    `holding` narrows it to SQL lines with this text.
    """

    rule: str
    revision: str | None
    reason: str
    holding: str = ""

    def covers(self, rule: str, revision: str, line: str) -> bool:
        """Tell whether this exception is about a finding."""
        return (
            self.rule == rule and self.revision in {None, revision} and self.holding in line.lower()
        )


EXCEPTED = (
    Excepted(
        "prefer-text-field",
        "0001",
        "alembic makes its own version table; nobody ever widens that column",
        holding="version_num",
    ),
    Excepted(
        "prefer-bigint-over-int",
        None,
        "years, quantities, line numbers and row counts of one file end far below two milliards",
    ),
    Excepted(
        "prefer-identity",
        "0008",
        "the tables of pgqueuer are the library's own, serial columns included",
    ),
    Excepted(
        "require-concurrent-index-creation",
        "0009",
        "0005 of the same release makes the table, so the index is made while it is empty",
        holding="sheet_upload",
    ),
    Excepted(
        "require-lock-timeout",
        "0001",
        "makes tables that nobody can use yet: there is no traffic to hold up",
    ),
    Excepted(
        "require-lock-timeout",
        "0002",
        "comes in the same transaction as 0001, on tables that nobody can see before its commit",
    ),
    Excepted(
        "require-statement-timeout",
        None,
        "lock_timeout bounds what others wait for; a long CREATE INDEX CONCURRENTLY or backfill "
        "holds nobody up and must not be cut off half way",
    ),
)


def render(folder: Path) -> list[Path]:
    """Write each migration's SQL into a file of its own, named by revision."""
    files: list[Path] = []
    scripts = ScriptDirectory.from_config(alembic_config())
    for script in reversed(list(scripts.walk_revisions())):
        config = alembic_config()
        config.output_buffer = io.StringIO()
        command.upgrade(config, f"{script.down_revision or 'base'}:{script.revision}", sql=True)
        files.append(folder / f"{script.revision}.sql")
        files[-1].write_text(config.output_buffer.getvalue(), "utf-8")
    return files


def findings(files: list[Path]) -> list[dict[str, Any]]:
    """What squawk says about the files."""
    arguments = ["--reporter", "json", "--pg-version", OLDEST_POSTGRESQL]
    squawk = Path(sys.executable).with_name("squawk")
    result = subprocess.run([squawk, *arguments, *files], capture_output=True, text=True)
    if result.returncode not in {0, 1} or not result.stdout.strip():
        sys.exit(f"squawk did not run: {result.stderr}")
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def main() -> None:
    """Print findings without a reason, and reasons that no finding needs any more."""
    with tempfile.TemporaryDirectory() as folder:
        files = render(Path(folder))
        lines = {file.stem: file.read_text("utf-8").splitlines() for file in files}
        found = findings(files)
    bad: list[str] = []
    needed: set[Excepted] = set()
    for one in found:
        revision, rule = Path(one["file"]).stem, str(one["rule_name"])
        line = lines[revision][int(one["line"])]
        covering = {item for item in EXCEPTED if item.covers(rule, revision, line)}
        needed |= covering
        if not covering:
            bad.append(f"migration {revision}: {rule}: {line.strip()}\n  {one['message']}")
    bad += [f"no finding needs the exception {item}" for item in set(EXCEPTED) - needed]
    sys.stdout.write("\n".join([*bad, f"{len(files)} migrations, {len(bad)} findings"]) + "\n")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
