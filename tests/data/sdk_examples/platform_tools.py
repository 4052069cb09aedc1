"""Tools of the platform and of others.

They are native functions, fillers, includes, MCP servers and a default address.
"""

from agenthost import AgentBase


class PlatformAgent(AgentBase):
    def __init__(self):
        super().__init__(name="platform", route="/platform", native_functions=["check_time"])
        self.set_prompt_text("You use what the platform has.")
        self.set_native_functions(["check_time", "wait_seconds"])
        self.set_internal_fillers({"next_step": {"en-US": ["Moving on..."], "default": ["..."]}})
        self.add_internal_filler("hangup", "en-US", ["Good bye.", "Bye."])
        self.add_function_include("https://example.com/swaig", ["look_up", "book"], meta_data={"tenant": "acme"})
        self.add_mcp_server("https://example.com/mcp", headers={"Authorization": "Bearer KEY"})
        self.add_mcp_server("https://example.org/mcp", resources=True, resource_vars={"caller": "${caller_id_number}"})
        self.define_tool(
            "answer",
            "Answer",
            {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
            lambda args, raw_data: "yes",
            fillers={"en-US": ["Hm."]},
            meta_data_token="shared",
            wait_file="https://example.com/wait.mp3",
        )
        self.define_tool(
            "elsewhere", "Ask elsewhere", {}, lambda args, raw_data: "", webhook_url="https://example.com/f"
        )


Agent = PlatformAgent
