"""Transcripts of conversations, in the store of shared state.

A transcript only grows. A person's message is stored before it is processed. Concurrent turns of one conversation run
one after another, in whichever process, in the order in which their messages arrived.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from agenthost._host.plan.chosen_redactors import redacted
from agenthost._host.text.calling.tool_runs import ToolRun
from agenthost._host.text.history import history_of
from agenthost._host.text.transcript_lines import MOST_RESULT, MOST_TEXT, Line, cut, line_of, written
from agenthost.errors import ConversationRefused, StateRefused, TurnTakenOver
from agenthost.state.own_writes import OwnWrites

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Mapping

    from agenthost._host.text.history import Bound
    from agenthost.conversation.models import Message
    from agenthost.conversation.redaction import Redactor
    from agenthost.state import Store

__all__ = ["Arrival", "Begun", "Transcripts", "checked"]

_ID = re.compile(r"[\x21-\x7e]{1,128}")
_PAGE = 24 * 1024
"""The characters of a transcript in one entry of the store, more only for a longer history."""
_LONGEST_PAGE = 60 * 1024
"""The most characters of a transcript in one entry of the store, however long a history may be."""
_PAUSES = (0.005, 0.1)
"""Pauses between polls for the end of earlier turns, in seconds: the first and the last."""
_GRACE = 5.0
"""Seconds after its timeout in which a turn can still withdraw its message."""
_LITTLE = 400
"""Characters to keep of each line, if a turn is too large for the store."""
_MOST_LINES = 32
_SAID = ("user", "assistant")
_EFFECTS = ("handed_to", "escalate", "actions")
_DAY = 86400.0


@frozen
class Arrival:
    """A message that has arrived."""

    conversation: str
    text: str
    at: float = field(factory=time.time)
    """The time of its arrival, in seconds since 1970."""
    id: str = field(factory=lambda: secrets.token_hex(6))
    result: Line | None = None
    """The first result of a client's tools, if it continues a turn; then there is no text."""
    attempt: int = 0
    """The number of its attempt, which grows with each process that takes its turn over."""


@frozen
class Begun:
    """A turn that has begun."""

    turn: int
    history: tuple[Message, ...]
    """The earlier turns, oldest first."""
    agent: str | None
    """The agent that the conversation was handed over to; None while it is with its first one."""
    done: tuple[ToolRun, ...] = ()
    """The tool calls of earlier attempts at the turn."""
    cut: bool = False
    """True if the history has no longer all messages."""


