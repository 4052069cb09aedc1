"""Test support for authors of agents and plugins."""

from __future__ import annotations

from agenthost.testing.scripted_model import Breaks, Calls, Fails, Hangs, Says, ScriptedModel, Sends
from agenthost.testing.store_contract import StoreContract

__all__ = ["Breaks", "Calls", "Fails", "Hangs", "Says", "ScriptedModel", "Sends", "StoreContract"]
