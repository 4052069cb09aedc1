"""The agent that the records of tests/data/conformance/http.json were made with."""

import json

from agenthost import AgentBase, DataMap, FunctionResult

CITY = {"city": {"type": "string"}}


class Gen(AgentBase):
    def __init__(self):
        super().__init__(name="gen", route="/agent")
        self.set_prompt_text("Hi")
        self.set_post_prompt("Summarise")
        self.add("echo", echo, required=["city"])
        self.add("boom", boom)
        self.add("aecho", aecho)
        self.add("none", lambda args, raw_data: None)
        self.add("strres", lambda args, raw_data: "plain")
        self.add("num", lambda args, raw_data: 5)
        self.add("dictres", lambda args, raw_data: {"response": "d", "action": [{"say": "x"}]})
        self.add("dictodd", lambda args, raw_data: {"foo": 1})
        self.add("empty", lambda args, raw_data: FunctionResult())
        self.add("lst", lambda args, raw_data: [1])
        self.define_tool("sec", "d", {}, echo)
        self.register_swaig_function(DataMap("dm").purpose("d").fallback_output(FunctionResult("x")))

    def add(self, name, handler, required=None):
        self.define_tool(name, "d", CITY, handler, secure=False, required=required)


def echo(args, raw_data):
    said = json.dumps(args, ensure_ascii=False)
    return FunctionResult(f"got {said}").update_global_data({"seen": True})


def boom(args, raw_data):
    raise RuntimeError("secret-db-password")


async def aecho(args, raw_data):
    return FunctionResult(f"async {json.dumps(args)}")