class Transcripts:
    """The transcripts of a host.

    The head of a transcript has the number of turns (``turns``), the message that is answered (``running``) with its
    tool calls so far, the messages that wait (``waiting``), the latest lines (``lines``) and the keys of the earlier
    ones (``pages``).

    ``keep`` is a number of days that they are kept after their last line. ``longest`` is the number of seconds that a
    turn may take; after that, no turn waits for it any more. ``history`` is the bound of what ``begin`` gives.
    """

    def __init__(
        self, store: Store, redactors: Iterable[Redactor], *, keep: float, longest: float, history: Bound
    ) -> None:
        self._store = store
        self._heads = OwnWrites(store)
        self._redactors = tuple(redactors)
        self._ttl = keep * _DAY
        self._longest = longest
        self._bound = history
        self._page = min(max(_PAGE, history.characters), _LONGEST_PAGE)

    async def enter(self, arrival: Arrival, *, new: bool = False) -> dict[str, Any]:
        """Store a person's message, in the order of arrival.

        ``new`` is True if the conversation probably begins with it, which saves a read.

        Returns:
            The head of the transcript, for ``begin``.

        Raises:
            StateRefused: too much is waiting already.
            StateUnavailable: the store does not answer.
        """
        entry = self._entry(arrival)

        def add(head: dict[str, Any]) -> dict[str, Any]:
            return self._let_in({**head, "waiting": [*head.get("waiting", ()), entry]})

        head: dict[str, Any] = await self._heads.update(arrival.conversation, add, {}, ttl=self._ttl, absent=new)
        return head

    def _entry(self, arrival: Arrival) -> dict[str, Any]:
        said = Line(0, "user", redacted(self._redactors, arrival.text), arrival.at)
        line = written(said if arrival.result is None else self._redacted(arrival.result))
        until = time.time() + self._longest + _GRACE
        return {"id": arrival.id, "at": arrival.at, "until": until, "line": line, "attempt": arrival.attempt}

    async def reenter(self, arrival: Arrival) -> tuple[dict[str, Any], tuple[int, ...]]:
        """Store a message again, in the place of attempts whose process has died.

        Those have an ID with the same first part.

        Returns:
            The head of the transcript, and the numbers of these attempts.

        Raises:
            TurnTakenOver: an attempt with a higher number exists.
            StateUnavailable: the store does not answer.
        """
        attempt = arrival.id.partition(".")[0]
        given_up: list[int] = []

        def replace(head: dict[str, Any]) -> dict[str, Any]:
            def same(entry: Mapping[str, Any]) -> bool:
                return str(entry["id"]).partition(".")[0] == attempt

            running = head.get("running", {})
            known = [entry for entry in (*running.values(), *head.get("waiting", ())) if same(entry)]
            if any(entry.get("attempt", 0) > arrival.attempt for entry in known):
                raise TurnTakenOver
            given_up[:] = [int(turn) for turn, entry in running.items() if same(entry)]
            dead = {turn: {**entry, "until": 0.0} if same(entry) else entry for turn, entry in running.items()}
            waiting = [entry for entry in head.get("waiting", ()) if not same(entry)]
            return self._let_in({**head, "running": dead, "waiting": [*waiting, self._entry(arrival)]})

        head = await self._heads.update(arrival.conversation, replace, {}, ttl=self._ttl)
        return head, tuple(given_up)

    async def begin(
        self,
        arrival: Arrival,
        asked: str,
        head: dict[str, Any],
        before: int | None = None,
        attempts: Collection[int] = (),
    ) -> Begun:
        """Wait for the end of earlier turns.

        ``before`` is the turn that this one continues, and ``attempts`` is the numbers of earlier attempts at this one.
        They are not part of its history.

        Raises:
            StateUnavailable: the store does not answer.
            TimeoutError: earlier turns do not end.
        """
        key = arrival.conversation
        pause, most = _PAUSES
        async with asyncio.timeout(self._longest):
            while (turn := _number(head, arrival)) is None:
                if not _live(head):
                    head = await self._heads.update(key, self._let_in, {}, ttl=self._ttl)
                    continue
                await asyncio.sleep(pause)
                pause = min(2 * pause, most)
                head = await self._store.get(key, {})
        lines = map(line_of, head.get("lines", ()))
        earlier = (line for line in lines if line.turn < (before or turn) and line.turn not in attempts)
        every = await self.read(key) if attempts else ()
        done = tuple(_run_of(line) for line in every if line.turn in attempts and _ran_here(line))
        history, cut = history_of(earlier, self._bound)
        return Begun(turn, history, head.get("with", {}).get(asked), done, cut or bool(head.get("pages")))

    async def progress(self, conversation: str, begun: Begun, lines: Iterable[Line], *, needed: bool = False) -> None:
        """Store the tool calls of a turn so far, in case its process dies.

        ``needed`` is True if a tool must not run before its call is stored.

        Raises:
            TurnTakenOver: another attempt has replaced the turn, and the calls are needed.
            StateRefused: they are too large, and needed.
            StateUnavailable: the store does not answer.
        """
        so_far = [written(evolve(self._redacted(line), turn=begun.turn)) for line in lines]

        def add(head: dict[str, Any]) -> dict[str, Any]:
            running, turn = head.get("running", {}), str(begun.turn)
            if turn not in running:
                if needed:
                    raise TurnTakenOver
                return head
            return {**head, "running": {**running, turn: {**running[turn], "lines": so_far}}}

        with nullcontext() if needed else suppress(StateRefused):  # the end of the turn keeps less of each line
            await self._heads.update(conversation, add, {}, ttl=self._ttl)

    async def end(
        self,
        arrival: Arrival,
        begun: Begun | None,
        lines: Iterable[Line],
        *,
        asked: str = "",
        handed_to: str | None = None,
    ) -> None:
        """Store the lines of a turn, and let the next one start.

        ``begun`` is None if the turn has not begun, so that its message is withdrawn. ``handed_to`` is the agent of the
        turns that follow; None changes nothing.
        """
        key = arrival.conversation
        if begun is None and not _holds(await self._store.get(key, {}), arrival):
            return
        redone = [self._redacted(line) for line in lines]

        def add(head: dict[str, Any]) -> dict[str, Any]:
            waiting = [each for each in head.get("waiting", ()) if each["id"] == arrival.id]
            head = _numbered(head, waiting)
            turn = _number(head, arrival) if begun is None else begun.turn
            turn = head["turns"] if turn is None else turn
            if begun is not None and str(turn) not in head.get("running", {}):
                head = _without_tools(head, turn)  # it was taken for dead
            running = {each: entry for each, entry in head.get("running", {}).items() if entry["id"] != arrival.id}
            ended = [written(evolve(line, turn=turn)) for line in redone]
            changed = {**head, "running": running, "lines": [*head.get("lines", ()), *ended]}
            if handed_to is not None:
                changed["with"] = {**head.get("with", {}), asked: handed_to}
            return self._let_in(changed)

        try:
            head = await self._heads.update(key, add, {}, ttl=self._ttl)
        except StateRefused:  # too large: keep less of each line rather than lose the end of the turn
            redone = [evolve(line, text=cut(line.text, _LITTLE), more=_little(line.more)) for line in redone]
            head = await self._heads.update(key, add, {}, ttl=self._ttl)
        if len(head["lines"]) > 2 * self._bound.messages + _MOST_LINES or sum(map(len, head["lines"])) > self._page:
            await self._turn_page(key)

    def _let_in(self, head: dict[str, Any]) -> dict[str, Any]:
        """Start the earliest message that waits, unless an earlier turn runs.

        Messages whose process has died are left behind, without an answer.
        """
        now = time.time()
        head = _without_dead(head, now)
        head = _numbered(head, [each for each in head.get("waiting", ()) if each["until"] <= now])
        waiting = head.get("waiting", ())
        if _live(head) or not waiting:
            return head
        first = min(waiting, key=lambda each: each["at"])
        head = _numbered(head, [first])
        entry = {"id": first["id"], "until": now + self._longest, "attempt": first.get("attempt", 0)}
        return {**head, "running": {str(head["turns"]): entry}}

    async def conversations(self) -> AsyncIterator[str]:
        """Yield the IDs of the conversations, in any order."""
        async for key in self._store.scan():
            if " " not in key:  # a page of lines, beside the head of its conversation
                yield key

    async def read(self, conversation: str) -> tuple[Line, ...]:
        """Return all lines of a transcript, in the order of its turns."""
        head = await self._store.get(conversation, {})
        lines: list[str] = []
        for page in head.get("pages", ()):
            lines += await self._store.get(f"{conversation} {page}", [])
        lines += _numbered(head, sorted(head.get("waiting", ()), key=lambda each: each["at"])).get("lines", ())
        lines += [line for entry in head.get("running", {}).values() for line in entry.get("lines", ())]
        return tuple(sorted(map(line_of, lines), key=lambda line: line.turn))

    def _redacted(self, line: Line) -> Line:
        more = {
            name: redacted(self._redactors, cut(value, MOST_RESULT)) if isinstance(value, str) else value
            for name, value in line.more.items()
        }
        text = cut(line.text, MOST_RESULT if line.role == "tool" else MOST_TEXT)
        return evolve(line, text=redacted(self._redactors, text), more=more)

    async def _turn_page(self, conversation: str) -> None:
        """Move lines of ended turns to a separate entry.

        If another process was faster, nothing is left to move.
        """
        found = await self._store.read(conversation)
        head = found.value or {}
        first = min((int(turn) for turn in head.get("running", {})), default=head.get("turns", 0) + 1)
        ended = [line for line in head.get("lines", ()) if line_of(line).turn < first]
        said = [place for place, line in enumerate(ended) if line_of(line).role in _SAID]
        most = self._bound.messages
        kept = said[-most] if 0 < most < len(said) else len(ended) if not most else 0
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


