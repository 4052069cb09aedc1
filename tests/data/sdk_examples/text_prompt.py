"""A prompt as text, with values of the call and without sections."""

from agenthost import AgentBase


class TextAgent(AgentBase):
    def __init__(self):
        super().__init__(name="text", route="/text", auto_answer=False)
        self.set_prompt_text("You are Ann. The caller is ${call.from}. Über 100 % “quoted” <b>& more</b>\n\nBe brief.")
        self.add_language("English", "en-US", "rime.spore:mistv2")
        self.set_multilingual({"languages": ["en-US", "es-ES"]}) if False else None
        self.define_tool("plain", "A tool without parameters", {}, lambda args, raw_data: "plain")


Agent = TextAgent
