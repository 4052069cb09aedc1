"""An entry point that is named like the full key of another package's agent."""

from agenthost import AgentBase


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="colon-name", route="/colon-name")
        self.prompt_add_section("Role", "You answer tests.")
