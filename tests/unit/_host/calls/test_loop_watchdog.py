"""The watchdog names whoever blocks the event loop."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from plans import plan_of
from polling import poll_in_loop

from agenthost import AgentBase, Probe
from agenthost._host.calls.loop_watchdog import _USUAL, BLOCKED, Watchdog, blocker_of
from agenthost._host.calls.tool_caller import ToolCaller
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.metrics import Metrics
from agenthost.tools.swaig import Call, ToolRequest

pytestmark = pytest.mark.slow

HELD = BLOCKED * 4


class Blocking(AgentBase):
    """Does on the event loop what belongs in a thread."""

    def __init__(self, name):
        super().__init__(name=name, route=f"/{name}")

    @AgentBase.tool
    async def think(self) -> str:
        """Think without letting go."""
        time.sleep(HELD)  # noqa: ASYNC251 - the mistake that is looked for
        return "thought"

    @AgentBase.tool
    async def leave(self) -> str:
        """Let a task of its own do it."""
        self.task = asyncio.create_task(self.later())
        await self.task
        return "left"

    @AgentBase.tool
    async def wait(self) -> str:
        """Wait as one should."""
        await asyncio.sleep(HELD * 2)
        return "waited"

    async def later(self):
        time.sleep(HELD)  # noqa: ASYNC251


@pytest.fixture
def mounted():
    return {each.key: each for each in plan_of(Blocking("slow"), Blocking("calm")).agents}


def watched(mounted, work, blamed):
    """Return the owners that the watchdog reports while ``work`` runs, and its metrics.

    It waits for ``blamed`` owners at most.
    """
    metrics, told = Metrics(), []
    watchdog = Watchdog(metrics, mounted.values)
    watchdog.listen(lambda *blocked: told.append(blocked))

    async def main():
        async with watchdog.watching():
            await asyncio.sleep(0)
            await work()
            await poll_in_loop(lambda: blamed in [(owner.agent, owner.part) for owner, _ in told])

    asyncio.run(main())
    return told, metrics.text().decode()


def call(agent, tool):
    request = ToolRequest(tool, {}, Call("c-1", None, None, {}, {}, {}))
    return ToolCaller().answer(agent, agent.tools[tool], request, str)


@pytest.mark.parametrize(("tool", "what"), [("think", "tool think"), ("leave", "later")])
def test_it_names_agent_and_tool(mounted, tool, what, caplog):
    """It finds the blocking call among waiting ones, also in an agent's own task."""

    async def work():
        others = [asyncio.create_task(call(mounted["calm"], "wait")) for _ in range(3)]
        await asyncio.sleep(0.05)
        await call(mounted["slow"], tool)
        await asyncio.gather(*others)

    with caplog.at_level(logging.DEBUG, logger="agenthost.watchdog"):
        told, text = watched(mounted, work, ("slow", what))

    assert "calm" not in {owner.agent for owner, _ in told}
    assert max(seconds for _, seconds in told) >= BLOCKED
    assert f'agenthost_loop_blocked_total{{agent="slow",what="{what}"}} 1.0' in text
    assert f'agenthost_loop_blocked_seconds_total{{agent="slow",what="{what}"}}' in text
    assert f"the event loop is blocked by {what} of agent slow" in caplog.text
    assert "time.sleep(HELD)" in caplog.text


def test_it_names_what_is_no_agents(mounted):
    """The function, with its module."""

    async def work():
        time.sleep(HELD)  # noqa: ASYNC251

    told, _ = watched(mounted, work, ("", f"{__name__}.work"))
    assert {owner.agent for owner, _ in told} == {""}


def test_a_listener_that_fails_changes_nothing(mounted):
    watchdog, told = Watchdog(Metrics(), mounted.values), []
    watchdog.listen(lambda *_: 1 / 0)
    watchdog.listen(lambda *blocked: told.append(blocked))

    async def main():
        async with watchdog.watching():
            time.sleep(HELD)  # noqa: ASYNC251
            await poll_in_loop(lambda: told and watchdog.lag >= BLOCKED)
            assert watchdog.stands_still < 30

    asyncio.run(main())


