"""Totals: the metrics of all replicas together, of those that have ended too.

Each replica sends its text every few seconds. The counts of one that ends stay, so that no counter ever goes down.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Totals"]

_STALE = 10.0
"""Seconds without a text after which a replica counts as ended."""
_MOST_ENDED = 512
"""Ended replicas that are remembered, in case one was only slow."""
_GAUGE = "gauge"
_MERGED: Mapping[str, Callable[[float, float], float]] = {
    "agenthost_agents": max,
    "agenthost_changed_packages": max,
    "agenthost_quarantined_plugins": max,
    "agenthost_ready": min,
    "agenthost_probe_ok": min,
    "process_start_time_seconds": min,
}
"""Gauges that are not added up."""


@define
class _Family:
    """A family of metrics: its description, and its numbers by their lines."""

    head: str
    kind: str
    numbers: dict[str, float] = field(factory=dict)

    def add(self, other: _Family, sign: float = 1.0, merge: Callable[[float, float], float] | None = None) -> None:
        """Add the numbers of another process, or take them away again."""
        for line, number in other.numbers.items():
            known = self.numbers.get(line)
            if known is None or merge is None:
                self.numbers[line] = (known or 0.0) + sign * number
            else:
                self.numbers[line] = merge(known, number)

    def text(self) -> str:
        return self.head + "".join(f"{line} {number!r}\n" for line, number in self.numbers.items())


def _read(text: str) -> dict[str, _Family]:
    """Return the families of a text for Prometheus, by name."""
    found: dict[str, _Family] = {}
    described, family = "", None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            described = f"{line}\n"
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ", 3)
            family = found[name] = _Family(f"{described}{line}\n", kind)
        elif line and not line.startswith("#") and family is not None:
            beginning, _, number = line.rpartition(" ")
            family.numbers[beginning] = float(number)
    return found


@define(eq=False)
class Totals:
    """The metrics of all replicas, by their IDs."""

    clock: Callable[[], float] = time.monotonic
    _live: dict[str, tuple[float, dict[str, _Family]]] = field(factory=dict, init=False)
    _ended: dict[str, dict[str, _Family]] = field(factory=dict, init=False)
    _kept: dict[str, _Family] = field(factory=dict, init=False)
    """The sums of ended replicas."""

    def push(self, replica: str, text: str) -> None:
        """Take the metrics of a replica, in place of its earlier ones."""
        if (counted := self._ended.pop(replica, None)) is not None:  # it was slow, and has not ended
            self._keep(counted, -1.0)
        self._live[replica] = self.clock(), _read(text)

    def end(self, replica: str, text: str) -> None:
        """Take the last metrics of a replica."""
        self.push(replica, text)
        self._fold(replica)

    def text(self) -> str:
        """Return the metrics of all replicas, as text for Prometheus."""
        now = self.clock()
        for replica in [name for name, (then, _) in self._live.items() if now - then > _STALE]:
            self._fold(replica)
        together: dict[str, _Family] = {}
        for families in (self._kept, *(families for _, families in self._live.values())):
            for name, family in families.items():
                into = together.setdefault(name, _Family(family.head, family.kind))
                into.add(family, merge=_MERGED.get(name) if family.kind == _GAUGE else None)
        return "".join(family.text() for family in together.values())

    def replicas(self) -> Iterable[str]:
        """Return the IDs of the replicas that have not ended."""
        return sorted(self._live)

    def _fold(self, replica: str) -> None:
        """Keep the counts of a replica that has ended."""
        _, families = self._live.pop(replica)
        counted = {name: family for name, family in families.items() if family.kind != _GAUGE}
        self._keep(counted, 1.0)
        self._ended[replica] = counted
        if len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def _keep(self, families: Mapping[str, _Family], sign: float) -> None:
        for name, family in families.items():
            self._kept.setdefault(name, _Family(family.head, family.kind)).add(family, sign)
