"""The automatic SIP aliases of every agent: key, name, and last part of the route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost import SipAlias, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agenthost import HostedAgent

__all__ = ["sip_aliases"]


@hookimpl
def sip_aliases(agents: Sequence[HostedAgent]) -> Iterator[SipAlias]:
    """Offer aliases that give way to all others.

    An agent that is mounted a second time does not get its name.
    """
    for agent in agents:
        for user in {agent.key, agent.route.rpartition("/")[2], *(() if agent.again else (agent.name,))}:
            yield SipAlias(user, agent.key, automatic=True)
