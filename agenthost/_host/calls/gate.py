"""The gate between an agent and its callers, and all gates of a host."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING
from weakref import ref

from agenthost._host.calls.circuit_breaker import Breaker
from agenthost._host.calls.concurrency import Slots
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.failures import new_error_id
from agenthost.errors import StateUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.packages.stages import Mounted
    from agenthost._host.telemetry.current_call import Kind
    from agenthost._host.telemetry.metrics import Metrics

__all__ = ["BreakerOpen", "Gate", "Gates"]

_COMPUTES = 0.02
"""Seconds of CPU in a thread from which on a call counts as computing."""
_log = logging.getLogger("agenthost.tools")


class BreakerOpen(Exception):  # noqa: N818 - a state, not an error
    """The circuit breaker of an agent is open, so its code is not run."""

    def __init__(self, error_id: str) -> None:
        super().__init__(error_id)
        self.error_id = error_id


class Gate:
    """The gate between one agent and its callers.

    It has the slots of the agent, its circuit breaker, and the owners of its calls.

    ``changed`` is called with the reason when its breaker opens, and with None when it closes.
    """

    __slots__ = ("_computing", "_key", "_names", "_others", "_tools", "_turn", "breaker", "failed_last", "slots")

    def __init__(self, agent: Mounted, changed: Callable[[str | None], object]) -> None:
        limits = agent.limits
        self._key = agent.key
        self._names = frozenset(agent.tools)
        self._tools: dict[str, Owner] = {}
        self._others: dict[tuple[Kind, str], Owner] = {}
        self.failed_last: Owner | None = None
        """The part of the agent that failed last; a tool that works proves the agent, any other part but itself."""
        self._computing: set[Owner] = set()
        self._turn = Slots(1)
        self.slots = Slots(limits.running, limits.queued)
        self.breaker = Breaker(limits.breaker_failures, limits.breaker_open, changed)

    def tool(self, name: str) -> Owner:
        """Return the owner of the calls of a tool, kept for the agent's own.

        Those of an agent that is configured per call may have any name, so that they are not kept.
        """
        owner = self._tools.get(name)
        if owner is None:
            owner = Owner(self._key, "tool", name)
            if name in self._names:
                self._tools[name] = owner
        return owner

    def owner(self, kind: Kind, name: str) -> Owner:
        """Return the owner of any other part of the agent, made once for each."""
        owner = self._others.get((kind, name))
        if owner is None:
            owner = self._others[kind, name] = Owner(self._key, kind, name)
        return owner

    def used(self, owner: Owner, seconds: float) -> None:
        """Remember whether a part computes, by its seconds of CPU in a thread."""
        if seconds >= _COMPUTES and (owner.kind != "tool" or owner.name in self._names):
            self._computing.add(owner)
        else:
            self._computing.discard(owner)

    def turn(self, owner: Owner) -> Slots | None:
        """Return the one turn of all parts that compute, and None for any other part."""
        return self._turn if owner in self._computing else None

    def enter(self) -> bool:
        """Return True for the call that tries an agent whose breaker is open.

        Raises:
            BreakerOpen: the breaker is open.
        """
        if not self.breaker.open:
            return False
        if not self.breaker.try_one():
            raise BreakerOpen(self.breaker.id)
        return True

    def failed(self, owner: Owner, error: BaseException, error_id: str, *, tried: bool) -> None:
        """Count a failed call for the breaker, unless the store failed."""
        if isinstance(error, StateUnavailable):
            self.breaker.undecided(tried=tried)
        else:
            self.failed_last = owner
            self.breaker.failed(error_id, tried=tried)


class Gates:
    """The gates of one host, by agent."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._gates: dict[int, tuple[ref[Mounted], Gate]] = {}
        """By identity of the agent, until it is gone: a ``WeakKeyDictionary`` takes five times as long each call."""
        self._breaking = threading.Lock()
        self._gone: Callable[[Mounted], bool] = lambda _: False
        self.broken: frozenset[Mounted] = frozenset()
        """The served agents whose breaker is open."""

    def of(self, agent: Mounted) -> Gate:
        """Return the gate of an agent."""
        found = self._gates.get(id(agent))
        return found[1] if found is not None else self._open(agent)

    def open_breaker(self, agent: Mounted) -> str | None:
        """Return the ID of the failure that opened an agent's breaker, if it is open."""
        found = self._gates.get(id(agent))
        return found[1].breaker.id if found is not None and found[1].breaker.open else None

    def _open(self, agent: Mounted) -> Gate:
        key, gates = id(agent), self._gates
        gate = Gate(agent, partial(self._changed, ref(agent)))
        gates[key] = ref(agent, lambda _: gates.pop(key, None)), gate
        return gate

    def _all(self) -> list[tuple[Mounted, Gate]]:
        known = ((weakly(), gate) for weakly, gate in list(self._gates.values()))
        return [(agent, gate) for agent, gate in known if agent is not None]

    def loads(self) -> dict[str, tuple[int, int]]:
        """Return, by agent, how many calls of its own code run and how many wait."""
        loads: dict[str, tuple[int, int]] = {}
        for agent, gate in self._all():
            running, waiting = loads.get(agent.key, (0, 0))
            running += agent.limits.running - gate.slots.free
            loads[agent.key] = running, waiting + gate.slots.waiting
        return loads

    def blocked(self, owner: Owner, seconds: float) -> None:
        """Open the breaker of an agent that has blocked the event loop."""
        for gate in self._gates_of(owner.agent):
            error_id = new_error_id()
            _log.error(
                "%s blocked the event loop for %.2f s (%s)",
                *(owner, seconds, error_id),
                extra={"fields": {**owner.fields, "error_id": error_id, "duration": round(seconds, 6)}},
            )
            gate.breaker.blocked(error_id)

    def exited(self, owner: Owner, error_id: str) -> None:
        """Open the breaker of an agent that has stopped the event loop."""
        for gate in self._gates_of(owner.agent):
            gate.breaker.exited(error_id)

    def close(self, key: str) -> int:
        """Close the open breakers of an agent, and return their number."""
        return sum(gate.breaker.close() for gate in self._gates_of(key))

    def _gates_of(self, key: str) -> list[Gate]:
        return [gate for agent, gate in self._all() if agent.key == key]

    def forget(self, gone: Callable[[Mounted], bool]) -> None:
        """Report breakers of agents that are served, and of no others, from now on."""
        with self._breaking:
            before, self._gone = self.broken, gone
            opened = (agent for agent, gate in self._all() if gate.breaker.open)
            self.broken = frozenset(agent for agent in opened if not gone(agent))
            for key in {agent.key for agent in before ^ self.broken}:
                self._metrics.breaker(key, is_open=any(agent.key == key for agent in self.broken))

    def _changed(self, weakly: ref[Mounted], reason: str | None) -> None:
        """Log and count a breaker that opens or closes."""
        agent = weakly()
        if agent is None:
            return
        with self._breaking:
            if not self._gone(agent):
                self._metrics.breaker(agent.key, is_open=reason is not None)
                self.broken = self.broken - {agent} if reason is None else self.broken | {agent}
        if reason is None:
            _log.warning("agent %s works again: its circuit breaker is closed", agent.key)
        else:
            _log.error(
                "the circuit breaker of agent %s opens: %s. Callers hear its fallback; one call is tried every %g s",
                *(agent.key, reason, agent.limits.breaker_open),
            )
