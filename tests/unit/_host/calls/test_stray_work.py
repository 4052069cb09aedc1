"""Work that authors' code leaves on an event loop, on asyncio and uvloop."""

from __future__ import annotations

import asyncio
import logging
import sys

import pytest
import uvloop
from polling import poll_in_loop

from agenthost._host.calls.stray_work import guarded, run_on
from agenthost._host.telemetry.current_call import Owner, running
from agenthost._host.telemetry.failures import Failures

PATIENCE = 30.0
"""Seconds after which something will never happen."""


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def loop(request):
    made = request.param()
    yield made
    made.close()


def leave(*_):
    sys.exit(3)


def interrupt(*_):
    raise KeyboardInterrupt


def test_a_loop_is_run_on_after_callbacks_that_exit(loop):
    """All waiting work in the loop continues.

    That includes other callbacks of the same moment and a task that is about to end.
    """
    told, done = [], []

    async def heard(number):
        """Wait for a report, because two at once would be one report."""
        await poll_in_loop(lambda: len(told) >= number, PATIENCE)

    async def work():
        for callback in (leave, interrupt):
            before = len(told)
            loop.call_soon(callback)
            loop.call_soon(done.append, callback)
            await heard(before + 1)
            loop.call_later(0.001, callback)
            await heard(before + 2)
        loop.stop()
        await heard(5)
        loop.call_soon(leave)
        return "done"

    assert run_on(loop, work(), told.append) == "done"
    kinds = [SystemExit, SystemExit, KeyboardInterrupt, KeyboardInterrupt, RuntimeError, SystemExit]
    assert [type(error) for error in told] == kinds
    assert done == [leave, interrupt]
    assert loop.run_until_complete(asyncio.sleep(0, "still runs")) == "still runs"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), ValueError("no")], ids=repr)
def test_what_the_work_itself_raises_is_raised(loop, error):
    told = []

    async def work():
        raise error

    with pytest.raises(type(error)):
        run_on(loop, work(), told.append)
    assert told == []


def test_a_callback_that_fails_is_its_authors(loop, caplog):
    """Its owner is known by its context.

    A callback of the host is reported as usual.
    """
    counted = []

    async def work():
        with guarded(lambda _: Owner("", "code", "nobody"), Failures(logging.getLogger("tests")), counted.append):
            loop.call_soon(int, "none")
            await asyncio.sleep(0.001)
            running.set(Owner("dental", "tool", "book"))
            loop.call_soon(int, "none")
            loop.call_later(0.001, int, "none")
            await asyncio.sleep(0.01)

    run_on(loop, work(), counted.append)

    assert counted == [Owner("dental", "tool", "book")] * 2
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith("Exception in callback")
    assert said[1].startswith("a callback that tool book of agent dental left on the event loop failed (e-")
