"""Transcripts of conversations, in the store of shared state.

A transcript only grows. A person's message is stored before it is processed. Concurrent turns of one conversation run
one after another, in whichever process, in the order in which they were stored.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import evolve, field, frozen

from agenthost._host.plan.chosen_redactors import redacted
from agenthost.conversation.models import Message
from agenthost.errors import ConversationRefused, StateRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenthost.conversation.redaction import Redactor
    from agenthost.state import Store

__all__ = ["MOST_TEXT", "Line", "StartedTurn", "Transcripts"]

MOST_TEXT = 16 * 1024
"""The longest message, in characters. Longer texts of models and tools are cut."""
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_PAGE = 24 * 1024
"""The most characters of a transcript in one entry of the store."""
_PAUSES = (0.005, 0.1)
"""Pauses between polls for the end of earlier turns, in seconds: the first and the last."""
_MOST_RESULT = 4 * 1024
_LITTLE = 400
"""Characters to keep of each line, if a turn is too large for the store."""
_MOST_LINES = 32
_SAID = ("user", "assistant")
_DAY = 86400.0
_CUT = " … [cut]"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@frozen
class Line:
    """One line of a transcript.

    Args:
        turn: which turn it belongs to, from 1.
        role: ``user``, ``assistant``, ``tool`` for what a tool was asked and answered, ``failure`` where a turn has no
            answer.
        text: the words, redacted.
        at: seconds since 1970.
        agent: who speaks, or whose tool it is; None for a person.
        more: what else is known, such as a tool's name and arguments.
    """

    turn: int
    role: str
    text: str
    at: float
    agent: str | None = None
    more: Mapping[str, Any] = field(factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the line as stored, and as in ``--json``."""
        line: dict[str, Any] = {"turn": self.turn, "role": self.role, "text": self.text, "at": self.at}
        if self.agent is not None:
            line["agent"] = self.agent
        return line | ({"more": dict(self.more)} if self.more else {})


@frozen
class StartedTurn:
    """A turn whose message is stored.

    Args:
        turn: its number.
        history: what was said in the turns before it, oldest first.
        agent: who the conversation has been handed over to; None when it is still with the agent that it began with.
    """

    turn: int
    history: tuple[Message, ...]
    agent: str | None


