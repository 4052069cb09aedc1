"""Typed tools: parameters, descriptions and checks from a handler's type hints and docstring."""

from __future__ import annotations

import copy
import datetime as dt
import inspect
import re
import types
import typing
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from attrs import frozen

from agenthost.errors import ArgumentsRefused, DefinitionError
from agenthost.tools.arguments import Arguments, with_defaults
from agenthost.tools.call_sentences import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from docstring_parser import Docstring

    from agenthost.tools.swaig import Call, Given

__all__ = [
    "Signature",
    "TypedArguments",
    "is_plain",
    "names_of",
    "read_signature",
    "reads_arguments",
    "shared_signature",
]

_GOOGLE = re.compile(r"^Args:$", re.MULTILINE)
_INJECTED = ("call", "raw_data")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_PATH = re.compile(r" - at `(?P<path>\$[^`]*)`$")
_DOTTED = re.compile(r"\b(?:\w++\.)+(?=\w)")
"""The modules before the names in a type hint."""
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class TypedArguments(Arguments):
    """Arguments of a typed handler: converted to the declared types, then passed by keyword.

    Args:
        struct: a msgspec structure with one field per parameter.
        schema: the parameters as JSON Schema, for explanations.
        accepted: see ``Arguments``.
        injected: those of ``call`` and ``raw_data`` that the handler takes.
    """

    __slots__ = ("_fields", "_injected", "_struct")

    def __init__(
        self,
        struct: type[msgspec.Struct],
        schema: Mapping[str, Any],
        accepted: Mapping[str, Any],
        injected: frozenset[str],
    ) -> None:
        self._struct = struct
        self._fields = struct.__struct_fields__
        super().__init__(schema, accepted if self._fields else None)
        self._injected = injected

    def invoke(self, handler: Callable[..., Any], given: Given, call: Call) -> Any:
        """Call the handler.

        See ``Arguments``. A handler without arguments is called whatever was sent.
        """
        passed: dict[str, Any] = {}
        injected = self._injected
        if self._fields:
            try:
                converted = msgspec.convert(given, self._struct, str_keys=True)  # most fit as they are
            except (msgspec.ValidationError, RecursionError):
                converted = self._converted(given)
            passed = msgspec.structs.asdict(converted)
        if injected:
            if "call" in injected:
                passed["call"] = call
            if "raw_data" in injected:
                passed["raw_data"] = call.raw_data
        return handler(**passed)

    def _converted(self, given: Given) -> msgspec.Struct:
        try:
            return msgspec.convert(self.read(given), self._struct, str_keys=True)
        except (msgspec.ValidationError, RecursionError) as error:
            path, missing = _place(str(error))
            raise ArgumentsRefused(explain(self.schema, path, missing=missing)) from error


@frozen
class Signature:
    """The parts of a typed handler's signature and docstring.

    Args:
        summary: the docstring's first paragraph.
        schema: the parameters as JSON Schema, without references.
        arguments: the check of the arguments.
        is_async: whether the handler is a coroutine function.
    """

    summary: str
    schema: Mapping[str, Any]
    arguments: TypedArguments
    is_async: bool


def is_plain(handler: Callable[..., Any]) -> bool:
    """Return True if a handler takes ``(args, raw_data)`` rather than typed parameters."""
    try:
        names = list(inspect.signature(handler).parameters)
    except (TypeError, ValueError):
        return True
    return names[:1] == ["args"] or names[:1] == ["raw_data"]


def reads_arguments(handler: Callable[..., Any]) -> bool:
    """Return True if a plain handler's first parameter is called ``args``."""
    try:
        names = list(inspect.signature(handler).parameters)
    except (TypeError, ValueError):
        return False
    return names[:1] == ["args"]


def names_of(
    handler: Callable[..., Any], properties: Mapping[str, Any]
) -> tuple[frozenset[str], dict[str, Any]] | None:
    """Return the parameters of a handler that takes a schema's properties by name.

    The values are the defaults. Return None if some parameters are not in the schema: the handler must then be called
    as ``handler(args, raw_data)``.
    """
    try:
        parameters = inspect.signature(handler).parameters
    except (TypeError, ValueError):
        return None
    known = {*properties, *_INJECTED}
    needed = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}
    by_name = all(p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters.values())
    named = frozenset(parameters) & known
    if not by_name or "args" in parameters or not needed <= known or bool(named) is not bool(parameters or properties):
        return None
    return named, {name: parameters[name].default for name in named - needed}


