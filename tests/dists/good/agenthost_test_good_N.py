"""A working agent, next to which tests put a broken one.

N is replaced by a number.
"""

from agenthost import AgentBase, FunctionResult


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="good-N", route="/good-N")
        self.prompt_add_section("Role", "You answer tests.")

    @AgentBase.tool(description="Say which agent this is")
    def who(self, args, raw_data):
        return FunctionResult("good-N")
