"""Capacity of one worker, and the workers that a target needs, from a measurement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost._cli.trials.measured_load import Measured

__all__ = ["Capacity", "Target", "capacity_of"]


@frozen
class Target:
    """The load that is to be carried.

    Args:
        rate: calls that begin each second.
        conversations: calls in progress at once.
        call_seconds: the mean length of a call.
    """

    rate: float | None
    conversations: int | None
    call_seconds: float

    @property
    def needed(self) -> float | None:
        """The calls a second that it needs, or None without a target."""
        rates = [self.rate or 0.0, (self.conversations or 0) / self.call_seconds]
        return None if self.rate is None and self.conversations is None else max(rates)

    @property
    def words(self) -> str:
        """The target in words."""
        parts = [] if self.rate is None else [f"{self.rate:g} {'call' if self.rate == 1 else 'calls'} a second"]
        parts += [] if self.conversations is None else [f"{self.conversations} conversations at once"]
        return " and ".join(parts)


@frozen
class Capacity:
    """The load that one worker carries.

    Args:
        cpu_seconds: CPU seconds of one call.
        share: the share of a CPU that is planned for.
        rate: calls a second.
        bound: what limits them: ``CPU``, or the route of an agent whose tools wait.
        memory: bytes of one worker at the most.
        shared: bytes of the other processes, once for each host.
    """

    cpu_seconds: float
    share: float
    rate: float
    bound: str
    memory: int
    shared: int

    def workers(self, target: Target) -> int | None:
        """Return the number of workers for a target."""
        return None if target.needed is None else max(1, math.ceil(target.needed / self.rate))


def capacity_of(measured: Measured, agents: Sequence[Mapping[str, object]], share: float) -> Capacity:
    """Return the capacity of one worker.

    Args:
        measured: the measurement, with at least one call.
        agents: the status of the agents, with their ``route`` and ``limit`` of concurrent calls.
        share: the share of a CPU that is planned for, from 0 to 1.
    """
    cpu = max(measured.cpu, 0.01) / measured.calls
    bounds = {"CPU": share / cpu}
    for agent in agents:
        route = str(agent["route"])
        waits = measured.tool_seconds.get(f"{route.rstrip('/')}/swaig")
        if waits:
            bounds[route] = share * float(str(agent["limit"])) / waits
    bound = min(bounds, key=bounds.__getitem__)
    return Capacity(cpu, share, bounds[bound], bound, measured.peak, max(0, measured.whole - measured.peak))
