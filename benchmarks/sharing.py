"""Memory that workers share: two workers with many agents, after requests to all of them."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from client import CONNECTIONS, Load, post
from installed import AGENTHOST, AGENTS, DISTRIBUTIONS
from processes import serving, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processes import Served

__all__ = ["measure_sharing"]

WORKERS = 2
REQUESTS = 4_000
"""Requests for each worker."""
EACH = WORKERS * REQUESTS // AGENTS
_AT_ONCE = 20
"""Agents between two openings of the connections, which the kernel gives to either worker."""
_STARTED_WITHIN = 120.0
_LOOK, _IDLE = 1.0, 0.02
"""Seconds between two looks, and the CPU time in them of processes that have started."""


def measure_sharing(directory: Path, many: Path) -> Iterable[Figure]:
    """Measure the memory of hosts with two workers and with one.

    Shared memory counts once (PSS).

    Args:
        directory: an empty one to work in.
        many: where ``AGENTS`` small agents are installed.
    """
    one, two = (_memory(directory, many, workers) for workers in (1, WORKERS))
    yield Figure(
        f"memory of {WORKERS} workers with {AGENTS} agents in {DISTRIBUTIONS} distributions",
        f"{two:.0f} MiB",
        f"one worker: {one:.0f} MiB",
        two,
        unit=" MiB",
        most=140,
    )


def _memory(directory: Path, many: Path, workers: int) -> float:
    """Return the memory of a host after requests to all agents, in MiB."""
    environ = variables(directory, PYTHONPATH=str(many))
    command = [AGENTHOST, "run", "--port", "{port}", "--workers", str(workers)]
    with serving(command, directory, environ, "/startup", log=directory / "log") as host:
        _wait(host, 2 + workers)
        for first in range(0, AGENTS, _AT_ONCE):
            with Load(host.port, CONNECTIONS) as load:
                for agent in range(first, first + _AT_ONCE):
                    load.send(post(f"/small/{agent}", {"call": {"call_id": f"call-{agent}"}}), EACH)
        return sum(_shared_once(pid) for pid in host.processes()) / 1024


def _wait(host: Served, processes: int) -> None:
    """Wait until all workers have started.

    Raises:
        RuntimeError: they have not within two minutes.
    """
    until = time.monotonic() + _STARTED_WITHIN
    while time.monotonic() < until:
        before = host.cpu()
        time.sleep(_LOOK)
        if len(host.processes()) == processes and host.cpu() - before < _IDLE:
            return
    msg = f"{processes} processes do not come to rest within {_STARTED_WITHIN:g} s"
    raise RuntimeError(msg)


def _shared_once(pid: int) -> int:
    """Return the proportional memory of a process (PSS), in KiB."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", told, re.MULTILINE)
    return int(found[1]) if found else 0
