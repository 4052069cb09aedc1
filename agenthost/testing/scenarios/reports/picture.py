"""Picture of a call: lanes for the caller, the agents and their functions, as SVG."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from agenthost.testing.platform.trace import Trace, TraceEvent

__all__ = ["picture"]

_LANE = 250
_ROW = 34
_TOP = 46
_MOST_LETTERS = 38
"""Letters of a label. The whole text is shown under the pointer."""
_MOST_ROWS = 400
_MOST_TOLD = 1000
_CALLER = "caller"


@define
class _Drawing:
    lanes: list[str]
    rows: list[str] = field(factory=list)

    def x(self, lane: str) -> int:
        if lane not in self.lanes:
            self.lanes.append(lane)
        return _LANE // 2 + self.lanes.index(lane) * _LANE

    @property
    def y(self) -> int:
        return _TOP + len(self.rows) * _ROW + 20

    def arrow(self, begin: str, end: str, text: str, kind: str) -> None:
        first, last, y = self.x(begin), self.x(end), self.y
        middle = (first + last) // 2
        if first == last:
            self.rows.append(f'<g>{_whole(text)}<text class="{kind}" x="{first}" y="{y}">{_short(text)}</text></g>')
            return
        self.rows.append(
            f"<g>{_whole(text)}"
            f'<line class="{kind}" x1="{first}" y1="{y + 6}" x2="{last}" y2="{y + 6}" marker-end="url(#end)"/>'
            f'<text class="{kind}" x="{middle}" y="{y}">{_short(text)}</text></g>'
        )


def picture(trace: Trace) -> str:
    """Return the SVG of a call."""
    agents = [event.agent for event in trace if event.agent]
    drawing = _Drawing([_CALLER, *dict.fromkeys(agents)])
    before = ""
    for event in trace:
        if len(drawing.rows) >= _MOST_ROWS:
            drawing.arrow(_CALLER, _CALLER, "and so on", "note")
            break
        if event.agent and event.agent != before:
            if before:
                drawing.arrow(before, event.agent, "hands over", "hop")
            before = event.agent
        _draw(drawing, event)
    width, height = len(drawing.lanes) * _LANE, _TOP + len(drawing.rows) * _ROW + 20
    lanes = "".join(
        f'<line class="lane" x1="{drawing.x(lane)}" y1="{_TOP - 10}" x2="{drawing.x(lane)}" y2="{height}"/>'
        f'<text class="head {_kind(lane)}" x="{drawing.x(lane)}" y="22">{_short(lane)}</text>'
        for lane in list(drawing.lanes)
    )
    return (
        f'<svg role="img" aria-label="Picture of the call" viewBox="0 0 {width} {height}" style="width: {width}px">'
        '<defs><marker id="end" class="end" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z"/></marker></defs>'
        f"{lanes}{''.join(drawing.rows)}</svg>"
    )


def _draw(drawing: _Drawing, event: TraceEvent) -> None:
    data, agent = event.data, event.agent or _CALLER
    match event.kind:
        case "heard":
            drawing.arrow(_CALLER, agent, str(data.get("text", data.get("digits", ""))), "heard")
        case "spoken":
            drawing.arrow(agent, _CALLER, str(data["text"]), "spoken")
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
    return "person" if lane == _CALLER else "agent" if lane.startswith("/") else "function"


def _whole(text: str) -> str:
    return f"<title>{escape(text[:_MOST_TOLD])}</title>" if len(text) > _MOST_LETTERS else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    cut = line if len(line) <= _MOST_LETTERS else f"{line[: _MOST_LETTERS - 1]}…"
    return escape(cut)
