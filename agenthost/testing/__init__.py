"""For the tests of those who write agents and plugins; it needs pytest."""

from __future__ import annotations

from agenthost.testing.store_contract import StoreContract

__all__ = ["StoreContract"]
