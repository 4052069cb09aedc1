"""A host with an agent whose tool writes shared state."""

from __future__ import annotations

import sys

from agenthost import AgentBase, AgentServer


class Counter(AgentBase):
    """Counts calls, and takes summaries."""

    def __init__(self) -> None:
        super().__init__("counter", "/counter")
        self.prompt_add_section("Role", "You count calls.")
        self.set_post_prompt("Summarise the call.")

    @AgentBase.tool
    async def count(self) -> str:
        """Count a call."""
        return f"This is call {await self.state.incr('calls')}."


if __name__ == "__main__":
    server = AgentServer(port=int(sys.argv[1]))
    server.register(Counter())
    server.run()
