"""Values that a serving host passes to plugins: itself, agents, tool calls, offers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from agenthost.errors import DefinitionError
from agenthost.results.tool_answer import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from agenthost.state import Store

__all__ = [
    "ConsolePage",
    "DurableTurns",
    "Host",
    "HostedAgent",
    "McpOffer",
    "McpRequest",
    "McpServer",
    "OfferedAgent",
    "OfferedTool",
    "Outcome",
    "ToolCalled",
    "ToolOutput",
    "TurnSteps",
]


class TurnSteps(Protocol):
    """A function that runs a step of a turn, or returns its stored result.

    It receives the name of the step, and a function without arguments that takes it. A result can be pickled. It raises
    ``TurnTakenOver`` if another process goes on with the turn.
    """

    def __call__(self, name: str, function: Callable[[], Awaitable[Any]], /) -> Awaitable[Any]:
        """Run the step."""


@frozen
class Host:
    """A host that is about to serve.

    Args:
        version: the version of agenthost.
        public_url: its public URL, without credentials. None if it is not configured.
        agents: the routes of its agents, by their keys.
        state: the store that the whole host shares.
        resume: goes on with a turn whose process has died, see ``DurableTurns``, and returns at its end. The turn is
            the value that ``run`` has received, and the number is higher for each process that takes it over. Tools of
            an attempt with a lower number do not run any more.
    """

    version: str
    public_url: str | None
    agents: Mapping[str, str]
    state: Store = field(repr=False)
    resume: Callable[[object, TurnSteps, int], Awaitable[None]] | None = field(default=None, repr=False)


@frozen
class DurableTurns:
    """An engine that carries turns of conversations over the death of a process.

    Args:
        name: its name.
        run: runs a turn: stores its ID and a value that can be pickled, calls the function with the engine's steps, and
            forgets the turn when that returns. If the process dies before, another one calls ``Host.resume``.
    """

    name: str
    run: Callable[[str, object, Callable[[TurnSteps], Awaitable[None]]], Awaitable[None]] = field(repr=False)


@frozen
class HostedAgent:
    """A served agent, as plugins see it.

    Args:
        key: its name in configuration and on the command line.
        name: the name that it declares.
        route: its route.
        sip: the SIP user parts that it declares.
        again: whether it is mounted again under another key (``use`` in its section).
    """

    key: str
    name: str
    route: str
    sip: tuple[str, ...] = ()
    again: bool = False


@frozen
class ToolCalled:
    """A tool call and its outcome.

    The values of the arguments are left out, as they may be private.

    Args:
        agent: the agent's key.
        tool: the tool's name.
        call_id: the ID of the call, empty if the platform sent none.
        seconds: the duration, including the wait for a thread.
        outcome: ``ok``, ``refused`` for its token or its arguments, ``busy`` if no thread was free, ``timeout`` or
            ``failed``.
        error_id: the ID of a failure in the log, or None.
    """

    agent: str
    tool: str
    call_id: str
    seconds: float
    outcome: Outcome
    error_id: str | None = None


@frozen
class ToolOutput:
    """The output of an offered tool, or of an agent that was asked.

    Args:
        text: the words.
        data: further JSON values: ``actions`` of a tool, ``agent`` and ``conversation`` of an answer.
        failed: whether it failed, or its arguments were refused. The words are the reason then.
    """

    text: str
    data: Mapping[str, Any] = field(factory=dict)
    failed: bool = False


@frozen
class OfferedTool:
    """A tool of an agent, as clients of a protocol may call it.

    Args:
        name: its name.
        description: when and how to use it.
        parameters: JSON Schema of its arguments.
        call: runs it with a client's arguments, which are validated as those of a model.
        title: its name for people, or None.
        annotations: hints for clients, such as ``readOnlyHint``.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(repr=False)
    call: Callable[[object], Awaitable[ToolOutput]] = field(repr=False)
    title: str | None = None
    annotations: Mapping[str, bool] = field(factory=dict)


@frozen
class OfferedAgent:
    """An agent, as the caller of one request may use it.

    Args:
        key: its name in configuration and on the command line.
        name: the name that it declares.
        version: the version of its package.
        description: its purpose.
        tools: its tools. Empty if it has not enabled them for clients.
        ask: sends it a message, optionally in the conversation with an ID.
        prompt: returns its prompt. None if it has not enabled its tools for clients.
    """

    key: str
    name: str
    version: str
    description: str
    tools: tuple[OfferedTool, ...]
    ask: Callable[[str, str | None], Awaitable[ToolOutput]] = field(repr=False)
    prompt: Callable[[], Awaitable[str]] | None = field(default=None, repr=False)


@frozen
class McpOffer:
    """The offer of one endpoint of the Model Context Protocol.

    Args:
        agents: the agents that the caller may use.
        of_host: whether it is the endpoint of the host, not of the only agent.
        version: the version of agenthost.
    """

    agents: tuple[OfferedAgent, ...]
    of_host: bool
    version: str


@frozen
class McpRequest:
    """A POST request to an endpoint of the Model Context Protocol, whose caller is authorised.

    Args:
        headers: its headers, in lower case, without credentials.
        body: its body, a JSON object.
    """

    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = field(repr=False)


@frozen
class ConsolePage:
    """A page of the console.

    Args:
        name: its name in the address: lower-case letters, digits and hyphens.
        title: its title, also in the navigation.
        read: returns what the page shows, a value of JSON: a text, an object, or a list, such as of objects that are
            the rows of a table. Everything is escaped. A coroutine function runs on the event loop, any other in a
            thread, for at most 5 seconds.

    Raises:
        DefinitionError: the name cannot be part of an address.
    """

    name: str
    title: str
    read: Callable[[], object] = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", self.name):
            msg = f"ConsolePage: name {self.name!r} is not of a-z, 0-9 and hyphens. fix: name it 'visits'"
            raise DefinitionError(msg)


@frozen
class McpServer:
    """A server of the Model Context Protocol.

    Args:
        name: its name.
        answer: returns status, headers and body of the response to a request.
        imports: modules that ``answer`` imports at its first call. A host imports them before it serves.
    """

    name: str
    answer: Callable[[McpOffer, McpRequest], Awaitable[tuple[int, Sequence[tuple[bytes, bytes]], bytes]]] = field(
        repr=False
    )
    imports: tuple[str, ...] = ()
