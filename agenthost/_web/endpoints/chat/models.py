"""``/v1/models``: the agents, as models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from agenthost._web.endpoints.chat.refusals import ChatRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan

__all__ = ["MODELS", "models"]

MODELS = "/v1/models"


def models(plan: HostPlan, opens: Callable[[Mounted], bool], path: str) -> dict[str, Any]:
    """Return the agents that the caller may ask, or one of them, as models.

    Raises:
        ChatRefused: there is no such agent.
    """
    if path == MODELS:
        listed = [_model(plan, agent) for agent in sorted(plan.agents, key=lambda each: each.key) if opens(agent)]
        return {"object": "list", "data": listed}
    found = plan.find(unquote(path.removeprefix(f"{MODELS}/")))
    if found is None or not opens(found):
        raise ChatRefused(404, "there is no such agent.", "model_not_found", "model")
    return _model(plan, found)


def _model(plan: HostPlan, agent: Mounted) -> dict[str, Any]:
    owner = agent.distribution
    return {
        "id": agent.key,
        "object": "model",
        "created": _installed(plan, agent),
        "owned_by": owner,
        "description": agent.own.description,
    }


def _installed(plan: HostPlan, agent: Mounted) -> int:
    """Return the time at which the agent's package was installed.

    For an agent of a program, it is the time of its module's file. Both are in seconds since 1970.
    """
    _, stamp = plan.stamps.get(agent.distribution, ("", 0))
    if stamp:
        return stamp // 1_000_000_000
    file = getattr(sys.modules.get(type(agent.agent).__module__), "__file__", None)
    try:
        return int(Path(file).stat().st_mtime) if file else 0
    except OSError:
        return 0
