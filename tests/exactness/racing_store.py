"""One of several processes that race at a store.

Run it as ``python racing_store.py TASK PROVIDER URL DIR N``.
"""

# What it prints is for the test that started it.
# ruff: noqa: T201

import asyncio
import importlib
import sys

from agenthost import Scope, StateOptions, Store


async def main(task, module, url, directory, count):
    """Open the store, print a line, and do the task after a line of input."""
    [provider] = [
        each for each in importlib.import_module(module).state_providers() if url.split(":")[0] in each.schemes
    ]
    entries = await provider.open(url, StateOptions(30, 30, directory))
    store = Store(entries, Scope("host", "race"))
    print("open", flush=True)
    sys.stdin.readline()
    await globals()[task](store, count)
    await entries.close()


async def incr(store, count):
    """Add one, many times."""
    for _ in range(count):
        await store.incr("count")


async def update(store, count):
    """Add one in a way that can lose it."""
    for _ in range(count):
        await store.update("updated", lambda old: {"count": old["count"] + 1}, {"count": 0})


async def claim(store, count):
    """Try to be first, in eight tasks."""
    won = await asyncio.gather(*(store.set_if_absent("claimed", number) for number in range(count)))
    await store.incr("winners", sum(won))


async def hold(store, _):
    """Take a lock, and never give it back."""
    async with store.lock("door", ttl=1) as held:
        print(held.fence, flush=True)
        await asyncio.sleep(600)


async def write(store, count):
    """Write one number after another, and say each that was acknowledged."""
    for number in range(count):
        await store.set(f"written/{number}", number)
        print(number, flush=True)


if __name__ == "__main__":
    _, task, module, url, directory, count = sys.argv
    asyncio.run(main(task, module, url, directory, int(count)))
