"""Tool calls: every way in which a tool can end, and what its caller hears."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import re
import sys
import threading
import time
from functools import partial
from typing import Any

import attrs
import pytest
from plans import plan_of
from polling import poll_in_loop, poll_until

from agenthost import AgentBase, FunctionResult, StateUnavailable
from agenthost._host.calls.loop_watchdog import Watchdog
from agenthost._host.calls.tool_caller import BUSY, ToolCaller
from agenthost._host.config.limits import Limits
from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.telemetry.metrics import Metrics
from agenthost._web.request.tool_answers import swaig_fields
from agenthost.results.tool_answer import MAX_ANSWER
from agenthost.tools.swaig import ToolRequest

FALLBACK = "Let me connect you to the desk."
MOST = Limits().running
PATIENCE = 30.0
"""Seconds after which something will never happen."""


def mounted(name="desk", *, limits=None, **tools):
    """Return a served agent with plain tools.

    A tool named ``hurried`` has a timeout of a tenth of a second.
    """
    agent = AgentBase(name, f"/{name}", fallback=FALLBACK)
    for tool, handler in tools.items():
        agent.define_tool(tool, "", {}, handler, timeout=0.1 if tool == "hurried" else None)
    config = Config(host=HostConfig(**limits or {"breaker_failures": 0, "queued": 0}))
    return plan_of(agent, config=config).agents[0]


async def ask(caller, agent, tool="t", arguments=None):
    body: dict[str, Any] = {"function": tool, "call_id": "call-1", "arguments": arguments or {}}
    answer = await caller.answer(agent, agent.tools[tool], ToolRequest.from_body(body), str)
    return swaig_fields(answer, lambda key: f"https://x/{key}")


def answered(handler, arguments=None, *, timeout=5.0):
    """Return the answer to one call of a tool."""
    agent = mounted(t=handler, limits={"tool_timeout": timeout})
    return asyncio.run(ask(ToolCaller(), agent, arguments=arguments))


def both(function):
    """The function as it is, and as a coroutine function."""

    async def later(args, raw_data):
        await asyncio.sleep(0)
        return function(args, raw_data)

    return pytest.param(function, id="sync"), pytest.param(later, id="async")


def raising(error):
    def tool(args, raw_data):
        raise error

    return tool


def endless(args, raw_data):
    loop: list[Any] = []
    loop.append(loop)
    return {"response": loop}


@pytest.mark.parametrize(
    "handler", both(lambda args, raw_data: FunctionResult(f"{args} {raw_data['call_id']}").hangup())
)
def test_a_result(handler):
    """A tool gets its arguments and the body, in a thread or on the loop."""
    assert answered(handler, {"a": 1}) == {"response": "{'a': 1} call-1", "action": [{"hangup": True}]}


def test_a_sync_tool_runs_beside_the_event_loop():
    """While it works, others are served."""

    async def main():
        caller, agent = ToolCaller(), mounted(t=lambda args: threading.current_thread().name)
        return await ask(caller, agent), threading.current_thread().name

    answer, own = asyncio.run(main())

    assert own != answer["response"]


def test_a_sync_tool_may_return_an_awaitable():
    """Such as a decorated coroutine function, or an object with an async ``__call__``."""

    class Handler:
        async def __call__(self, args, raw_data):
            await asyncio.sleep(0)
            return "awaited"

    assert answered(Handler()) == {"response": "awaited"}


@pytest.mark.parametrize(
    "error",
    [
        ValueError("card 4111"),
        SystemExit(3),
        KeyboardInterrupt(),
        StopIteration(1),
        MemoryError(),
        asyncio.CancelledError(),
        TimeoutError(),
        RecursionError(),
        BaseExceptionGroup("", [SystemExit()]),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_whatever_a_tool_raises(error, kind, caplog):
    """The caller gets the agent's fallback.

    The log has the error, under the same id.
    """
    handlers = dict(zip(("sync", "async"), (param.values[0] for param in both(raising(error))), strict=True))
    answer = answered(handlers[kind])

    assert list(answer) == ["response", "error_id"]
    assert answer["response"] == FALLBACK
    (record,) = caplog.records
    assert answer["error_id"] in record.getMessage()
    assert record.levelno == logging.ERROR
    assert record.exc_info[1] is not None
    assert re.search(r"\bt\b.*\bdesk\b", record.getMessage())


@pytest.mark.parametrize(
    "handler",
    [
        *both(lambda args, raw_data: object()),
        *both(lambda args, raw_data: {"response": math.nan}),
        *both(lambda args, raw_data: "x" * MAX_ANSWER),
        *both(lambda args, raw_data: "\ud800"),
        *both(lambda args, raw_data: (n for n in range(3))),
        *both(endless),
    ],
)
def test_a_result_that_cannot_be_sent(handler, caplog):
    """It counts as a failure of the tool."""
    answer = answered(handler)

    assert answer["response"] == FALLBACK
    assert answer["error_id"] in caplog.text


def test_a_hand_over_to_nobody(caplog):
    def sibling(name):
        raise LookupError(name)

    agent = mounted(t=lambda args: FunctionResult("Bye.").hand_over("nobody"))
    request = ToolRequest.from_body({"function": "t"})
    answer = asyncio.run(ToolCaller().answer(agent, agent.tools["t"], request, sibling))

    assert (answer.response, answer.outcome) == (FALLBACK, "failed")
    assert "LookupError: nobody" in caplog.text


def test_a_tool_s_own_fallback():
    """It is said before the agent's."""
    agent = AgentBase("desk").define_tool("t", "", {}, raising(ValueError()), fallback="No weather today.")
    (desk,) = plan_of(agent).agents

    assert asyncio.run(ask(ToolCaller(), desk))["response"] == "No weather today."


