"""Reading apart: a short-lived process reads the command line and the configuration of a host.

It is forked before anything else is imported, opens the port, and prints the served agents once they are known. Then it
ends, with everything that the supervisor would keep in memory otherwise.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from agenthost._host.generations.channel import Channel, channel_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config

__all__ = ["Reader", "read_apart", "tell_started"]

_INTERRUPT = (signal.SIGINT,)

_log = logging.getLogger("agenthost")


class Reader:
    """The process that reads, on its own side."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def decline(self) -> None:
        """Let the other process read everything itself."""
        self._channel.send(None)

    def hand_over(self, config: Config, opened: socket.socket) -> Mapping[str, Any] | None:
        """Hand the configuration and the open port over.

        Returns:
            The report about the served agents, or None if the host has ended before.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # from now on, it is for the host
        try:
            self._channel.send(config, [opened.fileno()])
            opened.close()
            report: Mapping[str, Any]
            report, _ = self._channel.receive()
        except (EOFError, OSError):
            return None
        return report

    def printed(self, problem: str | None) -> None:
        """Report that the agents are printed, or the reason why they cannot be."""
        with suppress(OSError):
            self._channel.send(problem)


class _Read:
    """The process that reads, as the supervisor sees it."""

    def __init__(self, channel: Channel, pid: int) -> None:
        self._channel = channel
        self._pid = pid

    def show(self, report: Mapping[str, Any]) -> str | None:
        """Let it print the served agents and end, and return the reason if it cannot."""
        problem: str | None = None
        with suppress(EOFError, OSError):
            self._channel.send(report)
            problem, _ = self._channel.receive()
        self._channel.close()
        self._wait()
        return problem

    def take(self) -> tuple[Config, socket.socket] | None:
        """Return the configuration and the open port, or None if it declines.

        If it has ended, for example with a message about the command line, this process ends as it did.
        """
        try:
            config, descriptors = self._channel.receive()
        except (EOFError, OSError):
            _end_as(self._wait())
        if config is None:
            self._wait()
            return None
        return config, socket.socket(fileno=descriptors[0])

    def _wait(self) -> int:
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)


def read_apart(read: Callable[[Reader], object]) -> bool:
    """Let another process read, and serve what it has read.

    ``read`` is called in the other process.

    Returns:
        False if that process declines, and this one is to read.

    Raises:
        AgentHostError: a worker rejects the installed agents, or the configuration.
    """
    ours, theirs = channel_pair()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPT)  # until the supervisor can handle it
    pid = os.fork()
    if not pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        ours.close()
        read(Reader(theirs))
        sys.exit()
    theirs.close()
    from agenthost._host.runtime.start import report_generated, start_logging  # noqa: PLC0415 - in both at once
    from agenthost._host.walls.kernel import set_debuggable  # noqa: PLC0415 - as above
    from agenthost._web.supervisor.serving import serve_with_workers  # noqa: PLC0415 - as above

    set_debuggable(False)  # before the secrets arrive
    other = _Read(ours, pid)
    taken = other.take()
    if taken is None:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        return False
    config, opened = taken
    set_debuggable(config.host.debuggable)
    start_logging(config)
    report_generated(config)
    with opened:
        serve_with_workers(opened, config, lambda report: tell_started(config, report, other.show))
    return True


def tell_started(config: Config, report: Mapping[str, Any], show: Callable[[Mapping[str, Any]], str | None]) -> None:
    """Log the failures of a started host, and show the served agents.

    ``show`` returns the reason if it cannot print them.
    """
    from agenthost._host.operations.terminal import failures  # noqa: PLC0415 - only where a host has started
    from agenthost._host.telemetry.log import for_programs  # noqa: PLC0415 - as above

    for failure in failures(report):
        _log.warning("%s", failure)
    problem = show(report)
    if problem is not None:
        _log.warning("the list of agents cannot be printed: %s", problem)
    if for_programs(config):
        for warning in report["warnings"]:
            _log.warning("%s", warning)


def _end_as(code: int) -> NoReturn:
    """End this process as another one has ended."""
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (-code,))
        os.kill(os.getpid(), -code)
    sys.exit(code)
