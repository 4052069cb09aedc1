"""Tools that run on the platform, by web calls or patterns, without this host.

Values that the platform inserts are written ``${args.city}``, ``${response.temp}``, ``${this.title}``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self

from agenthost.errors import DefinitionError
from agenthost.results import FunctionResult
from agenthost.tools.gates import checked_gates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from agenthost.tools.gates import SemanticGate

__all__ = ["DataMap", "create_expression_tool", "create_simple_api_tool"]

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_METHODS = ("GET", "POST", "PUT", "DELETE")
_FLAGS = ((re.IGNORECASE, "i"), (re.MULTILINE, "m"), (re.DOTALL, "s"), (re.VERBOSE, "x"))


class DataMap:
    """A tool that the platform runs.

    It tries expressions, then web calls until one succeeds, then the fallback.

    Args:
        function_name: Name of the tool, as the model calls it.

    Raises:
        DefinitionError: The name is empty.
    """

    def __init__(self, function_name: str) -> None:
        if not function_name:
            raise DefinitionError("a DataMap needs the name of its tool")
        self.function_name = function_name
        self._purpose = ""
        self._properties: dict[str, dict[str, Any]] = {}
        self._required: set[str] = set()
        self._expressions: list[dict[str, Any]] = []
        self._webhooks: list[dict[str, Any]] = []
        self._fallback: FunctionResult | None = None
        self._error_keys: list[str] = []
        self._gates: list[SemanticGate | Mapping[str, Any]] = []
        self._gate_fillers: Mapping[str, Any] | None = None

    def purpose(self, description: str) -> Self:
        """Set the description of the tool.

        Args:
            description: The text by which the model chooses a tool.
        """
        self._purpose = description
        return self

    def description(self, description: str) -> Self:
        """Set the description of the tool, like ``purpose``."""
        return self.purpose(description)

    def parameter(
        self,
        name: str,
        param_type: str,
        description: str,
        required: bool = False,  # noqa: FBT001, FBT002 - positional in the field
        enum: Sequence[Any] | None = None,
    ) -> Self:
        """Add a parameter of the tool, or replace the one of this name.

        Args:
            name: Its name.
            param_type: Its type in JSON Schema.
            description: Its description for the model.
            required: Whether it is required.
            enum: The values allowed.

        Raises:
            DefinitionError: The type is unknown.
        """
        if param_type not in _TYPES:
            raise self._error(
                f"parameter {name!r} has the unknown type {param_type!r}. The types are {', '.join(_TYPES)}"
            )
        self._properties[name] = {"type": param_type, "description": description}
        if enum:
            self._properties[name]["enum"] = list(enum)
        (self._required.add if required else self._required.discard)(name)
        return self

    def expression(
        self,
        test_value: str,
        pattern: str | re.Pattern[str],
        output: FunctionResult,
        nomatch_output: FunctionResult | None = None,
    ) -> Self:
        """Add an answer for a value that matches a pattern.

        Args:
            test_value: The value, such as ``${args.command}``.
            pattern: A regular expression. Flags of a compiled one are added to its text.
            output: The answer when it matches.
            nomatch_output: The answer when it does not.
        """
        expression = {
            "string": test_value,
            "pattern": _pattern(pattern),
            "output": self._result("output", output),
        }
        if nomatch_output is not None:
            expression["nomatch-output"] = self._result("nomatch_output", nomatch_output)
        self._expressions.append(expression)
        return self

    def webhook(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        form_param: str | None = None,
        input_args_as_params: bool = False,  # noqa: FBT001, FBT002 - positional in the field
        require_args: Sequence[str] | None = None,
    ) -> Self:
        """Add a web call.

        The methods that follow describe it further.

        Args:
            method: GET, POST, PUT or DELETE, in any case.
            url: The URL, with ``${enc:args.city}`` and the like.
            headers: Headers to send.
            form_param: Name of the form field that carries the body as JSON.
            input_args_as_params: Whether the tool's arguments are sent too.
            require_args: Arguments without which the call is skipped.

        Raises:
            DefinitionError: The method is unknown, or there is no URL.
        """
        if method.upper() not in _METHODS:
            raise self._error(f"webhook method {method!r} is unknown. The methods are {', '.join(_METHODS)}")
        if not url:
            raise self._error("a webhook needs a URL")
        webhook: dict[str, Any] = {"url": url, "method": method.upper()}
        if headers:
            webhook["headers"] = dict(headers)
        if form_param:
            webhook["form_param"] = form_param
        if input_args_as_params:
            webhook["input_args_as_params"] = True
        if require_args:
            webhook["require_args"] = _names(require_args)
        self._webhooks.append(webhook)
        return self

    def webhook_expressions(self, expressions: Iterable[Mapping[str, Any]]) -> Self:
        """Add answers for patterns in the response of the latest web call.

        Args:
            expressions: Objects with ``string``, ``pattern``, ``output`` and perhaps ``nomatch-output``; the
                outputs are results, or objects as on the wire.

        Raises:
            DefinitionError: There is no web call yet, or a key is missing.
        """
        written = [dict(expression) for expression in expressions]
        for expression in written:
            self._need("webhook_expressions", expression, ("string", "pattern", "output"))
        return self._describe("expressions", written)

    def body(self, data: Mapping[str, Any]) -> Self:
        """Set the body of the latest web call.

        Args:
            data: The body, as JSON values.

        Raises:
            DefinitionError: There is no web call yet.
        """
        return self.params(data)

    def params(self, data: Mapping[str, Any]) -> Self:
        """Set the parameters of the latest web call.

        Args:
            data: Names and values.

        Raises:
            DefinitionError: There is no web call yet.
        """
        return self._describe("params", dict(data))

    def foreach(self, foreach_config: Mapping[str, Any]) -> Self:
        """Build one text from a list in the response of the latest web call.

        Args:
            foreach_config: ``input_key`` (the list), ``output_key`` (the name of the text), ``append`` (the
                text for one element) and perhaps ``max`` (how many elements).

        Raises:
            DefinitionError: There is no web call yet, or a key is missing.
        """
        self._need("foreach", foreach_config, ("input_key", "output_key", "append"))
        return self._describe("foreach", dict(foreach_config))

    def output(self, result: FunctionResult) -> Self:
        """Set the answer for a successful latest web call.

        Args:
            result: The answer.

        Raises:
            DefinitionError: There is no web call yet.
        """
        return self._describe("output", self._result("output", result))

    def fallback_output(self, result: FunctionResult) -> Self:
        """Set the answer if no pattern matched and no web call succeeded.

        Args:
            result: The answer.
        """
        self._fallback = self._result("fallback_output", result)
        return self

    def error_keys(self, keys: Sequence[str]) -> Self:
        """Set the keys that mark a failure in the response of the latest web call.

        Args:
            keys: Names of the keys. Before the first web call, they apply to all.
        """
        if not self._webhooks:
            return self.global_error_keys(keys)
        return self._describe("error_keys", _names(keys))

    def global_error_keys(self, keys: Sequence[str]) -> Self:
        """Set the keys that mark a failure in the response of any web call.

        Args:
            keys: Names of the keys.
        """
        self._error_keys = _names(keys)
        return self

    def gate(self, gate: SemanticGate | Mapping[str, Any]) -> Self:
        """Add a question that must be answered with yes before the tool runs.

        Args:
            gate: The question, or a gate as on the wire. A tool has at most 8.
        """
        self._gates.append(gate)
        return self

    def gate_fillers(self, fillers: Mapping[str, Sequence[Any]]) -> Self:
        """Set the phrases spoken during the gates, by language code."""
        self._gate_fillers = fillers
        return self

    def to_swaig_function(self, resolve: Callable[[str], str] | None = None) -> dict[str, Any]:
        """Return the tool's definition as JSON values.

        Args:
            resolve: Returns the URL of an agent of this host, for answers that hand the call over. See
                ``FunctionResult.to_dict``.

        Raises:
            DefinitionError: The tool does nothing, a gate is wrong, or an answer hands over and there is no
                ``resolve``.
        """
        data_map: dict[str, Any] = {}
        if self._expressions:
            data_map["expressions"] = [_encoded(expression, resolve) for expression in self._expressions]
        if self._webhooks:
            data_map["webhooks"] = [_encoded(webhook, resolve) for webhook in self._webhooks]
        if self._fallback is not None:
            data_map["output"] = self._fallback.to_dict(resolve)
        if not data_map:
            raise self._error("it does nothing. fix: add an expression, a webhook or a fallback_output")
        if self._error_keys:
            data_map["error_keys"] = list(self._error_keys)
        parameters: dict[str, Any] = {
            "type": "object",
            "properties": {name: dict(schema) for name, schema in self._properties.items()},
        }
        if self._required:
            parameters["required"] = [name for name in self._properties if name in self._required]
        described: dict[str, Any] = {
            "function": self.function_name,
            "description": self._purpose or f"Execute {self.function_name}",
            "parameters": parameters,
            "data_map": data_map,
        }
        if self._gates:
            described["gates"] = checked_gates(self.function_name, self._gates)
            if self._gate_fillers:
                described["gate_fillers"] = self._gate_fillers
        elif self._gate_fillers:
            raise self._error("gate_fillers are spoken during gates, and it has no gates. fix: call gate()")
        return described

    def _describe(self, key: str, value: Any) -> Self:
        if not self._webhooks:
            raise self._error(f"{key} describes a web call. fix: call webhook() first")
        self._webhooks[-1][key] = value
        return self

    def _need(self, method: str, written: Mapping[str, Any], keys: Iterable[str]) -> None:
        missing = [key for key in keys if key not in written]
        if missing:
            raise self._error(f"{method} needs {', '.join(missing)}")

    def _result(self, argument: str, result: object) -> FunctionResult:
        if not isinstance(result, FunctionResult):
            kind = type(result).__name__
            raise TypeError(f"DataMap {self.function_name!r}: {argument} must be a FunctionResult, not {kind}")
        return result

    def _error(self, what: str) -> DefinitionError:
        return DefinitionError(f"DataMap {self.function_name!r}: {what}")


def create_simple_api_tool(
    name: str,
    url: str,
    response_template: str,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    error_keys: Sequence[str] | None = None,
) -> DataMap:
    """Return a tool that makes one web call and answers with a text.

    Args:
        name: Name of the tool.
        url: The URL, with ``${enc:args.city}`` and the like.
        response_template: The answer, with ``${response.temp}`` and the like.
        parameters: Name to ``type``, ``description``, ``required`` and ``enum``, all of them optional.
        method: GET, POST, PUT or DELETE.
        headers: Headers to send.
        body: The body.
        error_keys: Keys that mark a failure in the response.
    """
    data_map = _with_parameters(name, parameters).webhook(method, url, headers)
    if body:
        data_map.body(body)
    if error_keys:
        data_map.error_keys(error_keys)
    return data_map.output(FunctionResult(response_template))


def create_expression_tool(
    name: str,
    patterns: Mapping[str, tuple[str | re.Pattern[str], FunctionResult]],
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> DataMap:
    """Return a tool that answers by matching patterns.

    Args:
        name: Name of the tool.
        patterns: Value, such as ``${args.command}``, to its pattern and the answer when it matches.
        parameters: Name to ``type``, ``description``, ``required`` and ``enum``, all of them optional.
    """
    data_map = _with_parameters(name, parameters)
    for test_value, (pattern, result) in patterns.items():
        data_map.expression(test_value, pattern, result)
    return data_map


def _with_parameters(name: str, parameters: Mapping[str, Mapping[str, Any]] | None) -> DataMap:
    data_map = DataMap(name)
    for parameter, schema in (parameters or {}).items():
        data_map.parameter(
            parameter,
            schema.get("type", "string"),
            schema.get("description", f"{parameter} parameter"),
            required=schema.get("required", False),
            enum=schema.get("enum"),
        )
    return data_map


def _names(value: Sequence[str]) -> list[str]:
    # A single name, passed by mistake instead of a list, would be split into letters.
    return [value] if isinstance(value, str) else list(value)


def _pattern(pattern: str | re.Pattern[str]) -> str:
    if isinstance(pattern, str):
        return pattern
    flags = "".join(letter for flag, letter in _FLAGS if pattern.flags & flag)
    return f"(?{flags}){pattern.pattern}" if flags else pattern.pattern


def _encoded(value: Any, resolve: Callable[[str], str] | None) -> Any:
    if isinstance(value, FunctionResult):
        return value.to_dict(resolve)
    if isinstance(value, dict):
        return {key: _encoded(inner, resolve) for key, inner in value.items()}
    if isinstance(value, list):
        return [_encoded(inner, resolve) for inner in value]
    return value
