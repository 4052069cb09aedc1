"""The base class of the four agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost import AgentBase, FunctionResult
from agenthost_supportgenie.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost import Call
    from agenthost_supportgenie.settings import ShopSettings
    from agenthost_supportgenie.shop import Customer, Order

__all__ = ["ESCALATION", "Referring", "Specialist"]

ESCALATION = "genie-escalation"
"""The agent to which the others hand over."""
_CHANGES = "genie"


class Specialist(AgentBase):
    """An agent of the shop.

    It reads the shop's data, and writes its changes into shared state.

    Args:
        topic: the last word of its name and route, such as ``sales``.
        settings: its settings.
        voice: its voice on a call.
        role: its role.
        knows: its subjects.
        rules: its rules.
        description: its purpose, in a sentence, for routers.
        examples: sentences that people say to it, by language.
    """

    def __init__(
        self,
        topic: str,
        settings: ShopSettings,
        *,
        voice: str,
        role: str,
        knows: Sequence[str],
        rules: Sequence[str],
        description: str,
        examples: Mapping[str, Sequence[str]],
    ) -> None:
        self.shop = Shop.open(settings.database)
        super().__init__(
            f"genie-{topic}",
            f"/genie/{topic}",
            description=description,
            examples=examples,
            shared_state=(_CHANGES,),
            fallback="I can't look that up right now. Please try again in a moment.",
        )
        self.prompt_add_section("Role", role)
        self.prompt_add_section("You know about", bullets=list(knows))
        self.prompt_add_section(
            "How you work",
            bullets=[
                *rules,
                "What you say about orders, prices and policies comes from your tools, never from memory",
                "Do not ask again for what is known of the customer, or noted by colleagues",
                "What the caller has told the router, where there is something: ${global_data.routing.reason}",
                "Answer in the customer's language, in a few short sentences",
            ],
        )
        self.add_language("English", "en-US", voice)

    def change(self, key: str, what: object) -> bool:
        """Record a change.

        Return False if it was recorded before, here or in another worker.

        Args:
            key: the key of the change, such as ``cancelled/1042``.
            what: the value to record, as JSON.
        """
        return self.shared_state[_CHANGES].sync.set_if_absent(key, what)

    def changed(self, key: str) -> object:
        """Return the recorded change of a key, or None."""
        found: object = self.shared_state[_CHANGES].sync.get(key)
        return found

    def count(self, key: str) -> int:
        """Return the next number of a series, which begins with 1."""
        return self.shared_state[_CHANGES].sync.incr(key)

    def replace(self, key: str, what: object) -> None:
        """Record a value, and replace the one before.

        Args:
            key: the key of the value, such as ``address/ann@example.com``.
            what: the value to record, as JSON.
        """
        self.shared_state[_CHANGES].sync.set(key, what)

    def customer(self, call: Call, name: str | None = None) -> Customer | None:
        """Return the customer of a call, or None if the shop does not know one.

        The name in the call's data counts more than the given one.

        Args:
            call: the call. Its data does not come from a model.
            name: full name or email address, in the caller's words.
        """
        known = call.global_data.get("name")
        who = known if isinstance(known, str) and known.strip() else name
        return self.shop.customer(who) if who else None

    def status(self, order: Order) -> str:
        """Return the status of an order, with the changes by agents."""
        if self.changed(f"refunded/{order.number}") is not None:
            return "refunded"
        return "cancelled" if self.changed(f"cancelled/{order.number}") is not None else order.status


class Referring(Specialist):
    """A specialist with a senior colleague."""

    @AgentBase.tool
    def hand_to_senior(self, reason: str) -> FunctionResult:
        """Hand over to the senior colleague: a refund, a complaint, an exception, or a matter that stays open.

        Args:
            reason: What it is about, in a sentence, so that the customer need not say it again
        """
        return FunctionResult(f"I pass this on to a senior colleague: {reason}").hand_over(ESCALATION)
