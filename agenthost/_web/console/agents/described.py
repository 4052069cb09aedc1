"""An agent's document in the parts that a person reads.

A document may contain anything, so that parts of another shape are left to the raw document.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from agenthost._web.console.texts import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["HIDDEN", "described", "names_a_secret", "without_secrets"]

_CONVERSATIONS = ("ai", "amazon_bedrock")
_DEEPEST = 4
_KINDS = {"string": "text", "integer": "number", "number": "number", "boolean": "flag"}
"""Fields of a form for types of arguments. All others are JSON."""
_USERINFO = re.compile(r"://[^/@\s]+@")
_PARAMETER = re.compile(r"([?&][^=&?#\s]*+=)[^&#\s]++")
_SECRET_PARAMETER = ("key=", "token=", "secret=", "password=", "signature=", "sig=", "auth=")
_SECRET = re.compile(
    r"authorization|api[-_]?key|access[-_]?key|password|passwd|secret|credential|(?:^|[-_])(?:token|auth)$",
    re.IGNORECASE,
)
"""Names of values that open something."""
HIDDEN = "***"


def names_a_secret(name: str) -> bool:
    """Return True for the name of a value that opens something."""
    return _SECRET.search(name) is not None


def without_secrets(value: Any) -> Any:
    """Return a document without the credentials that an author has written into it."""
    if isinstance(value, str):
        return _PARAMETER.sub(_without_value, _USERINFO.sub(f"://{HIDDEN}@", value))
    if isinstance(value, dict):
        return {
            name: without_secrets(each) if isinstance(each, dict) or not _SECRET.search(name) else HIDDEN
            for name, each in value.items()
        }
    return [without_secrets(each) for each in value] if isinstance(value, list) else value


def _without_value(found: re.Match[str]) -> str:
    """Return a parameter of a URL, without its value if that opens something."""
    return found[1] + HIDDEN if found[1].lower().endswith(_SECRET_PARAMETER) else found[0]


def described(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return prompt, contexts, tools, languages and hints of a document."""
    conversation = next(_conversations(document), {})
    prompt = _table(conversation, "prompt")
    return {
        "prompt": list(_sections(prompt)),
        "contexts": list(_contexts(_table(prompt, "contexts"))),
        "tools": [_tool(each) for each in _tables(_table(conversation, "SWAIG"), "functions")],
        "languages": [
            ", ".join(_text(each, name) for name in ("name", "code", "voice") if _text(each, name))
            for each in _tables(conversation, "languages")
        ],
        "hints": [each for each in _list(conversation, "hints") if isinstance(each, str)],
    }


def _conversations(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for verbs in _table(document, "sections").values():
        for verb in verbs if isinstance(verbs, list) else ():
            for name in _CONVERSATIONS:
                if isinstance(verb, dict) and isinstance(verb.get(name), dict):
                    yield verb[name]


def _sections(prompt: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if text := _text(prompt, "text"):
        yield {"title": "", "body": text, "bullets": [], "depth": 0}
    yield from _of_pom(_tables(prompt, "pom"), 0)


def _of_pom(sections: list[dict[str, Any]], depth: int) -> Iterator[dict[str, Any]]:
    for each in sections:
        bullets = [str(bullet) for bullet in _list(each, "bullets")]
        yield {"title": _text(each, "title"), "body": _text(each, "body"), "bullets": bullets, "depth": depth}
        if depth < _DEEPEST:
            yield from _of_pom(_tables(each, "subsections"), depth + 1)


def _contexts(contexts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, context in contexts.items():
        if isinstance(context, dict):
            yield {"name": name, "steps": [_step(each) for each in _tables(context, "steps")]}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    functions = step.get("functions")
    return {
        "name": _text(step, "name"),
        "sections": list(_sections(step)),
        "criteria": _text(step, "step_criteria"),
        "tools": [] if functions == "none" else list(map(str, functions)) if isinstance(functions, list) else None,
        "next": [str(each) for each in _list(step, "valid_steps")],
        "contexts": [str(each) for each in _list(step, "valid_contexts")],
        "ends": step.get("end") is True,
    }


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = _table(tool, "parameters") or _table(tool, "argument")
    required = _list(schema, "required")
    return {
        "name": _text(tool, "function"),
        "description": _text(tool, "description") or _text(tool, "purpose"),
        "arguments": [
            _argument(name, each, required=name in required)
            for name, each in _table(schema, "properties").items()
            if isinstance(each, dict)
        ],
    }


def _argument(name: str, schema: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    """Return one argument, with ``kind`` and ``choices`` for a form."""
    choices, kind = _list(schema, "enum"), schema.get("type")
    shown = "choice" if choices else _KINDS.get(kind, "json") if isinstance(kind, str) else "json"
    return {
        "name": name,
        "type": _type(schema),
        "kind": shown,
        "choices": ["true", "false"] if shown == "flag" else [_written(each) for each in choices],
        "required": required,
        "description": _text(schema, "description"),
    }


def _written(choice: Any) -> str:
    return choice if isinstance(choice, str) else json.dumps(choice)


def _type(schema: Mapping[str, Any]) -> str:
    if choices := _list(schema, "enum"):
        return gettext("one of {choices}").format(choices=", ".join(str(each) for each in choices))
    kind = schema.get("type", "any")
    return gettext(" or ").join(str(each) for each in kind) if isinstance(kind, list) else str(kind)


def _table(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _tables(value: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [each for each in _list(value, name) if isinstance(each, dict)]


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
