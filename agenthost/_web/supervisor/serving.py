"""Serving with worker processes: what all of them share, and the separate health port."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from agenthost._host.telemetry.prometheus.shared import SHARED
from agenthost._private_files import temporary_directory
from agenthost._web.process.ports import close, listen_for_health
from agenthost._web.supervisor.supervisor import Supervisor

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config

__all__ = ["serve_with_workers"]


def serve_with_workers(
    opened: socket.socket, config: Config, ready: Callable[[Mapping[str, Any]], None], *, authoring: bool = False
) -> None:
    """Serve the installed agents with worker processes, until SIGTERM or SIGINT.

    ``ready`` is called with the plan's report when the first worker serves. With ``authoring``, an author edits the
    packages: a process waits for the next version, and older versions are not kept for calls in progress.

    Raises:
        AgentHostError: a worker rejects the installed agents, or the configuration.
    """
    shared = temporary_directory("agenthost-metrics-") if config.host.workers > 1 else None
    if shared is not None:
        os.environ[SHARED] = shared  # the directory of the workers' metrics
    relays = temporary_directory("agenthost-calls-")
    try:
        with listen_for_health(config) or nullcontext() as health:
            Supervisor(opened, config, ready, relays, health, authoring=authoring).run()
    finally:
        close(opened)
        import shutil  # noqa: PLC0415 - not before the end

        shutil.rmtree(relays, ignore_errors=True)
        if shared is not None:
            del os.environ[SHARED]
            shutil.rmtree(shared, ignore_errors=True)
