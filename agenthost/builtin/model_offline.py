"""``offline``: the chat model that needs neither a key nor a network.

This is not a language model. It picks the tool with the most words in common with the message, takes the arguments from
the conversation, and answers with the tool's result. The same words get the same answer, and each answer is marked.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost import Completion, ModelProvider, ToolUse, Usage, Words, hookimpl

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from agenthost import ChatModel, Message, ModelRequest, ToolSpec

__all__ = ["OfflineModel", "chat_models"]

MARK = "[offline model]"
"""The mark at the start of each answer."""

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?![\w-])")
_NAMED = re.compile(r"(?<![\w-])-*+((?=[\w-]*\d)[\w-]{2,})")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+?\d[\d ()-]{6,}\d")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_QUOTED = re.compile(r"[\"“”«]([^\"“”«»]+)[\"“”»]")
_NAME = re.compile(
    r"\b(?:my name is|i am|i'm|this is|me llamo|soy|ich bin|ich heiße)\s+([^\W\d_]+(?:\s+[A-Z][^\W\d_]+)?)",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\b(?:in|at|from|to|near|en|de)\s+([A-Z][^\W\d_]+(?:\s+[A-Z][^\W\d_]+)*)")
_ASKING = re.compile(r"To use (\w+) I need")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "today", "tomorrow", "tonight")
_COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_STOP = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by can could do does for from get give have how i if in is it know let like me my need"
        " of on or please so some tell that the their them there they this to too us want was we what when where which"
        " who why will with would you your",
    )
)
_UNDONE_BY_NOBODY = frozenset(
    {
        "cancel",
        "charge",
        "close",
        "delete",
        "disable",
        "drop",
        "pay",
        "refund",
        "remove",
        "revoke",
        "terminate",
        "transfer",
    }
)
"""Verbs that a message must contain before a tool with this verb in its name is picked."""
_WHOLE = frozenset(
    {"description", "details", "issue", "message", "problem", "query", "question", "reason", "request", "text", "topic"}
)
_SHORTEST = 3
_NAME_COUNTS = 3.0
_LONGEST = 2000
_READ = 4000
"""Characters of a message in which arguments and words are looked for."""


@hookimpl
def chat_models() -> list[ModelProvider]:
    """Offer the chat model ``offline``."""
    return [ModelProvider("offline", _make)]


def _make(name: str, _: object) -> ChatModel:
    return OfflineModel(name)


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
        for piece in re.findall(r"\S+\s*|\s+", text):
            yield Words(piece)
        usage = Usage(sum(_tokens(message.content) for message in request.messages), _tokens(text))
        yield Completion(text, uses, usage, "tool_calls" if uses else "stop", self.name)

    def _decide(self, request: ModelRequest) -> tuple[str, tuple[ToolUse, ...]]:
        messages = request.messages
        said = [message for message in messages if message.role == "user"]
        last = said[-1].content if said else ""
        if request.answer_schema is not None:
            return json.dumps(_fill(request.answer_schema, [last]), ensure_ascii=False), ()
        if messages and messages[-1].role == "tool":
            return f"{MARK} {_results(messages)}", ()
        if not request.tools:
            return f"{MARK} No language model is configured, so what was said stands as it came:\n{last[:_LONGEST]}", ()
        asked = _asked_for(messages, request.tools)
        tool = asked or _best(last[:_READ], request.tools)
        if tool is None:
            return f"{MARK} No tool of mine fits that. I can: {_listed(request.tools)}", ()
        texts, known = _spoken(said)
        found, missing = _arguments(tool, texts, known, last if not asked else "")
        if missing:
            wanted = "; ".join(_wanted(tool, name) for name in missing)
            return f"{MARK} To use {tool.name} I need: {wanted}.", ()
        number = sum(len(message.tool_uses) for message in messages) + 1
        return "", (ToolUse(f"offline-{number}", tool.name, json.dumps(found, ensure_ascii=False)),)


def _results(messages: Sequence[Message]) -> str:
    """Return the results of the latest round of tools."""
    results: list[str] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        results.insert(0, message.content)
    return "\n".join(results)


def _asked_for(messages: Sequence[Message], tools: Iterable[ToolSpec]) -> ToolSpec | None:
    """Return the tool whose arguments this model has just asked for."""
    answers = [message.content for message in messages if message.role == "assistant"]
    found = _ASKING.search(answers[-1]) if answers and answers[-1].startswith(MARK) else None
    return next((tool for tool in tools if found and tool.name == found[1]), None)


def _best(text: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """Return the tool that shares most with a message, the first of equals.

    Words that all tools share count for little.
    """
    words = _words(text)
    tools = [tool for tool in tools if _deeds(tool) <= words]
    described = [_weights(tool) for tool in tools]
    best, most = None, 0.0
    for tool, weights in zip(tools, described, strict=True):
        score = sum(weights[word] / sum(word in others for others in described) for word in words & weights.keys())
        if score > most:
            best, most = tool, score
    return best


def _deeds(tool: ToolSpec) -> set[str]:
    """Return the irreversible verbs in a tool's name."""
    return {_stem(word) for word in tool.name.casefold().split("_") if word in _UNDONE_BY_NOBODY}


