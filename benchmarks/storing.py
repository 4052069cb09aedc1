"""Measure ``incr`` of shared state beside the bare statement, in the same session, and print the ratios.

``python benchmarks/storing.py`` measures SQLite; ``python benchmarks/storing.py redis://127.0.0.1:6379/0`` a
redis-server as well, for which agenthost-redis has to be installed. It ends with 1 when a target is missed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agenthost import Scope, StateOptions, Store
from agenthost.builtin.state_sqlite import sqlite_provider

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROUNDS = 9
TIMES = 500
PATIENT = StateOptions(10, 10)


async def ratio(ours: Callable[[], Awaitable[object]], bare: Callable[[], Awaitable[object]]) -> float:
    """How many times as long ours takes: the median of interleaved rounds."""
    found = []
    for _ in range(ROUNDS):
        seconds = []
        for function in (ours, bare):
            begun = time.perf_counter()
            for _ in range(TIMES):
                await function()
            seconds.append(time.perf_counter() - begun)
        found.append(seconds[0] / seconds[1])
    return statistics.median(found)


async def on_sqlite(directory: str) -> float:
    """One caller after another, each write on the disk, on both sides."""
    entries = await sqlite_provider().open("sqlite:///ours.db", StateOptions(directory=directory))
    store = Store(entries, Scope("agent", "measured"))
    connection = sqlite3.connect(Path(directory, "bare.db"), isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    connection.execute("CREATE TABLE counts (key TEXT PRIMARY KEY, n INTEGER)")
    statement = "INSERT INTO counts VALUES ('n', 1) ON CONFLICT (key) DO UPDATE SET n = n + 1 RETURNING n"

    async def bare() -> None:
        connection.execute(statement).fetchone()

    try:
        return await ratio(lambda: store.incr("n"), bare)
    finally:
        connection.close()
        await entries.close()


async def on_redis(url: str) -> float:
    """The same beside redis-py's own ``incr``."""
    from agenthost_redis import open_redis  # noqa: PLC0415 - only where a server is named
    from redis.asyncio import Redis  # noqa: PLC0415

    entries = await open_redis(url, PATIENT)
    store = Store(entries, Scope("agent", "measured"))
    client = Redis.from_url(url)
    try:
        return await ratio(lambda: store.incr("n"), lambda: client.incr("measured"))
    finally:
        await client.aclose()
        await entries.close()


async def main(urls: list[str]) -> int:
    """Measure; gives how many targets were missed."""
    with tempfile.TemporaryDirectory(prefix="agenthost-benchmark-") as directory:
        figures = [("SQLite", await on_sqlite(directory), 3.0)]
    figures += [("Redis", await on_redis(url), 1.5) for url in urls]
    for name, measured, most in figures:
        print(f"incr on {name}: {measured:.2f} times the bare statement (at most {most:g})")
    return sum(measured > most for _, measured, most in figures)


if __name__ == "__main__":
    sys.exit(min(asyncio.run(main(sys.argv[1:])), 1))
