"""Agents whose tools have effects that can be counted."""

import os
import sqlite3
import time

from agenthost import AgentBase, FunctionResult


def _effect(statement, order):
    time.sleep(0.1)
    with sqlite3.connect(os.environ["EFFECTS"], timeout=30, isolation_level=None) as database:
        database.execute(statement, (order,))
    time.sleep(0.1)


class Clerk(AgentBase):
    """Looks orders up."""

    def __init__(self):
        super().__init__("clerk", "/clerk", description="Orders: looks up an order", examples=["Where is my order?"])

    @AgentBase.tool
    def look_up(self, order: int) -> FunctionResult:
        """Look an order up."""
        _effect("INSERT INTO looked_up VALUES (?)", order)
        return FunctionResult("It is lost.")

    @AgentBase.tool(annotations={"idempotentHint": True})
    def pass_on(self, order: int) -> FunctionResult:
        """Ask for a manager."""
        time.sleep(0.05)
        return FunctionResult(f"A manager helps with {order}.").add_action("escalate", {"reason": "order lost"})


class Manager(AgentBase):
    """Refunds orders."""

    def __init__(self):
        super().__init__("manager", "/manager", description="Takes over from the clerk")

    @AgentBase.tool(annotations={"idempotentHint": True})
    def refund(self, order: int) -> str:
        """Refund an order, at most once."""
        _effect("INSERT OR IGNORE INTO refunded VALUES (?)", order)
        return f"Order {order} is refunded."


class Billing(AgentBase):
    """Sends invoices."""

    def __init__(self):
        super().__init__("billing", "/billing", description="Invoices", examples=["Send me an invoice, please."])
