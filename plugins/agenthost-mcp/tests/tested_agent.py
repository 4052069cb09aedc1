"""The agent of the tests, with the tools that the official conformance suite calls."""

from agenthost import AgentBase, FunctionResult

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "additionalProperties": False,
}


class Tested(AgentBase):
    """Is tested."""

    def __init__(self):
        super().__init__("test_simple_prompt", "/tested", description="Sells tents.", fallback="This tool failed.")
        self.prompt_add_section("Role", "You sell tents.")
        self.enable_mcp_server()
        self.define_tool("json_schema_2020_12_tool", "Takes an address.", SCHEMA, lambda args, raw: "done")

    @AgentBase.tool(title="Price of a tent", annotations={"readOnlyHint": True})
    def find_price(self, tent: int) -> str:
        """Find the price of a tent."""
        return f"Tent {tent} costs 99."

    @AgentBase.tool
    def call_person(self):
        """Connect to a person."""
        return FunctionResult("A person calls back.").connect("+15550100")

    @AgentBase.tool
    def test_simple_text(self) -> str:
        """Return a text."""
        return "This is a simple text response for testing."

    @AgentBase.tool
    def test_error_handling(self) -> str:
        """Fail."""
        raise ValueError


class Closed(AgentBase):
    """Offers nothing but its answers."""

    def __init__(self):
        super().__init__("closed", "/closed")
