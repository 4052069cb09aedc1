"""Tools that fail in the way of their name, plain and async.

One tool works.
"""

import asyncio
import datetime as dt
import socket
import sys
import threading
import time
from contextlib import suppress

from agenthost import AgentBase, FunctionResult

FOREVER = 120
"""Seconds that no test waits for."""
SOON = 1.0
"""Seconds that tools have which do not end; the others have as long as a busy machine needs."""
BURNING = 4
FAILURES = []


class Failing(AgentBase):
    def __init__(self):
        super().__init__(name="failing", route="/failing", fallback="Let me connect you to the desk.")
        self.prompt_add_section("Role", "You answer tests.")
        for fail in FAILURES:
            self.define_tool(fail.__name__, f"{fail.__name__} fails", {}, fail)
            self.define_tool(f"{fail.__name__}_async", f"{fail.__name__} fails", {}, asynchronous(fail))
        self.define_tool("hang", "Never come back", {}, hang, timeout=SOON)
        self.define_tool("hang_async", "Never come back", {}, hang_async, timeout=SOON)


class Stuck(AgentBase):
    """An agent on its own, so that a test may use up all its slots."""

    def __init__(self):
        super().__init__(name="stuck", route="/stuck")
        self.prompt_add_section("Role", "You answer tests.")
        self.define_tool("hang", "Never come back", {}, hang, timeout=SOON)
        self.define_tool("answer", "Answer at once", {}, answer)


class Fickle(AgentBase):
    """An agent that fails, blocks the event loop or works, and makes its own documents."""

    def __init__(self):
        super().__init__(name="fickle", route="/fickle", fallback="Let me connect you to the desk.")
        self.prompt_add_section("Role", "You answer tests.")
        self.set_dynamic_config_callback(self.configure_for_call)

    def configure_for_call(self, query, body, headers, agent):
        agent.prompt_add_section("Call", "made for this call")

    @AgentBase.tool
    async def act(self, way: str) -> str:
        if way not in ("work", "block", "exit", "stumble"):
            raise ValueError(f"told to {way}")
        if way == "block":
            time.sleep(0.8)  # noqa: ASYNC251 - what must not be done
        if way == "exit":
            asyncio.get_running_loop().call_soon(self.leave)
        if way == "stumble":
            asyncio.get_running_loop().create_task(stumble("task"))
            asyncio.get_running_loop().call_soon(int, "none")
            threading.Thread(target=int, args=("none",)).start()
        return "worked"

    def leave(self):
        sys.exit(3)


class Starting(AgentBase):
    """Its tools start tasks and threads that fail."""

    def __init__(self):
        super().__init__(name="starting", route="/starting", fallback="Let me connect you to the desk.")
        self.prompt_add_section("Role", "You answer tests.")
        self.tasks = []
        self.define_tool("burn", "Compute for longer than there is time", {}, burn, timeout=SOON)

    @AgentBase.tool
    async def exits_in_a_task(self) -> str:
        await asyncio.create_task(leave())
        return "never"

    @AgentBase.tool
    async def exits_in_a_group(self) -> str:
        async with asyncio.TaskGroup() as group:
            group.create_task(leave())
        return "never"

    @AgentBase.tool(timeout=0.3)
    async def takes_no_notice(self) -> str:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(FOREVER)

    @AgentBase.tool
    async def leaves_a_task_that_exits(self) -> str:
        self.tasks.append(asyncio.create_task(leave()))
        return "begun"

    @AgentBase.tool
    async def leaves_a_task_that_raises(self) -> str:
        asyncio.create_task(stumble("task"))  # noqa: RUF006 - nobody is meant to hold it
        return "begun"

    @AgentBase.tool
    def leaves_a_thread_that_raises(self) -> str:
        threading.Thread(target=self.stumble_in_a_thread).start()
        return "begun"

    @AgentBase.tool
    def leaves_a_thread_that_exits(self) -> str:
        threading.Thread(target=sys.exit).start()
        return "begun"

    @AgentBase.tool
    async def leaves_a_callback(self, way: str, raises: str) -> str:
        """Leave something on the event loop that raises, in one of the ways that there are."""
        loop, callback = asyncio.get_running_loop(), getattr(self, raises)
        if way == "soon":
            loop.call_soon(callback)
        elif way == "later":
            loop.call_later(0.01, callback)
        elif way == "done":
            future = loop.create_future()
            future.add_done_callback(callback)
            future.set_result(None)
        else:
            self.one, self.other = socket.socketpair()
            loop.add_reader(self.one, self.read, callback)
            self.other.send(b"x")
        return "begun"

    def read(self, callback):
        asyncio.get_running_loop().remove_reader(self.one)
        self.one.close()
        self.other.close()
        callback()

    def exit(self, *_):
        sys.exit(3)

    def interrupt(self, *_):
        raise KeyboardInterrupt

    def stop(self, *_):
        asyncio.get_running_loop().stop()

    def stumble(self, *_):
        raise ValueError("stumbled in a callback")

    def stumble_in_a_thread(self):
        raise ValueError("stumbled in a thread")


