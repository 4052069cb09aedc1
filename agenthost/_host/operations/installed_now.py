"""The installed packages of the moment, read by a new process.

A process that runs for long does not see directories and finders that an installer has added since: Python reads them
at its start.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agenthost._host.generations.channel import Channel, channel_pair
from agenthost._host.generations.children import start_python
from agenthost._host.generations.manifest import Manifest
from agenthost._host.runtime.start import decided_packages
from agenthost._host.walls.kernel import set_debuggable
from agenthost.errors import AgentHostError, PlanError

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["installed_now", "main"]

_PROGRAM = "from agenthost._host.operations.installed_now import main; main()"


def installed_now(config: Config, *, accept: bool) -> Manifest:
    """Return what is installed.

    With ``accept``, what differs from the lock file counts as approved.

    Raises:
        ConfigurationError: the lock file cannot be used.
        PlanError: the process has failed.
    """
    ours, theirs = channel_pair()
    child = start_python(_PROGRAM, theirs.fileno())
    theirs.close()
    try:
        ours.send((config, accept))
        found, _ = ours.receive()
    except (EOFError, OSError):
        found = PlanError("the installed packages cannot be listed, see the log. fix: agenthost check")
    finally:
        ours.close()
        child.join()
        child.close()
    if isinstance(found, AgentHostError):
        raise found
    manifest: Manifest = found
    return manifest


def main() -> None:
    """Read and report what is installed, as the new process."""
    set_debuggable(False)
    channel = Channel.of(int(sys.argv[1]))
    (config, accept), _ = channel.receive()
    from agenthost._host.generations.contents import Readings  # noqa: PLC0415 - not in the supervisor, which starts it

    found: Manifest | AgentHostError
    try:
        readings = Readings.of_host(config)
        packages = decided_packages(config, readings=readings)
        found = Manifest.of(packages.candidates, readings, () if accept else packages.refused)
    except AgentHostError as error:
        found = error
    channel.send(found)
