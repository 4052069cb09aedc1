"""Steps without a prompt, and tools that take the schema's properties by name."""

from agenthost import AgentBase, FunctionResult


class OutlineAgent(AgentBase):
    def __init__(self):
        super().__init__(name="outline", route="/outline")
        context = self.define_contexts().add_context("default")
        context.add_step("ask").set_text("Ask for the account.").set_functions(["look_up"]).set_valid_steps(["end"])
        context.add_step("end").set_text("Thank the caller.").set_functions([]).set_end(True)

    @AgentBase.tool(
        name="look_up",
        description="Look up an account",
        parameters={"number": {"type": "string", "description": "The number"}},
    )
    def look_up(self, number: str, deep: bool = False):
        return FunctionResult(f"Account {number}, deep {deep}.")


Agent = OutlineAgent