class Transcripts:
    """The transcripts of a host.

    Args:
        store: where they are kept.
        redactors: what every text goes through.
        keep: days that they are kept after their last line.
        longest: seconds that a turn may take: after that, nobody waits for it any more.
        history: lines that ``begin`` gives at most.
    """

    def __init__(
        self, store: Store, redactors: Iterable[Redactor], *, keep: float, longest: float, history: int
    ) -> None:
        self._store = store
        self._redactors = tuple(redactors)
        self._ttl = keep * _DAY
        self._longest = longest
        self._most = history

    async def begin(self, conversation: str, asked: str, text: str) -> StartedTurn:
        """Store a person's message, and wait for the end of earlier turns.

        Args:
            conversation: which conversation.
            asked: the agent that is talked to.
            text: the words.

        Raises:
            ConversationRefused: the ID is invalid, or the text is empty or too long.
            StateUnavailable: the store does not answer.
            TimeoutError: earlier turns do not end.
        """
        checked(conversation, text)
        line = Line(0, "user", redacted(self._redactors, text), time.time())

        def add(head: dict[str, Any]) -> dict[str, Any]:
            turn = head.get("turns", 0) + 1
            written = _written(evolve(line, turn=turn))
            pending = {**head.get("pending", {}), str(turn): time.time() + self._longest}
            return {**head, "turns": turn, "pending": pending, "lines": [*head.get("lines", ()), written]}

        head = await self._store.update(conversation, add, {}, ttl=self._ttl)
        turn: int = head["turns"]
        head = await self._wait(conversation, turn, head)
        lines = (_decode(line) for line in head.get("lines", ()))
        said = sorted((line for line in lines if line["turn"] < turn and line["role"] in _SAID), key=_turn)
        most = self._most
        history = tuple(Message(line["role"], line["text"]) for line in (said[-most:] if most else ()))
        return StartedTurn(turn, history, head.get("with", {}).get(asked))

    async def end(
        self, conversation: str, turn: int, lines: Iterable[Line], *, asked: str = "", handed_to: str | None = None
    ) -> None:
        """Store the lines of a turn, and let the next one start.

        Args:
            conversation: which conversation.
            turn: its number.
            lines: what was said and done in it.
            asked: the agent that was talked to.
            handed_to: who it was handed over to, for the turns that follow; None changes nothing.
        """
        redone = [self._redacted(turn, line) for line in lines]
        written = [_written(line) for line in redone]

        def add(head: dict[str, Any]) -> dict[str, Any]:
            pending = {each: until for each, until in head.get("pending", {}).items() if each != str(turn)}
            changed = {**head, "pending": pending, "lines": [*head.get("lines", ()), *written]}
            if handed_to is not None:
                changed["with"] = {**head.get("with", {}), asked: handed_to}
            return changed

        try:
            head = await self._store.update(conversation, add, {}, ttl=self._ttl)
        except StateRefused:  # too large: keep less of each line rather than lose the end of the turn
            written = [_written(evolve(line, text=cut(line.text, _LITTLE), more={})) for line in redone]
            head = await self._store.update(conversation, add, {}, ttl=self._ttl)
        if len(head["lines"]) > 2 * self._most + _MOST_LINES or sum(map(len, head["lines"])) > _PAGE:
            await self._turn_page(conversation)

    async def read(self, conversation: str) -> tuple[Line, ...]:
        """Return all lines of a transcript, in the order of its turns."""
        head = await self._store.get(conversation, {})
        written: list[str] = []
        for page in head.get("pages", ()):
            written += await self._store.get(f"{conversation} {page}", [])
        written += head.get("lines", ())
        return tuple(Line(**line) for line in sorted(map(_decode, written), key=_turn))

    def _redacted(self, turn: int, line: Line) -> Line:
        more = {
            name: redacted(self._redactors, cut(value, _MOST_RESULT)) if isinstance(value, str) else value
            for name, value in line.more.items()
        }
        text = cut(line.text, _MOST_RESULT if line.role == "tool" else MOST_TEXT)
        return Line(turn, line.role, redacted(self._redactors, text), line.at, line.agent, more)

    async def _wait(self, conversation: str, turn: int, head: dict[str, Any]) -> dict[str, Any]:
        """Return the transcript once no earlier turn is in progress."""
        pause, most = _PAUSES
        async with asyncio.timeout(self._longest):
            while True:
                now = time.time()
                if not any(int(each) < turn and until > now for each, until in head.get("pending", {}).items()):
                    return head
                await asyncio.sleep(pause)
                pause = min(2 * pause, most)
                head = await self._store.get(conversation, {})

    async def _turn_page(self, conversation: str) -> None:
        """Move lines of ended turns to a separate entry.

        If another process was faster, nothing is left to move.
        """
        found = await self._store.read(conversation)
        head = found.value or {}
        first = min((int(turn) for turn in head.get("pending", {})), default=head.get("turns", 0) + 1)
        ended = [line for line in head.get("lines", ()) if _decode(line)["turn"] < first]
        said = [place for place, line in enumerate(ended) if _decode(line)["role"] in _SAID]
        kept = said[-self._most] if 0 < self._most < len(said) else len(ended) if not self._most else 0
        moved = ended[:kept] or ended[: len(ended) // 2]
        if not moved:
            return
        page = secrets.token_hex(4)  # unique, so that concurrent processes do not overwrite each other
        gone = set(moved)
        rest = [line for line in head["lines"] if line not in gone]
        await self._store.set(f"{conversation} {page}", moved, ttl=self._ttl)
        turned = {**head, "pages": [*head.get("pages", ()), page], "lines": rest}
        if await self._store.compare_and_set(conversation, turned, found.version, ttl=self._ttl) is None:
            await self._store.delete(f"{conversation} {page}")


def checked(conversation: str, text: str) -> None:
    """Check the ID and the text of a turn.

    Raises:
        ConversationRefused: the ID is invalid, or the text is empty or too long.
    """
    if not _ID.fullmatch(conversation):
        raise ConversationRefused("a conversation's id has 1 to 128 characters of ASCII, without spaces.")
    if not text.strip():
        raise ConversationRefused("there is nothing to answer: the message is empty.")
    if len(text) > MOST_TEXT:
        raise ConversationRefused(f"a message may have {MOST_TEXT} characters, and this one has {len(text)}.")


def cut(text: str, most: int = MOST_TEXT) -> str:
    """Cut a text to at most ``most`` characters."""
    return text if len(text) <= most else text[: most - len(_CUT)] + _CUT


def _written(line: Line) -> str:
    """Encode a line for the store, as text, which is cheaper than objects."""
    return _encode(line.to_json()).decode()


def _turn(line: Mapping[str, Any]) -> int:
    number: int = line["turn"]
    return number
