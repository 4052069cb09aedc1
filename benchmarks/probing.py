"""The figure of readiness: the slowest responses while probes hang, next to liveness."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from client import Load, get
from processes import serving, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["measure_readiness"]

PROGRAM = Path(__file__).with_name("sides") / "fifty_probes.py"
PATHS = ("/ready", "/live")
ROUNDS = 31
REQUESTS = 400
"""Requests in a round to each path, one after another on one connection."""


def measure_readiness(directory: Path) -> Iterable[Figure]:
    """Measure the time of responses.

    The paths take turns, round after round.

    Args:
        directory: an empty one to work in.
    """
    with (
        serving([sys.executable, PROGRAM, "{port}"], directory, variables(directory), "/ready") as served,
        Load(served.port, connections=1) as load,
    ):
        slowest: dict[str, list[float]] = {path: [] for path in PATHS}
        for _ in range(ROUNDS):
            for path in PATHS:
                slowest[path].append(quantiles(_seconds(load, get(path)), n=100)[-1])
    ready, live = (median(slowest[path]) for path in PATHS)
    yield Figure(
        "`/ready` with 50 probes, 10 of which hang, 99th percentile",
        f"{ready * 1e6:.0f} µs",
        f"`/live`: {live * 1e6:.0f} µs",
        ready / live,
        most=2,
    )


def _seconds(load: Load, request: bytes) -> list[float]:
    """Return the time of each response of a round, in seconds."""
    taken = []
    for _ in range(REQUESTS):
        before = time.perf_counter()
        load.send(request, 1)
        taken.append(time.perf_counter() - before)
    return taken
