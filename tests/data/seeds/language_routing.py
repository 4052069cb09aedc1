from agenthost import AgentBase

class EnglishAgent(AgentBase):
    def __init__(self):
        super().__init__(name="english", route="/en")
        self.add_language("English", "en-US", "rime.spore")

class SpanishAgent(AgentBase):
    def __init__(self):
        super().__init__(name="spanish", route="/es")
        self.add_language("Spanish", "es-US", "gcloud.es-US-Neural2-A")