def _weights(tool: ToolSpec) -> dict[str, float]:
    """Weigh the words of a tool, those of its name most."""
    weights = dict.fromkeys(_words(tool.description), 1.0)
    for name, declared in tool.parameters.get("properties", {}).items():
        kinds = declared if isinstance(declared, dict) else {}
        choices = " ".join(str(choice) for choice in kinds.get("enum", ()))
        weights |= dict.fromkeys(_words(f"{name} {kinds.get('description', '')} {choices}"), 1.0)
    return weights | dict.fromkeys(_words(tool.name.replace("_", " ")), _NAME_COUNTS)


def _words(text: str) -> set[str]:
    """Return the stems of a text's words, without stop words."""
    return {_stem(word) for word in _WORD.findall(text.casefold().replace("_", " ")) if word not in _STOP}


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "es", "ed", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word


def _spoken(said: Sequence[Message]) -> tuple[list[str], list[str]]:
    """Split a person's messages, latest first, into spoken texts and known context.

    A message that ends in a JSON object is context.
    """
    texts: list[str] = []
    known: list[str] = []
    for message in reversed(said):
        data = message.content[message.content.find("{") :]
        try:
            known_beside = isinstance(json.loads(data), dict)
        except (ValueError, RecursionError):
            known_beside = False
        if known_beside:
            known.append(message.content)
        else:
            texts.append(message.content[:_READ])
    return texts, known


def _arguments(
    tool: ToolSpec, texts: Sequence[str], known: Sequence[str], last: str
) -> tuple[dict[str, Any], list[str]]:
    """Find arguments, latest message first, and list the required ones that are missing.

    Of the known context, only a value beside the name of an argument counts.
    """
    properties = tool.parameters.get("properties", {})
    required = [name for name in tool.parameters.get("required", ()) if name in properties]
    found: dict[str, Any] = {}
    used: set[str] = set()
    for name, declared in properties.items():
        kinds = _plain(declared)
        for text in texts:
            value = _find(name, kinds, text, used)
            if value is not None:
                found[name] = value
                break
        beside = (_known(name, text) for text in known)
        if name not in found and kinds.get("type") == "string" and (value := next(filter(None, beside), None)):
            found[name] = value
    missing = [name for name in required if name not in found]
    texts_only = [name for name in missing if _plain(properties[name]).get("type") == "string"]
    if last and texts_only == missing and len(missing) == 1 and missing[0].split("_")[-1] in _WHOLE:
        found[missing[0]], missing = last, []
    return found, missing


def _plain(declared: object) -> Mapping[str, Any]:
    """Return a property's schema, without the null that an optional one allows."""
    kinds: Mapping[str, Any] = declared if isinstance(declared, dict) else {}
    options = kinds.get("anyOf")
    if isinstance(options, list):
        return next((option for option in options if option.get("type") != "null"), {})
    return kinds


