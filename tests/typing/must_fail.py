"""Mistakes that ``mypy --strict`` must find.

They are the lines with ``error:`` and a code, and no others.
"""

from __future__ import annotations

import agenthost
from agenthost import AgentBase, AgentServer, Call, FunctionResult, Secret


class Desk(AgentBase):
    @AgentBase.tool
    def book(self, day: str, nights: int = 1) -> FunctionResult:
        return FunctionResult(day * nights)

    @AgentBase.tool("cancel_visit")
    def cancel(self, day: str) -> str:
        return day

    @AgentBase.tool(5)  # error: call-overload,untyped-decorator
    def wrong(self, day: str) -> str:
        return day


desk = Desk()  # error: call-arg
Desk(5)  # error: arg-type
Desk("desk", route=5)  # error: arg-type
Desk("desk", sips=())  # error: call-arg

desk.book(5)  # error: arg-type
desk.book()  # error: call-arg
desk.book("mon", nights="2")  # error: arg-type
desk.cancel("mon").hangup()  # error: attr-defined
desk.book("mon").no_such_action()  # error: attr-defined
desk.no_such_method()  # error: attr-defined

desk.set_prompt_text(5)  # error: arg-type
desk.prompt_add_section("Role", bullets=[5])  # error: list-item
desk.add_language("English", "en-US")  # error: call-arg
desk.define_tool("t", handler="handler")  # error: arg-type
desk.define_tool("t", secure="no", webhook_url="https://x.example")  # error: arg-type

FunctionResult("x").connect(15551234567)  # error: arg-type
FunctionResult("x").update_global_data("k")  # error: arg-type

AgentServer(port="3000")  # error: arg-type
AgentServer().register("desk")  # error: arg-type

Call("id")  # error: call-arg
Secret("text") + "more"  # error: operator
str(agenthost.NoSuchName)  # error: attr-defined
