"""Support: policies, accounts and how-to."""

from __future__ import annotations

from agenthost import AgentBase, Call
from agenthost_supportgenie.settings import ShopSettings
from agenthost_supportgenie.specialist import Referring

__all__ = ["SupportAgent"]

_EXAMPLES = {
    "en": [
        "Can I return something that I do not like?",
        "I forgot my password, how can I reset it?",
        "How do I change my email address?",
        "What does the warranty cover?",
        "Which countries do you ship to?",
        "What are your opening hours?",
        "How do I close my account?",
        "How does the loyalty programme work?",
        "Where do I find the manual?",
        "How do I unsubscribe from your newsletter?",
        "What documents do you need to verify me?",
        "How do I delete my personal data?",
        "Can my neighbour pick up the parcel?",
        "How do I exchange something for another size?",
        "Is there a guide for new customers?",
        "How do I turn off notifications?",
        "How can I reach you by phone?",
        "What are my options if something arrives damaged?",
        "How do I track a parcel?",
        "Where can I track my order?",
        "Do students get a discount, and how do I prove it?",
    ],
    "es": [
        "¿Cuál es su política de devoluciones?",
        "¿Cómo cambio mi contraseña?",
        "¿Qué cubre la garantía?",
        "¿A qué países envían?",
        "¿Cómo cierro mi cuenta?",
        "¿Cuál es su horario?",
    ],
}


class SupportAgent(Referring):
    """The support agent, at ``/genie/support``: general questions."""

    Settings = ShopSettings

    def __init__(self, settings: ShopSettings) -> None:
        super().__init__(
            "support",
            settings,
            voice="rime.spore",
            role="You are the customer support of an electronics shop, friendly and patient.",
            knows=["Policies and procedures", "Accounts", "How to do something on the site or in the app"],
            rules=[
                "Explain step by step, and name the policy that you go by",
                "What is broken belongs to the technical agent; a refund belongs to your senior colleague",
            ],
            description="General questions: policies, returns, warranty, accounts, and how to do something.",
            examples=_EXAMPLES,
        )

    @AgentBase.tool
    def find_article(self, question: str) -> str:
        """Find what the shop says on policies, accounts and how to do something.

        Such as returns, refunds, a defective item and the options then, delivery and tracking, warranty, opening hours,
        password, email address, privacy, newsletter, loyalty programme.

        Args:
            question: What the customer wants to know, in the customer's words
        """
        article = self.shop.article(question, "policy", "howto")
        if article is None:
            return "There is no article on that. Ask what exactly the customer wants to do."
        return f"{article.title}: {article.text}"

    @AgentBase.tool
    def get_profile(self, call: Call, name: str | None = None) -> str:
        """Look up what is known of a customer: tier, benefits, plan, number of orders.

        Args:
            call: The call, which the host passes
            name: The customer's full name, or email address
        """
        customer = self.customer(call, name)
        if customer is None:
            return "Which customer is it? Please tell me the full name, or the email address of the account."
        plan = "no subscription" if customer.plan == "none" else f"the {customer.plan} plan"
        return f"{customer.name} is a {customer.tier} customer with {plan} and {customer.orders} orders so far."
