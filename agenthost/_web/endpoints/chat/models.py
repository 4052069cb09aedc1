"""``/v1/models``: the agents, as models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost._web.endpoints.chat.refusals import ChatRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenthost._host.packages.stages import Mounted

__all__ = ["MODELS", "models"]

MODELS = "/v1/models"


def models(agents: Iterable[Mounted], path: str) -> dict[str, Any]:
    """Return agents, or one of them, as models.

    Raises:
        ChatRefused: there is no such agent.
    """
    listed = [{"id": agent.key, "object": "model", "created": 0, "owned_by": agent.distribution} for agent in agents]
    if path == MODELS:
        return {"object": "list", "data": sorted(listed, key=lambda model: str(model["id"]))}
    name = path.removeprefix(f"{MODELS}/")
    found = next((model for model in listed if model["id"] == name), None)
    if found is None:
        raise ChatRefused(404, "there is no such agent.", "model_not_found", "model")
    return found
