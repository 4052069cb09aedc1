"""agenthost-signalwire: agents of SignalWire's SDK, served without a change."""

from __future__ import annotations

from typing import Any

from agenthost import AdaptedAgent, hookimpl

__all__ = ["SignalWire"]


class SignalWire:
    """The plugin, which is made before agents are."""

    def __init__(self) -> None:
        from agenthost_signalwire.quieting import quiet  # noqa: PLC0415 - the SDK, where the plugin is used

        quiet()

    @hookimpl
    def adapt_agent(self, offered: Any) -> AdaptedAgent | None:
        """Make an agent of an agent of the SDK."""
        from signalwire.core.agent_base import AgentBase  # noqa: PLC0415

        if not isinstance(offered, AgentBase):
            return None
        from agenthost_signalwire.adapter import Adapter  # noqa: PLC0415
        from agenthost_signalwire.findings import findings_of  # noqa: PLC0415

        return AdaptedAgent(Adapter(offered), findings_of(offered))
