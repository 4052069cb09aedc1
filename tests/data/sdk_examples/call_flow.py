"""Verbs around the conversation, debug events, and tools whose results act on the call."""

from agenthost import AgentBase, FunctionResult


class CallFlowAgent(AgentBase):
    def __init__(self):
        super().__init__(name="call-flow", route="/call-flow")
        self.add_language(name="English", code="en-US", voice="inworld.Mark")
        self.prompt_add_section("Role", body="You show what a call can do.")
        self.set_params({"temperature": 0.3})
        self.add_pre_answer_verb("play", {"urls": ["ring:us"], "auto_answer": False})
        self.add_answer_verb({"max_duration": 3600})
        self.add_post_answer_verb("play", {"url": "say:Welcome."})
        self.add_post_answer_verb("sleep", 500)
        self.add_post_ai_verb("request", {"url": "https://example.com/done", "method": "POST"})
        self.add_post_ai_verb("hangup", {})
        self.enable_debug_events(level=1)

        @self.on_debug_event
        def handle(event_type, data):
            pass

        department = {"department": {"type": "string", "description": "billing or sales"}}
        self.define_tool("transfer", "Transfer the caller", department, self.transfer)
        self.define_tool("sms", "Send a text", {"to": {"type": "string"}}, self.sms, required=["to"])
        self.define_tool("record", "Record the call", {}, self.record)
        self.define_tool("music", "Play music", {}, self.music)
        self.define_tool("settings", "Change settings", {}, self.settings)

    def transfer(self, args, raw_data):
        said = f"Transferring you to {args['department']}."
        return FunctionResult(said, post_process=True).connect("+15551000001", final=True)

    def sms(self, args, raw_data):
        return FunctionResult("Sent.").send_sms(to_number=args["to"], from_number="+15559999999", body="Confirmed")

    def record(self, args, raw_data):
        return FunctionResult("Recording.").record_call(control_id="demo", stereo=True, format="wav")

    def music(self, args, raw_data):
        return FunctionResult("Here it is.").play_background_file("https://example.com/hold.mp3").hold(timeout=120)

    def settings(self, args, raw_data):
        return (
            FunctionResult("Done.")
            .toggle_functions([{"function": "sms", "active": False}])
            .update_settings({"temperature": 0.5})
            .add_dynamic_hints(["Cabby", {"pattern": "cab bee", "replace": "Cabby", "ignore_case": True}])
            .set_end_of_speech_timeout(800)
            .say("Listen.")
        )


Agent = CallFlowAgent
