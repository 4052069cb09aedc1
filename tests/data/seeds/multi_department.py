#!/usr/bin/env python3
"""Multi-agent support server."""

import os
from agenthost import AgentServer, AgentBase, SwaigFunctionResult


# Shared configuration
CONFIG = {
    "company": "TechCorp",
    "hours": "9 AM to 6 PM EST",
    "support_email": "help@techcorp.com",
}


class MainAgent(AgentBase):
    """Front door agent that routes calls."""

    def __init__(self):
        super().__init__(name="main", route="/")

        self.prompt_add_section(
            "Role",
            f"You are the receptionist for {CONFIG['company']}. "
            "Help callers reach the right department."
        )

        self.prompt_add_section(
            "Departments",
            bullets=[
                "Sales - for new purchases and pricing",
                "Support - for technical help",
                "Billing - for payments and invoices"
            ]
        )

        self.add_language("English", "en-US", "rime.spore")

    @AgentBase.tool(description="Transfer to a department")
    def transfer_department(self, args: dict, raw_data: dict = None) -> SwaigFunctionResult:
        department = args.get("department", "")
        routes = {
            "sales": "/sales",
            "support": "/support",
            "billing": "/billing"
        }
        if department.lower() not in routes:
            return SwaigFunctionResult(
                "I can transfer you to sales, support, or billing."
            )
        return (
            SwaigFunctionResult(f"Transferring to {department}.")
            .swml_change_context(routes[department.lower()])
        )


class SalesAgent(AgentBase):
    """Sales department agent."""

    def __init__(self):
        super().__init__(name="sales", route="/sales")

        self.prompt_add_section(
            "Role",
            f"You are a sales representative for {CONFIG['company']}. "
            "Help customers with product information and pricing."
        )

        self.add_language("English", "en-US", "rime.marsh")

    @AgentBase.tool(description="Get pricing information")
    def get_pricing(self, args: dict, raw_data: dict = None) -> SwaigFunctionResult:
        product = args.get("product", "")
        prices = {
            "basic": "$99/month",
            "pro": "$199/month",
            "enterprise": "Custom pricing"
        }
        price = prices.get(product.lower(), "Please specify: basic, pro, or enterprise")
        return SwaigFunctionResult(f"{product} is {price}.")


class SupportAgent(AgentBase):
    """Technical support agent."""

    def __init__(self):
        super().__init__(name="support", route="/support")

        self.prompt_add_section(
            "Role",
            f"You are a technical support agent for {CONFIG['company']}. "
            "Help customers resolve technical issues."
        )

        self.add_language("English", "en-US", "rime.spore")

    @AgentBase.tool(description="Create support ticket")
    def create_ticket(self, args: dict, raw_data: dict = None) -> SwaigFunctionResult:
        issue = args.get("issue", "")
        ticket_id = "T-" + str(hash(issue))[:6]
        return SwaigFunctionResult(
            f"I've created ticket {ticket_id} for your issue. "
            f"You'll receive updates at {CONFIG['support_email']}."
        )


class BillingAgent(AgentBase):
    """Billing department agent."""

    def __init__(self):
        super().__init__(name="billing", route="/billing")

        self.prompt_add_section(
            "Role",
            f"You are a billing specialist for {CONFIG['company']}. "
            "Help with payments, invoices, and account questions."
        )

        self.add_language("English", "en-US", "rime.cove")

    @AgentBase.tool(description="Get account balance")
    def get_balance(self, args: dict, raw_data: dict = None) -> SwaigFunctionResult:
        account_id = args.get("account_id", "")
        # Mock balance lookup
        return SwaigFunctionResult(
            f"Account {account_id} has a balance of $0.00. You're all paid up!"
        )


def main():
    """Start the multi-agent server."""
    host = os.getenv("HOST", "0.0.0.0")
    port = int(os.getenv("PORT", "3000"))

    server = AgentServer(host=host, port=port)

    # Register all agents
    server.register(MainAgent())
    server.register(SalesAgent())
    server.register(SupportAgent())
    server.register(BillingAgent())

    print(f"Multi-agent server starting on {host}:{port}")
    print("Endpoints:")
    print(f"  Main:    http://{host}:{port}/")
    print(f"  Sales:   http://{host}:{port}/sales")
    print(f"  Support: http://{host}:{port}/support")
    print(f"  Billing: http://{host}:{port}/billing")
    print(f"  Health:  http://{host}:{port}/health")

    server.run()


if __name__ == "__main__":
    main()
