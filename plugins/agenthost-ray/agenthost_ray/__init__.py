"""Agents of agenthost on Ray Serve, each as an application with its own replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ray.serve import Application

__all__ = ["app"]


def app(args: Mapping[str, Any]) -> Application:
    """Return the application of one agent, for ``import_path`` in a configuration of Ray Serve.

    Args:
        args: ``agent``, the agent's key; ``members``, the keys of the agents that it calls as a workflow; ``config``,
            the path of the configuration file or None; ``fallback``, the sentence for a caller whose replica ends
            during a tool call; ``agents``, options of the replicas, by Ray Serve's names.
    """
    from agenthost_ray.replicas import application  # noqa: PLC0415 - Ray takes seconds to import

    return application(args)
