"""``offline``: the chat model that needs neither a key nor a network.

This is not a language model. It picks the tool with the most words in common with the message, takes the arguments that
the conversation names, and answers with the tool's result. A tool that may change something is run only if the person
asks for it. The same words get the same answer, and each answer is marked.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost import Completion, ToolUse, Usage, Words
from agenthost.builtin.offline.arguments import Heard, arguments, fill, plain
from agenthost.builtin.offline.wishes import agrees, asks, declines, denies, is_question, matter_of, verbs_of
from agenthost.builtin.offline.words import spoken, stems

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from agenthost import Message, ModelRequest, ToolSpec

__all__ = ["OfflineModel"]

MARK = "[offline model]"
"""The mark at the start of each answer."""

_ASKING = re.compile(r"To use (\w+) I need")
_YES = "your yes, because it may change something"
"""The answer that the model needs before it runs a tool without a request."""
_NAME_COUNTS = 3.0
_MUCH_BETTER = 2.0
"""The factor by which a tool without a request must fit better, to be offered before another one runs."""
_FEW = 4
"""Words of a yes, at most, that says nothing else."""
_LONGEST = 2000
_LETTERS = 4
"""Characters of a token."""
_READ = 4000
"""Characters of a message in which arguments and words are looked for."""


@frozen
class OfflineModel:
    """The chat model that picks tools by words.

    Args:
        name: the model's name in the configuration.
    """

    name: str = "offline"
    offline = True
    """Not a language model: it only answers as an agent, and classifies or summarises nothing."""

    async def answer(self, request: ModelRequest) -> AsyncIterator[Words | Completion]:
        """Answer with a tool's result, a tool call, a question, or a fixed sentence."""
        text, uses = self._decide(request)
        if request.answer_schema is not None and not uses:
            text = _in_schema(text, request, request.answer_schema)
        text, finish = _ended(text, request)
        for piece in re.findall(r"\S+\s*|\s+", text):
            yield Words(piece)
        usage = Usage(sum(_tokens(message.content) for message in request.messages), _tokens(text))
        yield Completion(text, uses, usage, "tool_calls" if uses else finish, self.name)

    def _decide(self, request: ModelRequest) -> tuple[str, tuple[ToolUse, ...]]:
        messages = request.messages
        said = [message for message in messages if message.role == "user"]
        last = said[-1].content if said else ""
        results = f"{MARK} {_results(messages)}" if messages and messages[-1].role == "tool" else ""
        if request.tools and request.tool_choice != "auto":
            return "", (_required(request, said, last[:_READ], results or MARK),)
        if results:
            return results, ()
        if not request.tools:
            return f"{MARK} No language model is configured, so what was said stands as it came:\n{last[:_LONGEST]}", ()
        chosen = _chosen(messages, last[:_READ], request.tools)
        tool = chosen.tool
        if tool is None:
            nothing = "Nothing was done." if chosen.declined else "No tool of mine fits that."
            return f"{MARK} {nothing} I can: {_listed(request.tools)}", ()
        if not chosen.wanted:
            return f"{MARK} To use {tool.name} I need: {_YES}.", ()
        heard = Heard(said, _READ, answers=chosen.answers)
        whole = "" if chosen.answers else heard.texts[min(chosen.earlier, len(heard.texts) - 1)] if heard.texts else ""
        found, missing = arguments(tool, heard, whole)
        if missing:
            wanted = "; ".join(_wanted(tool, name) for name in missing)
            return f"{MARK} To use {tool.name} I need: {wanted}.", ()
        return "", (_use(tool, found, messages),)


@frozen
class _Chosen:
    """The tool of a turn."""

    tool: ToolSpec | None
    """The tool, or None."""
    wanted: bool = True
    """True if the person has asked for it, as far as it changes something."""
    answers: bool = False
    """True if the message answers a question for its arguments."""
    earlier: int = 0
    declined: bool = False


def _required(request: ModelRequest, said: Sequence[Message], last: str, otherwise: str) -> ToolUse:
    """Return the call that a request requires, with made-up arguments if need be."""
    named = (tool for tool in request.tools if tool.name == request.tool_choice)
    best = _best(last, request.tools)
    tool = next(named, None) or (best.tool if best.tool is not None and best.wanted else request.tools[-1])
    found, _ = arguments(tool, Heard(said, _READ, answers=False), last)
    made = fill(tool.parameters, last, otherwise)
    return _use(tool, {**(made if isinstance(made, dict) else {}), **found}, request.messages)


def _in_schema(text: str, request: ModelRequest, schema: Mapping[str, Any]) -> str:
    """Return the answer as JSON, with the text if it follows results of tools."""
    last = next((message.content for message in reversed(request.messages) if message.role == "user"), "")
    after_tools = bool(request.messages) and request.messages[-1].role == "tool"
    return json.dumps(fill(schema, last[:_READ], text if after_tools else MARK), ensure_ascii=False)


