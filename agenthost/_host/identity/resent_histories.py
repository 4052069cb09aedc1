"""Histories that clients send again: the conversation that each continues.

Most clients keep a conversation themselves, and send all of it with each message, without an ID. A history whose last
answer this host gave continues the conversation of that answer. There is one record for each such conversation, which
moves on with each turn and is kept for a day.
"""

from __future__ import annotations

import asyncio
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from agenthost._host.identity.batches import Batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agenthost.conversation.models import Message
    from agenthost.state import Store

__all__ = ["ResentHistories", "history_key"]

KEPT = 86400.0
"""Seconds that a record is kept after the last turn."""
_MOST = 8
"""The most records of one history. Two are ambiguous already."""
_GRACE = 5.0
_SPOKEN = ("user", "assistant")
_encode = msgspec.json.Encoder().encode


class ResentHistories:
    """The conversations of one principal, by their histories.

    ``longest`` is the number of seconds that a turn may take.
    """

    def __init__(self, store: Store, longest: float) -> None:
        self._store = store
        self._batches = Batches(store)
        self._longest = longest + _GRACE

    async def find(self, history: str) -> str | None:
        """Return the only conversation with a history, or None.

        Raises:
            StateUnavailable: the store does not answer.
        """
        records = await self._batches.get(history)
        return str(records[0]["id"]) if len(records) == 1 else None

    async def take(self, history: str, conversation: str) -> bool:
        """Continue a conversation. Return False if another request does already.

        Raises:
            StateUnavailable: the store does not answer.
        """
        now, taken = time.time(), False

        def mark(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
            nonlocal taken
            taken = len(records) == 1 and records[0]["id"] == conversation and records[0]["until"] <= now
            return [{**records[0], "until": now + self._longest}] if taken else records

        await self._batches.update(history, mark, ttl=KEPT)
        return taken

    async def release(self, history: str, conversation: str) -> None:
        """Let the next request with the same history continue, because this one has no answer.

        Raises:
            StateUnavailable: the store does not answer.
        """

        def free(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [{**record, "until": 0.0} if record["id"] == conversation else record for record in records]

        await self._batches.update(history, free, ttl=KEPT)

    async def move(self, before: str | None, after: Sequence[str], conversation: str) -> None:
        """Move the record of a conversation to the history with its new answer.

        ``after`` has two keys if the answer is longer as a stream.

        Raises:
            StateUnavailable: the store does not answer.
        """

        def add(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
            new = {"id": conversation, "until": 0.0} | ({"keys": list(after)} if len(after) > 1 else {})
            return [*_without(records, conversation), new][-_MOST:]

        added = [self._batches.submit(key, add, ttl=KEPT, absent=True) for key in after]
        await asyncio.gather(*added, self._remove(before, conversation))

    async def _remove(self, before: str | None, conversation: str) -> None:
        """Remove the record of a conversation, from both keys if it has two."""
        keys = set() if before is None else {before}
        removed: set[str] = set()

        def take_out(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
            keys.update(key for record in records if record["id"] == conversation for key in record.get("keys", ()))
            return _without(records, conversation)

        while key := next(iter(keys - removed), None):
            await self._batches.update(key, take_out, ttl=KEPT)
            removed.add(key)

    async def follows(self, history: str, conversation: str) -> bool:
        """Return True if a conversation that the client names has exactly this history.

        Raises:
            StateUnavailable: the store does not answer.
        """
        return history in await self._store.get(_latest(conversation), [])

    async def note(self, history: Sequence[str], conversation: str) -> None:
        """Store the history of a conversation that the client names, see ``move``.

        Raises:
            StateUnavailable: the store does not answer.
        """
        await self._store.set(_latest(conversation), list(history), ttl=KEPT)


def history_key(agent: str, messages: Iterable[Message]) -> str | None:
    """Return the key of a history with an agent, or None if nothing was said.

    Only the words of people and agents count, since clients rewrite instructions and leave out tool calls.
    """
    said = [[message.role, " ".join(message.content.split())] for message in _spoken(messages)]
    return sha256(_encode([agent, said])).hexdigest() if said else None


def _spoken(messages: Iterable[Message]) -> Sequence[Message]:
    return [message for message in messages if message.role in _SPOKEN and message.content.strip()]


def _without(records: list[dict[str, Any]], conversation: str) -> list[dict[str, Any]]:
    return [record for record in records if record["id"] != conversation]


def _latest(conversation: str) -> str:
    return f"latest {conversation}"
