"""Hostile files do no harm (TRUST 13, small form): each is refused with a code of its own, the
service stays small, and goes on answering.

Each class was seen to pass on a seeded bug: without the call of each check in
`app.domain.workbook_archives.examine_archive` and of `look_through` in `app.workbook_child`.
"""

import asyncio
import gc
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app import workbook_reading
from app.domain import workbook_archives
from app.domain.errors import WorkbookRefused
from app.domain.workbook_archives import examine_archive
from app.workbook_reading import read_workbook
from tests.api.sheets import send
from tests.conftest import Service
from tests.faults.hostile_workbooks import GOOD, HOSTILE, MACHINES, changing

MOST_GROWTH = 20 << 20
# Made with much work, and not for the checks from outside.
COSTLY = {"400,000 texts", "more text than is read", "all rows of a spreadsheet"}
STATUS = Path("/proc/self/status")
measured = pytest.mark.skipif(not STATUS.exists(), reason="memory is read from /proc")


def peak() -> int:
    """The largest resident size of this process since `forget_peak`, in bytes."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) << 10


def forget_peak() -> None:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")


async def refused(service: Service, content: bytes) -> tuple[int, str]:
    answer = await send(service, content, dry_run=True)
    problem = answer.json()
    return answer.status_code, (*(one["code"] for one in problem["errors"]), problem["code"])[0]


@measured
async def test_hostile_files_are_refused_each_with_its_code_while_the_service_answers(
    service: Service,
) -> None:
    files = {name: make() for name, (make, _) in HOSTILE.items()}
    # Warmed up, so that what is loaded once is not counted.
    assert (await send(service, GOOD, dry_run=True)).status_code == 200
    answered: list[int] = []
    over = asyncio.Event()

    async def ask() -> None:
        while not over.is_set():
            answered.append((await service.get("/livez", "public")).status_code)
            await asyncio.sleep(0.02)

    asking = asyncio.create_task(ask())
    forget_peak()
    before = peak()
    try:
        # Two at a time, as many as the service reads at once.
        codes = [
            code
            for pair in zip(*[iter(files.values())] * 2, strict=True)
            for code in await asyncio.gather(*(refused(service, one) for one in pair))
        ]
    finally:
        over.set()
        await asking
    grown = peak() - before
    expected = {name: (422, code) for name, (_, code) in HOSTILE.items()}
    assert dict(zip(files, codes, strict=True)) == expected
    assert grown <= MOST_GROWTH
    assert set(answered) == {200}
    assert len(answered) > len(files) // 4


@pytest.mark.parametrize("check", ["frame", "names", "sizes", "places", "contents"])
def test_each_check_from_outside_is_needed(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With any one of them taken out, some hostile file is let through or called something else."""

    def code_of(content: bytes) -> str | None:
        try:
            examine_archive(content)
        except WorkbookRefused as refused:
            return refused.places[0][1]
        except Exception:
            return "fault"
        return None

    files = {name: make() for name, (make, _) in HOSTILE.items() if name not in COSTLY}
    before = {name: code_of(content) for name, content in files.items()}
    monkeypatch.setattr(workbook_archives, f"_check_{check}", lambda *_: None)
    assert {name: code_of(content) for name, content in files.items()} != before


async def test_a_name_of_the_file_is_never_used(service: Service) -> None:
    for name in ("../../etc/passwd", "a\r\nSet-Cookie: a=b", "C:\\x.exe", "x" * 200, "髙.xlsx"):
        assert (await send(service, GOOD, dry_run=True, name=name)).status_code == 200


async def test_what_a_workbook_says_of_its_size_is_not_believed(service: Service) -> None:
    """Seen to fail without `reset_dimensions`: the machine was lost in silence."""
    for claimed in ("A1", "A1:XFD1048576", "A1:H1"):
        content = changing(MACHINES, '<dimension ref="A1:H3"/>', f'<dimension ref="{claimed}"/>')
        answer = await send(service, content(), dry_run=True)
        assert [item["serial_number"] for item in answer.json()["items"]] == ["JPDEMO0003"]


def child(code: str) -> str:
    """What a program says that is as confined as the one that parses."""
    program = f"import sys; sys.path[:0] = ['{ROOT}']\n{CONFINED}\n{code}"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    return done.stdout or f"ended by {done.returncode}"


ROOT = Path(workbook_reading.__file__).parent.parent
CONFINED = (
    "import socket\nfrom app.workbook_child import confine\n"
    f"confine({workbook_reading.MEMORY}, {workbook_reading.SECONDS})"
)


def test_the_child_can_open_no_file_no_socket_and_take_no_more_memory_and_time() -> None:
    """Seen to fail with each limit taken out of `app.workbook_child.confine`."""
    tried = "try:\n    {0}\nexcept (OSError, MemoryError) as e:\n    print(type(e).__name__)"
    assert child(tried.format("open('/etc/passwd')")) == "OSError\n"
    assert child(tried.format("open('/tmp/x', 'w')")) == "OSError\n"
    assert child(tried.format("socket.socket()")) == "OSError\n"
    assert child(tried.format("bytes(600 << 20)")) == "MemoryError\n"
    assert child("while True: pass") == f"ended by {-signal.SIGPROF}"


async def test_a_child_that_says_nothing_or_too_much_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without the time limit the first would be waited for ten minutes; no output is believed that
    did not come to its end.
    """
    program = tmp_path / "child.py"
    monkeypatch.setattr(workbook_reading, "_CHILD", program)
    monkeypatch.setattr(workbook_reading, "PATIENCE", 2.0)
    for code in ("import time; time.sleep(600)", "while True: print('x' * 65536)", "1 / 0"):
        program.write_text(code)
        with pytest.raises(WorkbookRefused) as told:
            await read_workbook(GOOD)
        assert told.value.places == (("/file", "too_costly"),)


async def test_a_child_that_is_killed_while_nobody_reads_what_it_says_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Seen to wait for ever without `_discard`: two such files, and no sheet was read any more."""
    program = tmp_path / "child.py"
    program.write_text("while True: print('x' * 65536)")
    monkeypatch.setattr(workbook_reading, "_CHILD", program)

    async def give_up(child: asyncio.subprocess.Process, sent: bytes) -> bytes:
        # Time for the child to fill every buffer there is.
        await asyncio.sleep(0.5)
        raise TimeoutError

    monkeypatch.setattr(workbook_reading, "_converse", give_up)
    async with asyncio.timeout(60):
        with pytest.raises(WorkbookRefused):
            await read_workbook(GOOD)
