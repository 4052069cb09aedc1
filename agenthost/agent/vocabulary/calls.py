"""Words about single calls: configuration that depends on who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CallWords"]


class CallWords(Configurable):
    """What an agent does for one call alone.

    A callback takes ``(query, body, headers, agent)``: the request's query parameters and headers (names in lower
    case) as dictionaries of text, its JSON body, and a copy of the agent. What it does to the copy holds for this
    request alone. It runs for the document, and again for each tool call and summary, with their own requests, so
    that tools which it adds can be called; ``add_swaig_query_params`` makes it see the same query again. When it
    fails, the caller gets the agent's fallback document, or the tool's fallback sentence.
    """

    def set_dynamic_config_callback(self, callback: Callable[..., Any] | None) -> Self:
        """Configure each call by ``callback(query, body, headers, agent)``, and by it alone; None takes it back."""
        own = self._once("set_dynamic_config_callback")
        own.per_call = () if callback is None else (_function(callback),)
        return self

    def add_per_call_config(self, callback: Callable[..., Any]) -> Self:
        """Configure each call also by ``callback(query, body, headers, agent)``, after those that are there."""
        own = self._once("add_per_call_config")
        own.per_call = (*own.per_call, _function(callback))
        return self

    def on_summary(self, summary: Any, raw_data: dict[str, Any] | None = None) -> Any:
        """Receive the summary of a conversation that has ended; override it, sync or async.

        Args:
            summary: what the post prompt asked for: JSON values where the model gave them, else text, or None.
            raw_data: the whole request body.
        """


def _function(callback: Callable[..., Any]) -> Callable[..., Any]:
    if not callable(callback):
        raise DefinitionError(
            f"a callback for calls must be a function of (query, body, headers, agent), not {type(callback).__name__}."
        )
    return callback
