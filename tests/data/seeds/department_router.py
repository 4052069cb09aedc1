from agenthost import AgentBase, SwaigFunctionResult

class RouterAgent(AgentBase):
    def __init__(self):
        super().__init__(name="router", route="/main")

        self.prompt_add_section(
            "Role",
            "You route callers to the right department. "
            "Ask what they need help with."
        )

    @AgentBase.tool(
        description="Route to appropriate department",
        parameters={
            "type": "object",
            "properties": {
                "department": {
                    "type": "string",
                    "enum": ["sales", "support", "billing"]
                }
            },
            "required": ["department"]
        }
    )
    def route_call(self, args: dict, raw_data: dict = None) -> SwaigFunctionResult:
        department = args.get("department", "")
        routes = {
            "sales": "+15551111111",
            "support": "+15552222222",
            "billing": "+15553333333",
        }
        return (
            SwaigFunctionResult(f"Connecting you to {department}.")
            .connect(routes[department], final=True)
        )
