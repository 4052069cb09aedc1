"""Figures of reloads: the longest wait of a caller, and the CPU time."""

from __future__ import annotations

import subprocess
import time
from statistics import median
from typing import TYPE_CHECKING

from client import Load, post
from installed import AGENTHOST
from processes import serving, variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from processes import Served

__all__ = ["measure_changes"]

ROUNDS = 7
QUIET = 0.5
"""Seconds of requests after a reload, and before one."""
TARGETS = {1000: 10.0, 10_000: 50.0}
"""By number of agents, the milliseconds that a caller may wait longer."""
MOST_ALONE = 100.0
"""Milliseconds of CPU time in which one of the most agents may be reloaded."""

_CALL = {"call": {"call_id": "7c1fd0c4-6c2b-4d5e-9a53-0f6a7b1c2d3e"}}


def measure_changes(directory: Path, sites: Mapping[int, Path]) -> Iterable[Figure]:
    """Measure reloads that change one section, while one caller sends a request after another.

    A wait is the CPU time of the host between a request and its answer: what a caller would wait on a core that does
    nothing else. The longest wait of a reload is compared with the longest one in as many requests without.

    Args:
        directory: an empty one to work in.
        sites: by number of agents, where so many small agents are installed.
    """
    for agents, site in sites.items():
        place = directory / f"change-{agents}"
        place.mkdir()
        environ = variables(place, PYTHONPATH=str(site))
        _change(place, 0)
        with serving([AGENTHOST, "run", "--port", "{port}"], place, environ, "/startup") as host:
            quiet: list[float] = []
            felt: list[float] = []
            alone: list[float] = []
            whole: list[float] = []
            for number in range(1, ROUNDS + 1):
                quiet.append(_longest_wait(host, None))
                _change(place, number)
                command = [AGENTHOST, "reload", "--port", str(host.port)]
                reload = subprocess.Popen(command, cwd=place, env=environ, stdout=subprocess.DEVNULL)
                felt.append(_longest_wait(host, reload))
                if reload.wait():
                    msg = f"agenthost reload ended with {reload.returncode}"
                    raise RuntimeError(msg)
                for seconds, named in ((alone, ["small-0"]), (whole, [])):
                    _change(place, ROUNDS + number + len(named))
                    before = host.cpu()
                    subprocess.run([*command, *named], cwd=place, env=environ, stdout=subprocess.DEVNULL, check=True)
                    seconds.append(host.cpu() - before)
        yield Figure(
            f"longest wait of a caller during `agenthost reload`, {agents} agents",
            f"{median(felt) * 1000:.1f} ms",
            f"without a reload: {median(quiet) * 1000:.1f} ms",
            (median(felt) - median(quiet)) * 1000,
            unit=" ms",
            most=TARGETS.get(agents),
        )
        yield Figure(
            f"CPU time of `agenthost reload small-0`, {agents} agents",
            f"{median(alone) * 1000:.0f} ms",
            f"`agenthost reload`: {median(whole) * 1000:.0f} ms",
            median(alone) * 1000,
            unit=" ms",
            most=MOST_ALONE,
        )


def _change(place: Path, number: int) -> None:
    (place / "agenthost.toml").write_text(f"[agents.small-0]\ntool_timeout = {10 + number}\n", encoding="utf-8")


def _longest_wait(host: Served, reload: subprocess.Popen[bytes] | None) -> float:
    """Return the longest wait until a command has ended, and for a moment after."""
    request, clock = post("/small/0", _CALL), host.clock()
    longest = 0.0
    with Load(host.port, connections=1) as load:
        until = time.monotonic() + QUIET
        while time.monotonic() < until:
            before = time.clock_gettime(clock)
            load.send(request, 1)
            longest = max(longest, time.clock_gettime(clock) - before)
            if reload is not None and reload.poll() is None:
                until = time.monotonic() + QUIET
    return longest
