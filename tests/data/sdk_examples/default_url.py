"""Tools at an address of the author's own, set for all of them."""

from agenthost import AgentBase


class ElsewhereAgent(AgentBase):
    def __init__(self):
        super().__init__(name="elsewhere", route="/elsewhere", default_webhook_url="https://api.example.com/swaig")
        self.prompt_add_section("Role", "You ask elsewhere.")
        self.define_tool("secure", "A secure tool", {}, lambda args, raw_data: "secure")
        self.define_tool("open", "An open tool", {}, lambda args, raw_data: "open", secure=False)


Agent = ElsewhereAgent