def checked(conversation: str, text: str, *, empty: bool = False) -> None:
    """Check the ID and the text of a turn.

    The text may be empty if the agent begins or a client's tools answer.

    Raises:
        ConversationRefused: the ID is invalid, or the text is empty or too long.
    """
    if not _ID.fullmatch(conversation):
        raise ConversationRefused("a conversation's id has 1 to 128 characters of ASCII, without spaces.")
    if not text.strip() and not empty:
        raise ConversationRefused("there is nothing to answer: the message is empty.")
    if len(text) > MOST_TEXT:
        raise ConversationRefused(f"a message may have {MOST_TEXT} characters, and this one has {len(text)}.")


def _ran_here(line: Line) -> bool:
    """Return True for a tool of an agent, not of a client."""
    return line.role == "tool" and not line.more.get("client")


def _run_of(line: Line) -> ToolRun:
    tool, arguments = str(line.more.get("tool", "")), str(line.more.get("arguments", "{}"))
    effects = {name: str(line.more[name]) for name in _EFFECTS if name in line.more}
    return ToolRun(line.agent or "", tool, arguments, line.text, bool(line.more.get("failed")), effects)


def _live(head: Mapping[str, Any]) -> bool:
    """Return True if a turn runs, in a process that may still live."""
    now = time.time()
    return any(entry["until"] > now for entry in head.get("running", {}).values())