def test_ids_tell_failures_apart():
    failing = raising(ValueError())

    assert answered(failing)["error_id"] != answered(failing)["error_id"]


def test_arguments_that_do_not_fit(caplog):
    """The model gets a sentence about the expected arguments.

    It is not a failure, so nothing is logged.
    """
    agent = AgentBase("desk").define_tool("t", "", {"n": {"type": "integer"}}, lambda args: "")
    (desk,) = plan_of(agent).agents

    assert asyncio.run(ask(ToolCaller(), desk, arguments={"n": "x"})) == {"response": "n must be an integer"}
    assert caplog.records == []


async def sleeping(args):
    await asyncio.sleep(60)


def test_a_missed_deadline_on_the_loop(caplog):
    """The tool is cancelled, and its caller hears the agent's sentence."""
    answer = answered(sleeping, timeout=0.1)

    assert answer["response"] == FALLBACK
    assert "TimeoutError" in caplog.text


def test_a_missed_deadline_in_a_thread(caplog):
    """Its caller is answered while the thread goes on."""
    hanging = Hanging()

    async def main():
        answer = await ask(ToolCaller(), mounted(t=hanging, limits={"tool_timeout": 0.1}))
        still_running = not hanging.release.is_set()
        hanging.release.set()
        return answer, still_running

    answer, still_running = asyncio.run(main())

    assert still_running
    assert answer["response"] == FALLBACK
    assert "TimeoutError" in caplog.text


@pytest.mark.parametrize(("error", "runs"), [(StateUnavailable("the store does not answer"), 5), (ValueError(), 2)])
def test_a_store_that_does_not_answer_opens_no_breaker_of_an_agent(error, runs):
    """The store has a circuit breaker of its own, which closes when it answers again.

    Other failures open the agent's.
    """
    ran = []

    def tool(args, raw_data):
        ran.append(1)
        raise error

    async def main():
        caller, agent = ToolCaller(), mounted(t=tool, limits={"breaker_failures": 2})
        heard = [await ask(caller, agent) for _ in range(3)]
        attempts = [await caller.attempt(agent, "document", partial(tool, {}, {})) for _ in range(2)]
        return heard, attempts

    heard, attempts = asyncio.run(main())
    assert {answer["response"] for answer in heard} == {FALLBACK}
    assert all(answer["error_id"] for answer in heard)
    assert all(attempt.error_id for attempt in attempts)
    assert len(ran) == runs


