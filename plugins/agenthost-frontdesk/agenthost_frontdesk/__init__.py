"""A company's front desk: a receptionist who transfers calls to sales, support and billing.

It consists of four agents in one distribution. Each is an ordinary class with an entry point in pyproject.toml.
agenthost finds them, mounts them at their routes, and adds the addresses of the others when a call is transferred.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Literal

from attrs import frozen

from agenthost import AgentBase, Call, FunctionResult
from agenthost_frontdesk.company import Company

__all__ = ["BillingAgent", "MainAgent", "SalesAgent", "SupportAgent"]

_FALLBACK = "I'm sorry, I can't do that right now. Please call again in a few minutes."


@frozen
class FrontDeskSettings:
    """The settings of each agent in agenthost.toml.

    An example is ``[agents.billing] company = "company.toml"``.

    Args:
        company: path of a company file. Defaults to the file in this package.
    """

    company: str | None = None


class MainAgent(AgentBase):
    """The receptionist, at ``/``: finds out the caller's request, and transfers the call."""

    Settings = FrontDeskSettings

    def __init__(self, settings: FrontDeskSettings) -> None:
        company = Company.read(settings.company)
        super().__init__(name="main", route="/", sip=("main",), fallback=_FALLBACK)
        self.prompt_add_section(
            "Role", f"You are the receptionist for {company.name}. Help callers reach the right department."
        )
        self.prompt_add_section(
            "Departments",
            bullets=[
                "Sales - for new purchases and pricing",
                "Support - for technical help",
                "Billing - for payments and invoices",
            ],
        )
        self.prompt_add_section("Hours", f"People can be reached from {company.hours}.")
        self.add_language("English", "en-US", "rime.spore")

    @AgentBase.tool
    def transfer_department(self, department: Literal["sales", "support", "billing"]) -> FunctionResult:
        """Transfer the caller to a department.

        Args:
            department: Where the caller's request belongs
        """
        return FunctionResult(f"Transferring to {department}.").hand_over(department)


class SalesAgent(AgentBase):
    """The sales agent, at ``/sales``: answers questions about prices."""

    Settings = FrontDeskSettings

    def __init__(self, settings: FrontDeskSettings) -> None:
        self._company = Company.read(settings.company)
        super().__init__(name="sales", route="/sales", sip=("sales",), fallback=_FALLBACK)
        self.prompt_add_section(
            "Role",
            f"You are a sales representative for {self._company.name}. "
            "Help customers with product information and pricing.",
        )
        self.add_language("English", "en-US", "rime.marsh")
        self.define_tool(
            name="get_pricing",
            description="Get pricing information",
            parameters={
                "product": {
                    "type": "string",
                    "description": "The product the caller asks about",
                    "enum": list(self._company.prices),
                }
            },
            required=["product"],
            handler=self._get_pricing,
        )

    def _get_pricing(self, args: dict[str, str]) -> FunctionResult:
        product = args["product"]
        return FunctionResult(f"{product} is {self._company.prices[product]}.")


class SupportAgent(AgentBase):
    """The support agent, at ``/support``: opens tickets."""

    Settings = FrontDeskSettings

    def __init__(self, settings: FrontDeskSettings) -> None:
        self._company = Company.read(settings.company)
        super().__init__(name="support", route="/support", sip=("support",), fallback=_FALLBACK)
        self.prompt_add_section(
            "Role",
            f"You are a technical support agent for {self._company.name}. Help customers resolve technical issues.",
        )
        self.add_language("English", "en-US", "rime.spore")

    @AgentBase.tool
    def create_ticket(self, issue: str, call: Call) -> FunctionResult:
        """Create a support ticket.

        Args:
            issue: What the caller reports, in a sentence
            call: The call, which the host passes
        """
        ticket = ticket_number(call.id, issue)
        return FunctionResult(
            f"I've created ticket {ticket} for your issue. You'll receive updates at {self._company.support_email}."
        ).update_global_data({"ticket": ticket})


class BillingAgent(AgentBase):
    """The billing agent, at ``/billing``: answers questions about open balances."""

    Settings = FrontDeskSettings

    def __init__(self, settings: FrontDeskSettings) -> None:
        self._company = Company.read(settings.company)
        super().__init__(name="billing", route="/billing", sip=("billing",), fallback=_FALLBACK)
        self.prompt_add_section(
            "Role",
            f"You are a billing specialist for {self._company.name}. "
            "Help with payments, invoices, and account questions.",
        )
        self.add_language("English", "en-US", "rime.cove")

    @AgentBase.tool
    async def get_balance(self, account_id: str) -> FunctionResult:
        """Get account balance.

        Args:
            account_id: The account number, such as A-1001
        """
        account = account_id.strip().upper()
        return FunctionResult(
            self._company.balance(account) or "I can't find that account. Please ask for the number again."
        )


def ticket_number(call_id: str, issue: str) -> str:
    """Return a ticket's number, such as ``T-K5XQ2MJH4A``.

    It is made from the call and the issue: a repeated request within one call returns the same number, on every worker
    and after every restart. It has 50 bits, so two calls do not share one.
    """
    text = f"{call_id}\n{' '.join(issue.casefold().split())}"
    return "T-" + base64.b32encode(hashlib.blake2s(text.encode(), digest_size=10).digest()).decode()[:10]