def _without_dead(head: dict[str, Any], now: float) -> dict[str, Any]:
    """Move the tool calls of turns whose processes have died to the lines."""
    running = head.get("running", {})
    dead = [turn for turn, entry in running.items() if entry["until"] <= now]
    if not dead:
        return head
    lines = [*head.get("lines", ()), *(line for turn in dead for line in running[turn].get("lines", ()))]
    return {**head, "running": {turn: entry for turn, entry in running.items() if turn not in dead}, "lines": lines}


def _without_tools(head: dict[str, Any], turn: int) -> dict[str, Any]:
    lines = [each for each in map(line_of, head.get("lines", ())) if (each.turn, each.role) != (turn, "tool")]
    return {**head, "lines": [*map(written, lines)]}


def _number(head: Mapping[str, Any], arrival: Arrival) -> int | None:
    """Return the number of a message's turn, or None if it does not run."""
    return next((int(turn) for turn, entry in head.get("running", {}).items() if entry["id"] == arrival.id), None)


def _holds(head: Mapping[str, Any], arrival: Arrival) -> bool:
    return any(entry["id"] == arrival.id for entry in (*head.get("running", {}).values(), *head.get("waiting", ())))


def _numbered(head: dict[str, Any], entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Move waiting messages to the lines, each as a turn."""
    for entry in entries:
        turn = head.get("turns", 0) + 1
        line = written(evolve(line_of(entry["line"]), turn=turn))
        waiting = [each for each in head["waiting"] if each["id"] != entry["id"]]
        head = {**head, "turns": turn, "waiting": waiting, "lines": [*head.get("lines", ()), line]}
    return head


def _little(more: Mapping[str, Any]) -> dict[str, Any]:
    return {name: cut(value, _LITTLE) if isinstance(value, str) else value for name, value in more.items()}
