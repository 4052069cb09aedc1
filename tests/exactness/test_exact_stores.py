"""No data is lost when processes race or are killed.

The stores and processes are real. ``tox -e exactness`` runs all cases, on Redis and PostgreSQL too. Otherwise it is a
tenth of them, on SQLite.
"""

# Processes that are started here are our own.
# ruff: noqa: S603

import asyncio
import importlib
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from store_servers import PostgresServer, RedisServer

from agenthost import Scope, StateOptions, Store
from agenthost.builtin.state_memory import memory_provider

FULL = os.environ.get("EXACTNESS") == "full"
PROCESSES = 8 if FULL else 4
SIZE = 1 if FULL else 20
RACER = Path(__file__).parent / "racing_store.py"


@contextmanager
def sqlite(_):
    yield "agenthost.builtin.state_sqlite", "sqlite:///race.db"


@contextmanager
def redis(directory):
    pytest.importorskip("agenthost_redis")
    with closing(RedisServer(directory)) as server:
        yield "agenthost_redis", server.url()


@contextmanager
def postgres(directory):
    pytest.importorskip("agenthost_postgres")
    with closing(PostgresServer(directory)) as server:
        yield "agenthost_postgres", server.url()


@pytest.fixture(
    scope="module", params=[sqlite, redis, postgres] if FULL else [sqlite], ids=lambda store: store.__name__
)
def store(request, tmp_path_factory):
    """Module, URL and directory of a store that is running."""
    directory = tmp_path_factory.mktemp("race")
    with request.param(directory) as (module, url):
        yield module, url, str(directory)


def start(store, task, count):
    module, url, directory = store
    command = [sys.executable, str(RACER), task, module, url, directory, str(count)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def begin(*processes):
    for process in processes:
        assert process.stdout.readline() == "open\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()


def race(store, task, count):
    """Run a task in all processes at once, to the end."""
    processes = [start(store, task, count) for _ in range(PROCESSES)]
    begin(*processes)
    assert [process.communicate(timeout=600) and process.returncode for process in processes] == [0] * PROCESSES


def kill(process):
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    return rest


def look(store, body):
    """Run a coroutine function on the store."""

    async def opened():
        module, url, directory = store
        providers = importlib.import_module(module).state_providers()
        [provider] = [each for each in providers if url.partition(":")[0] in each.schemes]
        entries = await provider.open(url, StateOptions(30, 30, directory))
        try:
            return await body(Store(entries, Scope("host", "race")))
        finally:
            await entries.close()

    return asyncio.run(opened())


def test_no_increment_is_lost(store):
    race(store, "incr", 5000 // SIZE)
    assert look(store, lambda opened: opened.get("count")) == PROCESSES * (5000 // SIZE)


def test_no_update_is_lost(store):
    race(store, "update", 1000 // SIZE)
    assert look(store, lambda opened: opened.get("updated")) == {"count": PROCESSES * (1000 // SIZE)}


def test_one_of_64_is_first(store):
    race(store, "claim", 64 // PROCESSES)
    assert look(store, lambda opened: opened.get("winners")) == 1


def test_a_lock_passes_on_when_its_holder_is_killed(store):
    """Within its time and a second, with a higher number."""
    holder = start(store, "hold", 0)
    begin(holder)
    fence = int(holder.stdout.readline())
    killed = time.monotonic()
    kill(holder)

    async def take(opened):
        async with opened.lock("door", wait=30) as held:
            return held.fence, time.monotonic() - killed

    following, waited = look(store, take)
    assert following > fence
    assert waited < 1 + 1 or not FULL  # a machine that runs all other tests too promises no times


def test_what_was_acknowledged_survives_a_kill(store):
    """In rounds, each killed at another moment."""
    for number in range(200 if FULL else 3):
        writer = start(store, "write", 100000)
        begin(writer)
        said = [writer.stdout.readline() for _ in range(1 + number % 40)]
        said += kill(writer).splitlines(keepends=True)
        last = int([line for line in said if line.endswith("\n")][-1])

        async def read(opened, last=last):
            return [await opened.get(f"written/{each}") for each in range(last + 1)]

        assert look(store, read) == list(range(last + 1))


def test_memory_loses_nothing_among_threads():
    """Eight event loops in eight threads, 64 tasks on each."""
    provider = memory_provider()

    async def many():
        store = Store(await provider.open("memory://", StateOptions()), Scope("host", "race"))

        async def few():
            for _ in range(10):
                await store.incr("count")
                await store.update("updated", lambda old: old + 1, 0)

        await asyncio.gather(*(few() for _ in range(64)))

    async def all_of_them():
        await asyncio.gather(*(asyncio.to_thread(asyncio.run, many()) for _ in range(8)))
        store = Store(await provider.open("memory://", StateOptions()), Scope("host", "race"))
        return await store.get("count"), await store.get("updated")

    assert asyncio.run(all_of_them()) == (5120, 5120)
