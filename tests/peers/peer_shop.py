"""Agents of two hosts, whose tools write to one shared store."""

from agenthost import AgentBase, FunctionResult


class Clerk(AgentBase):
    """Takes orders, and hands over to billing."""

    def __init__(self):
        super().__init__("clerk", "/clerk", description="Orders", shared_state=("ledger",))

    @AgentBase.tool
    async def take(self, order: int) -> FunctionResult:
        """Take an order."""
        await self.shared_state["ledger"].update("taken", lambda orders: [*orders, order], [])
        return FunctionResult(f"Order {order} is taken.").hand_over("billing")


class Stock(AgentBase):
    """Reserves what was ordered."""

    def __init__(self):
        super().__init__("stock", "/stock", description="Stock", shared_state=("ledger",))

    @AgentBase.tool
    async def reserve(self, order: int) -> str:
        """Reserve an order."""
        await self.shared_state["ledger"].update("reserved", lambda orders: [*orders, order], [])
        return f"Order {order} is reserved."


class Billing(AgentBase):
    """Charges for orders."""

    def __init__(self):
        super().__init__("billing", "/billing", description="Invoices", shared_state=("ledger",))

    @AgentBase.tool
    async def charge(self, order: int) -> str:
        """Charge for an order."""
        await self.shared_state["ledger"].update("charged", lambda orders: [*orders, order], [])
        return f"Order {order} is charged."
