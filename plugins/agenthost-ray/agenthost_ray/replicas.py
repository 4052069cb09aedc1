"""Replicas: the application of one agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ray import serve

from agenthost_ray.host import HostInReplica
from agenthost_ray.reports import Reports, log_with_replica

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence

    from ray.serve import Application

__all__ = ["AGENT", "DRAINING", "Replica", "application"]

AGENT = "Agent"
"""The deployment of an agent's application."""
DRAINING = {"graceful_shutdown_timeout_s": 40.0}
"""Seconds in which a replica that leaves ends what it has begun, by Ray Serve's name."""


class Replica:
    """A host in a replica: with its reports, and what Ray Serve calls.

    Args:
        agents: the keys of the agents that it serves.
        config: the path of the configuration file, or None.
        digests: of what was deployed, see ``HostInReplica``.
    """

    def __init__(self, agents: Sequence[str], config: str | None, digests: Mapping[str, str]) -> None:
        self.host = HostInReplica(agents, config, digests)
        self._reports = Reports(self.host.metrics)

    async def check_health(self) -> None:
        """Build the host, so that Ray routes nothing to a replica without its agents."""
        log_with_replica()
        await self.host.opened()
        self._reports.start()

    async def close(self) -> None:
        """Report the last metrics, and end the lifespans."""
        await self._reports.close()
        await self.host.close()

    def __del__(self) -> Awaitable[None] | None:
        """Return what Ray awaits when it stops the replica."""
        return self.close() if self.host.is_open else None


class Agent(Replica):
    """Serves one agent with the whole host around it: credentials, tokens, limits, state."""

    async def answer(self, request: Mapping[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Return status, headers and body of the answer to a request."""
        return await self.host.answer(request)

    async def pieces(self, request: Mapping[str, Any]) -> AsyncIterator[Any]:
        """Yield status and headers of an answer, then its body, piece by piece."""
        async for piece in self.host.pieces(request):
            yield piece


def application(args: Mapping[str, Any]) -> Application:
    """Bind the deployment of one agent, see ``agenthost_ray.app``."""
    options = {"max_ongoing_requests": 64, **DRAINING, **args.get("options", {})}
    agent: Any = serve.deployment(name=AGENT, **options)(Agent)
    made: Application = agent.bind(list(args["agents"]), args.get("config"), dict(args.get("digests", {})))
    return made
