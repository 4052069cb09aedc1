"""Methods for the model: parameters, data and debug events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ModelWords"]


class ModelWords(Configurable):
    """The settings of the model behind an agent."""

    def set_param(self, key: str, value: Any) -> Self:
        """Set one parameter of the model, such as ``end_of_speech_timeout`` (milliseconds)."""
        self._draft().params[key] = value
        return self

    def set_params(self, params: Mapping[str, Any]) -> Self:
        """Set several parameters of the model, and keep the others."""
        self._draft().params.update(params or {})
        return self

    def set_semantic_gates(
        self,
        enabled: bool | None = None,  # noqa: FBT001 - positional in the field
        timeout_ms: int | None = None,
        history: int | None = None,
    ) -> Self:
        """Set the evaluation of tool gates.

        An argument of None keeps its present value.

        Args:
            enabled: False runs tools without gates.
            timeout_ms: timeout of the gates of one call, 500 to 10000 milliseconds.
            history: number of conversation entries for a gate, 0 to 100.

        Raises:
            DefinitionError: a value is out of its range.
        """
        params = self._draft().params
        changes: dict[str, Any] = {}
        if enabled is not None:
            if not isinstance(enabled, bool):
                raise DefinitionError(f"set_semantic_gates: enabled must be true or false, not {enabled!r}.")
            changes["semantic_gates_enabled"] = enabled
        if timeout_ms is not None:
            changes["semantic_gate_timeout_ms"] = _whole("timeout_ms", timeout_ms, 500, 10_000)
        if history is not None:
            changes["semantic_gate_history"] = _whole("history", history, 0, 100)
        params.update(changes)
        return self

    def set_global_data(self, data: Mapping[str, Any]) -> Self:
        """Add to the data that every call starts with."""
        self._draft().global_data.update(data or {})
        return self

    def update_global_data(self, data: Mapping[str, Any]) -> Self:
        """Add to the data that every call starts with (the same as ``set_global_data``)."""
        return self.set_global_data(data)

    def enable_debug_events(self, level: int = 1) -> Self:
        """Let the platform send debug events of a call.

        ``on_debug_event`` receives them.

        Args:
            level: 1 for the main events, 2 and more for every request to the model.

        Raises:
            DefinitionError: the level is not an integer above 0.
        """
        self._draft().debug_level = _whole("enable_debug_events: level", level, 1, 10)
        return self

    def on_debug_event(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Pass debug events to ``handler(event_type, data)``, sync or async.

        This is also a decorator. Only the latest handler counts.
        """
        self._once("on_debug_event").debug_handler = handler
        return handler


def _whole(what: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise DefinitionError(f"{what} must be a whole number from {least} to {most}, not {value!r}.")
    return value
