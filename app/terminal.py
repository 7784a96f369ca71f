"""What a person at a terminal sees: progress while files load, and what to try next."""

import sys
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from app.domain.import_texts import import_text
from app.domain.languages import Language
from app.settings import Settings
from app.usecases.import_loading import FileProgress
from app.usecases.imports import ImportResult


class Bars:
    """One progress bar a file, on a terminal only."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._name = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def show(self, progress: FileProgress) -> None:
        """Show how far a file is (bytes) and how many rows were read."""
        if progress.name != self._name:
            self._close()
            self._name = progress.name
            self._bar = tqdm(
                total=progress.bytes_total,
                desc=progress.name,
                unit="B",
                unit_scale=True,
                disable=not sys.stderr.isatty(),
            )
        assert self._bar is not None  # noqa: S101 — made just above.
        self._bar.update(progress.bytes_read - self._bar.n)
        self._bar.set_postfix_str(f"{progress.rows_read:,} rows, {progress.state}", refresh=False)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


# Where a service that listens on every address is found from the same machine.
_FOUND_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 — nothing is bound here.


def welcome(settings: Settings, tokens: dict[str, str]) -> str:
    """What to try next, with addresses and tokens that work as they are."""
    host = _FOUND_AT.get(settings.http.host, settings.http.host)
    base = f"http://{f'[{host}]' if ':' in host else host}:{settings.http.port}"
    lines = [
        "",
        f"Renewal Desk listens on {base}",
        f"  documentation   {base}/docs",
        f"  description     {base}/openapi.json",
    ]
    if tokens:
        lines += [
            "",
            "Tokens for a day (customer C0001, partner P0001, the desk):",
            *(f"  export {who.upper()}='{token}'" for who, token in tokens.items()),
            "",
            "Try:",
            f'  curl -s {base}/v1/contracts/JP-4410-0001 -H "Authorization: Bearer $CUSTOMER"',
            f'  curl -s {base}/v1/coverage-lookups -H "Authorization: Bearer $CUSTOMER" \\',
            "    -H 'Content-Type: application/json' -H 'Accept-Language: en' \\",
            '    -d \'{"items":[{"serial_number":"JPDEMO0001"},{"serial_number":"JPT8270P2A"}]}\'',
            f"  curl -s {base}/v1/products/868703-B21",
        ]
    return "\n".join([*lines, ""])


def summary(result: ImportResult, language: Language) -> str:
    """What became of an import: a line a file, and a line for each row that was refused or odd."""
    lines: list[str] = []
    for one in result.files:
        counts = (
            f"{one.rows_read} rows, {one.inserted} inserted, {one.updated} updated, "
            f"{one.unchanged} unchanged, {one.refused} refused, {one.warned} warnings"
        )
        lines.append(f"{one.name}: {counts if one.state == 'loaded' else 'refused whole'}")
        lines += [
            f"  {one.name}:{issue.line}:{issue.column or ''}: {issue.code}: "
            f"{import_text(issue.code, language)}"
            for issue in one.issues
        ]
    lines += [f"{name}: not a known file name, left alone" for name in result.unknown_files]
    if result.files and not any(one.inserted or one.updated for one in result.files):
        lines.append("Nothing changed.")
    return "\n".join(lines)


def spotless(result: ImportResult) -> bool:
    """Whether every row of every file was taken."""
    return all(one.state == "loaded" and one.refused == 0 for one in result.files)