def test_a_probe_is_named_too(mounted):
    """Checks that are coroutine functions run on the loop as well."""
    from agenthost._host.runtime.probing import Probing, SourcedProbe  # noqa: PLC0415

    async def hogs():
        time.sleep(HELD)  # noqa: ASYNC251

    probing = Probing(Metrics(), None)
    probing.use([SourcedProbe("slow", Probe("calendar", hogs, agent="slow", interval=3600))])

    async def work():
        async with probing.asking():
            await asyncio.sleep(0.05)

    told, _ = watched(mounted, work, ("slow", "probe calendar"))
    assert "calm" not in {owner.agent for owner, _ in told}


def test_nobody_is_blamed_while_the_loop_is_idle(mounted):
    """A process that gets no time is not some agent's fault."""
    idle = threading.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: (loop.call_soon(idle.set), loop.run_forever()))
    thread.start()
    idle.wait(30)
    deadline = time.monotonic() + 30
    while True:  # it is on its way into the selector
        blamed = blocker_of(sys._current_frames()[thread.ident], mounted.values())
        if blamed.name.startswith("no agent") or time.monotonic() > deadline:
            break
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()

    assert blamed == Owner("", "code", "no agent")


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ("time.sleep(until - time.monotonic())", "the process got no CPU time, or waited for a disk"),
        ("while time.monotonic() < until: pass", "garbage collection"),
    ],
    ids=["starved", "collecting"],
)
def test_the_host_is_not_blamed_for_its_own_code(mounted, work, words, caplog):
    """Garbage is collected, and processors are withheld, while the host's code is innermost."""
    module = {"__name__": "agenthost._host.runtime.gc_freeze", "time": time}
    exec(f"async def keep_anew(until):\n    {work}\n", module)  # noqa: S102 - a function of a module of the host
    metrics, told = Metrics(), []
    watchdog = Watchdog(metrics, mounted.values)
    watchdog.listen(lambda *blocked: told.append(blocked))

    async def main():
        async with watchdog.watching():
            await asyncio.sleep(0)
            await asyncio.create_task(module["keep_anew"](time.monotonic() + HELD))
            await poll_in_loop(lambda: "was late" in caplog.text)

    with caplog.at_level(logging.WARNING, logger="agenthost.watchdog"):
        asyncio.run(main())
    assert f"because of no agent: {words}" in caplog.text
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert told == []
    assert "agenthost_loop_blocked_total{" not in metrics.text().decode()


def test_threads_that_compute_give_way_sooner_while_the_loop_waits_for_them():
    """Two long lags in a row, and for a while after them."""
    usual = _USUAL
    watchdog = Watchdog(Metrics(), tuple)
    seen = []
    try:
        for now, lag in (
            (1, 0.001),
            (2, 0.02),
            (3, 0.001),
            (4, 0.02),
            (5, 0.02),
            (6, 0.001),
            (304, 0.001),
            (306, 0.001),
        ):
            watchdog._lagged(float(now), lag)
            seen.append(sys.getswitchinterval() < usual)
            assert watchdog.held_up == seen[-1]
    finally:
        sys.setswitchinterval(usual)
    assert seen == [False] * 4 + [True] * 3 + [False]


def test_a_host_that_ends_leaves_the_usual_interval():
    async def live():
        watchdog = Watchdog(Metrics(), tuple)
        async with watchdog.watching():
            for now in (1.0, 2.0):
                watchdog._lagged(now, 0.02)
            assert sys.getswitchinterval() < _USUAL
        return watchdog.held_up

    assert asyncio.run(live()) is False
    assert sys.getswitchinterval() == pytest.approx(_USUAL)


def test_only_frames_that_have_the_variable_are_read():
    """Reading a frame that its thread is leaving can end the process."""
    unread = SimpleNamespace(f_code=(lambda number: number).__code__, f_globals={"__name__": "shop"}, f_back=None)

    assert blocker_of(unread, ()) == Owner("", "code", "shop.<lambda>")


def test_a_variable_of_an_inner_function_is_read():
    def inner():
        return owner, sys._getframe()

    owner = Owner("slow", "tool", "think")

    assert blocker_of(inner()[1], ()) == owner
