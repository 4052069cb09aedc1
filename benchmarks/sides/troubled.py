"""Agents in trouble, for benchmarks/troubles.py.

The tools of each cause the trouble in its name. ``Steady`` is always healthy.
"""

import asyncio
import ctypes
import os
import sys
import time
from contextlib import suppress

from agenthost import AgentBase

KEPT: list[bytes] = []


class Steady(AgentBase):
    """The healthy agent."""

    def __init__(self) -> None:
        super().__init__(name="steady", route="/steady")
        self.prompt_add_section("Role", "You answer.")

    @AgentBase.tool
    async def hello(self) -> str:
        """Answer at once."""
        return "Hello."

    @AgentBase.tool
    async def process(self) -> str:
        """Return the process id."""
        return str(os.getpid())

    @AgentBase.tool
    def think(self) -> str:
        """Answer from a thread."""
        return "Hello."


class Each(Steady):
    """An agent that is configured for each call."""

    def __init__(self) -> None:
        AgentBase.__init__(self, name="each", route="/each")
        self.add_per_call_config(self._configure)

    @staticmethod
    def _configure(query: object, body: object, headers: object, agent: AgentBase) -> None:  # noqa: ARG004 - its form
        agent.add_hint("x")


class Sleeping(AgentBase):
    """An agent that sleeps."""

    def __init__(self) -> None:
        super().__init__(name="sleeping", route="/sleeping")

    @AgentBase.tool
    def sleep(self) -> str:
        """Sleep for a while."""
        time.sleep(2)
        return "Good morning."


class Raising(AgentBase):
    """An agent that raises."""

    def __init__(self) -> None:
        super().__init__(name="raising", route="/raising")

    @AgentBase.tool
    async def fail(self) -> str:
        """Fail."""
        raise ValueError


class Burning(AgentBase):
    """An agent that uses CPU."""

    def __init__(self) -> None:
        super().__init__(name="burning", route="/burning")

    @AgentBase.tool
    def burn(self) -> str:
        """Count for a second."""
        end = time.monotonic() + 1
        while time.monotonic() < end:
            sum(range(1000))
        return "Done."

    @AgentBase.tool
    def compute(self) -> str:
        """Use 25 ms of CPU."""
        end = time.thread_time() + 0.025
        while time.thread_time() < end:
            sum(range(1000))
        return "Done."


class Blocking(AgentBase):
    """An agent that blocks the event loop."""

    def __init__(self) -> None:
        super().__init__(name="blocking", route="/blocking")

    @AgentBase.tool
    async def block(self) -> str:
        """Block the event loop."""
        time.sleep(0.3)  # noqa: ASYNC251 - that is the trouble
        return "Done."


class Leaking(AgentBase):
    """An agent that never frees memory."""

    def __init__(self) -> None:
        super().__init__(name="leaking", route="/leaking")

    @AgentBase.tool
    def leak(self) -> str:
        """Keep 20 MB."""
        KEPT.append(b"x" * 20_000_000)
        return "Kept."


class Crashing(AgentBase):
    """An agent that ends its process."""

    def __init__(self) -> None:
        super().__init__(name="crashing", route="/crashing")

    @AgentBase.tool
    def crash(self) -> str:
        """Read at address 0."""
        return ctypes.string_at(0).decode()


class Failing(AgentBase):
    """An agent that fails in many ways."""

    def __init__(self) -> None:
        super().__init__(name="failing", route="/failing")

    @AgentBase.tool
    def leave(self) -> str:
        """Call ``sys.exit``."""
        sys.exit(3)

    @AgentBase.tool
    async def interrupt(self) -> str:
        """Raise ``KeyboardInterrupt``."""
        raise KeyboardInterrupt

    @AgentBase.tool
    def recurse(self) -> str:
        """Recurse without end."""
        return self.recurse()

    @AgentBase.tool
    def count(self) -> dict[str, object]:
        """Return NaN."""
        return {"response": "x", "action": [{"n": float("nan")}]}

    @AgentBase.tool
    def talk(self) -> str:
        """Return 50 MB."""
        return "x" * 50_000_000

    @AgentBase.tool
    async def leave_in_a_task(self) -> str:
        """Call ``sys.exit`` in a task."""
        await asyncio.create_task(self._leave())
        return "never"

    @AgentBase.tool(timeout=0.5)
    async def stay(self) -> str:
        """Ignore the deadline for a while."""
        end = time.monotonic() + 2
        while time.monotonic() < end:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(end - time.monotonic())
        return "late"

    async def _leave(self) -> None:
        sys.exit(3)
