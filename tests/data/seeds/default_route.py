from agenthost import AgentBase


class BillingAgent(AgentBase):
    def __init__(self):
        super().__init__(
            name="billing-agent",
            route="/billing"  # Default route
        )


server.register(BillingAgent())  # Uses "/billing"
