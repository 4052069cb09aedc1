"""Asks for the SIP user that reaches the front desk's sales agent by its name."""

from agenthost import AgentBase


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="takes-an-alias", route="/takes-an-alias", sip=("sales", "vertrieb"))
        self.prompt_add_section("Role", "You answer tests.")
