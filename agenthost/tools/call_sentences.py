"""Sentences about invalid tool calls, for the model to correct them.

They are built from the tools and their schemas. Of the call itself they repeat only the name of the tool.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

__all__ = ["describe", "explain", "explain_unknown", "explain_unreadable", "referenced"]

_MOST_CHOICES = 20
_MOST_NAMES = 20
_LONGEST_NAME = 64
_MOST_EXAMPLE = 60
_MOST_REFERENCES = 8
"""The most references in a row: a schema may contain itself. The same holds for the levels."""
_MOST_LEVELS = 4
_FORMS: Mapping[str, str] = {
    "date": "a date, like 2026-11-29",
    "date-time": "a date and time, like 2026-11-29T14:30:00",
    "time": "a time, like 14:30:00",
    "duration": "a duration, like PT90M",
    "email": "an email address, like ann@example.com",
    "uri": "a URL, like https://example.com/",
    "uuid": "a UUID, like 123e4567-e89b-12d3-a456-426614174000",
    "decimal": "a decimal number, like 9.99",
}
"""Formats of text with a name and an example of their own."""


def explain(schema: Mapping[str, Any], path: Sequence[str | int], *, missing: bool = False) -> str:
    """Return the sentence for an invalid argument, such as ``days must be an integer``.

    Args:
        schema: the tool's parameters.
        path: keys and indexes that lead to the argument.
        missing: whether there is no value, or null for one.
    """
    node: Any = schema
    shown = ""
    for step in path:
        shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
        node = _below(node, step, schema)
    wanted = describe(node, schema)
    if not missing:
        return f"{shown or 'The arguments'} must be {wanted}"
    return f"{shown} is missing" + ("" if wanted in ("given", "as described") else f"; it must be {wanted}")


def explain_unreadable(schema: Mapping[str, Any]) -> str:
    """Return the sentence for arguments that are not a JSON object.

    It contains the expected object.

    Args:
        schema: the tool's parameters.
    """
    properties, required = schema.get("properties", {}), schema.get("required", ())
    if not properties:
        return "The arguments cannot be read. Send one JSON object"
    shown = [
        f"{json.dumps(name, ensure_ascii=False)}: <{describe(declared, schema)}"
        f"{'' if name in required else ', optional'}>"
        for name, declared in list(properties.items())[:_MOST_NAMES]
    ]
    shown += ["…"] if len(properties) > _MOST_NAMES else []
    return f"The arguments cannot be read. Send one JSON object: {{{', '.join(shown)}}}"


def explain_unknown(name: str, names: Iterable[str]) -> str:
    """Return the sentence for a tool that does not exist, with the existing tools.

    Args:
        name: what the model called.
        names: the tools that it may call.
    """
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    known = ", ".join(names)
    return f"There is no tool called {shown}. " + (f"There are: {known}." if known else "There are none.")


def referenced(node: Any, root: Mapping[str, Any]) -> Any:
    """Return the target of a schema's ``$ref`` within the same document.

    Return the schema itself if it has no valid reference.

    Args:
        node: a schema.
        root: the document.
    """
    for _ in range(_MOST_REFERENCES):
        reference = node.get("$ref") if isinstance(node, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#"):
            return node
        found: Any = root
        for step in reference[1:].split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is None:
            return node
        beside = {key: value for key, value in node.items() if key != "$ref"}
        node = {**found, **beside} if isinstance(found, Mapping) else found
    return node


def describe(schema: Any, root: Mapping[str, Any], levels: int = _MOST_LEVELS) -> str:
    """Return the expected value in words.

    Args:
        schema: what is said of the value.
        root: the document that its references lead into.
        levels: how deep lists and alternatives are described.
    """
    node = referenced(schema, root)
    if not isinstance(node, Mapping):
        return "something else"
    if not levels:
        return "as described"
    if isinstance(choices := node.get("enum"), list):
        shown = ", ".join(str(choice) for choice in choices[:_MOST_CHOICES])
        return f"one of: {shown}" + (", …" if len(choices) > _MOST_CHOICES else "")
    if "const" in node:
        return f"exactly {node['const']}"
    kind = node.get("type")
    options = node.get("anyOf") or node.get("oneOf")
    if isinstance(kind, list):
        options = [{**node, "type": one} for one in kind if one != "null"]
    elif isinstance(kind, str) and kind in _KINDS:
        return _KINDS[kind](node, root, levels - 1)
    if isinstance(options, list):
        return " or ".join(describe(option, root, levels - 1) for option in options)
    return "as described" if node.keys() - {"title", "description", "default"} else "given"


def _below(schema: Any, step: str | int, root: Mapping[str, Any]) -> Any:
    """Return the schema of the item or property ``step``.

    It is ``{}`` if the schema does not describe it.
    """
    node = referenced(schema, root)
    if not isinstance(node, Mapping):
        return {}
    if isinstance(options := node.get("anyOf") or node.get("oneOf"), list):
        known = [below for option in options if (below := _below(option, step, root))]
        return {"anyOf": known} if known else {}
    if isinstance(step, str):
        return node.get("properties", {}).get(step, node.get("additionalProperties", {}))
    leading = node.get("prefixItems", ())
    return leading[step] if step < len(leading) else node.get("items", {})


def _describe_number(node: Mapping[str, Any], *_: object) -> str:
    noun = "an integer" if node["type"] == "integer" else "a number"
    bounds = _bounds(node, "minimum", "maximum", ", ")
    bounds += _suffix(", more than ", node.get("exclusiveMinimum"))
    bounds += _suffix(", less than ", node.get("exclusiveMaximum"))
    return noun + bounds + _suffix(", a multiple of ", node.get("multipleOf")) + _like(node)


def _describe_text(node: Mapping[str, Any], *_: object) -> str:
    form, like = str(node.get("format", "")), _like(node)
    if known := _FORMS.get(form):
        return known.partition(", like ")[0] + like if like else known
    length = _bounds(node, "minLength", "maxLength", " of ")
    form = f" in the form of a {form}" if form else ""
    return (
        "text" + (f"{length} characters" if length else "") + form + _suffix(" matching ", node.get("pattern")) + like
    )


def _describe_list(node: Mapping[str, Any], root: Mapping[str, Any], levels: int) -> str:
    items = node.get("items")
    each = "" if items is None or items == {} else f", each {describe(items, root, levels)}"
    return "a list" + _bounds(node, "minItems", "maxItems", " of ") + each


def _describe_object(node: Mapping[str, Any], *_: object) -> str:
    names = node.get("required") or node.get("properties") or ()
    return "an object" + (f" with {', '.join(names)}" if names else "")


def _like(node: Mapping[str, Any]) -> str:
    """Return the author's own example of a value, or an empty text."""
    examples = node.get("examples")
    first = examples[0] if isinstance(examples, list) and examples else None
    shown = str(first) if isinstance(first, (str, int, float)) else ""
    return f", like {shown}" if 0 < len(shown) <= _MOST_EXAMPLE else ""


def _bounds(schema: Mapping[str, Any], low: str, high: str, lead: str) -> str:
    least, most = schema.get(low), schema.get(high)
    if least is not None and most is not None:
        return f"{lead}{least}" if least == most else f"{lead}{least} to {most}"
    if least is not None:
        return f"{lead}at least {least}"
    if most is not None:
        return f"{lead}at most {most}"
    return ""


def _suffix(lead: str, value: Any) -> str:
    return "" if value is None else f"{lead}{value}"


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], int], str]] = {
    "integer": _describe_number,
    "number": _describe_number,
    "string": _describe_text,
    "array": _describe_list,
    "object": _describe_object,
    "boolean": lambda *_: "true or false",
    "null": lambda *_: "null",
}
