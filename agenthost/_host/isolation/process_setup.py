"""The setup and the orders that the host sends to an agent's template process."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._discovery import Candidate
    from agenthost._host.generations.contents import HeldFile
    from agenthost._host.packages.instantiate import Section
    from agenthost._host.walls.account import Account
    from agenthost._host.walls.enclosure import Enclosure

__all__ = ["BEGIN", "FORK", "SERVE", "STATUS", "Setup"]

FORK, SERVE = b"f", b"s"
"""Orders: fork a process, or be the process."""
BEGIN = b"b"
"""Sent to a new process once the host has registered it."""
STATUS = struct.Struct("=ii")
"""A process that has ended, and its exit code."""


@frozen
class Setup:
    """The setup of an agent's own process."""

    candidate: Candidate
    key: str
    section: Section
    log_level: str
    memory_limit: int | None
    """Bytes that it may have in memory; None for any number."""
    enclosure: Enclosure
    files: Mapping[str, HeldFile] = field(factory=dict, repr=False)
    """The files of its package as they were decided, by their paths."""
    may_fork: bool = True
    adapters: tuple[str, ...] = ()
    """The entry points of plugins that make agents of other objects (hook ``adapt_agent``)."""
    account: Account | None = None
    """The user that it runs as; None for the host's."""
