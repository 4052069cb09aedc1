"""Waiting for what sets no event: another thread, another process, a log."""

from __future__ import annotations

import asyncio
import inspect
import time

PATIENCE = 30.0
"""Seconds that a test waits for what happens at once, unless the machine is busy."""
_PAUSE = 0.01


def poll_until(condition, seconds=PATIENCE, *, said=lambda: "the condition does not hold"):
    """Return what a condition gives, once that is true.

    Args:
        condition: is called again and again.
        seconds: after which the test fails.
        said: gives the words of that failure, such as a log.
    """
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, said()
        time.sleep(_PAUSE)
    return found


async def poll_in_loop(condition, seconds=PATIENCE):
    """Poll while the event loop runs on.

    The condition may be a coroutine function.
    """
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(_PAUSE)
