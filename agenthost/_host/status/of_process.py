"""The status of one serving process, as plain data that the supervisor can combine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from agenthost._host.access.disabled_agents import disabled_agents
from agenthost._host.status.changed_files import changed_files
from agenthost._host.telemetry.recent_calls import memory_in_use
from agenthost._host.telemetry.recent_lines import recent_lines

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.runtime.runtime import Runtime

__all__ = ["history_of", "status_of"]

_MINUTES = 60
"""Minutes for which failed logins are counted."""


def status_of(runtime: Runtime) -> dict[str, Any]:
    """Return the status of this process.

    Any thread may call this.
    """
    runtime.metrics.count()
    published = runtime.published
    plan = published.plan if published is not None else None
    condition = runtime.condition(details=True)
    loads = runtime.caller.gates.loads()
    return {
        "process": os.getpid(),
        "ready": condition.ready,
        "status": condition.status,
        "lag": round(runtime.watchdog.lag, 4),
        "memory": memory_in_use(),
        "agents": [
            *(_served(runtime, agent, loads.get(agent.key, (0, 0))) for agent in (plan.agents if plan else ())),
            *(each.report() for each in (plan.set_aside if plan else ())),
        ],
        "plugins": [
            {"plugin": each.key, **each.diagnosis.report()}
            for each in (plan.plugins if plan else ())
            if each.diagnosis is not None
        ],
        "probes": [
            {
                "probe": each.name,
                "agent": each.agent,
                "critical": each.critical,
                "status": each.status,
                "error": each.error,
                "since": each.since,
            }
            for each in condition.probes
        ],
        "store": {
            "scheme": runtime.config.state.scheme,
            "ready": runtime.state.ready,
            "problem": condition.store,
            "agents": [
                each.key for each in (plan.agents if plan and condition.store else ()) if runtime.may_use_state(each)
            ],
        },
        "sip_unmatched": runtime.unmatched.report(),
        "failed_logins": runtime.metrics.history.total("logins", _MINUTES),
        "changes": [*recent_lines.changes(), *changed_files(runtime.config)],
        "differing": sorted(runtime.differing),
        "disabled": [{"agent": key, **each} for key, each in disabled_agents(runtime.config).items()],
    }


def history_of(runtime: Runtime) -> list[dict[str, Any]]:
    """Return the minutes of this process, up to the present one.

    Any thread may call this.
    """
    runtime.metrics.count()
    runtime.metrics.history.sample()
    return runtime.metrics.history.report()


def _served(runtime: Runtime, agent: Mounted, load: tuple[int, int]) -> dict[str, Any]:
    latest = runtime.caller.failures.latest.get(agent.key)
    return {
        **agent.report(),
        "running": load[0],
        "waiting": load[1],
        "limit": agent.limits.running,
        **runtime.metrics.recent.report(agent.key),
        "breaker": runtime.caller.gates.open_breaker(agent),
        "last_failure": latest._asdict() if latest is not None else None,
    }
