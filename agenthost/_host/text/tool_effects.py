"""Effects of a tool's answer on a turn in text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import Factory, define

from agenthost._host.text.transcript_lines import cut
from agenthost.results import HandOver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost._host.text.calling.tool_runs import ToolRun
    from agenthost.results.tool_answer import ToolAnswer

__all__ = ["ToolEffects"]


@define
class ToolEffects:
    """The effects of one tool's answer on the turn."""

    text: str
    failed: bool = False
    says: list[str] = Factory(list)
    handed_to: str | None = None
    escalate: str | None = None
    actions: list[dict[str, Any]] = Factory(list)
    """Actions on the person's call, for a client that has one."""

    @classmethod
    def again(cls, run: ToolRun) -> ToolEffects:
        """Return the effects of a run in an earlier attempt at the turn."""
        kept = run.effects
        actions = json.loads(kept["actions"]) if "actions" in kept else []
        return cls(
            run.result, run.failed, handed_to=kept.get("handed_to"), escalate=kept.get("escalate"), actions=actions
        )

    @property
    def kept(self) -> dict[str, str]:
        """The texts that a later attempt needs besides the result."""
        found = {
            "handed_to": self.handed_to,
            "escalate": self.escalate,
            "actions": json.dumps(self.actions, default=str) if self.actions else None,
        }
        return {name: value for name, value in found.items() if value is not None}

    @classmethod
    def of(cls, name: str, answer: ToolAnswer, data: dict[str, Any]) -> ToolEffects:
        """Return the effects of a tool's answer, and apply those on global data."""
        effects = cls(cut(answer.text), failed=answer.outcome != "ok")
        for action in answer.actions:
            if isinstance(action, HandOver):
                effects.handed_to = action.agent
            elif isinstance(action, dict):
                effects._act(name, action, data)
        return effects

    def _act(self, name: str, action: Mapping[str, Any], data: dict[str, Any]) -> None:
        for kind, value in action.items():
            if kind == "say" and isinstance(value, str):
                self.says.append(value)
            elif kind == "set_global_data" and isinstance(value, dict):
                data |= value
            elif kind == "unset_global_data":
                for key in value if isinstance(value, (list, tuple)) else [value]:
                    data.pop(str(key), None)
            elif kind == "escalate":
                reason = value.get("reason") if isinstance(value, dict) else value
                self.escalate = reason if isinstance(reason, str) and reason else f"{name} escalates"
            elif kind == "hangup" and value:
                self.actions.append({"action": "hangup"})
            else:
                for where in _destinations(kind, value):
                    self.escalate = f"{name} connects the caller to {where}"
                    self.actions.append({"action": "connect", "to": where})


def _destinations(kind: str, value: object) -> Iterator[object]:
    """Return the destinations that an action sends a live call to."""
    if kind == "transfer":  # in text, its value is only whether the call comes back
        dest = value.get("dest") if isinstance(value, dict) else value
        if dest not in ("true", "false", True, False, None):
            yield dest
    elif kind == "SWML" and isinstance(value, dict) and isinstance(value.get("sections"), dict):
        main = value["sections"].get("main")
        for verb in main if isinstance(main, (list, tuple)) else ():
            for name, key in (("transfer", "dest"), ("connect", "to")):
                if isinstance(verb, dict) and name in verb:
                    yield verb[name].get(key) if isinstance(verb[name], dict) else verb[name]
