"""The other side "signalwire-sdk": the agents of the front desk, in its style.

Run it with a port, by a Python that has signalwire-sdk, uvloop and httptools. It is tuned: no log, no access log.
"""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ["SIGNALWIRE_LOG_MODE"] = "off"

import uvicorn
from signalwire import AgentBase, AgentServer, FunctionResult

PRICES = {"basic": "$99/month", "pro": "$199/month", "enterprise": "custom: our sales team makes an offer"}
BALANCES = {"A-1001": "Account A-1001 has a balance of $0.00. You're all paid up!"}


class SalesAgent(AgentBase):
    """The sales agent, with prices."""

    def __init__(self) -> None:
        super().__init__(name="sales", route="/sales")
        self.prompt_add_section(
            "Role", "You are a sales representative for TechCorp. Help customers with product information and pricing."
        )
        self.add_language("English", "en-US", "rime.marsh")

    @AgentBase.tool(
        description="Get pricing information",
        parameters={
            "type": "object",
            "properties": {
                "product": {
                    "type": "string",
                    "description": "The product the caller asks about",
                    "enum": list(PRICES),
                }
            },
            "required": ["product"],
        },
    )
    def get_pricing(self, args: dict[str, Any], raw_data: dict[str, Any] | None = None) -> FunctionResult:  # noqa: ARG002
        """Say a price."""
        product = args["product"]
        return FunctionResult(f"{product} is {PRICES[product]}.")


class BillingAgent(AgentBase):
    """The billing agent, with balances."""

    def __init__(self) -> None:
        super().__init__(name="billing", route="/billing")
        self.prompt_add_section(
            "Role",
            "You are a billing specialist for TechCorp. Help with payments, invoices, and account questions.",
        )
        self.add_language("English", "en-US", "rime.cove")

    @AgentBase.tool(
        description="Get account balance",
        parameters={
            "type": "object",
            "properties": {"account_id": {"type": "string", "description": "The account number, such as A-1001"}},
            "required": ["account_id"],
        },
    )
    async def get_balance(self, args: dict[str, Any], raw_data: dict[str, Any] | None = None) -> FunctionResult:  # noqa: ARG002
        """Say a balance."""
        return FunctionResult(BALANCES[args["account_id"].strip().upper()])


if __name__ == "__main__":
    server = AgentServer(host="127.0.0.1", port=int(sys.argv[1]))
    server.register(SalesAgent())
    server.register(BillingAgent())
    uvicorn.run(
        server.app,
        port=server.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
    )
