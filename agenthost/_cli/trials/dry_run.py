"""Make one call to an agent without a server, for ``swml`` and ``tool``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._host.runtime.dry_run import DryRun
from agenthost._host.runtime.find_agent import find_agent
from agenthost._host.runtime.start import make_runtime, start_logging, with_secrets

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted

__all__ = ["dry_run_of"]


def dry_run_of(config: Config, agent: str, call_id: str) -> tuple[Mounted, DryRun]:
    """Load an agent, and prepare a call to it.

    Raises:
        PlanError: no such agent, or it cannot be served.
        ConfigurationError: a secret cannot be read.
    """
    start_logging(config, for_people=True)
    plan, found = find_agent(config, agent)
    return found, DryRun(plan, found, make_runtime(with_secrets(config)), call_id)
