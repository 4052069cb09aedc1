"""Shared state: atomic, scoped stores behind a configured provider."""

from __future__ import annotations

from agenthost.state.provider import Entries, Entry, StateOptions, StateProvider
from agenthost.state.scope import Scope
from agenthost.state.store import Held, Store, SyncStore, Versioned
from agenthost.state.stores import NO_STORES, Stores

__all__ = [
    "NO_STORES",
    "Entries",
    "Entry",
    "Held",
    "Scope",
    "StateOptions",
    "StateProvider",
    "Store",
    "Stores",
    "SyncStore",
    "Versioned",
]
