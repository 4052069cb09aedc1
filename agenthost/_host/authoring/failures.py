"""Failures of packages, with their tracebacks.

A new process loads the packages as they are on disk, since one that serves has imported an earlier version of them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agenthost._host.generations.channel import Channel, channel_pair
from agenthost._host.generations.children import start_python
from agenthost._host.runtime.start import installed_plan
from agenthost._host.walls.kernel import set_debuggable

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan

__all__ = ["failures_now", "main", "tracebacks"]

_PROGRAM = "from agenthost._host.authoring.failures import main; main()"


def tracebacks(plan: HostPlan) -> dict[str, str]:
    """Return the traceback of each failed agent and plugin, by its name in messages."""
    failed = [(item.key, item.diagnosis) for item in plan.failed]
    failed += [(f"plugin {plugin.called}", plugin.diagnosis) for plugin in plan.plugins]
    return {name: found.traceback for name, found in failed if found is not None and found.traceback}


def failures_now(config: Config) -> dict[str, str]:
    """Load the packages in a new process, and return the traceback of each failure."""
    ours, theirs = channel_pair()
    child = start_python(_PROGRAM, theirs.fileno())
    theirs.close()
    try:
        ours.send(config)
        found, _ = ours.receive()
    except (EOFError, OSError):
        found = {}
    finally:
        ours.close()
        child.join()
        child.close()
    result: dict[str, str] = found
    return result


def main() -> None:
    """Load the packages, and report, as the new process."""
    set_debuggable(False)
    channel = Channel.of(int(sys.argv[1]))
    config, _ = channel.receive()
    channel.send(tracebacks(installed_plan(config)))
