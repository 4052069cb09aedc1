"""The aliases that every agent has without asking: its key, its name, and the last part of its route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost import SipAlias, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agenthost import HostedAgent

__all__ = ["sip_aliases"]


@hookimpl
def sip_aliases(agents: Sequence[HostedAgent]) -> Iterator[SipAlias]:
    """By which agents are reached where nobody has said otherwise; one that is mounted once more, not by its name."""
    for agent in agents:
        for user in {agent.key, agent.route.rpartition("/")[2], *(() if agent.again else (agent.name,))}:
            yield SipAlias(user, agent.key, automatic=True)
