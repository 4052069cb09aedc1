"""Agents written for SignalWire's SDK, as the field writes them."""

from __future__ import annotations

from signalwire import AgentBase, FunctionResult
from signalwire.prefabs import FAQBotAgent

import agenthost


class Shop(AgentBase):
    """Sells flowers."""

    def __init__(self):
        super().__init__("shop", route="/shop")
        self.prompt_add_section("Role", "You sell flowers.")
        self.add_skill("datetime")
        self.add_skill("math")
        self.set_post_prompt("Summarise.")
        self.register_sip_username("flowers")
        self.set_dynamic_config_callback(self.configure)
        contexts = self.define_contexts()
        contexts.add_context("default").add_step("greet").set_text("Greet the caller.")
        self.summaries = []

    def configure(self, query, _body, _headers, agent):
        agent.set_global_data({"tier": query.get("tier", "none")})
        if query.get("tier") == "gold":
            agent.define_tool("gift", "Give a gift.", {}, lambda _args, _raw: FunctionResult("A rose."))

    @AgentBase.tool(name="price", description="Tell a price", parameters={"count": {"type": "integer"}})
    def price(self, args, _raw):
        return FunctionResult(f"{args['count'] * 2} dollars.").update_global_data({"asked": True})

    @AgentBase.tool(name="later", description="Take time", parameters={})
    async def later(self, _args, _raw):
        return FunctionResult("Later.")

    @AgentBase.tool(name="broken", description="Fail", parameters={})
    def broken(self, _args, _raw):
        raise ValueError("secret")

    @AgentBase.tool(name="desk", description="Connect to the desk", parameters={})
    def desk(self, _args, _raw):
        return agenthost.FunctionResult("One moment.").hand_over("desk")

    def on_summary(self, summary, raw_data=None):
        self.summaries.append(summary)


class Faq(FAQBotAgent):
    """Answers questions."""

    def __init__(self):
        super().__init__(faqs=[{"question": "Where are you?", "answer": "In Berlin."}], route="/faq")


class Desk(agenthost.AgentBase):
    """Connects to the shop, and is a native agent."""

    def __init__(self):
        super().__init__("desk", "/desk")

    @agenthost.AgentBase.tool
    def shop(self) -> agenthost.FunctionResult:
        """Connect to the shop."""
        return agenthost.FunctionResult("One moment.").hand_over("shop")
