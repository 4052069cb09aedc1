"""Arguments of a tool call: checked against the tool's JSON Schema.

A model can fix a wrong call if one sentence names the argument and the expected value. That sentence is built here,
from the schema, and never repeats the received values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from agenthost.errors import ArgumentsRefused, DefinitionError

if TYPE_CHECKING:
    from agenthost.tools.swaig import Call

__all__ = ["AnyArguments", "NamedArguments", "SchemaArguments", "coercions", "explain"]

_MOST_CHOICES = 20


class SchemaArguments:
    """Arguments of a plain handler: a dictionary that fits a JSON Schema.

    Undeclared arguments are dropped, unless the tool declares none at all: then any are accepted. A string that spells
    an integer, a number or a boolean is converted if the schema declares that type, and a choice matches in any case,
    because models and the platform's substitutions send such strings.

    Args:
        tool: the tool's name, for errors.
        schema: its parameters.
        takes: the number of ``(args, raw_data)`` that the handler accepts.

    Raises:
        DefinitionError: ``schema`` is not a valid JSON Schema, or refers to another document.
    """

    __slots__ = ("_coercions", "_declared", "_schema", "_takes", "_validator")

    def __init__(self, tool: str, schema: Mapping[str, Any], *, takes: int) -> None:
        self._schema = schema
        self._takes = takes
        try:
            self._validator = jsonschema_rs.validator_for(dict(schema), retriever=_refuse_retrieval)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            msg = f"tool {tool!r}: parameters are not a valid JSON Schema: {str(error).splitlines()[0]}"
            raise DefinitionError(msg) from error
        self._declared = frozenset((*schema["properties"], *schema.get("required", ())))
        self._coercions = coercions(schema)

    def invoke(self, handler: Callable[..., Any], arguments: Mapping[str, Any], call: Call) -> Any:
        """Call ``handler`` with the checked arguments.

        Raises:
            ArgumentsRefused: the arguments do not fit the schema.
        """
        checked = self.check(arguments)
        return handler(checked) if self._takes == 1 else handler(checked, call.raw_data)

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments for the handler: the declared ones, converted.

        Raises:
            ArgumentsRefused: the arguments do not fit the schema.
        """
        if not self._declared:
            return dict(arguments)
        checked = {name: value for name, value in arguments.items() if name in self._declared}
        for name, coerce in self._coercions.items():
            if isinstance(value := checked.get(name), str):
                checked[name] = coerce(value)
        if not self._validator.is_valid(checked):
            error = next(self._validator.iter_errors(checked))
            path = list(error.instance_path)
            if error.schema_path and error.schema_path[-1] == "required":
                path.append(next(name for name in error.kind.as_dict().values() if isinstance(name, str)))
            raise ArgumentsRefused(explain(self._schema, path))
        return checked


class NamedArguments(SchemaArguments):
    """The same for a handler that takes the properties of the schema by name.

    Args:
        tool: the tool's name, for errors.
        schema: its parameters.
        names: the handler's parameters, and whether each is required. ``call`` and ``raw_data`` among them get the call
            and the request's body.
    """

    __slots__ = ("_names",)

    def __init__(self, tool: str, schema: Mapping[str, Any], names: Mapping[str, bool]) -> None:
        super().__init__(tool, schema, takes=1)
        self._names = names

    def invoke(self, handler: Callable[..., Any], arguments: Mapping[str, Any], call: Call) -> Any:
        """Call ``handler`` with the checked arguments.

        Raises:
            ArgumentsRefused: the arguments do not fit the schema, or a required one is missing.
        """
        given = {**self.check(arguments), "call": call, "raw_data": call.raw_data}
        for name, needed in self._names.items():
            if needed and name not in given:
                raise ArgumentsRefused(explain(self._schema, [name]))
        return handler(**{name: given[name] for name in self._names if name in given})


class AnyArguments:
    """Unchecked arguments, for a handler that checks them itself."""

    __slots__ = ()

    def invoke(self, handler: Callable[..., Any], arguments: Mapping[str, Any], call: Call) -> Any:
        """Call ``handler`` with the arguments and the request's body."""
        return handler(dict(arguments), call.raw_data)


