from agenthost import AgentBase, AgentServer


class SalesAgent(AgentBase):
    def __init__(self):
        super().__init__(name="sales-agent")
        self.add_language("English", "en-US", "rime.spore")
        self.prompt_add_section("Role", "You are a sales representative.")


class SupportAgent(AgentBase):
    def __init__(self):
        super().__init__(name="support-agent")
        self.add_language("English", "en-US", "rime.spore")
        self.prompt_add_section("Role", "You are a support specialist.")


if __name__ == "__main__":
    server = AgentServer(host="0.0.0.0", port=3000)
    server.register(SalesAgent(), "/sales")
    server.register(SupportAgent(), "/support")
    server.run()
