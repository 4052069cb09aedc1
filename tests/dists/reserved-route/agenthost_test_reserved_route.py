"""Claims a route of the host."""

from agenthost import AgentBase, FunctionResult


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="reserved-route", route="/health")
        self.prompt_add_section("Role", "You answer tests.")

    @AgentBase.tool(description="Say which agent this is")
    def who(self, args, raw_data):
        return FunctionResult("reserved-route")