def coercions(schema: Mapping[str, Any]) -> dict[str, Callable[[str], Any]]:
    """Return the conversions of strings, for each property of another type."""
    found: dict[str, Callable[[str], Any]] = {}
    for name, declared in schema["properties"].items():
        if not isinstance(declared, Mapping):
            continue
        choices, kind = declared.get("enum"), declared.get("type")
        if isinstance(choices, list) and all(isinstance(choice, str) for choice in choices):
            found[name] = partial(_to_choice, {choice.casefold(): choice for choice in choices})
        elif isinstance(kind, str) and kind in _COERCIONS:
            found[name] = _COERCIONS[kind]
    return found


def explain(schema: Mapping[str, Any], path: Sequence[str | int]) -> str:
    """Return the sentence for a wrong argument: ``days must be an integer, 1 to 14``.

    Args:
        schema: the tool's parameters.
        path: keys and indexes that lead to the argument.
    """
    node: Any = schema
    shown = ""
    for step in path:
        shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
        node = _below(node, step)
    return f"{shown or 'The arguments'} must be {_describe(node)}"


def _below(node: Any, step: str | int) -> Any:
    """Return the schema of an item or property, or ``{}``."""
    if not isinstance(node, Mapping):
        return {}
    if isinstance(options := node.get("anyOf") or node.get("oneOf"), list):
        known = [below for option in options if (below := _below(option, step))]
        return {"anyOf": known} if known else {}
    if isinstance(step, str):
        return node.get("properties", {}).get(step, node.get("additionalProperties", {}))
    leading = node.get("prefixItems", ())
    return leading[step] if step < len(leading) else node.get("items", {})


def _describe(schema: Any) -> str:
    if not isinstance(schema, Mapping):
        return "something else"
    if isinstance(choices := schema.get("enum"), list):
        shown = ", ".join(str(choice) for choice in choices[:_MOST_CHOICES])
        return f"one of: {shown}" + (", …" if len(choices) > _MOST_CHOICES else "")
    if "const" in schema:
        return f"exactly {schema['const']}"
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(_describe({**schema, "type": one}) for one in kind if one != "null")
    if kind in ("integer", "number"):
        noun = "an integer" if kind == "integer" else "a number"
        bounds = _bounds(schema, "minimum", "maximum", ", ")
        bounds += _suffix(", more than ", schema.get("exclusiveMinimum"))
        bounds += _suffix(", less than ", schema.get("exclusiveMaximum"))
        return noun + bounds + _suffix(", a multiple of ", schema.get("multipleOf"))
    if kind == "string":
        length = _bounds(schema, "minLength", "maxLength", " of ")
        form = _suffix(" in the form of a ", schema.get("format")) + _suffix(" matching ", schema.get("pattern"))
        return "text" + (f"{length} characters" if length else "") + form
    if kind == "array":
        return "a list" + _bounds(schema, "minItems", "maxItems", " of ") + _suffix(", each ", schema.get("items"))
    if kind == "object":
        names = schema.get("required") or schema.get("properties") or ()
        return "an object" + (f" with {', '.join(names)}" if names else "")
    if isinstance(options := schema.get("anyOf") or schema.get("oneOf"), list):
        return " or ".join(_describe(option) for option in options)
    unexplained = "as described" if schema.keys() - {"title", "description", "default"} else "given"
    return {"boolean": "true or false", "null": "null"}.get(str(kind), unexplained)


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
    if value is None or value == {}:
        return ""
    return lead + (_describe(value) if isinstance(value, Mapping) else str(value))


def _to_choice(choices: Mapping[str, str], text: str) -> str:
    return choices.get(text.casefold(), text)


def _to_integer(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def _to_number(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if number - number == 0 else text  # infinity and NaN are not JSON numbers


def _to_boolean(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.strip().lower(), text)


_COERCIONS: Mapping[str, Callable[[str], Any]] = {
    "integer": _to_integer,
    "number": _to_number,
    "boolean": _to_boolean,
}


def _refuse_retrieval(uri: str) -> Any:
    msg = f"{uri} is another document. A tool's schema must be self-contained"
    raise ValueError(msg)
