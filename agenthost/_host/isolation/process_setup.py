"""The setup that the host sends to an agent's own process first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from agenthost._discovery import Candidate
    from agenthost._host.packages.instantiate import Section

__all__ = ["Setup"]


@frozen
class Setup:
    """The setup of an agent's own process.

    Args:
        candidate: where the agent is offered.
        key: what the host calls it.
        section: its section of the configuration.
        log_level: the least severe message that is logged.
        memory_limit: bytes that it may have in memory; None for any number.
    """

    candidate: Candidate
    key: str
    section: Section
    log_level: str
    memory_limit: int | None
