"""One request on a connection: the signal for those who wait for its messages."""

from __future__ import annotations

import asyncio

from agenthost._web.process.cycle import Signal


def test_a_signal_wakes_all_who_wait_and_stays_set():
    async def main():
        signal = Signal()
        waiting = [asyncio.ensure_future(signal.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        before = signal.is_set(), [task.done() for task in waiting[1:]]
        signal.set()
        woken = await asyncio.gather(*waiting, return_exceptions=True)
        return before, [type(each) for each in woken], await signal.wait()

    assert asyncio.run(main()) == ((False, [False, False]), [asyncio.CancelledError, bool, bool], True)


def test_a_signal_that_is_cleared_is_waited_for_again():
    async def main():
        signal = Signal()
        signal.set()
        signal.clear()
        waiting = asyncio.ensure_future(signal.wait())
        await asyncio.sleep(0)
        waited = not waiting.done() and not signal.is_set()
        signal.set()
        return waited, await waiting

    assert asyncio.run(main()) == (True, True)
