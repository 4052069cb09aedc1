"""Tools that the platform runs: web calls, expressions, loops, helpers."""

from agenthost import AgentBase, DataMap, FunctionResult, create_expression_tool, create_simple_api_tool


class DataMapAgent(AgentBase):
    def __init__(self):
        super().__init__(name="data-maps", route="/data-maps")
        self.prompt_add_section("Role", "You answer from the web.")
        weather = (
            DataMap("get_weather")
            .description("Get the weather of a place")
            .parameter("location", "string", "City or place", required=True)
            .parameter("units", "string", "Units", enum=["c", "f"])
            .webhook("GET", "https://api.example.com/weather?q=${enc:args.location}", headers={"X-Key": "KEY"})
            .output(FunctionResult("It is ${response.current.temp} in ${args.location}."))
            .error_keys(["error"])
            .fallback_output(FunctionResult("The weather is not to be had."))
        )
        joke = (
            DataMap("get_joke")
            .purpose("Tell a joke")
            .parameter("category", "string", "Kind of joke", required=True, enum=["jokes", "dadjokes"])
            .webhook("GET", "https://api.example.com/v1/${args.category}", headers={"X-Api-Key": "KEY"})
            .output(FunctionResult("Tell the caller: ${array[0].joke}"))
        )
        search = (
            DataMap("search")
            .description("Search")
            .parameter("query", "string", "What for", required=True)
            .webhook("POST", "https://api.example.com/search", input_args_as_params=True, require_args=["query"])
            .params({"q": "${args.query}", "at": "@{strftime_tz UTC %Y-%m-%d}"})
            .foreach({"input_key": "results", "output_key": "found", "max": 3, "append": "${this.title}\n"})
            .output(FunctionResult("Found:\n${found}"))
            .webhook_expressions([{"string": "${status}", "pattern": "^ok$", "output": {"response": "Found."}}])
        )
        player = (
            DataMap("control")
            .description("Control the music")
            .parameter("command", "string", "What to do", required=True)
            .expression(
                "${args.command}",
                r"^(start|play)",
                FunctionResult("Playing.").add_action("playback_bg", {"file": "https://example.com/music.mp3"}),
            )
            .expression(
                "${args.command}",
                r"^stop",
                FunctionResult("Stopping.").add_action("stop_playback_bg", True),
                nomatch_output=FunctionResult("Start or stop?"),
            )
        )
        for tool in (weather, joke, search, player):
            self.register_swaig_function(tool.to_swaig_function())
        self.register_swaig_function(
            create_simple_api_tool(
                name="simple",
                url="https://api.example.com/simple?q=${enc:args.q}",
                response_template="It is ${response.value}.",
                parameters={"q": {"type": "string", "description": "What", "required": True}},
                headers={"Accept": "application/json"},
            ).to_swaig_function()
        )
        self.register_swaig_function(
            create_expression_tool(
                name="words",
                patterns={"${args.word}": (r"^hello", FunctionResult("Hello to you."))},
                parameters={"word": {"type": "string", "description": "A word"}},
            ).to_swaig_function()
        )


Agent = DataMapAgent
