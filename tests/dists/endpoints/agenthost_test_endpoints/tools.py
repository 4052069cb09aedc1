"""Agents with tools, hooks and keys of their own."""

from agenthost import AgentBase, Call, FunctionResult


class Phones(AgentBase):
    """An agent whose tools return their arguments, and appear in all forms in its document."""

    def __init__(self):
        super().__init__(name="phones", route="/phones", fallback="The phones are down.")
        self.prompt_add_section("Role", "You answer phones.")
        self.add_swaig_query_params({"tenant": "acme & co"})
        self.define_tool("own_sentence", "Fail", {}, fail, fallback="This very tool is down.")
        self.define_tool("agents_sentence", "Fail", {}, fail)
        self.define_tool(
            "look_up",
            "Look up a number",
            {"number": {"type": "string"}},
            lambda args, raw_data: f"{args['number']} for {raw_data['caller_id_num']}",
            required=["number"],
            secure=False,
            fillers={"en-US": ["One moment."]},
            wait_file="/music/wait.wav",
            wait_file_loops=2,
        )
        self.define_tool("elsewhere", "Ask elsewhere", {}, webhook_url="https://elsewhere.example/tools")

    @AgentBase.tool
    def who(self, call: Call, greeting: str = "Hello") -> FunctionResult:
        """Greet the caller.

        Args:
            call: the call
            greeting: How to greet
        """
        caller = f"{call.caller_name} at {call.caller_number} in {call.id}"
        return FunctionResult(f"{greeting}, {caller}: {dict(call.global_data)}")


class Hooked(AgentBase):
    """Runs something when calls begin and end."""

    def __init__(self):
        super().__init__(name="hooked", route="/hooked")
        self.prompt_add_section("Role", "You answer tests.")
        self.ended = []

        @self.on_call_start
        def first(raw_data):
            return FunctionResult(f"Call {raw_data['call_id']}.").update_global_data({"vip": True})

        @self.on_call_start
        async def second(raw_data):
            return FunctionResult("Be brief.")

        @self.on_call_start
        def third(raw_data):
            raise RuntimeError("the start is on fire")

        @self.on_call_end
        def keep(call_log, raw_data):
            self.ended.append(call_log)

        self.define_tool("ended", "Tell", {}, lambda args: str(self.ended), secure=False)


class Watched(AgentBase):
    """Sees every call of its tools."""

    def __init__(self):
        super().__init__(name="watched", route="/watched", fallback="Nobody is watching.")
        self.prompt_add_section("Role", "You answer tests.")
        self.define_tool("add", "Add", {"a": {"type": "integer"}}, lambda args: args["a"] + 1, required=["a"])
        self.define_tool("forbidden", "Fail", {}, fail)

    @AgentBase.tool(description="Take anything")
    def anything(self, args, raw_data):
        return str(args)

    def on_function_call(self, name, args, raw_data=None):
        if name == "forbidden":
            return FunctionResult(f"{name} is not for {raw_data['caller_id_num']}.")
        return f"seen: {super().on_function_call(name, args, raw_data)}"


class Signed(AgentBase):
    """Has a key of its own for the signatures of its requests."""

    def __init__(self):
        super().__init__(name="signed", route="/signed", signing_key="its own key")
        self.prompt_add_section("Role", "You answer tests.")
        self.define_tool("answer", "Answer", {}, lambda args: "here", secure=False)


def fail(args):
    raise RuntimeError("the phones are on fire")
