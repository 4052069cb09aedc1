"""Takes its time, and says in which process."""

import asyncio
import gc
import logging
import os
import sys
import time
from contextlib import suppress

from agenthost import AgentBase

_log = logging.getLogger(__name__)


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="slow-tools", route="/slow-tools")
        self.prompt_add_section("Role", "You answer tests.")

    @AgentBase.tool
    async def wait(self, seconds: float) -> str:
        """Wait without holding a thread."""
        _log.info("wait has begun")
        await asyncio.sleep(seconds)
        return "waited"

    @AgentBase.tool
    def sleep(self, seconds: float) -> str:
        """Sleep in a thread."""
        _log.info("sleep has begun")
        time.sleep(seconds)
        return "slept"

    @AgentBase.tool
    async def refuse(self, seconds: float) -> str:
        """Wait, and take no notice of whoever wants an end of it."""
        _log.info("refuse has begun")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(end - time.monotonic())
        return "refused"

    @AgentBase.tool(idempotent=True)
    async def book(self, day: str, *, fails: bool = False) -> str:
        """Count how often it has run for a day."""
        number = await self.state.incr(f"runs on {day}")
        await asyncio.sleep(0.5)
        if fails and number == 1:
            raise ValueError("the calendar is closed")
        return f"run {number}"

    @AgentBase.tool
    async def process(self) -> str:
        """Say which process this is."""
        return str(os.getpid())

    @AgentBase.tool
    async def kept(self) -> str:
        """Say whether anything is kept from the collector of garbage."""
        return str(gc.get_freeze_count() > 0)

    @AgentBase.tool
    async def disturb(self) -> str:
        """Leave what wants to end the process ten times a second."""
        self.disturb_again()
        return "begun"

    def disturb_again(self):
        asyncio.get_running_loop().call_later(0.1, self.leave)

    def leave(self):
        self.disturb_again()
        sys.exit(3)
