"""Values that a serving host passes to plugins: the host, its agents, tool calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost.results.tool_answer import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.state import Store

__all__ = ["Host", "HostedAgent", "Outcome", "ToolCalled"]


@frozen
class Host:
    """A host that is about to serve.

    Args:
        version: the version of agenthost.
        public_url: its public URL, without credentials. None if it is not configured.
        agents: the routes of its agents, by their keys.
        state: the store that the whole host shares.
    """

    version: str
    public_url: str | None
    agents: Mapping[str, str]
    state: Store = field(repr=False)


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