def _use(tool: ToolSpec, found: Mapping[str, Any], messages: Sequence[Message]) -> ToolUse:
    number = sum(len(message.tool_uses) for message in messages) + 1
    return ToolUse(f"offline-{number}", tool.name, json.dumps(found, ensure_ascii=False))


def _ended(text: str, request: ModelRequest) -> tuple[str, str]:
    """Return a text as far as a request allows, with the reason for its end."""
    for stop in request.stop:
        text = text.partition(stop)[0] if stop else text
    if request.max_tokens is not None and _tokens(text) > request.max_tokens:
        return text[: request.max_tokens * _LETTERS], "length"
    return text, "stop"


def _results(messages: Sequence[Message]) -> str:
    """Return the results of the latest round of tools."""
    results: list[str] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        results.insert(0, message.content)
    return "\n".join(results)


def _chosen(messages: Sequence[Message], last: str, tools: Sequence[ToolSpec]) -> _Chosen:
    """Choose the tool for a message.

    It is the one that was talked of, if the message continues with it, or else the best.
    """
    answers = [message.content for message in messages if message.role == "assistant"]
    found = _ASKING.search(answers[-1]) if answers and answers[-1].startswith(MARK) else None
    before = next((tool for tool in tools if found and tool.name == found[1]), None)
    if before is not None and declines(last):
        return _Chosen(None, declined=True)
    if before is not None and not is_question(last):
        if _YES not in answers[-1]:
            others = (tool for tool in tools if tool is not before and verbs_of(tool) is not None)
            if not any(asks(last, tool) for tool in others):
                return _Chosen(before, answers=True)
        elif agrees(last) or asks(last, before):
            return _Chosen(before, earlier=1 if len(spoken(last)) <= _FEW else 0)
    taking = _taking_answers(tools)
    if taking is not None and answers and "?" in answers[-1] and not is_question(last):
        return _Chosen(taking)
    best = _best(last, tools)
    if best.tool is not None:
        return best
    if taking is not None:
        return _Chosen(_beginning(tools))
    return _Chosen(_taking_questions(tools)) if is_question(last) else best


def _taking_answers(tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """Return the only tool that needs an ``answer``, such as that of a form."""
    taking = [tool for tool in tools if "answer" in tool.parameters.get("required", ())]
    return taking[0] if len(taking) == 1 else None


def _taking_questions(tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """Return the only tool that needs nothing but a ``question``."""
    taking = [tool for tool in tools if [*tool.parameters.get("required", ())] == ["question"]]
    return taking[0] if len(taking) == 1 else None


def _beginning(tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """Return the only tool that starts a form, which any words begin."""
    starting = [tool for tool in tools if tool.name.startswith("start_") and not tool.parameters.get("required")]
    return starting[0] if len(starting) == 1 else None


def _best(text: str, tools: Sequence[ToolSpec]) -> _Chosen:
    """Choose the tool that shares most with a message, the first of equals.

    Words that all tools share count for little. A tool that changes something counts if the person asks for it.
    """
    words = stems(text)
    described = [_weights(tool) for tool in tools]
    scores = [
        sum(weights[word] / sum(word in others for others in described) for word in words & weights.keys())
        for weights in described
    ]
    wanted, unasked = _Chosen(None), _Chosen(None)
    most = most_unasked = 0.0
    for tool, score in zip(tools, scores, strict=True):
        if not asks(text, tool):
            if score > most_unasked and not denies(text, tool):
                unasked, most_unasked = _Chosen(tool, wanted=False), score
        elif score > most:
            wanted, most = _Chosen(tool), score
    offered = most_unasked > _MUCH_BETTER * most and not is_question(text)
    return unasked if offered else wanted


def _weights(tool: ToolSpec) -> dict[str, float]:
    """Weigh the words of a tool, those of its name most."""
    weights = dict.fromkeys(stems(matter_of(tool)), 1.0)
    for name, declared in tool.parameters.get("properties", {}).items():
        kinds = declared if isinstance(declared, dict) else {}
        given = kinds.get("enum")
        choices = " ".join(map(str, given)) if isinstance(given, list) else ""
        weights |= dict.fromkeys(stems(f"{name} {kinds.get('description', '')} {choices}"), 1.0)
    return weights | dict.fromkeys(stems(tool.name.replace("_", " ")), _NAME_COUNTS)


def _wanted(tool: ToolSpec, name: str) -> str:
    kinds = plain(tool.parameters["properties"][name])
    choices = kinds.get("enum")
    told = f"one of {', '.join(map(str, choices))}" if isinstance(choices, list) else kinds.get("description", "")
    return f"{name} ({told})" if told else name


def _listed(tools: Iterable[ToolSpec]) -> str:
    return (
        "; ".join(f"{tool.name} ({tool.description.splitlines()[0].rstrip('.')})" for tool in tools if tool.description)
        + "."
    )


def _tokens(text: str) -> int:
    """Estimate the tokens of a text, so that budgets can be tried out."""
    return len(text) // _LETTERS
