"""The tools that ran in a turn, from its events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from agenthost._host.text.transcript_lines import MOST_RESULT, cut
from agenthost.conversation.turns import Note, ToolEnded, ToolStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agenthost.conversation.turns import Event
    from agenthost.tools.tool import Tool

__all__ = ["NOT_STORED", "NO_RESULT", "DoneBefore", "Progress", "ToolRun", "ToolRuns"]

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
    effects: Mapping[str, str] = field(factory=dict)
    """Its effects on the turn, see ``ToolEffects.kept``."""

    def safe_again(self, tool: Tool | None) -> bool:
        """Return True if the run was cut off, and its tool is safe to repeat."""
        return self.result == NO_RESULT and tool is not None and bool(tool.annotations.get("idempotentHint"))

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


class DoneBefore:
    """The tool calls of earlier attempts at a turn.

    None of them runs again by accident.

    ``redact`` changes texts as in the transcript.
    """

    def __init__(self, runs: Iterable[ToolRun] = (), redact: Callable[[str], str] = str) -> None:
        self._runs = list(runs)
        self._redact = redact

    def of(self, agent: str) -> list[ToolRun]:
        """Return the calls of an agent."""
        return [run for run in self._runs if run.agent == agent]

    def notes(self, agent: str) -> tuple[Note, ...]:
        """Return the calls of all others, as notes for an agent."""
        return tuple(run.note() for run in self._runs if run.agent != agent)

    def take(self, agent: str, tool: str, arguments: object) -> ToolRun | None:
        """Return the same call, once for each time that it has run.

        A call whose result was a failure may run again.
        """
        if not self._runs:
            return None
        asked = agent, tool, self._redact(cut(_json(arguments), MOST_RESULT))
        for run in self._runs:
            if (run.agent, run.tool, run.arguments) == asked and (not run.failed or run.result == NO_RESULT):
                self._runs.remove(run)
                return run
        return None


class Progress:
    """Storage of the tool calls of a turn so far. This one stores nothing."""

    async def store(self) -> None:
        """Store the calls, which have new ones."""

    def had_effects(self, effects: Mapping[str, str]) -> None:
        """Add the effects of the tool that has just ended."""

    def store_soon(self) -> None:
        """Store the calls in a moment, unless the turn ends first, which stores them too."""


NOT_STORED = Progress()


def _json(arguments: object) -> str:
    return json.dumps(arguments, ensure_ascii=False, default=str)
