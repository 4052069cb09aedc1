"""agenthost-signalwire: agents of SignalWire's SDK, served without a change."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost import AdaptedAgent, DefinitionError, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost import AgentBase

__all__ = ["SignalWire"]


class SignalWire:
    """The plugin, which is made before agents are.

    Args:
        settings: the section ``[plugins.signalwire]``, or None.
    """

    @frozen
    class Settings:
        """The section ``[plugins.signalwire]``.

        Args:
            agents: agents that no package offers: a class, a function or an object as ``module:name``, by key.
        """

        agents: dict[str, str] = field(factory=dict)

    def __init__(self, settings: Settings | None = None) -> None:
        from agenthost_signalwire.quieting import quiet  # noqa: PLC0415 - the SDK, where the plugin is used

        quiet()
        self._named = settings.agents if settings is not None else {}

    @hookimpl
    def agents(self) -> Iterator[AgentBase]:
        """Yield the agents that the configuration names.

        Raises:
            DefinitionError: one cannot be made, or is not an agent of the SDK.
        """
        if not self._named:
            return
        from signalwire.core.agent_base import AgentBase  # noqa: PLC0415

        from agenthost_signalwire.adapter import Adapter  # noqa: PLC0415

        for key, place in self._named.items():
            try:
                found = resolve_name(place)
                made = found if isinstance(found, AgentBase) else found()
            except Exception as error:
                raise DefinitionError(f"{key}: {place} cannot be made: {error}") from error
            if not isinstance(made, AgentBase):
                msg = f"{key}: {place} is not an agent of signalwire-sdk. fix: name a class, a function or an object"
                raise DefinitionError(msg)
            yield Adapter(made, key)

    @hookimpl
    def adapt_agent(self, offered: Any) -> AdaptedAgent | None:
        """Make an agent of an agent of the SDK."""
        from signalwire.core.agent_base import AgentBase  # noqa: PLC0415

        if not isinstance(offered, AgentBase):
            return None
        from agenthost_signalwire.adapter import Adapter  # noqa: PLC0415
        from agenthost_signalwire.findings import findings_of  # noqa: PLC0415

        return AdaptedAgent(Adapter(offered), findings_of(offered))
