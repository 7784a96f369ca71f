"""Have an uploaded workbook parsed by a child process that can do no harm (TRUST 13).

The service itself looks at a file from outside only (`app.domain.workbook_archives`); what is in it
is unpacked and parsed by `app/workbook_child.py`, with bounds on memory, processor time and output,
without files and sockets, and killed when it does not end.
"""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any, Final

import orjson

from app.domain.errors import Overloaded
from app.domain.sheet_cells import NOTE_LIMIT, Cell
from app.domain.sheet_layout import (
    COLUMNS,
    MACHINE_SHEET,
    MARK_SHEET,
    MOST_MACHINES,
    REQUEST_SHEET,
    VALUE_COLUMN,
)
from app.domain.sheet_reading import Sheets
from app.domain.workbook_archives import examine_archive, refused

_CHILD: Final = Path(__file__).with_name("workbook_child.py")
MEMORY: Final = 512 << 20
SECONDS: Final = 1.2
# Wall-clock time, for a child that neither works nor ends.
PATIENCE: Final = 20.0
MOST_OUTPUT: Final = 32 << 20
# Children at a time; whoever would wait longer than this is asked to come again.
AT_ONCE: Final = 2
WAIT_SECONDS: Final = 15.0

WANTED: Final = {
    "memory": MEMORY,
    "seconds": SECONDS,
    "most_xml_rows": 20_000,
    "most_characters": 4_000_000,
    "longest_text": NOTE_LIMIT,
    # Two rows of labels, and one row more than is taken, so that it is seen. Columns beside the
    # table are looked at, so that nothing written there is lost in silence.
    "sheets": {
        REQUEST_SHEET: (60, VALUE_COLUMN + 1),
        MACHINE_SHEET: (MOST_MACHINES + 3, len(COLUMNS) + 4),
        MARK_SHEET: (3, 1),
    },
}
_turns = asyncio.Semaphore(AT_ONCE)


async def read_workbook(content: bytes) -> Sheets:
    """The cells of an uploaded quote-request sheet.

    Raises WorkbookRefused for a file that is no harmless workbook, Overloaded when too many are
    being read already.
    """
    examine_archive(content)
    try:
        await asyncio.wait_for(_turns.acquire(), WAIT_SECONDS)
    except TimeoutError:
        raise Overloaded from None
    try:
        output = await _run(content)
    finally:
        _turns.release()
    try:
        answer: dict[str, Any] = orjson.loads(output)
    except ValueError:
        # The child was ended by one of its limits before it could answer.
        raise refused("too_costly") from None
    if "refused" in answer:
        raise refused(str(answer["refused"]))
    return {
        name: {
            number: [None if cell is None else Cell(*cell) for cell in cells]
            for number, cells in rows
        }
        for name, rows in answer["sheets"].items()
    }


async def _run(content: bytes) -> bytes:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"OPENPYXL_LXML": "False", "PATH": "", "LC_ALL": "C.UTF-8"},
        cwd="/",
    )
    try:
        async with asyncio.timeout(PATIENCE):
            output = await _converse(child, json.dumps(WANTED).encode() + b"\n" + content)
            # Awaited before anything is killed: to signal a child that has ended would reap it
            # behind the event loop's back.
            await child.wait()
            return output
    except TimeoutError:
        return b""
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await _discard(child)
            await child.wait()


async def _discard(child: asyncio.subprocess.Process) -> None:
    """Read what a killed child has still written. The event loop says that a child has ended only
    when its output has, and it stops reading an output of which nobody takes anything.
    """
    assert child.stdout is not None  # noqa: S101 — it is a pipe.
    while await child.stdout.read(1 << 16):
        pass


async def _converse(child: asyncio.subprocess.Process, sent: bytes) -> bytes:
    """Send everything, then read; more than the limit counts as no answer (TimeoutError)."""
    assert child.stdin is not None  # noqa: S101 — both are pipes.
    assert child.stdout is not None  # noqa: S101
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(sent)
        await child.stdin.drain()
        child.stdin.close()
    parts: list[bytes] = []
    size = 0
    while part := await child.stdout.read(1 << 16):
        size += len(part)
        if size > MOST_OUTPUT:
            raise TimeoutError
        parts.append(part)
    return b"".join(parts)
