"""Test support for authors of agents and plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.testing.scripted_model import Breaks, Calls, Fails, Hangs, Says, ScriptedModel, Sends

if TYPE_CHECKING:
    from agenthost.testing.store_contract import StoreContract

__all__ = ["Breaks", "Calls", "Fails", "Hangs", "Says", "ScriptedModel", "Sends", "StoreContract"]


def __getattr__(name: str) -> Any:
    """Import names that need pytest on first use.

    Scripts and other test runners need only the model.
    """
    if name != "StoreContract":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from agenthost.testing.store_contract import StoreContract  # noqa: PLC0415

    return StoreContract
