"""Handlers that run when a call begins and when it has ended.

They are behind the two tools that the platform calls itself.
"""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from agenthost.errors import DefinitionError
from agenthost.results import FunctionResult
from agenthost.tools.tool import Tool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["END", "START", "CallHook", "Moment"]

_log = logging.getLogger("agenthost.agent")


@frozen
class Moment:
    """A moment of a call.

    Args:
        tool: the name of the platform's tool.
        description: its description in the document.
    """

    tool: str
    description: str

    def arguments(self, body: dict[str, Any]) -> tuple[Any, ...]:
        """Return the arguments of a handler."""
        if self.tool == "startup_hook":
            return (body,)
        return (body.get("call_log") or body.get("raw_call_log") or [], body)


START = Moment("startup_hook", "Internal: fires when the call starts.")
END = Moment("hangup_hook", "Internal: fires when the call ends.")


@frozen
class CallHook:
    """The handlers of one moment, run as one tool.

    Args:
        moment: the moment.
        handlers: the author's functions, in order, sync or async.
    """

    moment: Moment
    handlers: tuple[Callable[..., Any], ...] = ()

    def also(self, handler: Callable[..., Any]) -> CallHook:
        """Add a handler.

        Raises:
            DefinitionError: the handler is not callable.
        """
        if not callable(handler):
            raise DefinitionError(f"{self.moment.tool}: the handler must be a function, not {type(handler).__name__}.")
        return evolve(self, handlers=(*self.handlers, handler))

    def as_tool(self) -> Tool:
        """Return the tool that the platform calls."""
        return Tool.define(self.moment.tool, self, description=self.moment.description, parameters={})

    def __call__(self, raw_data: dict[str, Any] | None) -> Any:
        """Run the handlers.

        Results of sync handlers wait for the async ones, to keep the order.
        """
        arguments = self.moment.arguments(raw_data or {})
        answers = [self._guarded(handler, arguments) for handler in self.handlers]
        if any(inspect.isawaitable(answer) for answer in answers):
            return self._awaited(answers)
        return self._together(answers)

    def _guarded(self, handler: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        try:
            return handler(*arguments)
        except Exception:  # noqa: BLE001 - one handler's failure must not stop the others
            _log.exception("a handler of %s failed: %r", self.moment.tool, handler)
            return None

    async def _awaited(self, answers: list[Any]) -> FunctionResult:
        return self._together(
            [await self._answer(answer) if inspect.isawaitable(answer) else answer for answer in answers]
        )

    async def _answer(self, answer: Awaitable[Any]) -> Any:
        try:
            return await answer
        except Exception:  # noqa: BLE001 - as above
            _log.exception("a handler of %s failed", self.moment.tool)
            return None

    def _together(self, answers: list[Any]) -> FunctionResult:
        together = FunctionResult()
        if self.moment is not START:
            return together
        said: list[str] = []
        for answer in answers:
            if answer is None:
                continue
            if not isinstance(answer, FunctionResult) or not isinstance(answer.response, str):
                _log.warning(
                    "a handler of %s returned %s instead of a FunctionResult with text", self.moment.tool, answer
                )
                continue
            said += [answer.response] if answer.response else []
            together.action.extend(answer.action)
        together.set_response("\n".join(said))
        return together