async def leave():
    await asyncio.sleep(0)
    sys.exit(3)


async def stumble(where):
    await asyncio.sleep(0)
    raise ValueError(f"stumbled in a {where}")


class Steady(AgentBase):
    def __init__(self):
        super().__init__(name="steady", route="/steady")
        self.prompt_add_section("Role", "You answer tests.")
        self.define_tool("answer", "Answer at once", {}, answer)
        self.define_tool("think", "Answer from a thread", {}, lambda args: "here too")


async def answer(args):
    return "here"


def hang(args):
    time.sleep(FOREVER)


async def hang_async(args):
    await asyncio.sleep(FOREVER)


def burn(args):
    end = time.monotonic() + BURNING
    while time.monotonic() < end:
        pass
    return "never heard"


def failure(function):
    FAILURES.append(function)
    return function


def asynchronous(fail):
    async def failing(args):
        return fail(args)

    return failing


@failure
def raises(args):
    raise ValueError("the calendar is on fire")


@failure
def raises_a_base_exception(args):
    raise BeneathAllOthers


@failure
def raises_a_group(args):
    raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])


@failure
def raises_a_hostile_group(args):
    raise HostileGroup("several", [SystemExit(1), KeyboardInterrupt(), BeneathAllOthers()])


@failure
def returns_fifty_megabytes(args):
    return "x" * 50 * 1024 * 1024


@failure
def raises_what_cannot_be_printed(args):
    raise UnprintableError


@failure
def raises_stop_iteration(args):
    raise StopIteration(1)


@failure
def exits(args):
    sys.exit(3)


@failure
def interrupts(args):
    raise KeyboardInterrupt


@failure
def cancels(args):
    raise asyncio.CancelledError


@failure
def leaves_a_generator(args):
    raise GeneratorExit


@failure
def times_out(args):
    raise TimeoutError


@failure
def recurses(args):
    return recurses(args)


@failure
def returns_nan(args):
    return {"response": "a number", "action": [{"set_global_data": {"n": float("nan")}}]}


@failure
def returns_infinity(args):
    return FunctionResult("a number").update_global_data({"n": float("inf")})


@failure
def returns_an_object(args):
    return object()


@failure
def returns_a_circle(args):
    circle = {"response": "round"}
    circle["action"] = [circle]
    return circle


@failure
def returns_what_is_too_large(args):
    return "x" * 300 * 1024


@failure
def returns_bytes(args):
    return b"not text"


@failure
def returns_bytes_inside(args):
    return {"response": b"not text"}


@failure
def returns_a_lone_surrogate(args):
    return "half \ud83d"


@failure
def returns_odd_keys(args):
    return {"response": "odd", "action": [{(1, 2): dt.date(2025, 1, 1)}]}


@failure
def hands_over_to_nobody(args):
    return FunctionResult("Handing over.").hand_over("nobody")


class BeneathAllOthers(BaseException):
    pass


class HostileGroup(BaseExceptionGroup):
    """Cannot be taken apart, nor printed."""

    def derive(self, excs):
        raise SystemExit(4)

    def split(self, condition):
        raise KeyboardInterrupt

    subgroup = split

    def __str__(self):
        raise SystemExit(5)

    __repr__ = __str__


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("I cannot be printed")

    __repr__ = __str__
