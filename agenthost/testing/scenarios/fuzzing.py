"""Fuzzing: arguments from the schemas of an agent's own functions, sent as the platform would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost.errors import ConfigurationError
from agenthost.testing.platform.ai.payload import tool_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.ai.functions import Function
    from agenthost.testing.platform.session import Call

__all__ = ["Fuzzed", "fuzz"]

_OK = 200


@frozen
class Fuzzed:
    """The outcome for one function.

    Args:
        function: its name.
        tried: the number of calls.
        failed: the number of calls that failed.
        arguments: the arguments of the first one that failed.
        reason: its reason.
    """

    function: str
    tried: int
    failed: int
    arguments: Any = None
    reason: str = ""

    @property
    def line(self) -> str:
        """One line about it."""
        if not self.failed:
            return f"{self.function}: {self.tried} calls, none failed"
        written = json.dumps(self.arguments, ensure_ascii=False, default=str)
        return f"{self.function}: {self.failed} of {self.tried} calls failed: {self.reason}, first with {written}"


async def fuzz(call: Call, examples: int) -> list[Fuzzed]:
    """Call each function of an agent with arguments of either kind.

    Functions that the present step hides are called, too: their URLs exist. A call fails if there is no answer, its
    status is not 200, it is not a JSON object, or it has the ``error_id`` of a tool that failed.

    Args:
        call: a call whose agent listens.
        examples: the number of arguments of each kind.

    Raises:
        ConfigurationError: Hypothesis is not installed.
    """
    functions = [function for function in call.functions if function.url and function.data_map is None]
    return [await _fuzz(call, function, _arguments(function.parameters, examples)) for function in functions]


async def _fuzz(call: Call, function: Function, arguments: list[Any]) -> Fuzzed:
    failed, first, why = 0, None, ""
    for each in arguments:
        reason = await _problem(call, function, each)
        if reason:
            failed += 1
            first, why = (each, reason) if failed == 1 else (first, why)
    return Fuzzed(function.name, len(arguments), failed, first, why)


async def _problem(call: Call, function: Function, arguments: Any) -> str:
    """Return the reason of a failure, or empty text."""
    session, delivery = call.session, call.delivery
    if session is None:
        return "the call has ended"
    body = tool_request(session, function, arguments, json.dumps(arguments, ensure_ascii=False, default=str))
    done = await delivery.post(function.name, function.url, body, timeout=delivery.options.tool_timeout)
    if done.response is None:
        return done.failure
    if done.status != _OK:
        return f"HTTP {done.status}"
    try:
        answer = done.response.json()
    except ValueError:
        return "the answer is not JSON"
    if not isinstance(answer, dict):
        return "the answer is not an object"
    return "the tool failed" if "error_id" in answer else ""


def _arguments(parameters: Mapping[str, Any], examples: int) -> list[Any]:
    """Return arguments that fit a schema, and others."""
    try:
        from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415 - not needed to run an agent

        from agenthost.testing.arguments import arguments_for  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ConfigurationError("fuzzing needs Hypothesis. fix: pip install hypothesis") from error
    found: list[Any] = []

    def keep(arguments: Any) -> None:
        found.append(arguments)

    for fitting in (True, False):
        quietly = settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        quietly(given(arguments_for(parameters, fitting=fitting))(keep))()
    return found
