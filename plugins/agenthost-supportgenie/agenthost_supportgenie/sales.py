"""Sales: orders, billing, prices and products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost import AgentBase, Call
from agenthost_supportgenie.settings import ShopSettings
from agenthost_supportgenie.shop import dollars
from agenthost_supportgenie.specialist import Referring

if TYPE_CHECKING:
    from agenthost_supportgenie.shop import Order

__all__ = ["SalesAgent"]

_NO_ORDER = "There is no order of that number. It stands in the mail that confirmed the order."
_WHO = "Which customer is it? Please tell me the full name, or the email address of the account."
_SHOWN = 4
_EXAMPLES = {
    "en": [
        "Where is my order?",
        "Please cancel the order I placed yesterday",
        "Please cancel the subscription I have",
        "Please change the billing address of my account",
        "Can I upgrade my order?",
        "How do I change my order?",
        "How much is the Pro laptop?",
        "Which laptop do you recommend for a student?",
        "Do you have a phone in stock for less than 500 dollars?",
        "I was charged twice this month",
        "I need a copy of my invoice",
        "My payment was declined",
        "Can I pay with PayPal?",
        "When will my package arrive?",
        "Please change the delivery address of my order",
        "Do you have a discount for twenty pieces?",
        "My voucher is not accepted",
        "How do I update my credit card?",
        "I would like to buy a gift card",
        "How do I switch to yearly billing?",
        "What is the difference between the two plans?",
    ],
    "es": [
        "¿Dónde está mi pedido?",
        "Quiero cancelar mi pedido",
        "¿Cuánto cuesta este portátil?",
        "Necesito una copia de mi factura",
        "Me han cobrado dos veces",
        "¿Qué teléfono me recomienda?",
    ],
}


class SalesAgent(Referring):
    """The sales agent, at ``/genie/sales``: orders, billing and products."""

    Settings = ShopSettings

    def __init__(self, settings: ShopSettings) -> None:
        super().__init__(
            "sales",
            settings,
            voice="rime.cove",
            role="You are the sales agent of an electronics shop: helpful, and a good adviser.",
            knows=["Orders and deliveries", "Billing, payments and subscriptions", "Products and their prices"],
            rules=[
                "Find out what something is for before you recommend it; offer the better model where it helps",
                "Repeat an order number and what will change before you change it",
                "A refund belongs to your senior colleague",
            ],
            description="Orders, deliveries, invoices, payments, subscriptions, prices and products.",
            examples=_EXAMPLES,
        )

    @AgentBase.tool
    def find_order(self, call: Call, order_id: str | None = None, name: str | None = None) -> str:
        """Look up where an order is: its status, delivery and tracking number; without a number, the latest orders.

        Args:
            call: The call, which the host passes
            order_id: The order number, such as 1040
            name: The customer's full name, or email address, where there is no number
        """
        if order_id:
            order = self.shop.order(order_id)
            return self._told(order) if order else _NO_ORDER
        customer = self.customer(call, name)
        if customer is None:
            return "Which order is it? Please tell me its number, or the full name it was ordered under."
        found = self.shop.orders(customer.name)
        listed = "; ".join(f"{order.number}, {order.product}: {self.status(order)}" for order in found)
        return f"The latest orders of {customer.name}: {listed}." if found else f"{customer.name} has no orders yet."

    @AgentBase.tool
    def find_products(self, query: str, most_dollars: float | None = None) -> str:
        """Find products to buy or recommend, with price and stock, such as a laptop, a phone or headphones.

        Args:
            query: What it should be or be for
            most_dollars: The highest price, in dollars
        """
        found = self.shop.products(query, most_dollars)
        if not found:
            return f"Nothing fits below ${most_dollars:g}."
        listed = "; ".join(
            f"{each.name} {dollars(each.cents)} ({each.summary}; {each.stock or 'none'} in stock)"
            for each in found[:_SHOWN]
        )
        return f"We have: {listed}."

    @AgentBase.tool
    def cancel_order(self, order_id: str) -> str:
        """Cancel an order that has not been shipped yet.

        Args:
            order_id: The order number, such as 1042
        """
        order = self.shop.order(order_id)
        if order is None:
            return _NO_ORDER
        if order.status != "processing":
            return f"Order {order.number} is {self.status(order)} and cannot be cancelled. It can be returned instead."
        if self.change(f"cancelled/{order.number}", {"cents": order.cents}):
            return f"Order {order.number} ({order.product}) is cancelled. {dollars(order.cents)} will not be charged."
        return f"Order {order.number} was cancelled before."

    @AgentBase.tool
    def upgrade_order(self, order_id: str, sku: str | None = None) -> str:
        """Upgrade an order that has not been shipped to a better product; without one, say which there are.

        Args:
            order_id: The order number, such as 1042
            sku: The better product, such as LT-15
        """
        order = self.shop.order(order_id)
        if order is None:
            return _NO_ORDER
        status = self.status(order)
        if status != "processing":
            return f"Order {order.number} is {status}: it cannot be upgraded any more."
        better = self.shop.better(order)
        chosen = next((each for each in better if sku and each.sku.casefold() == sku.strip().casefold()), None)
        if chosen is None:
            listed = "; ".join(f"{each.sku} {each.name}, {dollars(each.cents - order.cents)} more" for each in better)
            return (
                f"Order {order.number} is {order.product}. Upgrades: {listed or 'none, it is the best that we have'}."
            )
        if not self.change(f"upgraded/{order.number}", chosen.name):
            return f"Order {order.number} was upgraded before."
        return f"Order {order.number} is now {chosen.name}; {dollars(chosen.cents - order.cents)} more are charged."

    @AgentBase.tool
    def cancel_subscription(self, call: Call, name: str | None = None) -> str:
        """Cancel a customer's subscription at the end of the month.

        Args:
            call: The call, which the host passes
            name: The customer's full name, or email address
        """
        customer = self.customer(call, name)
        if customer is None:
            return _WHO
        if customer.plan == "none":
            return f"{customer.name} has no subscription."
        new = self.change(f"unsubscribed/{customer.email}", {"plan": customer.plan})
        return f"The {customer.plan} plan {'ends' if new else 'was cancelled before: it ends'} with this month."

    @AgentBase.tool
    def change_billing_address(self, address: str, call: Call, name: str | None = None) -> str:
        """Change a customer's billing address, from the next invoice on.

        Args:
            address: The new billing address, in one line
            call: The call, which the host passes
            name: The customer's full name, or email address
        """
        customer = self.customer(call, name)
        if customer is None:
            return _WHO
        self.replace(f"address/{customer.email}", address)
        return f"From the next invoice on, {customer.name} is billed at {address}."

    def _told(self, order: Order) -> str:
        """Return a sentence about an order."""
        status = self.status(order)
        more = {
            "delivered": f", on {order.delivered}",
            "shipped": f", tracking number {order.tracking}",
        }.get(status, "")
        upgraded = self.changed(f"upgraded/{order.number}")
        product = f"{order.product}, upgraded to {upgraded}," if upgraded else order.product
        return f"Order {order.number} of {order.placed}, {product} for {dollars(order.cents)}: {status}{more}."
