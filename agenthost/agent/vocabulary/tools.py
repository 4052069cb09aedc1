"""Methods for tools: functions that the model may call."""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these flags by position

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar, overload

from agenthost.agent.call_hooks import END, START, CallHook
from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError
from agenthost.tools.platform_tools import PlatformTool
from agenthost.tools.swaig import Call
from agenthost.tools.tool import Tool, ToolDeclaration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agenthost.tools.datamap import DataMap
    from agenthost.tools.gates import SemanticGate

__all__ = ["ToolWords", "declare_tool"]

_log = logging.getLogger("agenthost.agent")

P = ParamSpec("P")
R = TypeVar("R")


class Declares(Protocol):
    """``@tool`` as a bare decorator, or with the arguments of ``define_tool``."""

    @overload
    def __call__(self, name: Callable[P, R]) -> Callable[P, R]: ...
    @overload
    def __call__(self, name: str | None = None, **options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def declare_tool(name: Any = None, **options: Any) -> Any:
    """Mark a method as a tool, until an agent is built."""
    if callable(name):
        ToolDeclaration(None, {}).mark(name)
        return name
    if isinstance(name, classmethod | property):
        kind = type(name).__name__
        raise DefinitionError(
            f"@AgentBase.tool decorates methods, not a {kind}. fix: write it below @{kind}, or remove that"
        )

    def mark(function: Any) -> Any:
        ToolDeclaration(*_described(name, options, function)).mark(function)
        return function

    return mark


def _described(name: Any, options: Mapping[str, Any], function: Any) -> tuple[Any, Mapping[str, Any]]:
    """Return name and options of a tool.

    A sentence in place of the name is the description. Agents of the field write
    ``@AgentBase.tool("Get the current time")``, and models cannot call such a name.
    """
    if not isinstance(name, str) or " " not in name or "description" in options:
        return name, options
    own = getattr(function, "__name__", "")
    _log.warning("tool %s: %r is a sentence, so it is the description. fix: tool(description=%r)", own, name, name)
    return None, {**options, "description": name}


class _ToolDecorator:
    """Make a method a tool: ``@AgentBase.tool``, or with the arguments of ``define_tool``.

    The method is plain, ``(self, args, raw_data)``, or typed: its parameters then become the tool's, described by its
    docstring. Either may be ``async``. A typed method may also take ``call`` (a ``Call``) or ``raw_data``.
    ``@agent.tool`` on a function adds it to that agent at once. Such a function takes no ``self``.
    """

    def __get__(self, agent: ToolWords | None, _owner: type) -> Declares:
        if agent is None:
            return declare_tool

        def add(name: Any = None, **options: Any) -> Any:
            agent._unsealed()  # noqa: SLF001 - the decorator is part of the class
            if callable(name):
                agent._add_tool(Tool.define(name.__name__, name))  # noqa: SLF001
                return name

            def added(function: Any) -> Any:
                own, said = _described(name, options, function)
                agent._add_tool(Tool.define(own or function.__name__, function, **said))  # noqa: SLF001
                return function

            return added

        return add


class ToolWords(Configurable):
    """The tools that the model may call."""

    tool = _ToolDecorator()

    def define_tool(
        self,
        name: str,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        handler: Callable[..., Any] | None = None,
        secure: bool = True,
        fillers: Mapping[str, Sequence[str]] | None = None,
        webhook_url: str | None = None,
        required: Sequence[str] | None = None,
        is_typed_handler: bool = False,  # noqa: ARG002 - the field's, without effect here
        gates: Sequence[SemanticGate | Mapping[str, Any]] | None = None,
        gate_fillers: Mapping[str, Sequence[Any]] | None = None,
        fallback: str | None = None,
        timeout: float | None = None,
        idempotent: bool = False,
        inline: bool = False,
        **fields: Any,
    ) -> Self:
        """Add a tool.

        Args:
            name: its name for the model.
            description: when and how to use it. Defaults to the handler's docstring.
            parameters: JSON Schema or its properties. Defaults to the handler's type hints.
            handler: ``(args, raw_data)``, or typed parameters if ``parameters`` is left out. It may be sync or async.
            secure: False accepts a call without a token.
            fillers: phrases spoken while it runs, by language code.
            webhook_url: URL of another server that answers it. Then no handler is needed.
            required: names of required properties.
            is_typed_handler: has no effect, as typed handlers are recognised.
            gates: questions that must be answered with yes before it runs, at most 8.
            gate_fillers: phrases spoken during the gates, by language code.
            fallback: sentence for the caller when it fails. Defaults to the agent's.
            timeout: timeout of one call, in seconds. Defaults to the host's for this agent.
            idempotent: True runs identical requests of one call once, even across workers.
            inline: True runs an ordinary handler on the event loop, without a thread: for handlers that take well below
                a millisecond and wait for nothing.
            fields: ``title`` and ``annotations`` for clients of the Model Context Protocol (see ``Tool``), and further
                fields of the function's description, such as ``wait_file`` (a path is relative to this
                host's public URL) and ``wait_file_loops``.

        Raises:
            DefinitionError: an argument is wrong, or the agent has a tool of this name.
        """
        self._unsealed()
        if handler is None:
            if webhook_url is None:
                msg = f"tool {name!r} of agent {self._declared.name!r} has neither a handler nor a webhook_url."
                raise DefinitionError(msg)
            handler = _answered_elsewhere
            parameters = {} if parameters is None else parameters
        self._add_tool(
            Tool.define(
                name,
                handler,
                description=description,
                parameters=parameters,
                required=required,
                secure=secure,
                webhook_url=webhook_url,
                fallback=fallback,
                timeout=timeout,
                idempotent=idempotent,
                inline=inline,
                fillers=fillers,
                gates=gates,
                gate_fillers=gate_fillers,
                **fields,
            )
        )
        return self

    def register_swaig_function(self, function_dict: Mapping[str, Any] | DataMap) -> Self:
        """Add a tool that runs on the platform, or on another server.

        Args:
            function_dict: a ``DataMap``, or a function's description as on the wire. A data map whose result hands the
                call over to another agent is passed unchanged, as the host inserts that agent's URL.

        Raises:
            DefinitionError: the tool has no name or does nothing, or the agent has a tool of this name.
        """
        self._unsealed()
        self._add_tool(PlatformTool.define(function_dict))
        return self

    def on_call_start(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Run ``handler(raw_data)`` when a call begins, before the model speaks.

        This is also a decorator. Several handlers run one after the other, and their results (``FunctionResult`` or
        None) are merged: all actions run, and the model reads the texts first. A handler that fails is logged and
        ignored.
        """
        return self._add_hook(START, handler)

    def on_call_end(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Run ``handler(call_log, raw_data)`` with the conversation when a call has ended.

        This is also a decorator. It switches on the parameter ``swaig_post_conversation``, without which the
        conversation is not sent, unless the agent has set it. Return values are ignored.
        """
        self._draft().params.setdefault("swaig_post_conversation", True)
        return self._add_hook(END, handler)

    def on_function_call(self, name: str, args: dict[str, Any], raw_data: dict[str, Any] | None = None) -> Any:
        """Run a tool as a tool call would.

        Override it to intercept every call of this agent's tools.

        Args:
            name: the tool's name.
            args: its arguments, which this method checks.
            raw_data: the request's body.

        Raises:
            ArgumentsRefused: the arguments do not fit the tool's schema.
            LookupError: the agent has no such tool, or it runs elsewhere.
        """
        tool = self._declared.draft.tools.get(name)
        if not isinstance(tool, Tool) or tool.webhook_url is not None:
            raise LookupError(f"agent {self._declared.name!r} runs no tool {name!r}.")
        return tool.call(args, Call.from_body(raw_data or {}))

    def _add_hook(self, kind: Any, handler: Callable[..., Any]) -> Callable[..., Any]:
        tools = self._draft().tools
        known = tools.get(kind.tool)
        hook = known.handler if isinstance(known, Tool) and isinstance(known.handler, CallHook) else CallHook(kind)
        tool = hook.also(handler).as_tool()
        if known is not None and hook.handlers:
            tools[kind.tool] = tool
        else:
            self._add_tool(tool)
        return handler

    def _add_tool(self, tool: Tool | PlatformTool) -> None:
        tools = self._draft().tools
        if tool.name in tools:
            msg = f"agent {self._declared.name!r} has two tools called {tool.name!r}. fix: rename one."
            raise DefinitionError(msg)
        tools[tool.name] = tool


def _answered_elsewhere(_args: Mapping[str, Any]) -> None:
    """Serve as the handler of a tool whose ``webhook_url`` is another server's."""
    msg = "this tool is answered by its own webhook_url"
    raise DefinitionError(msg)
