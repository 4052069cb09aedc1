"""Claims a route that cannot be one."""

from agenthost import AgentBase, FunctionResult


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="bad-route", route="/Sales Team!")
        self.prompt_add_section("Role", "You answer tests.")

    @AgentBase.tool(description="Say which agent this is")
    def who(self, args, raw_data):
        return FunctionResult("bad-route")