def read_signature(tool: str, handler: Callable[..., Any]) -> Signature:
    """Read a typed handler.

    Args:
        tool: the tool's name, for errors.
        handler: a function or bound method, without ``*args`` and ``**kwargs``.

    Raises:
        DefinitionError: a parameter cannot be described to a model.
    """
    hints = _hints(tool, handler)
    doc = _docstring(handler)
    parameters = inspect.signature(handler).parameters
    described = {param.arg_name: " ".join((param.description or "").split()) for param in doc.params}
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    defaults: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            msg = f"tool {tool!r}: parameter {parameter} cannot be described to a model. fix: name each parameter."
            raise DefinitionError(msg)
        if name in _INJECTED:
            continue
        hint = _with_format(hints.get(name, str))
        if text := described.get(name):
            hint = Annotated[hint, msgspec.Meta(description=text)]
        if parameter.default is parameter.empty:
            fields.append((name, hint))
        else:
            fields.append((name, hint, _default(parameter.default)))
            defaults[name] = parameter.default
    try:
        struct = msgspec.defstruct(tool, fields, kw_only=True)
        schema, accepted = _schemas(struct, hints, defaults)
    except (TypeError, ValueError, RecursionError) as error:
        raise DefinitionError(_undescribable(tool, handler, fields)) from error
    injected = frozenset(_INJECTED) & parameters.keys()
    summary = "\n".join(part for part in (doc.short_description, doc.long_description) if part)
    arguments = TypedArguments(struct, schema, accepted, injected)
    return Signature(summary or f"Execute {tool}", schema, arguments, inspect.iscoroutinefunction(handler))


def shared_signature(tool: str, handler: Callable[..., Any], known: dict[object, Signature]) -> Signature:
    """Return the known signature of a handler that is declared alike, or read it.

    See ``read_signature``.
    """
    shape = inspect.signature(handler)
    words, is_async = inspect.getdoc(handler), inspect.iscoroutinefunction(handler)
    alike = (tool, handler.__module__, words, is_async, shape, str(shape))
    try:
        if alike not in known:
            known[alike] = read_signature(tool, handler)
    except TypeError:  # a default or a type that cannot be hashed
        return read_signature(tool, handler)
    return known[alike]


def _undescribable(
    tool: str, handler: Callable[..., Any], fields: Sequence[tuple[str, Any] | tuple[str, Any, Any]]
) -> str:
    """Name the parameter that cannot be described, with its type and its place."""
    for name, hint, *_ in fields:
        try:
            _schemas(msgspec.defstruct(tool, [(name, hint)]), {}, {})
        except (TypeError, ValueError, RecursionError) as error:
            endless = "contains itself, and " if "contains itself" in str(error) else ""
            shown = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
            words = shown.__qualname__ if isinstance(shown, type) else _DOTTED.sub("", str(shown))
            which = f"parameter {name!r} is of the type {words}, which {endless}"
            break
    else:
        which = "a default value of its parameters "
    return (
        f"tool {tool!r}: {which}cannot be described to a model ({_place_of(handler)}). "
        "fix: use str, int, float, bool, a date, Literal, an enum, an attrs class, or a list of one of these"
    )


def _place_of(handler: Callable[..., Any]) -> str:
    """Return the file and line of a function: ``agenthost_dental.py:12``."""
    function = inspect.unwrap(getattr(handler, "__func__", handler))
    code = getattr(function, "__code__", None)
    if code is None:
        return getattr(handler, "__module__", "") or "unknown"
    package, name = str(function.__module__).partition(".")[0], code.co_filename.replace("\\", "/")
    return f"{name[name.rfind(package) :] if package in name else name.rpartition('/')[2]}:{code.co_firstlineno}"


def _docstring(handler: Callable[..., Any]) -> Docstring:
    """Parse a docstring of any style.

    The Google style is tried first, as trying all styles takes three times as long.
    """
    import docstring_parser  # noqa: PLC0415 - only for tools without a schema

    text = inspect.getdoc(handler) or ""
    if _GOOGLE.search(text):
        with suppress(docstring_parser.ParseError):
            return docstring_parser.parse(text, docstring_parser.DocstringStyle.GOOGLE)
    return docstring_parser.parse(text)


def _default(value: Any) -> Any:
    """Return a default for msgspec, which copies mutable ones for each call."""
    if isinstance(value, (list, dict, set)):
        return msgspec.field(default_factory=partial(copy.deepcopy, value))
    return value


