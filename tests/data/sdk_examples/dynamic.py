"""Everything is configured for each call, from its query and body."""

from agenthost import AgentBase, FunctionResult


class DynamicAgent(AgentBase):
    def __init__(self):
        super().__init__(name="dynamic", route="/dynamic", auto_answer=True, record_call=True)
        self.set_dynamic_config_callback(self.configure)

    def configure(self, query, body, headers, agent):
        tier = query.get("tier", "standard").lower()
        industry = query.get("industry", "general")
        if query.get("language") == "es":
            agent.add_language("Spanish", "es-ES", "inworld.Sarah")
        else:
            agent.add_language("English", "en-US", "inworld.Mark")
        agent.set_params({"end_of_speech_timeout": 300 if tier == "premium" else 500, "ai_model": "gpt-4.1-nano"})
        agent.add_hints(["SignalWire", industry])
        agent.set_global_data({"tier": tier, "industry": industry, "call": body.get("call_id")})
        agent.prompt_add_section("Role", f"You are an assistant for {industry} customers.")
        agent.prompt_add_section("Guidelines", "Follow these:", bullets=["Listen", "Escalate when needed"])
        if tier == "premium":
            agent.prompt_add_section("Premium", "You may credit the caller.")
            agent.add_swaig_query_params({"tier": tier})
            agent.define_tool(
                "credit",
                "Credit the caller",
                {"amount": {"type": "number", "description": "Dollars"}},
                lambda args, raw_data: FunctionResult(f"Credited {args['amount']}."),
                required=["amount"],
            )


Agent = DynamicAgent
