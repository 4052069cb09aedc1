"""Options of a request: honoured, refused by name, or listed as ignored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agenthost._host.text.answer_format import AnswerFormat
from agenthost._web.endpoints.chat.refusals import ChatRefused
from agenthost.conversation.models import ToolSpec
from agenthost.conversation.options import AnswerOptions
from agenthost.errors import ConversationRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "ANY_OBJECT",
    "answer_options",
    "checked_schema",
    "checked_tools",
    "ignored",
    "integer",
    "number",
    "tool_choice",
    "tool_spec",
]

ANY_OBJECT: Mapping[str, Any] = {"type": "object"}
"""The schema of ``json_object``."""
MOST_TOOLS = 128
"""The most tools of a client."""
MOST_STOPS = 4
"""The most texts that end an answer."""
MOST_IGNORED = 32
"""The most ignored options that are listed."""
_HONOURED = frozenset(
    {
        *("call", "max_completion_tokens", "max_tokens", "messages", "metadata", "model", "parallel_tool_calls"),
        *("response_format", "seed", "stop", "stream", "stream_options", "temperature", "tool_choice", "tools", "n"),
    }
)
_REFUSED: Mapping[str, str] = {
    "n": "an agent gives one answer",
    "logprobs": "an agent's answer has no log probabilities",
    "top_logprobs": "an agent's answer has no log probabilities",
    "audio": "an agent answers in text",
    "functions": "they are an older form of tools: send tools",
    "function_call": "it is an older form of tool_choice: send tool_choice",
    "web_search_options": "an agent has its own tools",
}
"""Options that would change the form of an answer."""
_HARMLESS: tuple[Any, ...] = (None, False, 0, [], {}, "")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_WITH_REASONING = "max_completion_tokens"
_OPTION = re.compile(r"[a-z_]{1,64}")


def answer_options(body: Mapping[str, Any]) -> AnswerOptions:
    """Return the options of a request.

    Raises:
        ChatRefused: one is malformed, or cannot be honoured.
    """
    for name, why in _REFUSED.items():
        if body.get(name) not in _HARMLESS and not (name == "n" and body["n"] == 1):
            raise ChatRefused(400, f"{why}: leave {name} out.", None, name)
    if "audio" in (body.get("modalities") or ()):
        raise ChatRefused(400, "an agent answers in text: leave audio out.", None, "modalities")
    most = _WITH_REASONING if body.get(_WITH_REASONING) is not None else "max_tokens"
    return AnswerOptions(
        tools=checked_tools(
            body.get("tools"), lambda tool, where: tool_spec(tool.get("function"), f"{where}.function")
        ),
        tool_choice=tool_choice(body.get("tool_choice")),
        parallel=body.get("parallel_tool_calls") is not False,
        temperature=number(body, "temperature", 0, 2),
        max_tokens=integer(body, most, 1),
        stop=_stop(body.get("stop")),
        seed=integer(body, "seed"),
        answer_schema=_answer_schema(body.get("response_format")),
        counts_reasoning=most == _WITH_REASONING,
    )


def ignored(body: Mapping[str, Any], honoured: Iterable[str] = _HONOURED) -> tuple[str, ...]:
    """Return the names of the options that have no effect."""
    names = (name for name, value in body.items() if value is not None and name not in honoured)
    known = sorted(name for name in names if _OPTION.fullmatch(name) and name not in _REFUSED)
    return tuple(known[:MOST_IGNORED])


def number(body: Mapping[str, Any], name: str, least: float, most: float) -> float | None:
    """Return a number of a request, or None.

    Raises:
        ChatRefused: it is malformed.
    """
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ChatRefused(400, f"{name} must be a number, {least} to {most}.", None, name)
    return float(value)


def integer(body: Mapping[str, Any], name: str, least: int | None = None) -> int | None:
    """Return an integer of a request, or None.

    Raises:
        ChatRefused: it is malformed.
    """
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        raise ChatRefused(400, f"{name} must be an integer{'' if least is None else f' from {least}'}.", None, name)
    return value


def _stop(stop: Any) -> tuple[str, ...]:
    stops = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(stops, list) or len(stops) > MOST_STOPS or not all(isinstance(each, str) for each in stops):
        raise ChatRefused(400, f"stop must be a text, or a list of at most {MOST_STOPS}.", None, "stop")
    return tuple(filter(None, stops))


def checked_tools(tools: Any, spec_of: Callable[[dict[str, Any], str], ToolSpec]) -> tuple[ToolSpec, ...]:
    """Return the tools of a client.

    Raises:
        ChatRefused: they are malformed, too many, or two have the same name.
    """
    if tools is not None and not isinstance(tools, list):
        raise ChatRefused(400, "tools must be a list.", None, "tools")
    if len(tools or ()) > MOST_TOOLS:
        raise ChatRefused(400, f"tools may be {MOST_TOOLS} at most.", None, "tools")
    specs: list[ToolSpec] = []
    for place, tool in enumerate(tools or ()):
        where = f"tools[{place}]"
        if not isinstance(tool, dict) or tool.get("type", "function") != "function":
            raise ChatRefused(400, f"{where}.type must be function.", None, where)
        specs.append(spec_of(tool, where))
    names = [spec.name for spec in specs]
    if len(set(names)) < len(names):
        raise ChatRefused(400, "tools: two of them have the same name.", None, "tools")
    return tuple(specs)


def tool_spec(function: Any, where: str) -> ToolSpec:
    """Return a tool of a client.

    Raises:
        ChatRefused: it is malformed.
    """
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ChatRefused(400, f"{where}.name must be 1 to 64 letters, digits, - and _.", None, where)
    parameters, description = function.get("parameters"), function.get("description")
    if not isinstance(parameters, (dict, type(None))) or not isinstance(description, (str, type(None))):
        raise ChatRefused(400, f"{where} must have parameters (JSON Schema) and a description.", None, where)
    _check_parameters(parameters or {}, f"{where}.parameters")
    schema = parameters or {"type": "object", "properties": {}}
    return ToolSpec(name, description or "", schema, function.get("strict") is True)


def _check_parameters(schema: Mapping[str, Any], where: str) -> None:
    """Check the parts of a tool's schema that the host reads.

    Raises:
        ChatRefused: one is malformed.
    """
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not all(isinstance(each, (dict, bool)) for each in properties.values()):
        raise ChatRefused(400, f"{where}.properties must be an object of JSON Schemas.", None, where)
    if not isinstance(required, list) or not all(isinstance(each, str) for each in required):
        raise ChatRefused(400, f"{where}.required must be a list of names.", None, where)


def tool_choice(choice: Any) -> str:
    """Return ``auto``, ``none``, ``required`` or the name of a tool.

    Raises:
        ChatRefused: the choice is malformed.
    """
    if choice is None or choice in ("auto", "none", "required"):
        return choice or "auto"
    function = choice.get("function") if isinstance(choice, dict) and choice.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        allowed = '"auto", "none", "required" or {"type": "function", "function": {"name": …}}'
        raise ChatRefused(400, f"tool_choice must be {allowed}.", None, "tool_choice")
    return name


def _answer_schema(wanted: Any) -> Mapping[str, Any] | None:
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if wanted is None or kind == "text":
        return None
    if kind == "json_object":
        return ANY_OBJECT
    if kind != "json_schema":
        msg = "response_format.type must be text, json_object or json_schema."
        raise ChatRefused(400, msg, None, "response_format")
    described = wanted.get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    if not isinstance(schema, dict):
        msg = "response_format.json_schema.schema must be a JSON Schema."
        raise ChatRefused(400, msg, None, "response_format")
    return checked_schema(schema, "response_format")


def checked_schema(schema: Mapping[str, Any], option: str) -> Mapping[str, Any]:
    """Return the schema of an answer.

    Raises:
        ChatRefused: no answer can be checked by it.
    """
    try:
        AnswerFormat(schema)
    except ConversationRefused as error:
        raise ChatRefused(400, str(error), "conversation_refused", option) from error
    return schema
