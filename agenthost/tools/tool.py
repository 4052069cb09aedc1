"""Tools: functions that a model may call (SignalWire: SWAIG functions).

A tool is declared by ``@AgentBase.tool`` on a method or by ``AgentBase.define_tool``. Its handler is plain or typed. A
*plain* handler takes ``(args, raw_data)``, with parameters given as JSON Schema (wire.md, section 3). If its own
parameters are properties of that schema, it gets them by name. A *typed* handler has ordinary Python parameters, whose
schema is read from type hints and docstring (``agenthost.tools.signatures``). Either way, the arguments are checked
before the handler runs.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FunctionType, MappingProxyType, MethodType
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost.errors import DefinitionError
from agenthost.tools.arguments import Arguments, NamedArguments, SchemaArguments
from agenthost.tools.gates import checked_gates
from agenthost.tools.signatures import Signature, is_plain, names_of, read_signature, reads_arguments, shared_signature

if TYPE_CHECKING:
    from agenthost.tools.swaig import Call, Given

__all__ = ["Tool", "ToolDeclaration", "declarations", "is_tool_name", "read_ahead"]

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OWN_KEYS = frozenset({"function", "description", "parameters", "web_hook_url"})
_HINTS = frozenset({"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"})
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_log = logging.getLogger("agenthost.agent")
_MARK = "__agenthost_tool__"
_DECLARED = "__agenthost_tools__"
"""The attribute of a class that keeps its declarations."""
_READ = "__agenthost_signature__"
"""The attribute of a method that keeps its signature, by the name of its tool."""

Handler = Callable[..., Any]


def is_tool_name(name: str) -> bool:
    """Return True if ``name`` is a valid name of a tool.

    It must be a letter or ``_``, then letters, digits and ``_``.
    """
    return _NAME.fullmatch(name) is not None


@frozen
class ToolDeclaration:
    """The mark that ``@AgentBase.tool`` leaves on a method until an agent is built.

    Args:
        name: the tool's name, or None for the method's own.
        options: the keyword arguments of ``Tool.define``.
    """

    name: str | None
    options: Mapping[str, Any]

    def mark(self, function: Handler) -> None:
        """Attach the declaration to ``function``."""
        if not callable(function):
            msg = f"@AgentBase.tool decorates methods, not {type(function).__name__}."
            raise DefinitionError(msg)
        setattr(function, _MARK, self)


def declarations(cls: type) -> Mapping[str, ToolDeclaration]:
    """Return the decorated methods of ``cls``, as attribute name to declaration.

    The methods are in order of definition, base classes first. A class keeps them for all its instances.
    """
    kept: Mapping[str, ToolDeclaration] | None = vars(cls).get(_DECLARED)
    if kept is not None:
        return kept
    found: dict[str, ToolDeclaration] = {}
    for owner in reversed(cls.__mro__):
        own = _own_declarations(owner)
        for attribute in (found.keys() & vars(owner).keys()) - own.keys():
            del found[attribute]
        found |= own
    setattr(cls, _DECLARED, found)
    return found


def _own_declarations(owner: type) -> Mapping[str, ToolDeclaration]:
    """Return the decorated methods of one class."""
    if properties := [name for name, value in vars(owner).items() if _is_property_of_tool(value)]:
        msg = f"tool {properties[0]!r} is a property, which a model cannot call. fix: remove @property."
        raise DefinitionError(msg)
    marked = {
        attribute: getattr(value, _MARK, getattr(getattr(value, "__func__", None), _MARK, None))
        for attribute, value in vars(owner).items()
    }
    return {attribute: mark for attribute, mark in marked.items() if isinstance(mark, ToolDeclaration)}


def _is_property_of_tool(value: object) -> bool:
    return isinstance(value, property) and isinstance(getattr(value.fget, _MARK, None), ToolDeclaration)


def read_ahead(cls: type, known: dict[object, Signature]) -> None:
    """Read the signatures of a class's typed tools, before there is an instance of it.

    What cannot be read fails again, and is reported, where an agent is built.

    Args:
        cls: a class of agents.
        known: takes the signatures. Tools of a module that are declared alike share one.
    """
    for attribute, declaration in declarations(cls).items():
        function = getattr(cls, attribute)
        if isinstance(function, FunctionType) and declaration.options.get("parameters") is None:
            handler = MethodType(function, cls)  # only the parameters after the first are read
            with suppress(Exception):  # of an author's type hints, too
                _signature(declaration.name or attribute, handler, known)


def _signature(tool: str, handler: Handler, known: dict[object, Signature] | None = None) -> Signature | None:
    """Return the signature of a typed handler, or None for a plain one.

    A method keeps it for all agents of its class. ``known`` are signatures that others may share.

    Raises:
        DefinitionError: see ``read_signature``.
    """
    function = handler.__func__ if isinstance(handler, MethodType) else None
    kept: dict[str, Signature] = getattr(function, _READ, {})
    if tool in kept:
        return kept[tool]
    if is_plain(handler):
        return None
    signature = read_signature(tool, handler) if known is None else shared_signature(tool, handler, known)
    if isinstance(function, FunctionType):
        setattr(function, _READ, {**kept, tool: signature})
    return signature


@frozen(eq=False)
class Tool:
    """One tool of one agent, ready to be described to a model and to run.

    Args:
        name: its name for the model: a letter or ``_``, then letters, digits and ``_``.
        description: when and how the model should use it.
        parameters: JSON Schema of the arguments, ``{"type": "object", "properties": …}``.
        handler: the author's function, bound to its agent.
        arguments: checks a call's arguments and converts them for the handler.
        on_loop: whether the handler runs on the event loop: a coroutine function, or ``inline``.
        secure: whether a call needs a token of this agent, tool and call.
        webhook_url: URL of another server that answers this tool.
        fallback: sentence for the caller when the tool fails. None for the agent's.
        timeout: timeout of a call, in seconds. None for the host's.
        idempotent: whether identical requests of one call run once.
        title: its name for people, in clients of the Model Context Protocol.
        annotations: hints for these clients: ``readOnlyHint``, ``destructiveHint``, ``idempotentHint`` and
            ``openWorldHint``, each True or False.
        extras: further fields of the function's description (fillers, wait_file, meta_data, …), sent unchanged.
        undeclared: whether the handler reads arguments that are not described to the model.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(repr=False)
    handler: Handler = field(repr=False)
    arguments: Arguments = field(repr=False)
    on_loop: bool
    secure: bool = True
    webhook_url: str | None = None
    fallback: str | None = None
    timeout: float | None = None
    idempotent: bool = False
    title: str | None = None
    annotations: Mapping[str, bool] = field(factory=dict)
    extras: Mapping[str, Any] = field(factory=dict, repr=False)
    undeclared: bool = False

    @classmethod
    def define(
        cls,
        name: str,
        handler: Handler,
        *,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        required: Sequence[str] | None = None,
        secure: bool = True,
        webhook_url: str | None = None,
        fallback: str | None = None,
        timeout: float | None = None,
        idempotent: bool = False,
        inline: bool = False,
        title: str | None = None,
        annotations: Mapping[str, bool] | None = None,
        **extras: Any,
    ) -> Tool:
        """Make a tool from the author's arguments.

        Args:
            name: the tool's name.
            handler: a function or bound method, plain or typed (see the module's docstring), sync or async.
            description: its description. Defaults to the docstring.
            parameters: JSON Schema, or only its ``properties``. None reads them from a typed handler.
            required: names of required properties, if ``parameters`` has only the properties.
            secure: False accepts a call without a token.
            webhook_url: see the class.
            fallback: see the class.
            timeout: see the class.
            idempotent: see the class.
            inline: True runs an ordinary function on the event loop, without a thread.
            title: see the class.
            annotations: see the class.
            extras: further fields of the function's description. Values of None are left out.

        Raises:
            DefinitionError: the name, the schema or the signature is wrong.
        """
        if not isinstance(name, str) or not is_tool_name(name):
            msg = f"tool name {name!r}: a name must be a letter or _, then letters, digits and _."
            raise DefinitionError(msg)
        if not callable(handler):
            msg = f"tool {name!r}: handler must be a function, not {type(handler).__name__}."
            raise DefinitionError(msg)
        if inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler):
            msg = f"tool {name!r} yields, and a tool returns one answer. fix: return FunctionResult(…)."
            raise DefinitionError(msg)
        if taken := _OWN_KEYS & extras.keys():
            msg = (
                f"tool {name!r}: {', '.join(sorted(taken))} cannot be set as a field. fix: use define_tool's arguments."
            )
            raise DefinitionError(msg)
        if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0):
            msg = f"tool {name!r}: timeout must be a number of seconds above 0, not {timeout!r}."
            raise DefinitionError(msg)
        if inline:
            _check_inline(name, handler, webhook_url)
        arguments: Arguments
        signature = _signature(name, handler) if parameters is None else None
        if signature is not None:
            arguments, schema = signature.arguments, signature.schema
            description = signature.summary if description is None else description
        else:
            schema = _object_schema(name, parameters or {}, required)
            named = names_of(handler, schema["properties"])
            arguments = (
                SchemaArguments(name, schema, takes=_plain_arity(name, handler))
                if named is None
                else NamedArguments(name, schema, *named)
            )
        if description is None:
            description = (inspect.getdoc(handler) or "").partition("\n\n")[0] or f"Execute {name}"
        return cls(
            name=name,
            description=description,
            parameters=schema,
            handler=handler,
            arguments=arguments,
            on_loop=inline or (inspect.iscoroutinefunction(handler) if signature is None else signature.is_async),
            secure=secure,
            webhook_url=webhook_url,
            fallback=fallback,
            timeout=timeout,
            idempotent=idempotent,
            title=title,
            annotations=_annotations(name, annotations),
            extras=_extras(name, extras),
            undeclared=parameters is None and not schema["properties"] and reads_arguments(handler),
        )

    def describe(self, url: str | None) -> dict[str, Any]:
        """Return the function's entry in ``SWAIG.functions`` of a document.

        Args:
            url: URL of this tool, if it is not the document's default.
        """
        described = {"function": self.name, "description": self.description, "parameters": self.parameters}
        if fillers := self.extras.get("fillers"):
            described["fillers"] = fillers
        if url is not None:
            described["web_hook_url"] = url
        for key, value in self.extras.items():
            described.setdefault(key, value)
        return described

    def call(self, given: Given, call: Call) -> Any:
        """Check the arguments and call the handler.

        The coroutine of an async handler is returned unawaited.

        Raises:
            ArgumentsRefused: the arguments cannot be read, or do not fit the schema.
        """
        return self.arguments.invoke(self.handler, given, call)


