"""Limits: the share of a host that one agent may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, fields, frozen

if TYPE_CHECKING:
    from agenthost._host.config.schema import AgentConfig, HostConfig

__all__ = ["BUSY", "Limits"]

BUSY = "I'm handling a lot of requests right now. Please try again in a moment."
"""Sentence that a caller hears if an agent is busy and has no sentence of its own."""


@frozen(kw_only=True)
class Limits:
    """The limits of one agent, and the thresholds of its circuit breaker.

    Args:
        running: calls that run at once.
        queued: calls that wait for one of them to end.
        queue_wait: seconds that they wait at most.
        tool_timeout: seconds that one tool call may take, where the tool does not say.
        document_timeout: seconds that its own code may take to make its document.
        breaker_failures: failures in a row that open its breaker; 0 leaves it closed.
        breaker_open: seconds that its breaker stays open before one call is tried.
        busy: what a caller hears when it can take no more.
    """

    running: int = 16
    queued: int = 32
    queue_wait: float = 0.5
    tool_timeout: float = 10.0
    document_timeout: float = 2.0
    breaker_failures: int = 10
    breaker_open: float = 10.0
    busy: str = BUSY

    @classmethod
    def for_all(cls, host: HostConfig) -> Limits:
        """Return the limits of agents without limits of their own."""
        return cls(**{each.name: getattr(host, each.name) for each in fields(cls) if each.name != "busy"})

    def for_agent(self, agent: AgentConfig, busy: str | None) -> Limits:
        """Return the limits of one agent: those of its own section, else these.

        Args:
            agent: ``[agents.<name>]``.
            busy: the agent's own sentence.
        """
        said = {each.name: getattr(agent, each.name) for each in fields(Limits)}
        own = {name: value for name, value in said.items() if value is not None}
        return evolve(self, **({"busy": busy or self.busy} | own))