def test_the_caller_s_own_cancellation_goes_on():
    """Neither a host that ends nor a client that leaves counts as a failure."""

    async def main():
        task = asyncio.create_task(ask(ToolCaller(), mounted(t=sleeping)))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


class Hanging:
    """A tool whose threads hang until they are let go."""

    def __init__(self):
        self.release = threading.Event()
        self.running = 0

    def __call__(self, args):
        self.running += 1
        self.release.wait(60)
        return "released"


class TestSlots:
    def test_an_agent_keeps_only_its_own_threads(self):
        """Callers of an agent without free slots get its busy sentence.

        Other agents are not affected.
        """
        hanging = Hanging()
        busy, other = mounted("busy", t=hanging), mounted("other", t=lambda args: "here")

        async def main():
            caller = ToolCaller()
            waiting = [asyncio.create_task(ask(caller, busy)) for _ in range(MOST)]
            await poll_in_loop(lambda: hanging.running == MOST)
            refused = await ask(caller, busy)
            elsewhere = await ask(caller, other)
            hanging.release.set()
            return refused, elsewhere, await asyncio.gather(*waiting)

        refused, elsewhere, answers = asyncio.run(main())

        assert refused == {"response": BUSY}
        assert elsewhere == {"response": "here"}
        assert answers == [{"response": "released"}] * MOST

    def test_a_deadline_gives_no_slot_back(self):
        """A slot is free when its thread has ended, not when its caller is answered."""
        hanging = Hanging()
        agent = mounted(t=hanging, hurried=hanging)

        async def main():
            caller, late = ToolCaller(), []
            while hanging.running < MOST:  # a call whose thread has not begun in time leaves its slot free
                calls = (ask(caller, agent, "hurried") for _ in range(MOST - hanging.running))
                late += await asyncio.gather(*calls)
                await poll_in_loop(lambda: caller.gates.of(agent).slots.free == MOST - hanging.running)
            still = await ask(caller, agent)
            hanging.release.set()
            await poll_in_loop(lambda: caller.gates.of(agent).slots.free == MOST)
            return late, still, await ask(caller, agent)

        late, still, after = asyncio.run(main())

        assert {answer["response"] for answer in late} == {FALLBACK}
        assert still == {"response": BUSY}
        assert after == {"response": "released"}

    @pytest.mark.parametrize("handler", [raising(SystemExit()), raising(ValueError()), lambda args: object()])
    def test_a_failure_gives_its_slot_back(self, handler):
        agent = mounted(t=handler)

        async def main():
            caller = ToolCaller()
            return [await ask(caller, agent) for _ in range(MOST + 1)]

        assert {FALLBACK} == {answer["response"] for answer in asyncio.run(main())}

    def test_a_call_that_ends_before_its_thread_begins(self):
        """The slot is given back, and the tool does not run for nobody."""
        runs = []
        agent = mounted(t=lambda args: runs.append(1))

        async def main():
            caller = ToolCaller()
            for _ in range(MOST + 1):
                task = asyncio.create_task(ask(caller, agent))
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await poll_in_loop(lambda: caller.gates.of(agent).slots.free == MOST)
            before = len(runs)
            return before, await ask(caller, agent)

        before, answer = asyncio.run(main())

        assert before == 0
        assert answer == {"response": "Function executed successfully"}

    def test_an_agent_that_is_gone_is_forgotten(self):
        """A host that swaps its plan holds on to no agent of the old one."""

        async def main():
            caller = ToolCaller()
            await ask(caller, mounted(t=lambda args: ""))
            await asyncio.sleep(0)
            return len(caller.gates.loads())

        assert asyncio.run(main()) == 0


