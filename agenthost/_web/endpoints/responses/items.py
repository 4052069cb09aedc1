"""Input items of a response, as messages of a chat completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

from agenthost._web.endpoints.chat.refusals import ChatRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.endpoints.responses.kept import KeptResponses

__all__ = ["ITEMS", "Input", "response_of"]

ITEMS = ("fc", "msg")
"""The beginnings of the IDs of output items, which continue with that of their response and their place."""


@define
class Input:
    """The input of a response."""

    messages: list[dict[str, Any]] = field(factory=list)
    places: list[str] = field(factory=list)
    """The names of the messages for errors."""

    @classmethod
    async def read(cls, given: Any, kept: KeptResponses) -> Input:
        """Read the input of a request.

        Raises:
            ChatRefused: it is malformed, or refers to an item that is not kept.
        """
        read = cls()
        if isinstance(given, str):
            read._add("input", {"role": "user", "content": given})
            return read
        if given is not None and not isinstance(given, list):
            raise ChatRefused(400, "input must be text or a list of items.", None, "input")
        for number, item in enumerate(given or ()):
            where = f"input[{number}]"
            if not isinstance(item, dict):
                raise ChatRefused(400, f"{where} must be an object.", None, where)
            refers = item.get("type") == "item_reference" or set(item) == {"id"}
            read._take(await _referred(item.get("id"), kept, where) if refers else item, where)
        return read

    def _take(self, item: Mapping[str, Any], where: str) -> None:
        kind = item.get("type", "message")
        if kind == "message":
            self._add(where, {"role": item.get("role"), "content": item.get("content")})
        elif kind == "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            call = {"id": item.get("call_id"), "type": "function", "function": function}
            before = self.messages[-1] if self.messages else {}
            if before.get("tool_calls"):
                before["tool_calls"].append(call)
            else:
                self._add(where, {"role": "assistant", "content": "", "tool_calls": [call]})
        elif kind == "function_call_output":
            content = item.get("output")
            self._add(where, {"role": "tool", "tool_call_id": item.get("call_id"), "content": content})
        elif kind != "reasoning":  # agents have none, and clients send that of other models
            told = "message, function_call, function_call_output, item_reference, reasoning"
            raise ChatRefused(400, f"{where}.type must be one of {told}.", None, where)

    def _add(self, where: str, message: dict[str, Any]) -> None:
        self.messages.append(message)
        self.places.append(where)


async def _referred(item: Any, kept: KeptResponses, where: str) -> Mapping[str, Any]:
    """Return the item of an earlier response that a client refers to.

    Raises:
        ChatRefused: it is not kept.
    """
    response, place = response_of(item) if isinstance(item, str) else ("", -1)
    found = await kept.find(response)
    output = found.response["output"] if found is not None else ()
    if not 0 <= place < len(output):
        raise ChatRefused(400, f"{where} refers to an item that is not kept.", "item_not_found", where)
    referred: Mapping[str, Any] = output[place]
    return referred


def response_of(item: str) -> tuple[str, int]:
    """Return the response and the place of an output item, by its ID."""
    kind, _, rest = item.partition("_")
    name, _, place = rest.rpartition("_")
    return (f"resp_{name}", int(place)) if kind in ITEMS and place.isdecimal() and len(place) < 4 else ("", -1)  # noqa: PLR2004 - digits
