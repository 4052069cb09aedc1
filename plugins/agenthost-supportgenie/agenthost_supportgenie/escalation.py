"""Escalation: complaints, refunds, and requests for a person."""

from __future__ import annotations

from agenthost import AgentBase, Call, FunctionResult
from agenthost_supportgenie.settings import EscalationSettings
from agenthost_supportgenie.shop import dollars
from agenthost_supportgenie.specialist import Specialist

__all__ = ["EscalationAgent"]

_FIRST_CASE = 7000
_EXAMPLES = {
    "en": [
        "This is not acceptable, I demand my money back",
        "I want to speak to a manager",
        "I want my money back",
        "I have been waiting for weeks and nobody answers",
        "I am going to complain about you",
        "Nobody has solved my problem for days",
        "This is ridiculous",
        "Your service is terrible",
        "I have called you five times already",
        "I will go to a lawyer",
        "Give me a human being",
        "I am very disappointed with this company",
        "Please refund my last payment",
        "This is urgent, I need help now",
        "You have lied to me",
        "I am leaving for a competitor",
        "I want compensation for the damage",
        "Somebody stole my account and spends my money!",
        "Escalate this to your supervisor",
        "This is the worst service I have ever had",
    ],
    "es": [
        "¡Esto es inaceptable! ¡Quiero mi dinero!",
        "Quiero hablar con un encargado",
        "Llevo semanas esperando y nadie responde",
        "Voy a poner una reclamación",
        "Quiero un reembolso",
        "Es urgente, necesito ayuda ya",
    ],
}


class EscalationAgent(Specialist):
    """The senior colleague, at ``/genie/escalation``."""

    Settings = EscalationSettings

    def __init__(self, settings: EscalationSettings) -> None:
        super().__init__(
            "escalation",
            settings,
            voice="rime.spore",
            role="You are the senior colleague in the support of an electronics shop, whom the difficult cases reach.",
            knows=["Complaints", "Refunds", "Exceptions from a policy", "Matters that others could not resolve"],
            rules=[
                "Say that you are sorry, once, and that it is now yours",
                "Offer a solution before you are asked for one",
                "Never send the customer back to somebody who has already tried",
                "Open a case for what cannot be solved in this conversation",
            ],
            description="Complaints, refunds, urgent or unresolved matters, angry customers, requests for a manager.",
            examples=_EXAMPLES,
        )
        self._phone = settings.phone
        self._limit = settings.refund_limit

    @AgentBase.tool
    def request_refund(self, order_id: str, call: Call) -> FunctionResult:
        """Refund an order, if the policy allows it: for those who demand their money back.

        Args:
            order_id: The order number, such as 1022
            call: The call, which the host passes
        """
        order = self.shop.order(order_id)
        if order is None:
            return FunctionResult("There is no order of that number. It stands in the mail that confirmed the order.")
        amount = dollars(order.cents)
        if order.delivered is None:
            return FunctionResult(
                f"Order {order.number} has not arrived yet. Until it is shipped, it can be cancelled."
            )
        days = (self.shop.today() - order.delivered).days
        if days > order.return_days:
            return self._opened(
                f"Order {order.number} arrived {days} days ago, and refunds end after {order.return_days}.",
                f"an exception for order {order.number}",
                call,
            )
        if order.cents > self._limit * 100:
            return self._opened(
                f"{amount} is more than I may refund at once.", f"a refund of order {order.number}", call
            )
        if not self.change(f"refunded/{order.number}", {"cents": order.cents, "call": call.id}):
            return FunctionResult(f"Order {order.number} was refunded before: {amount}.")
        return FunctionResult(
            f"I am sorry for the trouble. {amount} for order {order.number} ({order.product}) is refunded within 5 "
            "business days after it is back; the label for the way back is in your mail."
        ).update_global_data({"refunded": order.number})

    @AgentBase.tool
    def open_case(self, problem: str, call: Call) -> FunctionResult:
        """Open a case for a complaint or an urgent matter that people have to look at.

        Such as waiting for weeks, days without help, nobody who answers, bad treatment, something unacceptable or
        ridiculous, damage, a stolen account, a defective laptop, which options there are.

        Args:
            problem: What has happened, in the customer's words
            call: The call, which the host passes
        """
        return self._opened("I am sorry that it came to this, and I take it on myself.", problem, call)

    @AgentBase.tool
    def connect_to_person(self, reason: str, call: Call) -> FunctionResult:
        """Connect the customer to a person: a manager, a supervisor, a human being.

        Args:
            reason: What it is about, in a sentence
            call: The call, which the host passes
        """
        if self._phone is None:
            return self._opened("No manager is free right now.", reason, call)
        return FunctionResult("I connect you to my manager. One moment.").connect(self._phone, final=True)

    def _opened(self, why: str, problem: str, call: Call) -> FunctionResult:
        """Open a case, once for each problem of a conversation."""
        about = f"case/{call.id}/{' '.join(problem.casefold().split())[:200]}"
        known = self.changed(about)
        number = known if isinstance(known, int) else _FIRST_CASE + self.count("cases")
        if known is None and not self.change(about, number):  # another request was quicker
            known = self.changed(about)
            number = known if isinstance(known, int) else number
        customer = self.customer(call)
        promise = f"{customer.name}, a manager calls you" if customer else "A manager calls you"
        return FunctionResult(f"{why} Your case is {number}. {promise} back by tomorrow noon.").update_global_data(
            {"case": number}
        )
