from agenthost import AgentServer, AgentBase, SwaigFunctionResult

# Shared state
shared_data = {
    "config": {
        "business_hours": "9 AM to 5 PM",
        "support_email": "support@example.com"
    },
    "sessions": {}
}

class SalesAgent(AgentBase):
    def __init__(self, shared):
        super().__init__(name="sales", route="/sales")
        self.shared = shared

    @AgentBase.tool(description="Get business hours")
    def get_hours(self, args: dict, raw_data: dict = None) -> SwaigFunctionResult:
        hours = self.shared["config"]["business_hours"]
        return SwaigFunctionResult(f"We're open {hours}.")

class SupportAgent(AgentBase):
    def __init__(self, shared):
        super().__init__(name="support", route="/support")
        self.shared = shared

    @AgentBase.tool(description="Get support email")
    def get_email(self, args: dict, raw_data: dict = None) -> SwaigFunctionResult:
        email = self.shared["config"]["support_email"]
        return SwaigFunctionResult(f"Email us at {email}.")

# Create with shared state
server = AgentServer()
server.register(SalesAgent(shared_data))
server.register(SupportAgent(shared_data))
