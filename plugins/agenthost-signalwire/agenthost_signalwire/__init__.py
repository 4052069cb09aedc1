"""agenthost-signalwire: agents of SignalWire's SDK, served without a change."""

from __future__ import annotations

from typing import Any

from agenthost import AdaptedAgent, hookimpl

__all__ = ["adapt_agent"]


@hookimpl
def adapt_agent(offered: Any) -> AdaptedAgent | None:
    """Make an agent of an agent of the SDK."""
    from signalwire.core.agent_base import AgentBase  # noqa: PLC0415 - where there is something to adapt

    if not isinstance(offered, AgentBase):
        return None
    from agenthost_signalwire.adapter import Adapter  # noqa: PLC0415
    from agenthost_signalwire.findings import findings_of  # noqa: PLC0415

    return AdaptedAgent(Adapter(offered), findings_of(offered))
