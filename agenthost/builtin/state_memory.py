"""``memory://``: state in the memory of one process, for development and tests."""

from __future__ import annotations

from agenthost import StateProvider, hookimpl
from agenthost.state.memory import MemoryEntries, memory_provider

__all__ = ["MemoryEntries", "memory_provider", "state_providers"]


@hookimpl
def state_providers() -> list[StateProvider]:
    """Offer the state provider ``memory://``."""
    return [memory_provider()]
