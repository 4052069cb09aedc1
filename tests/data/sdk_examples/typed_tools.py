"""Tools read from type hints and docstrings.

Others take properties of their schema by name.
"""

from typing import Literal, Optional

from agenthost import AgentBase, FunctionResult


class TypedAgent(AgentBase):
    def __init__(self):
        super().__init__(name="typed", route="/typed")
        self.prompt_add_section("Role", "You take orders.")

    @AgentBase.tool()
    def order(self, item: str, count: int, price: float, size: Literal["s", "m", "l"], gift: bool = False):
        """Place an order.

        Args:
            item: What is ordered
            count: How many
            price: What one costs
            size: The size
            gift: Whether it is wrapped
        """
        return FunctionResult(f"{count} {item} ({size}) at {price}, gift {gift}.")

    @AgentBase.tool(name="cancel", description="Cancel an order", secure=False)
    def cancel_order(self, number: int, reason: Optional[str] = None):
        return FunctionResult(f"Cancelled {number}: {reason}.")

    @AgentBase.tool()
    async def status(self):
        """Say how things are."""
        return FunctionResult("All is well.")

    @AgentBase.tool(description="Tell the caller's number")
    def number(self, raw_data):
        return FunctionResult(str(raw_data.get("caller_id_num")))

    @AgentBase.tool(name="hours", description="Opening hours", parameters={}, fillers={"en-US": ["One moment."]})
    def opening_hours(self):
        return FunctionResult("Nine to five.")


Agent = TypedAgent
