"""Arguments of tools: the check that every tool call passes.

Calls come from the platform, from text conversations and from MCP clients. The arguments are read leniently
(``argument_reader``), then checked against the tool's JSON Schema. After a wrong call, the model gets one sentence with
the expected form (``call_sentences``). Arguments that cannot be read are never treated as empty.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import msgspec

from agenthost.errors import ArgumentsRefused, DefinitionError
from agenthost.tools.argument_reader import FORMATS, ArgumentReader
from agenthost.tools.call_sentences import explain, explain_unreadable
from agenthost.tools.swaig import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost.tools.swaig import Call, Given

__all__ = ["Arguments", "NamedArguments", "PassedOn", "SchemaArguments", "with_defaults"]


class Arguments:
    """The schema and the check of one tool's arguments.

    Args:
        schema: the tool's parameters, as a model knows them.
        accepted: the same as they are read, with null and defaults; None where the handler takes no arguments.
    """

    __slots__ = ("_reader", "accepted", "schema")

    def __init__(self, schema: Mapping[str, Any], accepted: Mapping[str, Any] | None) -> None:
        self.schema = schema
        self.accepted = accepted
        self._reader: ArgumentReader | None = None

    def invoke(self, handler: Callable[..., Any], given: Given, call: Call) -> Any:
        """Call ``handler`` with the arguments in the form that it takes.

        Raises:
            ArgumentsRefused: they cannot be read, or do not fit.
        """
        raise NotImplementedError

    def read(self, given: Given) -> Mapping[str, Any]:
        """Return the arguments in the declared types.

        A tool without declared arguments gets all of them.

        Args:
            given: what was sent.

        Raises:
            ArgumentsRefused: they cannot be read, and the handler takes arguments.
        """
        if isinstance(given, Unreadable):
            if self.accepted is not None:
                raise ArgumentsRefused(explain_unreadable(self.schema))
            return {}
        reader = self._reader or self._known()
        return given if reader is None else reader.read(given)

    def canonical(self, given: Mapping[str, Any]) -> Any:
        """Return the same value for all arguments with the same meaning.

        Args:
            given: what was sent.
        """
        reader = self._known()
        return given if reader is None else reader.canonical(given)

    def _known(self) -> ArgumentReader | None:
        reader, accepted = self._reader, self.accepted
        if reader is None and accepted is not None and (accepted["properties"] or accepted.get("required")):
            reader = self._reader = ArgumentReader(accepted)
        return reader


class SchemaArguments(Arguments):
    """Arguments of a plain handler: a dictionary that fits a JSON Schema.

    Undeclared arguments are dropped. A tool without declared arguments gets all of them.

    Args:
        tool: the tool's name, for errors.
        schema: its parameters.
        takes: how many of ``(args, raw_data)`` the handler accepts.

    Raises:
        DefinitionError: ``schema`` is not a valid JSON Schema, or refers to another document.
    """

    __slots__ = ("_takes", "_validator")

    def __init__(self, tool: str, schema: Mapping[str, Any], *, takes: int) -> None:
        super().__init__(schema, schema)
        self._takes = takes
        try:
            self._validator = jsonschema_rs.validator_for(
                dict(schema), retriever=_refuse_retrieval, validate_formats=True, formats=FORMATS
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            msg = f"tool {tool!r}: parameters are not a valid JSON Schema: {str(error).splitlines()[0]}"
            raise DefinitionError(msg) from error

    def invoke(self, handler: Callable[..., Any], given: Given, call: Call) -> Any:
        """Call the handler.

        See ``Arguments``.
        """
        checked = self.check(given)
        return handler(checked) if self._takes == 1 else handler(checked, call.raw_data)

    def check(self, given: Given) -> dict[str, Any]:
        """Return the arguments in the form that the handler takes.

        Raises:
            ArgumentsRefused: they cannot be read, or do not fit the schema.
        """
        meant = self.read(given)
        if self._reader is None:
            return dict(meant)
        if not self._validator.is_valid(meant):
            raise ArgumentsRefused(self._explain(next(self._validator.iter_errors(meant))))
        return meant  # type: ignore[return-value]  # the reader's own

    def _explain(self, error: jsonschema_rs.ValidationError) -> str:
        path = list(error.instance_path)
        missing = bool(error.schema_path) and error.schema_path[-1] == "required"
        if missing:
            path.append(next(name for name in error.kind.as_dict().values() if isinstance(name, str)))
        elif error.instance is None and path and isinstance(path[-1], str):
            missing = True
        return explain(self.schema, path, missing=missing)


class NamedArguments(SchemaArguments):
    """Arguments of a handler that takes the properties of the schema by name.

    Args:
        tool: the tool's name, for errors.
        schema: its parameters.
        names: the handler's parameters; ``call`` and ``raw_data`` among them get the call and the request's body.
        defaults: what those are that need not be given.
    """

    __slots__ = ("_names", "_needed")

    def __init__(
        self, tool: str, schema: Mapping[str, Any], names: frozenset[str], defaults: Mapping[str, Any]
    ) -> None:
        super().__init__(tool, schema, takes=1)
        self._names = names
        self._needed = names - defaults.keys()
        self.accepted = with_defaults(schema, defaults) if schema["properties"] else None

    def invoke(self, handler: Callable[..., Any], given: Given, call: Call) -> Any:
        """Call the handler.

        See ``Arguments``. A handler without arguments is called whatever was sent.
        """
        checked = {} if self.accepted is None else self.check(given)
        passed = {**checked, "call": call, "raw_data": call.raw_data}
        for name in self._needed:
            if name not in passed:
                raise ArgumentsRefused(explain(self.schema, [name], missing=True))
        return handler(**{name: passed[name] for name in self._names if name in passed})


class PassedOn(Arguments):
    """Arguments that are forwarded with the call.

    The receiver checks them.
    """

    __slots__ = ()

    def invoke(self, handler: Callable[..., Any], given: Given, call: Call) -> Any:
        """Call the handler.

        See ``Arguments``.
        """
        return handler(self.read(given) if isinstance(given, Unreadable) else given, call)


def with_defaults(schema: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema whose properties have a handler's own defaults.

    Args:
        schema: an object's.
        defaults: by name, as Python values; those that JSON cannot carry are nothing that a model can spell out.
    """
    properties = dict(schema["properties"])
    for name in defaults.keys() & properties.keys():
        declared = properties[name]
        if isinstance(declared, dict):
            with suppress(TypeError, RecursionError):
                properties[name] = {**declared, "default": msgspec.to_builtins(defaults[name])}
    return {**schema, "properties": properties}


def _refuse_retrieval(uri: str) -> Any:
    msg = f"{uri} is another document. A tool's schema must be self-contained"
    raise ValueError(msg)
