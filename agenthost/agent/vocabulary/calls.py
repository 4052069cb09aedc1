"""Methods for single calls: configuration per call, and summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CallWords"]


class CallWords(Configurable):
    """Configuration of an agent for one call.

    A callback takes ``(query, body, headers, agent)``: the request's query parameters and headers (names in lower case)
    as dictionaries of text, its JSON body, and a copy of the agent. Changes of the copy apply to this request only. The
    callback runs for the document, and again for each tool call and summary, with their own requests, so that the tools
    it adds can be called. With ``add_swaig_query_params`` it gets the same query again. If it fails, the caller gets
    the agent's fallback document, or the tool's fallback sentence.
    """

    def set_dynamic_config_callback(self, callback: Callable[..., Any] | None) -> Self:
        """Configure each call by ``callback(query, body, headers, agent)``.

        This replaces all earlier callbacks. None removes them.
        """
        own = self._once("set_dynamic_config_callback")
        own.per_call = () if callback is None else (_function(callback),)
        return self

    def add_per_call_config(self, callback: Callable[..., Any]) -> Self:
        """Configure each call also by ``callback(query, body, headers, agent)``.

        It runs after the earlier callbacks.
        """
        own = self._once("add_per_call_config")
        own.per_call = (*own.per_call, _function(callback))
        return self

    def on_summary(self, summary: Any, raw_data: dict[str, Any] | None = None) -> Any:
        """Receive the summary of an ended conversation.

        Override it, sync or async.

        Args:
            summary: the summary by the post prompt: JSON values if the model returned some, else text, or None.
            raw_data: the whole request body.
        """


def _function(callback: Callable[..., Any]) -> Callable[..., Any]:
    if not callable(callback):
        raise DefinitionError(
            f"a callback for calls must be a function of (query, body, headers, agent), not {type(callback).__name__}."
        )
    return callback
