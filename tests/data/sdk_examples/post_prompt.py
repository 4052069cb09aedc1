"""A summary when the call has ended, and what the models are set to."""

from agenthost import AgentBase, FunctionResult


class SessionAgent(AgentBase):
    def __init__(self):
        super().__init__(name="session", route="/session")
        self.prompt_add_section("Role", "You are a technical assistant.")
        self.set_prompt_llm_params(temperature=0.2, top_p=0.85, presence_penalty=0.0, frequency_penalty=0.1)
        self.set_post_prompt('Return JSON: {"topic": ..., "satisfied": true}')
        self.set_post_prompt_llm_params(temperature=0.1)
        self.set_global_data({"visits": 0})
        self.define_tool("remember", "Remember a name", {"name": {"type": "string"}}, self.remember)

    def remember(self, args, raw_data):
        result = FunctionResult(f"Hello, {args['name']}.")
        return result.update_global_data({"name": args["name"], "call": raw_data["call_id"]}).set_metadata({"n": 1})

    def on_summary(self, summary, raw_data=None):
        self.last = summary


Agent = SessionAgent
