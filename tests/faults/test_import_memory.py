"""Imports take a file's size in time, not in memory. Seen to fail with the rows kept in a list."""

import asyncio
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.api.importing import one, table
from tests.conftest import Service
from tests.faults.import_worker import started

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def write_lines(folder: Path, count: int) -> None:
    """Write so many contract lines, 100 a contract, and what they rest on."""
    customers = count // 10_000 + 1
    with (folder / "customers.csv").open("w", encoding="utf-8") as file:
        file.write(table("customers", *(f"C{n:05d},会社 {n},,,,,," for n in range(customers))))
    first = date(2025, 1, 1)
    with (
        (folder / "contracts.csv").open("w", encoding="utf-8") as headers,
        (folder / "contract_lines.csv").open("w", encoding="utf-8") as lines,
    ):
        headers.write(table("contracts"))
        lines.write(table("contract_lines"))
        for number in range(count // 100):
            start_date = first + timedelta(days=number % 700)
            period = f"{start_date},{start_date + timedelta(days=364)}"
            headers.write(
                f"JP-8{number:07d},,C{number % customers:05d},contract,foundation_care_nbd,"
                f"{period},,annual\n"
            )
            for line in range(1, 101):
                lines.write(
                    f"JP-8{number:07d},{line},868703-B21,サーバー {number % 900},"
                    f"S{number:06d}{line:03d},1,,{period},{number}\n"
                )


async def measured(service: Service, folder: Path) -> tuple[int, int, int]:
    """Import a folder in a process of its own: memory before and at its peak (MB), rows."""
    with started(service, "folder", str(folder)) as process:
        output, _ = await asyncio.to_thread(process.communicate)
    before, peak, inserted = map(int, output.split())
    return before, peak, inserted


async def test_memory_does_not_grow_with_the_file(own_service: Service, tmp_path: Path) -> None:
    await asyncio.to_thread(write_lines, tmp_path, 100_000)
    before, peak, inserted = await measured(own_service, tmp_path)
    assert inserted == 100_000 + 1_000 + 11
    assert peak - before < 20


@pytest.mark.full
async def test_a_million_lines_fit_into_300_megabytes(own_service: Service, tmp_path: Path) -> None:
    await asyncio.to_thread(write_lines, tmp_path, 1_000_000)
    before, peak, inserted = await measured(own_service, tmp_path)
    assert inserted == 1_000_000 + 10_000 + 101
    assert peak - before < 300
    assert await one(
        own_service,
        "SELECT count(*) FROM contract WHERE line_count = 100 AND contract_number LIKE 'JP-8%'",
    ) == (10_000,)