def _find(name: str, kinds: Mapping[str, Any], text: str, used: set[str]) -> Any:
    """Find the value of a property in a text, or return None.

    A number or an ID counts for one property alone.
    """
    if isinstance(choices := kinds.get("enum"), list):
        return _choice(choices, text)
    kind = kinds.get("type")
    if kind in ("integer", "number"):
        return _number(kinds, text, used)
    if kind == "boolean":
        return True if _words(name.replace("_", " ")) <= _words(text) else None
    if kind == "array":
        item = _find(name, _plain(kinds.get("items")), text, used)
        return None if item is None else [item]
    return _text(name, kinds, text, used) if kind == "string" else None


def _choice(choices: Sequence[Any], text: str) -> Any:
    """Return the choice that a text names, by a whole word or its beginning."""
    words = [word for word in _WORD.findall(text.casefold()) if word not in _STOP]
    spoken = f" {' '.join(words)} "
    for choice in choices:
        named = " ".join(_WORD.findall(str(choice).casefold().replace("_", " ")))
        if named and f" {named} " in spoken:
            return choice
    for choice in choices:
        named = str(choice).casefold()
        for word in words:
            shorter, longer = sorted((named, word), key=len)
            if len(shorter) >= _SHORTEST and longer.startswith(shorter):
                return choice
    return None


def _number(kinds: Mapping[str, Any], text: str, used: set[str]) -> int | float | None:
    spoken = [str(_COUNTS.index(word)) for word in _WORD.findall(text.casefold()) if word in _COUNTS]
    for written in [*_NUMBER.findall(text), *spoken]:
        value = float(written)
        whole = value == int(value)
        if written in used or (kinds["type"] == "integer" and not whole):
            continue
        if kinds.get("minimum", value) <= value <= kinds.get("maximum", value):
            used.add(written)
            return int(value) if whole else value
    return None


def _text(name: str, kinds: Mapping[str, Any], text: str, used: set[str]) -> str | None:
    words = set(name.casefold().split("_"))
    wanted: Sequence[tuple[set[str], re.Pattern[str]]] = (
        ({"email", "mail"}, _EMAIL),
        ({"phone", "telephone", "mobile"}, _PHONE),
        ({"date"}, _DATE),
        ({"id", "number", "order", "code", "ticket", "account", "sku", "reference", "tracking", "invoice"}, _NAMED),
        ({"name", "customer", "caller"}, _NAME),
        ({"city", "place", "location", "town", "country", "address"}, _PLACE),
    )
    for names, pattern in wanted:
        if names & words or kinds.get("format") in names:
            for found in pattern.finditer(text):
                value = (found[1] if pattern.groups else found[0]).strip("#- ")
                if value not in used:
                    used.add(value)
                    return value
    if words & {"day", "date", "when", "time"}:
        return next((word for word in _WORD.findall(text.casefold()) if word in _DAYS), None)
    quoted = _QUOTED.search(text)
    return quoted[1] if quoted else None


def _known(name: str, text: str) -> str | None:
    """Return the value beside a name in JSON, as in the known context."""
    found = re.search(rf'"{re.escape(name)}"\s*:\s*"([^"]*)"', text)
    return found[1] if found else None


def _fill(schema: Mapping[str, Any], texts: Sequence[str]) -> Any:
    """Make a value that fits a schema, as far as this model can."""
    kinds = _plain(schema)
    if kinds.get("type") == "object" or "properties" in kinds:
        return {name: _fill(declared, texts) for name, declared in kinds.get("properties", {}).items()}
    found = next((value for text in texts if (value := _find("", kinds, text, set())) is not None), None)
    if found is not None:
        return found
    if isinstance(choices := kinds.get("enum"), list) and choices:
        return choices[0]
    empty: dict[Any, Any] = {"string": MARK, "integer": 0, "number": 0, "boolean": False, "array": []}
    return empty.get(kinds.get("type"))


def _wanted(tool: ToolSpec, name: str) -> str:
    kinds = _plain(tool.parameters["properties"][name])
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
    return len(text) // 4
