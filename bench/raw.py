"""The raw loop: the statement of a look-up through asyncpg, 32 tasks, no HTTP at all.

python bench/raw.py contract|machine QUESTIONS_FILE SECONDS
"""

import asyncio
import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from bench.apps import CONNECTIONS, CONTRACT_SQL, MACHINE_SQL
from bench.load import summary


async def run(which: str, asked: list[dict[str, str]], seconds: float) -> dict[str, Any]:
    by_contract = which == "contract"
    text = (
        CONTRACT_SQL.format(number="$1", principal="$2")
        if by_contract
        else MACHINE_SQL.format(serial="$1", principal="$2")
    )
    pairs = [(one["contract"] if by_contract else one["serial"], one["principal"]) for one in asked]
    connections = [
        await asyncpg.connect(os.environ["BENCH_DATABASE_URL"], server_settings={"jit": "off"})
        for _ in range(CONNECTIONS)
    ]
    statements = [await one.prepare(text) for one in connections]
    latencies: list[float] = []
    wrong = 0
    begun = time.perf_counter() + 0.3
    end = begun + seconds

    async def work(statement: Any, turn: int) -> None:
        nonlocal wrong
        now = 0.0
        while now < end:
            started = time.perf_counter()
            key, principal = pairs[turn % len(pairs)]
            row = await statement.fetchrow(key, principal)
            now = time.perf_counter()
            if row is None or key not in (row["contract_number"], row.get("serial_number")):
                wrong += 1
            elif now >= begun:
                latencies.append(now - started)
            turn += CONNECTIONS

    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    await asyncio.gather(*(work(one, turn) for turn, one in enumerate(statements)))
    result = summary(latencies, time.perf_counter() - begun, wrong, "")
    for one in connections:
        await one.close()
    return result


def main() -> None:
    which, questions, seconds = sys.argv[1:]
    asked = json.loads(Path(questions).read_text("utf-8"))
    result = uvloop.run(run(which, asked, float(seconds)))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