class TestBreaker:
    """The circuit breaker of an agent, and its reports."""

    def test_a_configuration_that_works_proves_no_tool(self):
        """Agents that are configured for each call run that code with every tool call."""

        async def main():
            caller = ToolCaller()
            agent = mounted(limits={"breaker_failures": 3}, t=raising(ValueError("no")))
            for _ in range(3):
                await caller.attempt(agent, "document", lambda: None)
                await ask(caller, agent)
            return caller.gates.broken == {agent}

        assert asyncio.run(main())

    def test_a_configuration_that_fails_opens_it_and_closes_it_when_it_works(self):
        works = threading.Event()

        def configure():
            if not works.is_set():
                raise ValueError("no")

        async def main():
            caller = ToolCaller()
            agent = mounted(limits={"breaker_failures": 3, "breaker_open": 1e-6})
            for _ in range(3):
                await caller.attempt(agent, "document", configure)
            opened = caller.gates.broken
            works.set()
            await caller.attempt(agent, "document", configure)
            return opened == {agent}, caller.gates.broken == frozenset()

        assert asyncio.run(main()) == (True, True)

    def test_who_is_not_served_any_more_is_not_told_of(self):
        """A removed agent is not reported as broken.

        That holds for calls in progress, and for a new agent with its key.
        """
        metrics = Metrics()

        def told():
            return dict(re.findall(r'agenthost_breaker_open\{agent="(\w+)"\} ([01])', metrics.text().decode()))

        async def main():
            caller = ToolCaller(metrics)
            stays, goes, comes = (
                mounted(name, limits={"breaker_failures": 1}, t=raising(ValueError("no"))) for name in "abb"
            )
            for agent in (stays, goes):
                await ask(caller, agent)
            assert (caller.gates.broken, told()) == ({stays, goes}, {"a": "1", "b": "1"})
            caller.gates.forget(lambda agent: agent is goes)
            assert (caller.gates.broken, told()) == ({stays}, {"a": "1", "b": "0"})
            await ask(caller, comes)
            assert (caller.gates.broken, told()) == ({stays, comes}, {"a": "1", "b": "1"})
            caller.gates.forget(lambda agent: agent is comes)
            assert (caller.gates.broken, told()) == ({stays, goes}, {"a": "1", "b": "1"})
            caller.gates.forget(lambda agent: agent is not stays)
            await ask(caller, mounted("c", limits={"breaker_failures": 1}, t=raising(ValueError("no"))))
            assert (caller.gates.broken, told()) == ({stays}, {"a": "1", "b": "0"})

        asyncio.run(main())


def computing():
    """Use more CPU than a call may without counting as computing."""
    end = time.thread_time() + 0.03
    while time.thread_time() < end:
        sum(range(1000))


