"""Parameters in every URL, and addresses of the author's own."""

from agenthost import AgentBase


class AddressAgent(AgentBase):
    def __init__(self):
        super().__init__(name="addresses", route="/addresses")
        self.prompt_add_section("Role", "You know where you are.")
        self.add_swaig_query_params({"tenant": "acme & co", "tier": "gold"})
        self.set_post_prompt("Sum up.")
        self.set_post_prompt_url("https://example.com/summary")
        self.define_tool("secure", "A secure tool", {}, lambda args, raw_data: "secure")
        self.define_tool("open", "An open tool", {}, lambda args, raw_data: "open", secure=False)


Agent = AddressAgent
