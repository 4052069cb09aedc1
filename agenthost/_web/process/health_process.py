"""The process that answers the health port of a host with a supervisor.

The supervisor passes the conditions of the workers on, and keeps none of what answers HTTP in its own memory.
"""

from __future__ import annotations

import pickle
import signal
import socket
import time
from typing import TYPE_CHECKING

from attrs import evolve

from agenthost._host.runtime.condition import Condition, combined
from agenthost._host.runtime.start import settings_of, start_logging
from agenthost._host.telemetry.recent_lines import recent_lines
from agenthost._host.walls.kernel import set_debuggable
from agenthost._web.process.health_port import health_port
from agenthost._web.request.rules import InForce

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config
    from agenthost._host.generations.channel import Channel

__all__ = ["KnownWorkers", "answer_health"]

_SILENT = 2.0
"""Seconds without a report after which a worker counts as blocked."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""They reach the supervisor, too, which ends this process."""


class KnownWorkers:
    """The workers of a host, as far as their conditions are known here."""

    def __init__(self) -> None:
        self._present: tuple[int, ...] = ()
        self._reports: dict[int, tuple[float, Condition]] = {}

    def have(self, processes: tuple[int, ...]) -> None:
        """Replace the processes of the workers."""
        self._present = processes
        self._reports = {pid: report for pid, report in self._reports.items() if pid in processes}

    def report(self, process: int, then: float, condition: Condition) -> None:
        """Store a worker's condition, which it reported at a time of the monotonic clock."""
        self._reports = {**self._reports, process: (then, condition)}

    def condition(self, _path: str = "", _details: bool = True) -> Condition:  # noqa: FBT001, FBT002 - reports have their probes anyway
        """Return the condition of the host, from any thread.

        Silence counts as a blocked event loop.
        """
        present, reports, now = self._present, self._reports, time.monotonic()
        return combined([_aged(*reports[pid], now) for pid in present if pid in reports])


def answer_health(messages: Channel, config: Config) -> None:
    """Answer the health port until the supervisor closes the channel."""
    for number in _SIGNALS:
        signal.signal(number, _nothing)
    known, settings = KnownWorkers(), [settings_of(config)]
    try:
        _, [opened] = messages.receive()
        with health_port(socket.socket(fileno=opened), known.condition, InForce(lambda: settings[0])):
            while True:
                (kind, content), _ = messages.receive()
                match kind:
                    case "workers":
                        known.have(content)
                    case "condition":
                        process, then, condition = content
                        known.report(process, then, pickle.loads(condition))  # noqa: S301 - from a worker of this host
                    case "settings":
                        settings[0] = settings_of(content)
                        set_debuggable(content.host.debuggable)
                        start_logging(content)
                    case "logs":
                        number, question = content
                        messages.send(("answer", (number, recent_lines.unseen(*question))))
    except (EOFError, OSError):  # the supervisor has ended
        return


def _aged(then: float, condition: Condition, now: float) -> Condition:
    silent = now - then
    return condition if silent < _SILENT else evolve(condition, stands_still=condition.stands_still + silent)


def _nothing(*_: object) -> None:
    pass
