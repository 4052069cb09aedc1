"""Agents that are configured for each call."""

import asyncio
import sys
import time

from agenthost import AgentBase


class Guests(AgentBase):
    """Greets each guest by name, and has tools for guests that have one."""

    def __init__(self):
        super().__init__(name="guests", route="/guests", fallback="The guest book is closed.")
        self.prompt_add_section("Role", "You greet guests.")
        self.guest = "nobody"
        self.set_dynamic_config_callback(self.configure)

    def configure(self, query, body, headers, agent):
        time.sleep(0.002)
        welcome(query.get("guest") or body.get("guest"), agent)
        agent.set_global_data({"asked_by": headers.get("x-asked-by"), "secrets": "authorization" in headers})

    @AgentBase.tool
    def name_of_guest(self) -> str:
        """Tell the guest's name."""
        return self.guest


class AsyncGuests(AgentBase):
    def __init__(self):
        super().__init__(name="async-guests", route="/async-guests", fallback="The guest book is closed.")
        self.guest = "nobody"
        self.set_dynamic_config_callback(self.configure)

    async def configure(self, query, body, headers, agent):
        await asyncio.sleep(0.002)
        welcome(query.get("guest"), agent)

    @AgentBase.tool
    async def name_of_guest(self) -> str:
        """Tell the guest's name."""
        return self.guest


class Several(AgentBase):
    """Has several callbacks, sync and async."""

    def __init__(self):
        super().__init__(name="several", route="/several")
        self.set_dynamic_config_callback(lambda query, body, headers, agent: agent.add_hint("replaced"))
        self.set_dynamic_config_callback(lambda query, body, headers, agent: agent.add_hint("first"))

        async def second(query, body, headers, agent):
            agent.add_hint("second")

        self.add_per_call_config(second)
        self.add_per_call_config(lambda query, body, headers, agent: agent.add_hint("third"))


class Troubled(AgentBase):
    """Fails in the way that the query says."""

    def __init__(self, name="troubled", on_failure="hangup"):
        super().__init__(name=name, route=f"/{name}", fallback="I can't take your call.", on_failure=on_failure)
        self.prompt_add_section("Role", "You answer tests.")
        self.add_per_call_config(trouble)
        self.define_tool("answer", "Answer", {}, lambda args: "here", secure=False)


class Transferring(Troubled):
    def __init__(self):
        super().__init__("transferring", "sip:desk@example.com")


class Redirecting(Troubled):
    def __init__(self):
        super().__init__("redirecting", "https://example.com/desk")


def welcome(guest, agent):
    """Configure an agent for a guest."""
    if guest is None:
        return
    agent.guest = guest
    agent.prompt_add_section("Guest", f"The guest is {guest}.")
    agent.add_hint(guest)
    agent.add_swaig_query_params({"guest": guest})
    agent.define_tool("greet", f"Greet {guest}", {}, lambda args: f"Hello, {guest}.")


def trouble(query, body, headers, agent):
    """Fail in the way that the query names."""
    how = query.get("how")
    if how == "raise":
        raise RuntimeError("the configuration is on fire")
    if how == "exit":
        sys.exit(3)
    if how == "hang":
        time.sleep(120)
    if how == "async":
        return trouble_later()
    if how == "empty":
        agent.prompt_add_section("Empty")
    if how == "unspeakable":
        agent.set_global_data({"what": object()})
    if how == "name":
        agent.add_per_call_config(trouble)
    return None


async def trouble_later():
    await asyncio.sleep(0)
    sys.exit(3)
