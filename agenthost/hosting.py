"""Values that a serving host gives to plugins: what it is, and what became of a tool call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.state import Store

__all__ = ["Host", "HostedAgent", "Outcome", "ToolCalled"]

Outcome: TypeAlias = Literal["ok", "refused", "failed", "busy", "timeout"]
"""What becomes of a tool call."""


@frozen
class Host:
    """A host that is about to serve.

    Args:
        version: of agenthost.
        public_url: where the platform reaches it, without credentials; None where configuration names none.
        agents: the routes of its agents, by their keys.
        state: the store that the whole host shares.
    """

    version: str
    public_url: str | None
    agents: Mapping[str, str]
    state: Store = field(repr=False)


@frozen
class HostedAgent:
    """An agent that a host serves, as plugins are told of it.

    Args:
        key: its name in configuration and on the command line.
        name: what it calls itself.
        route: where it is mounted.
        sip: user parts that it asks for itself.
        again: whether it is mounted once more under another key (``use`` in its section).
    """

    key: str
    name: str
    route: str
    sip: tuple[str, ...] = ()
    again: bool = False


@frozen
class ToolCalled:
    """What became of one tool call. The values of its arguments are not here: callers say them.

    Args:
        agent: the agent's key.
        tool: the tool's name.
        call_id: the call's; empty where the platform sent none.
        seconds: from the moment it was to run until its answer was there.
        outcome: ``ok``; ``refused`` for its token or its arguments; ``busy`` when it was not started for lack of
            threads; ``timeout``; ``failed``.
        error_id: by which the log names a failure; None without one.
    """

    agent: str
    tool: str
    call_id: str
    seconds: float
    outcome: Outcome
    error_id: str | None = None
