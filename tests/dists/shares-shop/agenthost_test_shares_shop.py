"""An agent that shares a customer's record with another package.

It uses its store from threads.
"""

import json
import os

from agenthost import AgentBase


class Agent(AgentBase):
    def __init__(self):
        super().__init__(
            name="shares-shop", route="/shares-shop", shared_state=("customers",), fallback="The books are closed."
        )

    @AgentBase.tool
    def visit(self, mark: str) -> str:
        """Write a visit down, on the customer's record and by itself."""
        customers = self.shared_state["customers"].sync
        customers.set(f"visits/{mark}", self.name)
        record = customers.update("ada", lambda old: old | {self.name: old.get(self.name, 0) + 1}, {})
        number = customers.incr("number")
        return json.dumps({"number": number, "record": record, "process": os.getpid()})
