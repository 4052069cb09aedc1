"""A prompt of sections and subsections, several languages, hints, pronunciations, parameters, data."""

from agenthost import AgentBase


class SimpleAgent(AgentBase):
    def __init__(self):
        super().__init__(name="simple", route="/simple", record_call=True, record_format="wav")
        self.prompt_add_section("Personality", body="You are friendly and helpful.")
        self.prompt_add_section("Instructions", bullets=["Be concise", "Be direct"], numbered=True)
        self.prompt_add_section("Services", "You can help with:", numbered_bullets=True, bullets=["Bills", "Plans"])
        self.prompt_add_subsection("Services", "Bills", body="Ask for the number.", bullets=["Year", "Month"])
        self.prompt_add_to_section("Personality", bullet="Smile")
        self.prompt_add_to_section("Closing", body="Say good bye.")
        self.add_language(
            name="English",
            code="en-US",
            voice="inworld.Mark",
            speech_fillers=["Let me think...", "One moment..."],
            function_fillers=["I'm looking that up...", "Let me check that..."],
        )
        self.add_language("Spanish", "es", "spore", engine="rime", model="mistv2")
        self.add_language("French", "fr-FR", "elevenlabs.antoni:eleven_turbo_v2", params={"stability": 0.3})
        self.add_hints(["SignalWire", "SWML"])
        self.add_hint("SWAIG")
        self.add_pattern_hint("AI Agent", r"AI\s+Agent", "A.I. Agent", ignore_case=True)
        self.add_pronunciation("API", "A P I", ignore_case=False)
        self.add_pronunciation("SIP", "sip", ignore_case=True)
        self.set_param("end_of_speech_timeout", 500)
        self.set_params({"ai_model": "gpt-4.1-nano", "attention_timeout": 15000, "background_file_volume": -20})
        self.set_global_data({"company": "ACME", "session": {"environment": "production"}})
        self.update_global_data({"session": {"version": "1.0"}, "hours": [9, 17]})


Agent = SimpleAgent
