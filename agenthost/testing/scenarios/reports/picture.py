"""Picture of a call: lanes for the caller, the agents and their functions, as SVG."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenthost._pictures.lanes import CALLER, Lanes

if TYPE_CHECKING:
    from agenthost.testing.platform.trace import Trace, TraceEvent

__all__ = ["picture"]


def picture(trace: Trace) -> str:
    """Return the SVG of a call."""
    drawing = Lanes(_kind, [event.agent for event in trace if event.agent])
    before = ""
    for event in trace:
        if drawing.full:
            break
        if event.agent and event.agent != before:
            if before:
                drawing.arrow(before, event.agent, "hands over", "hop")
            before = event.agent
        _draw(drawing, event)
    return drawing.svg("Picture of the call")


def _draw(drawing: Lanes, event: TraceEvent) -> None:
    data, agent = event.data, event.agent or CALLER
    match event.kind:
        case "heard":
            drawing.arrow(CALLER, agent, str(data.get("text", data.get("digits", ""))), "heard")
        case "spoken":
            drawing.arrow(agent, CALLER, str(data["text"]), "spoken")
        case "tool" | "hook":
            tool = str(data["function"])
            drawing.arrow(agent, tool, f"{tool}({_arguments(data.get('arguments', {}))})", "call")
            drawing.arrow(tool, agent, str(data.get("error") or data.get("response", "")), "result")
        case "action" | "action_skipped":
            drawing.arrow(agent, agent, f"{event.kind.replace('_', ' ')}: {data['action']}", "note")
        case "step":
            drawing.arrow(agent, agent, f"step {data['step']}", "note")
        case "finding" | "script_error":
            drawing.arrow(agent, agent, f"{data['code']}: {data['message']}", "finding")
        case "summary" | "silence" | "hold" | "ended" | "attention_timeout":
            drawing.arrow(agent, agent, f"{event.kind.replace('_', ' ')} {data.get('cause', '')}".strip(), "note")


def _arguments(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False, default=str)[1:-1]


def _kind(lane: str) -> str:
    return "person" if lane == CALLER else "agent" if lane.startswith("/") else "function"
