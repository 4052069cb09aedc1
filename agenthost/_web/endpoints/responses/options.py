"""Options of a response: honoured, refused by name, or listed as ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost._web.endpoints.chat.options import (
    ANY_OBJECT,
    checked_schema,
    checked_tools,
    ignored,
    integer,
    number,
    tool_choice,
    tool_spec,
)
from agenthost._web.endpoints.chat.refusals import ChatRefused
from agenthost.conversation.options import AnswerOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["answer_options", "ignored_options"]

_HONOURED = frozenset(
    {
        *("conversation", "input", "instructions", "max_output_tokens", "metadata", "model", "parallel_tool_calls"),
        *("previous_response_id", "store", "stream", "temperature", "text", "tool_choice", "tools"),
    }
)
_REFUSED: Mapping[str, str] = {
    "background": "a turn is answered at once",
    "prompt": "an agent has its own prompt",
    "top_logprobs": "an agent's answer has no log probabilities",
}
"""Options that would change the form of an answer."""


def answer_options(body: Mapping[str, Any]) -> AnswerOptions:
    """Return the options of a request.

    Raises:
        ChatRefused: one is malformed, or cannot be honoured.
    """
    for name, why in _REFUSED.items():
        if body.get(name):
            raise ChatRefused(400, f"{why}: leave {name} out.", None, name)
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function":
        choice = {"type": "function", "function": {"name": choice.get("name")}}
    return AnswerOptions(
        tools=checked_tools(body.get("tools"), tool_spec),
        tool_choice=tool_choice(choice),
        parallel=body.get("parallel_tool_calls") is not False,
        temperature=number(body, "temperature", 0, 2),
        max_tokens=integer(body, "max_output_tokens", 1),
        answer_schema=_answer_schema(body.get("text")),
    )


def ignored_options(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the options that have no effect."""
    text = body.get("text")
    more = ("text.verbosity",) if isinstance(text, dict) and text.get("verbosity") is not None else ()
    return (*ignored(body, _HONOURED), *more)


def _answer_schema(text: Any) -> Mapping[str, Any] | None:
    wanted = text.get("format") if isinstance(text, dict) else None
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if wanted is None or kind == "text":
        return None
    if kind == "json_object":
        return ANY_OBJECT
    schema = wanted.get("schema") if isinstance(wanted, dict) and kind == "json_schema" else None
    if not isinstance(schema, dict):
        msg = "text.format must be of the type text, json_object, or json_schema with a schema."
        raise ChatRefused(400, msg, None, "text.format")
    return checked_schema(schema, "text.format")
