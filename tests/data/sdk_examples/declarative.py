"""A prompt written out as a class attribute, a post prompt, two plain tools."""

from agenthost import AgentBase, FunctionResult


class DeclarativeAgent(AgentBase):
    PROMPT_SECTIONS = {
        "Personality": "You are a friendly assistant who speaks casually.",
        "Goal": "Help callers with the time and the weather.",
        "Instructions": ["Be concise.", "Say so when you do not know.", "Use get_time for the time."],
        "Examples": {
            "body": "How to answer:",
            "subsections": [
                {"title": "Time", "body": "User: What time is it?\nAssistant: Let me check. [get_time]"},
                {"title": "Weather", "bullets": ["Ask for the city", "Then use get_weather"]},
            ],
        },
    }

    def __init__(self):
        super().__init__(name="declarative", route="/declarative")
        self.set_post_prompt("Return a JSON summary of the conversation.")

    @AgentBase.tool(name="get_time", description="Get the current time", parameters={})
    def get_time(self, args, raw_data):
        return FunctionResult("It is noon.")

    @AgentBase.tool(
        name="get_weather",
        description="Get the weather of a place",
        parameters={"location": {"type": "string", "description": "The city"}},
    )
    def get_weather(self, args, raw_data):
        return FunctionResult(f"It is sunny in {args['location']}.").update_global_data({"place": args["location"]})


Agent = DeclarativeAgent
