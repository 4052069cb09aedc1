"""The tools that ran in a turn, from its events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from agenthost._host.text.transcript_lines import MOST_RESULT, cut
from agenthost.conversation.turns import Note, ToolEnded, ToolStarted

if TYPE_CHECKING:
    from agenthost.conversation.turns import Event

__all__ = ["NO_RESULT", "ToolRun", "ToolRuns"]

NO_RESULT = "[No result: the turn ended while this tool ran. It may have taken effect.]"
"""The result of a tool call that was cut off."""


@frozen
class ToolRun:
    """One tool call of a turn, with its result."""

    agent: str
    tool: str
    arguments: str
    result: str
    failed: bool

    def note(self) -> Note:
        """Return the run as a note for another agent."""
        return Note(self.agent, "result", f"{self.tool}({cut(self.arguments, MOST_RESULT)}) returned: {self.result}")


@define(slots=False)
class ToolRuns:
    """Collects the tools that ran.

    Several tools may run at once, and the same one several times.
    """

    ended: list[ToolRun] = field(factory=list)
    _started: list[ToolStarted] = field(factory=list)

    def add(self, event: Event) -> ToolRun | None:
        """Process an event, and return the run that it ends."""
        if isinstance(event, ToolStarted):
            self._started.append(event)
        elif isinstance(event, ToolEnded):
            same = (each for each in self._started if (each.agent, each.tool) == (event.agent, event.tool))
            started = next(same, None)
            if started is not None:
                self._started.remove(started)
            arguments = _json(started.arguments if started is not None else {})
            run = ToolRun(event.agent, event.tool, arguments, event.result, event.failed)
            self.ended.append(run)
            return run
        return None

    def notes(self) -> tuple[Note, ...]:
        """Return all runs as notes, including those that have not ended."""
        return tuple(run.note() for run in (*self.ended, *self.unfinished()))

    def unfinished(self) -> list[ToolRun]:
        """Return the runs that have not ended."""
        return [ToolRun(each.agent, each.tool, _json(each.arguments), NO_RESULT, failed=True) for each in self._started]


def _json(arguments: object) -> str:
    return json.dumps(arguments, ensure_ascii=False, default=str)
