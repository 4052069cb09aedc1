"""An agent that shares a customer's record with another package.

It awaits its store.
"""

import json
import os

from agenthost import AgentBase


class Agent(AgentBase):
    def __init__(self):
        super().__init__(
            name="shares-desk", route="/shares-desk", shared_state=("customers",), fallback="The books are closed."
        )

    @AgentBase.tool
    async def visit(self, mark: str) -> str:
        """Write a visit down, on the customer's record and by itself."""
        customers = self.shared_state["customers"]
        await customers.set(f"visits/{mark}", self.name)
        record = await customers.update("ada", lambda old: old | {self.name: old.get(self.name, 0) + 1}, {})
        number = await customers.incr("number")
        return json.dumps({"number": number, "record": record, "process": os.getpid()})

    @AgentBase.tool
    async def book(self) -> str:
        """Say everything that is written down."""
        customers = self.shared_state["customers"]
        marks = [key.removeprefix("visits/") async for key in customers.scan("visits/")]
        return json.dumps(
            {"marks": marks, "record": await customers.get("ada"), "number": await customers.get("number")}
        )

    @AgentBase.tool
    async def keep(self, what: str) -> str:
        """Keep what no store takes."""
        await self.state.set("kept", 1)
        if what == "a long key":
            await self.state.set("k" * 513, 1)
        elif what == "an object":
            await self.state.set("kept", {"customer": object()})
        elif what == "NaN":
            await self.state.update("kept", lambda _: float("nan"))
        elif what == "too much":
            await self.state.set("kept", "x" * 262_143)
        return f"kept {await self.state.get('kept')}"
