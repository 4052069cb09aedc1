"""Calls to a host for tests, from any thread or event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.testing.hosts.expectations import Expectations
from agenthost.testing.hosts.transcripts import transcript

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from agenthost.conversation.models import ToolSpec
    from agenthost.testing.hosts.own_loop import OwnLoop
    from agenthost.testing.platform import Call as EngineCall, Exchange, ModelTurn, Outcome, Trace

__all__ = ["AsyncHostCall", "CallView", "HostCall"]


class CallView:
    """The present state of a call.

    Args:
        call: the call of the simulated platform.
        loop: the event loop of the host.
        names: paths of agents whose documents were found at other paths, such as that for SIP addresses.
    """

    def __init__(self, call: EngineCall, loop: OwnLoop, names: Mapping[str, str]) -> None:
        self._call = call
        self._loop = loop
        self._names = names
        self._followed = 1  # the agent that was called

    @property
    def document(self) -> Mapping[str, Any]:
        """The present document."""
        return self._call.document

    @property
    def prompt(self) -> str:
        """The model's prompt at this moment, with the text of the step."""
        return self._call.prompt

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools that the model may call at this moment."""
        return self._call.tools

    @property
    def tool_specs(self) -> Mapping[str, ToolSpec]:
        """The tools that the model may call at this moment, by name."""
        return self._call.tool_specs

    @property
    def agent(self) -> str:
        """Path of the agent that has the call, or had it last."""
        return self._names.get(self._call.agent, self._call.agent)

    @property
    def hops(self) -> tuple[str, ...]:
        """Paths of the agents that had the call, in order."""
        return tuple(self._names.get(hop, hop) for hop in self._call.hops)

    @property
    def step(self) -> str:
        """Name of the present step, or empty text."""
        return self._call.step

    @property
    def context(self) -> str:
        """Name of the present context, or empty text."""
        return self._call.context

    @property
    def global_data(self) -> Mapping[str, Any]:
        """The global data of the call."""
        return self._call.global_data

    @property
    def meta_data(self) -> Mapping[str, Mapping[str, Any]]:
        """The metadata of the call, by tool."""
        return self._call.meta_data

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables of the call."""
        return self._call.variables

    @property
    def id(self) -> str:
        """The ID of the call."""
        return self._call.id

    @property
    def ended(self) -> bool:
        """True once the call has ended."""
        return self._call.ended

    @property
    def cause(self) -> str:
        """The reason for the call's end, or empty text."""
        return self._call.cause

    @property
    def trace(self) -> Trace:
        """The events so far."""
        return self._call.trace

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The requests so far, with their tokens."""
        return self._call.exchanges

    @property
    def transcript(self) -> str:
        """The events so far as people read them, a line each."""
        return transcript(self._call.trace)

    @property
    def expect(self) -> Expectations:
        """Expectations about the call from its beginning to now."""
        return Expectations(self._call, self.hops)

    def follow(self, path: str | None = None) -> str:
        """Expect that the call has moved to another agent.

        This counts from its beginning or the last ``follow``.

        Args:
            path: the path of that agent, or None for any.

        Returns:
            The path of the agent that has the call.

        Raises:
            AssertionError: the call has not moved, or has moved elsewhere.
        """
        __tracebackhide__ = True
        hops, self._followed = self.hops[self._followed :], len(self.hops)
        if not hops or path not in (None, hops[-1]):
            wanted = f"to {path}" if path is not None else "to another agent"
            moved = f"it went to {hops[-1]}" if hops else f"it stays with {self.agent}"
            msg = f"expected the call to be handed over {wanted}, but {moved}\nthe call:\n{self.transcript}"
            raise AssertionError(msg)
        return hops[-1]


class HostCall(CallView):
    """A call to a host, for tests that are not asynchronous.

    Each method waits until the agent listens again, or the call has ended.
    """

    def say(self, text: str, *turns: ModelTurn) -> Outcome:
        """Speak as the caller.

        Args:
            text: the words.
            turns: the model's turns that follow. Without any, the host's own model answers.
        """
        return self._run(self._call.say(text, *turns))

    def tool(self, name: str, /, **arguments: Any) -> Outcome:
        """Call a tool as the model.

        Args:
            name: its name. One that is not offered gets the platform's error.
            arguments: its arguments.
        """
        return self._run(self._call.tool(name, **arguments))

    def model(self, *turns: ModelTurn) -> Outcome:
        """Take turns as the model, without words of the caller."""
        return self._run(self._call.model(*turns))

    def press(self, digits: str, *turns: ModelTurn) -> Outcome:
        """Press keys as the caller."""
        return self._run(self._call.press(digits, *turns))

    def wait(self, milliseconds: int, *turns: ModelTurn) -> Outcome:
        """Say nothing, for some milliseconds of the call's own clock."""
        return self._run(self._call.wait(milliseconds, *turns))

    def hang_up(self, summary: Any = None) -> Outcome:
        """Hang up as the caller.

        Args:
            summary: the model's summary, as text or as an object.
        """
        return self._run(self._call.hang_up(summary))

    def _run(self, coroutine: Coroutine[Any, Any, Outcome]) -> Outcome:
        return self._loop.run(coroutine)


class AsyncHostCall(CallView):
    """A call to a host, for asynchronous tests, see ``HostCall``."""

    async def say(self, text: str, *turns: ModelTurn) -> Outcome:
        """Speak as the caller, see ``HostCall.say``."""
        return await self._loop.wait(self._call.say(text, *turns))

    async def tool(self, name: str, /, **arguments: Any) -> Outcome:
        """Call a tool as the model, see ``HostCall.tool``."""
        return await self._loop.wait(self._call.tool(name, **arguments))

    async def model(self, *turns: ModelTurn) -> Outcome:
        """Take turns as the model, without words of the caller."""
        return await self._loop.wait(self._call.model(*turns))

    async def press(self, digits: str, *turns: ModelTurn) -> Outcome:
        """Press keys as the caller."""
        return await self._loop.wait(self._call.press(digits, *turns))

    async def wait(self, milliseconds: int, *turns: ModelTurn) -> Outcome:
        """Say nothing, for some milliseconds of the call's own clock."""
        return await self._loop.wait(self._call.wait(milliseconds, *turns))

    async def hang_up(self, summary: Any = None) -> Outcome:
        """Hang up as the caller, see ``HostCall.hang_up``."""
        return await self._loop.wait(self._call.hang_up(summary))