def _check_inline(name: str, handler: Handler, webhook_url: str | None) -> None:
    """Check that ``inline`` means something for a tool.

    Raises:
        DefinitionError: the handler is a coroutine function, or the tool runs on another server.
    """
    if webhook_url is not None or inspect.iscoroutinefunction(handler):
        why = "runs on another server" if webhook_url is not None else "is async, and runs on the event loop anyway"
        raise DefinitionError(
            f"tool {name!r}: inline=True is for ordinary functions, and this tool {why}. fix: remove it."
        )


def _annotations(name: str, given: Mapping[str, bool] | None) -> Mapping[str, bool]:
    if given is None:
        return _NOTHING
    if (
        not isinstance(given, Mapping)
        or not _HINTS.issuperset(given)
        or not all(isinstance(value, bool) for value in given.values())
    ):
        msg = (
            f"tool {name!r}: annotations must be hints with True or False, not {given!r}. "
            f"fix: use {', '.join(sorted(_HINTS))}."
        )
        raise DefinitionError(msg)
    return dict(given)


def _extras(name: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the further fields that are set."""
    if not fields:
        return _NOTHING
    extras = {
        key: value
        for key, value in fields.items()
        if value is not None and (value or key not in ("fillers", "wait_file"))
    }
    if "gates" in extras:
        extras["gates"] = checked_gates(name, extras["gates"])
    elif "gate_fillers" in extras:
        msg = f"tool {name!r}: gate_fillers are spoken during gates, and it has no gates."
        raise DefinitionError(msg)
    return extras


def _object_schema(name: str, parameters: Mapping[str, Any], required: Sequence[str] | None) -> dict[str, Any]:
    if not isinstance(parameters, Mapping):
        msg = f"tool {name!r}: parameters must be a JSON Schema as a dictionary, not {type(parameters).__name__}."
        raise DefinitionError(msg)
    if parameters.get("type") == "object" and isinstance(parameters.get("properties", {}), Mapping):
        schema = {**parameters, "properties": dict(parameters.get("properties", {}))}
    else:
        schema = {"type": "object", "properties": dict(parameters)}
    if required and schema["properties"]:
        schema["required"] = list(required)
    return _lifted(name, schema)


def _lifted(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Move ``"required": true`` of a property to the list of required ones."""
    for key, inner in schema["properties"].items():
        if isinstance(inner, Mapping) and isinstance(wanted := inner.get("required"), bool):
            _log.warning(
                "tool %s: 'required' of the parameter %s is not a part of JSON Schema. fix: required=[%s]",
                name,
                key,
                repr(key) if wanted else "",
            )
            schema["properties"][key] = {each: value for each, value in inner.items() if each != "required"}
            if wanted and key not in (listed := schema.get("required") or []):
                schema["required"] = [*listed, key]
    return schema


def _plain_arity(name: str, handler: Handler) -> int:
    """Return the number of ``(args, raw_data)`` that a plain handler takes."""
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return 2
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = sum(p.default is p.empty for p in positional)
    keyword_only = any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters)
    takes = 2 if any(p.kind is p.VAR_POSITIONAL for p in parameters) else min(len(positional), 2)
    if takes < 1 or needed > 2 or keyword_only:  # noqa: PLR2004 - (args, raw_data)
        msg = f"tool {name!r}: a handler with declared parameters must take (args, raw_data)."
        raise DefinitionError(msg)
    return takes
