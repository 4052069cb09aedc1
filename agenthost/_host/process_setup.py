"""What a process that an agent has to itself is told first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.discovery import Candidate

__all__ = ["Setup"]


@frozen
class Setup:
    """What such a process is told first.

    Args:
        candidate: where the agent is offered.
        key: what the host calls it.
        settings: its own settings.
        where: the configuration file, for errors.
        section: the key path of its section, for errors.
        reserved: keys of that section that the host reads itself.
        log_level: the least severe message that is logged.
        memory_limit: bytes that it may have in memory; None for any number.
    """

    candidate: Candidate
    key: str
    settings: Mapping[str, object]
    where: str
    section: str
    reserved: tuple[str, ...]
    log_level: str
    memory_limit: int | None