def _hints(tool: str, handler: Callable[..., Any]) -> dict[str, Any]:
    function = inspect.unwrap(handler)
    function = getattr(function, "__func__", function)
    annotations = {k: v for k, v in getattr(function, "__annotations__", {}).items() if k not in ("return", *_INJECTED)}
    try:
        # The return type and the injected parameters may be names that exist only while type checking.
        return typing.get_type_hints(
            types.SimpleNamespace(__annotations__=annotations),
            globalns=getattr(function, "__globals__", {}),
            include_extras=True,
        )
    except (NameError, TypeError, SyntaxError) as error:
        msg = (
            f"tool {tool!r}: a type hint cannot be read ({_place_of(handler)}): {error}. "
            "fix: import its name outside TYPE_CHECKING."
        )
        raise DefinitionError(msg) from error


def _with_format(hint: Any) -> Any:
    """Return a type hint whose dates and times have a format.

    msgspec adds one to dates only.
    """
    if hint in (dt.datetime, dt.time):
        form = "time" if hint is dt.time else "date-time"
        return Annotated[hint, msgspec.Meta(extra_json_schema={"format": form})]
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return Annotated[(_with_format(inner[0]), *inner[1:])]
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(_with_format(each) for each in inner)]  # noqa: UP007 - of as many as there are
    if origin in (list, tuple, set, frozenset, dict):
        return origin[tuple(_with_format(each) for each in inner)]
    return hint


def _schemas(
    struct: type[msgspec.Struct], hints: Mapping[str, Any], defaults: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters' schema for models, and the schema for their check.

    The second one also contains null and defaults.
    """
    (reference,), components = msgspec.json.schema_components([struct])
    shown = _inline(reference, components, (), shown=True).get("properties", {})
    for name, described in shown.items():
        if "enum" in described and (written := _literal(hints.get(name))):
            described["enum"] = [choice for choice in written if choice is not None]
    accepted = _inline(reference, components, (), shown=False).get("properties", {})
    given = [name for name in shown if name not in defaults]
    required = {"required": given} if given else {}
    whole = {"type": "object", "properties": accepted} | required
    return {"type": "object", "properties": shown} | required, with_defaults(whole, defaults)


def _inline(node: Any, components: Mapping[str, Any], above: tuple[str, ...], *, shown: bool) -> Any:
    """Return a schema without references and titles.

    The schema for models also has neither defaults nor optional null.
    """
    if isinstance(node, list):
        return [_inline(item, components, above, shown=shown) for item in node]
    if not isinstance(node, dict):
        return node
    if reference := node.get("$ref"):
        name = reference.rpartition("/")[2]
        if name in above:
            msg = f"{name} contains itself"
            raise TypeError(msg)
        extra = {key: value for key, value in node.items() if key != "$ref"}
        return _inline(components[name] | extra, components, (*above, name), shown=shown)
    left_out = ("title", "default") if shown else ("title",)
    plain: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            plain[key] = {name: _inline(item, components, above, shown=shown) for name, item in value.items()}
        elif key not in left_out:
            plain[key] = _inline(value, components, above, shown=shown)
    if shown:
        return _choices(_without_null(plain))
    return {"additionalProperties": False, **plain} if "properties" in plain else plain


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    options = schema.pop("anyOf", None)
    if options is None:
        return schema
    options = [option for option in options if option != {"type": "null"}]
    return options[0] | schema if len(options) == 1 else schema | {"anyOf": options}


def _choices(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" not in schema:
        return schema
    choices = [choice for choice in schema["enum"] if choice is not None]
    kinds = {type(choice) for choice in choices}
    kind = {"type": {str: "string", int: "integer"}[kinds.pop()]} if kinds in ({str}, {int}) else {}
    return kind | schema | {"enum": choices}


def _literal(hint: Any) -> tuple[Any, ...]:
    """Return the choices of a ``Literal`` or an enum, in the order of their definition."""
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return tuple(member.value for member in hint)
    parts = typing.get_args(hint)[:1] if typing.get_origin(hint) is Annotated else typing.get_args(hint)
    return next((choices for part in parts if (choices := _literal(part))), ())


def _place(message: str) -> tuple[list[str | int], bool]:
    """Return the path of an error of msgspec, and True for a missing value."""
    path: list[str | int] = []
    if found := _PATH.search(message):
        for name, index in _STEP.findall(found["path"]):
            path.append(name or (int(index) if index.isdigit() else "*"))
    if missing := _MISSING.search(message):
        path.append(missing["name"])
    named = bool(path) and isinstance(path[-1], str) and path[-1] != "*"
    return path, missing is not None or (named and "got `null`" in message)