def test_an_agent_computes_in_one_thread_while_the_loop_is_held_up():
    """It does once it is known to compute.

    Its other tools and other agents are not affected.
    """
    held_up = False
    at_once: list[int] = []
    brief = threading.Event()

    def tool(args, raw_data):
        at_once.append(1)
        computing()
        most = len(at_once)
        at_once.pop()
        return str(most)

    def meets(args, raw_data):
        computing()
        return "met" if brief.wait(PATIENCE) else "alone"

    caller = ToolCaller(held_up=lambda: held_up)
    agent = mounted(t=tool, brief=lambda args, raw_data: brief.set() or "brief")
    other = mounted("other", t=meets)

    async def calls():
        nonlocal held_up
        await ask(caller, agent)
        held_up = True
        computed = (ask(caller, agent) for _ in range(4))
        return await asyncio.gather(ask(caller, other), *computed, ask(caller, agent, "brief"))

    answers = [answer["response"] for answer in asyncio.run(calls())]

    assert answers == ["met", "1", "1", "1", "1", "brief"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process has one priority")
def test_what_computes_leaves_the_processor_to_the_loop_while_it_is_held_up():
    """In a thread that is not used again: nobody may take that back."""
    held_up = False

    def tool(args, raw_data):
        computing()
        return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    async def calls(caller, agent):
        nonlocal held_up
        nice = []
        for now in (False, True, True, False):
            held_up = now
            nice.append(int((await ask(caller, agent))["response"]))
        return nice

    usual = os.getpriority(os.PRIO_PROCESS, 0)
    last = min(usual + 10, 19)

    assert asyncio.run(calls(ToolCaller(held_up=lambda: held_up), mounted(t=tool))) == [usual, last, last, usual]


def test_threads_compute_side_by_side_while_nobody_waits_for_them():
    """Compiled code that computes without the interpreter does not hold the loop up."""
    meet = threading.Barrier(2, timeout=PATIENCE)

    def tool(args, raw_data):
        computing()
        meet.wait()
        return "computed"

    async def calls(caller, agent):
        return [await asyncio.gather(ask(caller, agent), ask(caller, agent)) for _ in range(2)]

    for answers in asyncio.run(calls(ToolCaller(), mounted(t=tool))):
        assert [answer["response"] for answer in answers] == ["computed"] * 2


def test_a_call_that_goes_on_beyond_its_deadline_leaves_its_turn():
    """So that one that never ends does not keep its agent from computing."""
    go_on = threading.Event()

    def tool(args, raw_data):
        computing()
        return "waited" if args and go_on.wait(PATIENCE) else "computed"

    async def calls(caller, agent):
        answers = [await ask(caller, agent, arguments=arguments) for arguments in ({}, {"stay": 1}, {})]
        go_on.set()
        return [answer["response"] for answer in answers]

    agent = mounted(t=tool, limits={"tool_timeout": 2.0, "breaker_failures": 0})

    assert asyncio.run(calls(ToolCaller(held_up=lambda: True), agent)) == ["computed", FALLBACK, "computed"]


def test_names_that_a_configuration_makes_up_are_not_kept():
    """Tools of an agent that is configured per call may have any name."""
    agent, caller = mounted(t=lambda args, raw_data: FunctionResult("Yes.")), ToolCaller()
    tool = agent.tools["t"]

    async def calls(numbers):
        for number in numbers:
            request = ToolRequest.from_body({"function": f"t{number}", "call_id": "c", "arguments": {}})
            answer = await caller.answer(agent, attrs.evolve(tool, name=f"t{number}"), request, str)
            assert answer.outcome == "ok"
            caller.refused(agent, request)
        await ask(caller, agent)

    asyncio.run(calls(range(1000)))
    gate = caller.gates.of(agent)

    assert list(gate._tools) == ["t"]
    assert not gate._others
    assert not gate._computing


@pytest.mark.parametrize("inline", [True, False])
def test_a_quick_tool_runs_on_the_event_loop(inline):
    """Its errors, arguments and slots are those of any tool."""
    where = []

    def tool(args, raw_data):
        where.append(threading.current_thread() is threading.main_thread())
        if args:
            raise ValueError
        return FunctionResult("Yes.")

    agent = AgentBase("desk", "/desk", fallback=FALLBACK)
    agent.define_tool("t", "", {"of": {"type": "string"}}, tool, inline=inline)
    served, caller = plan_of(agent).agents[0], ToolCaller()

    async def calls():
        return [await ask(caller, served, arguments=arguments) for arguments in ({}, {"of": "x"}, {"of": 1})]

    answers = asyncio.run(calls())

    assert where == [inline, inline, inline][: len(where)]
    assert [answer["response"].split(".")[0] for answer in answers][:2] == ["Yes", FALLBACK[:-1]]
    assert caller.gates.of(served).slots.free == MOST


def test_a_quick_tool_that_blocks_is_named(caplog):
    """The watchdog counts it, and the circuit breaker opens after the third time."""

    def named():
        return any("blocked by tool t of agent desk" in record.getMessage() for record in caplog.records)

    with caplog.at_level(logging.ERROR):
        agent = AgentBase("desk", "/desk", fallback=FALLBACK)
        agent.define_tool("t", "", {}, lambda args, raw_data: poll_until(named), inline=True)
        served = plan_of(agent).agents[0]
        watchdog = Watchdog(Metrics(), lambda: (served,))
        caller = ToolCaller()
        watchdog.listen(caller.gates.blocked)

        async def blocked():
            async with watchdog.watching():
                await asyncio.sleep(0.1)
                await ask(caller, served)

        asyncio.run(blocked())

    assert named()
