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
    """The limits of one agent, and the thresholds of its circuit breaker."""

    running: int = 16
    queued: int = 32
    queue_wait: float = 0.5
    """Seconds that they wait at most."""
    tool_timeout: float = 10.0
    """Seconds that one tool call may take, where the tool does not say."""
    document_timeout: float = 2.0
    """Seconds that its own code may take to make its document."""
    breaker_failures: int = 10
    """Failures in a row that open its breaker; 0 leaves it closed."""
    breaker_open: float = 10.0
    """Seconds that its breaker stays open before one call is tried."""
    busy: str = BUSY

    @classmethod
    def for_all(cls, host: HostConfig) -> Limits:
        """Return the limits of agents without limits of their own."""
        return cls(**{each.name: getattr(host, each.name) for each in fields(cls) if each.name != "busy"})

    def for_agent(self, agent: AgentConfig, busy: str | None) -> Limits:
        """Return the limits of one agent: those of its own section, else these."""
        said = {each.name: getattr(agent, each.name) for each in fields(Limits)}
        own = {name: value for name, value in said.items() if value is not None}
        if busy:
            own.setdefault("busy", busy)
        return evolve(self, **own) if own else self  # most of thousands of agents share these
