"""An agent that extends another one: its tools, its prompt, its hooks."""

from agenthost import AgentBase, FunctionResult


class Desk(AgentBase):
    def __init__(self, name="desk", route="/desk", **options):
        super().__init__(name=name, route=route, **options)
        self.prompt_add_section("Role", "You sit at a desk.")
        self.set_params({"wait_for_user": True, "end_of_speech_timeout": 700})

    @AgentBase.tool(description="Greet the caller", parameters={"name": {"type": "string"}})
    def greet(self, args, raw_data):
        return FunctionResult(f"Hello, {args.get('name', 'you')}.")


class NightDesk(Desk):
    def __init__(self):
        super().__init__("night-desk", "/night", record_call=True, record_stereo=False)
        self.prompt_add_to_section("Role", body="It is night.", bullets=["Whisper"])
        self.set_param("wait_for_user", False)

    @AgentBase.tool(description="Wake somebody", parameters={"room": {"type": "integer"}}, required=["room"])
    def wake(self, args, raw_data):
        return FunctionResult(f"Waking {args['room']}.").hangup()


Agent = NightDesk
