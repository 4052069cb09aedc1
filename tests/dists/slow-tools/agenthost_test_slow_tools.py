"""Takes its time, and says in which process."""

import asyncio
import logging
import os
import time

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
    async def process(self) -> str:
        """Say which process this is."""
        return str(os.getpid())
