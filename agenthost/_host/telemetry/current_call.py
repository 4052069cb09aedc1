"""The owner of the code that is running, and its call."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Kind", "Owner", "calling", "requesting", "running"]

Kind: TypeAlias = Literal[
    "tool",
    "document",
    "rendering",
    "summary",
    "summary result",
    "debug event",
    "routing callback",
    "probe",
    "lifespan",
    "plugin",
    "code",
]
"""The kinds of an author's code. ``code`` is any other function."""

_PARTS: Mapping[Kind, str] = {
    "tool": "tool {}",
    "document": "the configuration for a call",
    "rendering": "document",
    "summary": "on_summary",
    "summary result": "on_summary's result",
    "debug event": "on_debug_event",
    "routing callback": "the routing callback {}",
    "probe": "probe {}",
    "lifespan": "lifespan",
    "plugin": "lifespan of plugin {}",
    "code": "{}",
}


@frozen(slots=True, cache_hash=True)
class Owner:
    """The owner of a call: the part of an agent whose code runs."""

    agent: str
    """The agent's key; empty for code that belongs to no agent."""
    kind: Kind
    name: str = ""
    """The name among others of its kind, such as a tool's; empty for a kind that an agent has once."""

    @classmethod
    def of(cls, agent: str, kind: object, name: object) -> Owner:
        """Return an owner from another process, whose unknown kind becomes ``code``."""
        return cls(agent, kind if kind in get_args(Kind) else "code", str(name))  # type: ignore[arg-type]

    @property
    def part(self) -> str:
        """The part of the agent for metrics and log lines, such as ``tool book_visit``."""
        return _PARTS[self.kind].format(self.name)

    @property
    def fields(self) -> dict[str, object]:
        """The fields of the owner in a log line."""
        if not self.agent:
            return {}
        return {"agent": self.agent, "tool": self.name if self.kind == "tool" else self.part}

    def __str__(self) -> str:
        """Return the owner for a log line, such as ``tool book_visit of agent dental``."""
        return f"{self.part} of agent {self.agent}" if self.agent else self.part


running: ContextVar[Owner | None] = ContextVar("agenthost_running", default=None)
"""The owner of the code in this context. Tasks inherit it."""
calling: ContextVar[str] = ContextVar("agenthost_calling", default="")
"""The ID of the call that it runs for, or empty."""
requesting: ContextVar[str] = ContextVar("agenthost_requesting", default="")
"""The ID of the request to ``/v1`` that it runs for, or empty."""
