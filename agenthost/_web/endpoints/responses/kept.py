"""Responses that are kept for later requests."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from agenthost._error_words import message_of
from agenthost._host.plan.chosen_redactors import redacted
from agenthost.errors import StateRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agenthost._host.text.history import Bound
    from agenthost.conversation.redaction import Redactor
    from agenthost.state import Store

__all__ = ["Kept", "KeptResponses", "for_later"]

MOST_ID = 128
"""The most characters of an ID that the host may have given."""
_KEPT = 30 * 86400.0
"""Seconds for which a response is kept."""
_LONGEST = 16 * 1024
"""The most characters of one message that are kept."""
_CUT = " … [cut]"
_log = logging.getLogger("agenthost.conversations")


@frozen
class Kept:
    """A response that is kept."""

    response: Mapping[str, Any]
    """The response, as it was sent."""
    agent: str
    """The key of its agent."""
    conversation: str
    named: bool
    """True if the client named the conversation, so that its transcript has the earlier messages."""
    messages: Sequence[Mapping[str, Any]]
    """The messages up to its end, in the form of chat completions."""
    cut: bool = False
    """True if earlier ones are left out."""


class KeptResponses:
    """The responses of one principal.

    They are kept after redaction, for 30 days.
    """

    def __init__(self, store: Store, redactors: Iterable[Redactor]) -> None:
        self._store = store
        self._redactors = tuple(redactors)

    async def find(self, response: str) -> Kept | None:
        """Return a response, or None.

        Raises:
            StateUnavailable: the store does not answer.
        """
        if not response.startswith("resp_") or len(response) > MOST_ID:
            return None
        found = await self._store.get(response)
        return Kept(**found) if isinstance(found, dict) else None

    async def keep(self, kept: Kept) -> bool:
        """Store a response as the latest of its conversation, unless it is too large.

        Returns:
            False if it is too large.

        Raises:
            StateUnavailable: the store does not answer.
        """
        response = kept.response["id"]
        try:
            await self._store.set(response, asdict(kept, recurse=False) | self._redacted(kept), ttl=_KEPT)
        except StateRefused as error:
            _log.warning("response %s is not kept: %s", response, message_of(error))
            return False
        await self._store.set(_latest(kept.conversation), response, ttl=_KEPT)
        return True

    async def is_latest(self, kept: Kept) -> bool:
        """Return True if no other response follows in its conversation.

        Raises:
            StateUnavailable: the store does not answer.
        """
        return bool(await self._store.get(_latest(kept.conversation)) == kept.response["id"])

    async def delete(self, response: str) -> None:
        """Delete a response.

        Raises:
            StateUnavailable: the store does not answer.
        """
        await self._store.delete(response)

    def _redacted(self, kept: Kept) -> dict[str, Any]:
        """Return the parts of a response with people's words, redacted."""
        response = dict(kept.response)
        response["output"] = [self._item(item) for item in response["output"]]
        if response["instructions"]:
            response["instructions"] = redacted(self._redactors, response["instructions"])
        messages = [self._message(message) for message in kept.messages]
        return {"response": response, "messages": messages}

    def _item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        if item["type"] == "function_call":
            return {**item, "arguments": redacted(self._redactors, item["arguments"])}
        parts = [
            {name: redacted(self._redactors, value) if name in ("text", "refusal") else value for name, value in each}
            for each in (part.items() for part in item["content"])
        ]
        return {**item, "content": parts}

    def _message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        calls = [
            {**call, "function": {**function, "arguments": redacted(self._redactors, function["arguments"])}}
            for call in message.get("tool_calls", ())
            for function in (call["function"],)
        ]
        text = redacted(self._redactors, message.get("content") or "")
        return {**message, "content": text, **({"tool_calls": calls} if calls else {})}


def for_later(messages: Sequence[Mapping[str, Any]], bound: Bound) -> tuple[list[dict[str, Any]], bool]:
    """Return the messages that later turns read, and whether others are left out.

    They are the latest ones, from a person's message on. Those of the latest turn are always among them.
    """
    cut = [{**each, "content": _short(each.get("content"))} for each in messages]
    begins = [place for place, each in enumerate(cut) if each["role"] == "user"]
    first = begins[-1] if begins else 0
    for place in reversed(begins[:-1]):
        kept = cut[place:]
        said = sum(each["role"] != "tool" and not each.get("tool_calls") for each in kept)
        if said > bound.messages or sum(len(each["content"]) for each in kept) > bound.characters:
            break
        first = place
    return cut[first:], first > 0


def _short(content: Any) -> str:
    text = content if isinstance(content, str) else ""
    return text if len(text) <= _LONGEST else text[: _LONGEST - len(_CUT)] + _CUT


def _latest(conversation: str) -> str:
    return f"latest {conversation}"
