"""Claims a route that the front desk has."""

from agenthost import AgentBase, FunctionResult


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="route-clash", route="/sales")
        self.prompt_add_section("Role", "You answer tests.")

    @AgentBase.tool(description="Say which agent this is")
    def who(self, args, raw_data):
        return FunctionResult("route-clash")
