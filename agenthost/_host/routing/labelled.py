"""Labelled messages: each with its agent, from transcripts or from a file."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost.conversation.empty_words import says_nothing
from agenthost.conversation.matter import matter
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from agenthost._host.text.transcript_lines import Line
    from agenthost._host.text.transcripts import Transcripts
    from agenthost.conversation.classifiers import Choice

__all__ = ["Labelled", "from_file", "from_transcripts", "telling"]

_DAY = 86400.0
_NOBODY = ("", "none", "nobody")


@frozen
class Labelled:
    """A message and its agent, or None if it is for none."""

    text: str
    agent: str | None

    def to_json(self) -> str:
        """Return the message as a line of a file."""
        return json.dumps({"text": self.text, "agent": self.agent}, ensure_ascii=False)


def from_file(file: Path, agents: Collection[str]) -> list[Labelled]:
    """Read messages from lines of JSON, each with ``text`` and ``agent``.

    ``agent`` is the key of an agent, or null for a message that is for none.

    Raises:
        ConfigurationError: the file cannot be read, or a line is something else.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{file}: cannot be read ({getattr(error, 'strerror', None) or error}). fix: name a file of JSON lines."
        raise ConfigurationError(msg) from None
    return [_read(line, f"{file}:{number}", agents) for number, line in enumerate(lines, 1) if line.strip()]


def _read(line: str, place: str, agents: Collection[str]) -> Labelled:
    try:
        said: Any = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("text"), str) or "agent" not in said:
        msg = f'{place}: not a labelled message. fix: write {{"text": "Where is my order?", "agent": "sales"}}.'
        raise ConfigurationError(msg)
    agent = said["agent"]
    if agent is None or (isinstance(agent, str) and agent.casefold() in _NOBODY):
        return Labelled(said["text"], None)
    if agent not in agents:
        msg = f"{place}: the router has no agent {agent!r}. fix: write one of {', '.join(agents)}, or null."
        raise ConfigurationError(msg)
    return Labelled(said["text"], agent)


async def from_transcripts(
    transcripts: Transcripts, router: str, agents: Collection[str], days: float
) -> list[Labelled]:
    """Return the messages of the latest days that agents of a router answered.

    A message is for the agent that answered last in its turn, after hand-offs. If the router asked a question, the next
    message is classified together with the earlier one, as the router does.
    """
    found: list[Labelled] = []
    since = time.time() - days * _DAY
    async for conversation in transcripts.conversations():
        lines = await transcripts.read(conversation)
        if lines and lines[-1].at >= since:
            found += _of_conversation(lines, router, agents, since)
    return found


def _of_conversation(lines: Iterable[Line], router: str, agents: Collection[str], since: float) -> list[Labelled]:
    found = []
    said: dict[int, str] = {}
    asked: str | None = None
    for line in lines:
        if line.role == "user":
            said[line.turn] = line.text if asked is None else f"{asked}\n{line.text}"
        elif line.role == "assistant" and line.turn in said:
            text, asked = said.pop(line.turn), None
            if line.agent == router:
                asked = text
            elif router in line.more.get("path", ()) and line.agent in agents and line.at >= since:
                found.append(Labelled(text, line.agent))
    return found


def telling(messages: Iterable[Labelled], choices: Sequence[Choice]) -> list[Labelled]:
    """Return the messages that a classifier has to decide, each once.

    Courtesy and the examples of the agents are left out.
    """
    known = {text for choice in choices for texts in choice.examples.values() for text in texts}
    unique = dict.fromkeys(messages)
    return [each for each in unique if each.text not in known and not says_nothing(matter(each.text), choices)]
