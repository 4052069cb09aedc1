"""A section that is filled later, in a class that is extended."""

from agenthost import AgentBase


class Questions(AgentBase):
    PROMPT_SECTIONS = {"Goal": "Answer from what you know.", "Knowledge": ""}

    def __init__(self, known):
        super().__init__(name="questions", route="/questions")
        self.prompt_add_section("Known questions", body="\n".join(known))


class Agent(Questions):
    def __init__(self):
        super().__init__(["What are your hours?", "Nine to five."])
