"""Agents of agenthost on Ray Serve, each as an application with its own replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ray.serve import Application

__all__ = ["app", "front"]


def app(args: Mapping[str, Any]) -> Application:
    """Return the application of one agent, for ``import_path`` in a configuration of Ray Serve.

    Args:
        args: ``agents``, the agent's key and those of the agents that it calls as a workflow; ``config``, the path of
            the configuration file or None; ``digests``, by key the digest of the deployed package; ``options``, those
            of the replicas, by Ray Serve's names.
    """
    from agenthost_ray.replicas import application  # noqa: PLC0415 - Ray takes seconds to import

    return application(args)


def front(args: Mapping[str, Any]) -> Application:
    """Return the application that all requests pass, for ``import_path`` in a configuration of Ray Serve.

    Args:
        args: ``known``, what is placed on the cluster; ``config`` and ``options`` as for ``app``.
    """
    from agenthost_ray.ingress import application  # noqa: PLC0415 - Ray takes seconds to import

    return application(args)
